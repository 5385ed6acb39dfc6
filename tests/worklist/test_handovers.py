"""Handovers stand beside referrals in a service's worklist, by deadline, and late ones in both worklists."""

from datetime import timedelta
from re import search

import pytest
from sqlalchemy.orm import Session

from handover.actors import Party, Staff
from handover.audit import service as audit
from handover.audit.model import Event
from handover.bundle import service, store, worklists
from handover.bundle.lifecycle import Side
from handover.bundle.model import Done
from handover.ids import PersonId
from handover.workdays import local_date
from tests.builders import DPS, FACT, INTAKE, NAV_OFFICE
from tests.bundle.meeting import Meeting, sent
from tests.referral.nodes import FATIMA, INGRID, NAVN, SARA, SENIOR, Town
from tests.referral.visiting import reader, words_of


def test_a_service_sees_referrals_and_handovers_in_one_list_by_deadline(staffed: Town) -> None:
    staffed.sent()
    met = sent(staffed)
    page = reader(staffed, INGRID).open(f"/arbeidsliste/{INTAKE}")

    said = words_of(page)
    assert said.index("Overføring: Solveig") < said.index("Henvisning: Solveig"), "two days come before ten"
    assert f"/mottatte-overforinger/{INTAKE}/{met.handover}" in page.text
    assert "Trenger handling (2)" in said


def test_a_late_handover_stands_in_every_filter_of_both_worklists(staffed: Town) -> None:
    met = sent(staffed, by=FATIMA, at=FACT)
    staffed.move_to(staffed.now + timedelta(days=8))
    for who, at in ((INGRID, INTAKE), (FATIMA, FACT)):
        for choice in ("gjore", "mine", "ledige", "venter", "ferdig"):
            said = words_of(reader(staffed, who).open(f"/arbeidsliste/{at}?filter={choice}"))
            assert "Overføring: Solveig" in said
            assert "Skulle vært gjort" in said
            assert "1 sak er over fristen." in said
    assert met.see(by=FATIMA).standing.opened is None


def test_a_handover_is_put_away_by_either_side_until_a_day_and_never_past_its_date(staffed: Town) -> None:
    met = sent(staffed, by=FATIMA, at=FACT)
    met.there(INGRID, service.open_)
    staffed.settle()
    today = local_date(staffed.now)
    theirs, ours = f"/mottatte-overforinger/{INTAKE}/{met.handover}", f"/overforinger/{met.handover}"
    for who, page, at in ((INGRID, theirs, INTAKE), (FATIMA, ours, FACT)):
        desk = reader(staffed, who)
        for day in (f"{today + timedelta(days=60):%d.%m.%Y}", f"{today:%d.%m.%Y}", "tirsdag", ""):
            refused = desk.send(f"{page}/utsett", until=day)
            assert refused.status_code == 422 and "ikke senere enn fristen" in words_of(refused), day
        away = desk.send(f"{page}/utsett", until=f"{today + timedelta(days=1):%d.%m.%Y}")
        assert "Overføringen er lagt bort." in words_of(away)
        assert "Lagt bort til tirsdag 10. november, og i arbeidslisten igjen da." in words_of(away)
        assert "Overføring: Solveig" not in words_of(desk.open(f"/arbeidsliste/{at}"))
    staffed.move_to(staffed.now + timedelta(days=1))
    assert "Overføring: Solveig" in words_of(reader(staffed, INGRID).open(f"/arbeidsliste/{INTAKE}"))


def test_a_handover_is_not_offered_to_be_put_away_from_the_day_it_is_due(staffed: Town) -> None:
    met = sent(staffed, by=FATIMA, at=FACT)
    met.there(INGRID, service.open_)
    staffed.settle()
    theirs, ours = f"/mottatte-overforinger/{INTAKE}/{met.handover}", f"/overforinger/{met.handover}"
    step = met.see(by=FATIMA).next
    assert step is not None
    for before, is_offered in ((30, True), (12, False), (-12, False)):
        staffed.move_to(step.due_at - timedelta(hours=before))
        for who, page in ((INGRID, theirs), (FATIMA, ours)):
            assert (f'action="{page}/utsett"' in reader(staffed, who).open(page).text) is is_offered


def test_another_service_sees_none_of_it(staffed: Town) -> None:
    sent(staffed)
    assert "Solveig" not in words_of(reader(staffed, SARA).open(f"/arbeidsliste/{SENIOR}"))


def test_a_handover_that_is_answered_for_leaves_the_receivers_list(staffed: Town) -> None:
    met = sent(staffed)
    met.there(INGRID, service.open_)
    assert "Overføring: Solveig" in words_of(reader(staffed, INGRID).open(f"/arbeidsliste/{INTAKE}"))
    met.at_home(service.withdraw)
    staffed.settle()
    met.there(INGRID, service.answer_withdrawal, Done.DELETED, "", "Ingrid")
    assert "Overføring: Solveig" not in words_of(reader(staffed, INGRID).open(f"/arbeidsliste/{INTAKE}"))


def test_a_caseworker_is_offered_no_texts_that_are_for_those_who_assess_referrals(staffed: Town) -> None:
    nils = reader(staffed, NAVN)
    address = f"/arbeidsliste/{NAV_OFFICE}/tekster"
    for_referrals = '<option value="reject"'
    page = nils.open(address)
    assert page.status_code == 200 and '<option value="message"' in page.text and for_referrals not in page.text
    assert nils.send(address, kind="reject", title="T", text="x").status_code == 422
    assert for_referrals in reader(staffed, INGRID).open(f"/arbeidsliste/{INTAKE}/tekster").text


# --- news, what is finished, and search ------------------------------------------------------------------------

LIST = f"/arbeidsliste/{INTAKE}"


def known(met: Meeting, session: Session) -> PersonId:
    """Return whom the DPS knows the patient as."""
    copy = store.at_home(session, Party(DPS, INTAKE), Side.RECEIVER, met.handover, lock=False)
    assert copy is not None
    return copy.standing.person


def answered_for(met: Meeting) -> None:
    """Let the patient take it back, and the receiver say that it is deleted: nothing is left to do there."""
    met.there(INGRID, service.open_)
    met.at_home(service.withdraw)
    met.town.settle()
    met.there(INGRID, service.answer_withdrawal, Done.DELETED, "", "Ingrid")


def test_the_list_says_that_a_handover_has_come_and_then_that_something_changed(staffed: Town) -> None:
    ingrid = reader(staffed, INGRID)
    empty = search(r'data-version="(\d+)"', ingrid.open(LIST).text)
    assert empty
    assert ingrid.open(f"{LIST}/nytt", **{"If-None-Match": empty[1]}).status_code == 304

    staffed.pass_time(minutes=1)
    sent(staffed)
    shown = search(r'data-version="(\d+)"', ingrid.open(LIST).text)
    assert shown
    assert int(shown[1]) > int(empty[1])
    assert ingrid.open(f"{LIST}/nytt", **{"If-None-Match": shown[1]}).status_code == 304
    assert ingrid.open(f"{LIST}/nytt", **{"If-None-Match": "1"}).json == {"text": "1 ny sak – vis", "asked": 1}

    staffed.pass_time(minutes=1)
    met = sent(staffed)
    news = ingrid.open(f"{LIST}/nytt", **{"If-None-Match": shown[1]})
    assert news.json == {"text": "1 ny sak – vis", "asked": 2}
    version = search(r'data-version="(\d+)"', ingrid.open(LIST).text)
    assert version
    staffed.pass_time(minutes=1)
    met.there(INGRID, service.open_)
    changed = ingrid.open(f"{LIST}/nytt", **{"If-None-Match": version[1]})
    assert changed.json == {"text": "Listen er endret – vis", "asked": 2}


def test_what_is_answered_for_stands_among_the_finished_and_the_list_ends_after_it(staffed: Town) -> None:
    met = sent(staffed)
    assert "Overføring: Solveig" not in words_of(reader(staffed, INGRID).open(f"{LIST}?filter=ferdig"))
    answered_for(met)
    page = reader(staffed, INGRID).open(f"{LIST}?filter=ferdig")
    assert "Overføring: Solveig" in words_of(page)
    assert f"/mottatte-overforinger/{INTAKE}/{met.handover}" in page.text
    with staffed.dps.db.reading() as session:
        person = known(met, session)
        logged = audit.entries_about(session, DPS, person)
    assert logged[0].event is Event.HANDOVER_LIST and logged[0].service == INTAKE

    with staffed.dps.db.transaction() as session:
        (row,) = worklists.list_closed(session, INTAKE, by=INGRID, now=staffed.now)
        assert worklists.list_closed(session, INTAKE, by=INGRID, now=staffed.now, after=row.cursor) == ()


def test_a_search_finds_handovers_by_name_and_reference_closed_ones_too_and_is_logged(staffed: Town) -> None:
    met = sent(staffed)
    ingrid = reader(staffed, INGRID)
    reference = met.see().standing.reference
    for text in ("solv", reference, reference.lower().replace("-", " ")):
        said = words_of(ingrid.send("/arbeidsliste/sok", text=text))
        assert "Overføring: Solveig" in said and "1 sak funnet" in said
    answered_for(met)
    assert "Overføring: Solveig" in words_of(ingrid.send("/arbeidsliste/sok", text=reference))
    with staffed.dps.db.reading() as session:
        logged = audit.entries_about(session, DPS, known(met, session))
    assert logged[0].event is Event.HANDOVER_LIST and logged[0].who.name == INGRID.name
    assert "Solveig" not in words_of(ingrid.send("/arbeidsliste/sok", text="Zzz"))


@pytest.mark.parametrize("other", [FATIMA, SARA])
def test_who_does_not_work_there_finds_no_handover_and_hears_no_news(staffed: Town, other: Staff) -> None:
    met = sent(staffed)
    stranger = reader(staffed, other)
    assert stranger.open(f"{LIST}/nytt").status_code == 404
    assert "Solveig" not in words_of(stranger.send("/arbeidsliste/sok", text=met.see().standing.reference))
