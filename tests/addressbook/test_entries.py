"""The owner keeps an entry right; everybody sees what it says, and what must be said before it is chosen."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from handover.addressbook import service as entries
from handover.addressbook.model import ChangedMeanwhile, EntryTexts, mark_of
from handover.addressbook.service import REMIND_AGAIN, Owning
from handover.audit.model import Event
from handover.audit.tables import AuditEntry
from handover.directory import service as directory
from handover.directory.model import Offer, Pause, Service
from handover.ids import ServiceId
from handover.referral import service as referrals
from handover.referral.service import TakesNoReferrals
from handover.team import service as team
from handover.team.model import TaskKind
from tests.builders import DPS, INTAKE, PSYCHOLOGIST
from tests.referral.nodes import INGRID, LEADER, PATIENT, PER, SENIOR, Town
from tests.referral.visiting import reader, words_of

SHOWN = f"/adressebok/tjeneste/{INTAKE}"
OWN = f"/adressebok/{INTAKE}"
TEXTS = {"phone": "55 11 22 33", "opening_hours": "Alltid", "target_group": "Voksne", "takes": "Alt mulig"}


def entry_at(nodes: Town, wanted: ServiceId = INTAKE) -> Service:
    """Return the entry as the owner's node has it."""
    with nodes.dps.db.reading() as session:
        return directory.service_of(session, wanted)


def seen_in(page: str) -> str:
    """Return the mark of what the form was filled from."""
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def events(nodes: Town) -> list[str]:
    with nodes.dps.db.reading() as session:
        return list(session.execute(select(AuditEntry.event).order_by(AuditEntry.id)).scalars())


def test_a_leader_changes_an_entry_which_is_published_confirmed_and_remembered(any_nodes: Town) -> None:
    leader = reader(any_nodes, LEADER)
    seen = seen_in(leader.open(f"{OWN}/rediger").text)
    page = words_of(leader.send(f"{OWN}/rediger", seen=seen, **TEXTS))
    assert "55 11 22 33" in page
    assert "Endret opplysningene Lise Leder" in page.replace(" · ", " ")
    assert "Før: 55 00 00 00" in page
    with any_nodes.dps.db.reading() as session:
        published = directory.statement_jws(session, DPS)
    with any_nodes.kommune.db.transaction() as session:
        directory.accept_statement(session, published, agency=DPS, now=any_nodes.now)
    said = words_of(reader(any_nodes, PER).open(SHOWN))
    assert "Alt mulig" in said
    assert "Opplysningene ble bekreftet mandag 9. november" in said
    assert Event.SERVICE_CHANGE in events(any_nodes)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten_unseen(nodes: Town) -> None:
    leader = reader(nodes, LEADER)
    seen = seen_in(leader.open(f"{OWN}/rediger").text)
    leader.send(f"{OWN}/rediger", seen=seen, **TEXTS)
    late = leader.send(f"{OWN}/rediger", seen=seen, **{**TEXTS, "phone": "55 99 99 99"})
    assert late.status_code == 409
    assert "Noen har endret opplysningene mens du skrev" in words_of(late)
    assert "55 99 99 99" in late.text
    assert entry_at(nodes).phone == "55 11 22 33"
    leader.send(f"{OWN}/rediger", seen=seen_in(late.text), **{**TEXTS, "phone": "55 99 99 99"})
    assert entry_at(nodes).phone == "55 99 99 99"


def test_a_patients_number_is_refused_in_what_everybody_reads(nodes: Town) -> None:
    leader = reader(nodes, LEADER)
    seen = seen_in(leader.open(f"{OWN}/rediger").text)
    page = leader.send(f"{OWN}/rediger", seen=seen, **{**TEXTS, "takes": "Ring om 158682 12388"})
    assert page.status_code == 422
    assert "ser ut som et fødselsnummer" in words_of(page)
    assert entry_at(nodes).takes != "Ring om 158682 12388"


def test_only_its_leader_may_change_an_entry(nodes: Town) -> None:
    assert reader(nodes, INGRID).open(f"{OWN}/rediger").status_code == 403
    leader = reader(nodes, LEADER)
    for act in ("rediger", "steng", "tilbud"):
        assert leader.open(f"/adressebok/{PSYCHOLOGIST}/{act}").status_code == 404
        assert leader.send(f"/adressebok/{PSYCHOLOGIST}/{act}", title="x", how="x").status_code == 404
    assert "Lederen hos dere kan endre dem" in words_of(reader(nodes, INGRID).open(SHOWN))


def test_an_offer_is_written_found_in_plain_words_and_taken_away(any_nodes: Town) -> None:
    leader = reader(any_nodes, LEADER)
    offer = {
        "title": "Boveiledning",
        "for_whom": "Voksne",
        "how": "Ring oss",
        "words": "husleie depositum",
        "id": "",
    }
    assert leader.send(f"{OWN}/tilbud", **{**offer, "how": ""}).status_code == 422
    leader.send(f"{OWN}/tilbud", **offer)
    found = words_of(leader.open("/adressebok/?q=penger+til+bolig"))
    assert "Boveiledning" not in found, "nothing there is about money"
    found = words_of(leader.open("/adressebok/?q=hjelp+til+bolig"))
    assert "Tilbud som passer Boveiledning" in found
    (made,) = entry_at(any_nodes).offers
    assert "Boveiledning" in leader.open(f"{OWN}/tilbud?tilbud={made.id}").text
    leader.send(f"{OWN}/tilbud", **{**offer, "id": made.id, "title": "Botrening"})
    assert [each.title for each in entry_at(any_nodes).offers] == ["Botrening"]
    leader.send(f"{OWN}/tilbud", do="remove", **{**offer, "id": made.id})
    assert entry_at(any_nodes).offers == ()
    assert leader.send(f"{OWN}/tilbud", **{**offer, "id": made.id}).status_code == 404


def test_a_closed_service_says_so_with_the_alternative_and_takes_nothing(nodes: Town) -> None:
    leader = reader(nodes, LEADER)
    pause = {"first": "", "last": "1.12.2026", "why": "Flytting", "instead": SENIOR, "advice": ""}
    assert leader.send(f"{OWN}/steng", **{**pause, "last": "1.10.2026"}).status_code == 422
    assert leader.send(f"{OWN}/steng", **{**pause, "instead": ""}).status_code == 422
    page = words_of(leader.send(f"{OWN}/steng", **pause))
    assert "Stengt til og med tirsdag 1. desember. Flytting" in page
    assert "Alderspsykiatri, Fjordheim DPS" in page
    leader.send(f"{OWN}/apne")
    assert entry_at(nodes).pause is None


def test_a_referral_to_a_closed_service_is_stopped_with_the_alternative_and_its_text_kept(nodes: Town) -> None:
    per, referral = reader(nodes, PER), nodes.draft()
    nodes.services[INTAKE] = {
        "pause": Pause(first=date(2026, 11, 9), last=None, why="Flytting", instead=SENIOR, advice="Ring vakta")
    }
    nodes.pass_time(minutes=1)
    page = words_of(per.open(f"/henvisninger/{referral}/skriv"))
    assert "Stengt inntil videre. Flytting" in page
    assert "Bruk i stedet : Alderspsykiatri, Fjordheim DPS" in page.replace("stedet:", "stedet :")
    kept = per.open(f"/henvisninger/{referral}/se-over")
    assert "Tjenesten er stengt nå. Velg en annen. Det du har skrevet, er lagret." in words_of(kept)
    assert "Depresjon og angst over to år" in kept.text
    with pytest.raises(TakesNoReferrals):
        nodes.do(PER, referrals.send, referral)
    found = per.open("/adressebok/?q=inntak")
    assert "Stengt inntil videre." in words_of(found)
    assert "Skriv henvisning til Inntak voksne" not in found.text


def test_who_follows_or_registers_a_referral_is_told_that_the_service_is_closed_and_so_is_the_patient(
    nodes: Town,
) -> None:
    per, referral = reader(nodes, PER), nodes.taken()
    nodes.services[INTAKE] = {
        "pause": Pause(first=date(2026, 11, 9), last=None, why="Flytting", instead=SENIOR, advice="Ring vakta"),
        "confirmed_on": date(2026, 1, 5),
    }
    nodes.pass_time(minutes=1)
    followed = words_of(per.open(f"/henvisninger/{referral}"))
    assert "Stengt inntil videre. Flytting" in followed
    assert "Ring vakta" in followed
    assert "Ikke bekreftet på lenge Opplysningene ble bekreftet mandag 5. januar" in followed
    assert "Stengt inntil videre." in words_of(reader(nodes, PATIENT).open(f"/mine-henvisninger/{referral}"))
    form = words_of(per.open("/henvisninger/papir"))
    beside = "Inntak voksne, Fjordheim DPS – Stengt inntil videre. – Opplysningene er ikke bekreftet på lenge."
    assert beside in form


def test_who_sends_on_a_referral_is_told_that_the_other_service_is_closed(nodes: Town) -> None:
    referral = nodes.taken()
    nodes.services[SENIOR] = {
        "pause": Pause(first=date(2026, 11, 9), last=date(2026, 12, 1), why="Ferie", instead=INTAKE)
    }
    nodes.pass_time(minutes=1)
    ingrid = reader(nodes, INGRID)
    page = words_of(ingrid.open(f"/mottatt/{INTAKE}/{referral}/send-videre"))
    assert "Stengt til og med tirsdag 1. desember." in page
    refused = ingrid.send(
        f"/mottatt/{INTAKE}/{referral}/send-videre", where=SENIOR, reason="Passer bedre", do="send", seen="1.3"
    )
    assert "Den tjenesten er stengt nå. Velg en annen." in words_of(refused)


def test_an_entry_unconfirmed_for_six_months_is_marked_and_its_leader_gets_a_task(any_nodes: Town) -> None:
    today = any_nodes.now.date()
    any_nodes.services[SENIOR] = {"confirmed_on": today}
    any_nodes.services[INTAKE] = {"confirmed_on": today - timedelta(days=215)}
    any_nodes.pass_time(minutes=1)
    assert "Ikke bekreftet på lenge" in words_of(reader(any_nodes, PER).open(SHOWN))
    assert "Ikke bekreftet på lenge" not in words_of(reader(any_nodes, PER).open(f"/adressebok/tjeneste/{SENIOR}"))
    draft = any_nodes.draft()
    assert "Ikke bekreftet på lenge" in words_of(reader(any_nodes, PER).open(f"/henvisninger/{draft}/skriv"))
    assert INTAKE in entries.remind(any_nodes.dps.db, [DPS], now=any_nodes.now)
    assert entries.remind(any_nodes.dps.db, [DPS], now=any_nodes.now) == [], "once is enough"
    leader = reader(any_nodes, LEADER)
    tasks = words_of(leader.open("/oppgaver"))
    assert "opplysninger i adresseboken som må rettes eller bekreftes" in tasks
    assert "Ingen har bekreftet opplysningene i adresseboken på seks måneder" in tasks
    assert "Inntak voksne" in tasks
    leader.send(f"{OWN}/bekreft")
    with any_nodes.dps.db.reading() as session:
        left = [task for task in team.tasks(session, LEADER) if task.service == INTAKE]
    assert left == []
    assert entry_at(any_nodes).confirmed_on == today


def test_an_owner_who_does_nothing_is_reminded_again_after_a_month(any_nodes: Town) -> None:
    any_nodes.services[INTAKE] = {"confirmed_on": date(2026, 1, 1)}
    any_nodes.services[SENIOR] = any_nodes.services[INTAKE]
    any_nodes.pass_time(minutes=1)
    entries.remind(any_nodes.dps.db, [DPS], now=any_nodes.now)
    with any_nodes.dps.db.transaction() as session:
        for task in team.tasks(session, LEADER):
            team.finish_task(session, task.id, by=LEADER, now=any_nodes.now)
    assert entries.remind(any_nodes.dps.db, [DPS], now=any_nodes.now + REMIND_AGAIN - timedelta(hours=1)) == []
    assert INTAKE in entries.remind(any_nodes.dps.db, [DPS], now=any_nodes.now + REMIND_AGAIN)


def test_a_service_without_a_leader_has_its_task_where_everybody_there_sees_it(nodes: Town) -> None:
    with nodes.kommune.db.transaction() as session:
        entry = replace(directory.service_of(session, PSYCHOLOGIST), confirmed_on=date(2026, 1, 1))
        entries.tell_owners(
            session, entry, TaskKind.ENTRY_UNCONFIRMED, entries.entry_subject(entry), entries.ENTRY, now=nodes.now
        )
        (task,) = team.tasks(session, PER)
    assert task.for_staff is None
    assert task.service == PSYCHOLOGIST


def test_two_who_save_an_entry_at_the_same_moment_do_not_overwrite_each_other(any_town: Town) -> None:
    node, seen, together = any_town.dps, mark_of(entry_at(any_town)), Barrier(2)

    def save(phone: str) -> bool:
        texts = EntryTexts(**{**TEXTS, "phone": phone})
        together.wait(timeout=20)
        try:
            with node.db.transaction() as session:
                entries.save_texts(session, Owning(service=INTAKE, by=LEADER, now=any_town.now), texts, seen=seen)
        except ChangedMeanwhile:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        phones = ["55 11 11 11", "55 22 22 22"]
        saved = list(pool.map(save, phones))
    assert sorted(saved) == [False, True]
    assert entry_at(any_town).phone == phones[saved.index(True)]


def test_two_who_change_different_things_at_the_same_moment_both_have_their_way(any_town: Town) -> None:
    node, together = any_town.dps, Barrier(2)
    turn = Owning(service=INTAKE, by=LEADER, now=any_town.now)
    away = Pause(first=any_town.now.date(), last=None, why="Flytting", instead=SENIOR)
    offer = Offer(id="", title="Gruppe", for_whom="Voksne", how="Ring", words="")

    def change(act: Callable[[Session], None]) -> None:
        together.wait(timeout=20)
        with node.db.transaction() as session:
            act(session)

    with ThreadPoolExecutor(2) as pool:
        acts = (
            lambda session: entries.pause(session, turn, away),
            lambda session: entries.save_offer(session, turn, offer),
        )
        list(pool.map(change, acts))
    now = entry_at(any_town)
    assert now.pause is not None and [each.title for each in now.offers] == ["Gruppe"]
    with node.db.reading() as session:
        assert len(entries.history(session, INTAKE, by=LEADER)) == 2
