"""The worklist: by deadline, nothing overdue hidden, read per person, done per team, polls that cost nothing."""

from datetime import timedelta
from re import search
from uuid import UUID

import pytest
from sqlalchemy import func, select

from handover.audit.model import Event
from handover.audit.tables import AuditEntry
from handover.referral import service
from handover.team import service as team
from handover.team.model import TaskKind
from tests.builders import DPS, FACT, INTAKE
from tests.referral.nodes import FATIMA, INGRID, OLA, PER, SARA, Town
from tests.referral.visiting import links_of, reader, words_of
from tests.worklist.ward import NAMES, Ward

LIST = f"/arbeidsliste/{INTAKE}"


def name(state: str) -> str:
    given, family, _born = NAMES[state]
    return f"{given} {family}"


def order_on(page: str) -> list[str]:
    """Return the states of the ward's cases in the order a page names them."""
    found = {state: page.find(name(state)) for state in NAMES}
    return sorted((state for state, at in found.items() if at >= 0), key=lambda state: found[state])


def logged(town: Town) -> dict[UUID, AuditEntry]:
    with town.dps.db.reading() as session:
        return {entry.id: entry for entry in session.scalars(select(AuditEntry))}


def count_log(town: Town) -> int:
    with town.dps.db.reading() as session:
        return session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def test_an_intake_coordinator_sees_what_needs_doing_by_deadline(ward: Ward) -> None:
    page = reader(ward.town, INGRID).open("/arbeidsliste")
    words = words_of(page)
    assert order_on(words) == ["overdue", "withdrawing", "assessing", "received", "accepted"]
    assert "1 sak er over fristen." in words
    assert "Trenger handling (5) Mine (1) Ingen har tatt (1) Venter på andre (3) Ferdig" in words
    assert "Henvisning: Kari Nordmann (født 1998) fra Kommunepsykolog, Fjordheim kommune mottatt 24. nov." in words
    assert "10 virkedager igjen Ingen har tatt denne" in words
    assert "1 virkedag over fristen Ola Overlege" in words


@pytest.mark.parametrize(
    ("choice", "asked_for"),
    [
        ("mine", ["assessing"]),
        ("ledige", ["received"]),
        ("venter", ["asked", "scheduled", "started"]),
        ("ferdig", ["rejected", "completed"]),
    ],
)
def test_every_filter_shows_its_own_and_never_hides_what_is_overdue(
    ward: Ward, choice: str, asked_for: list[str]
) -> None:
    words = words_of(reader(ward.town, INGRID).open(f"{LIST}?filter={choice}"))
    shown = order_on(words)
    assert shown[0] == "overdue"
    assert words.index("Over fristen – vises alltid") < words.index(name("overdue"))
    assert sorted(shown[1:]) == sorted(asked_for)


def test_what_was_put_away_is_gone_until_its_day_and_back_when_it_is_overdue(staffed: Town) -> None:
    town = staffed
    case = town.taken()
    town.do(OLA, service.snooze, case, town.now + timedelta(days=5))
    assert "Solveig Nes" not in words_of(reader(town, OLA).open(LIST))
    town.pass_time(days=21)
    shown = words_of(reader(town, INGRID).open(f"{LIST}?filter=ledige"))
    assert "Solveig Nes" in shown
    assert "Over fristen – vises alltid" in shown


def test_reading_is_per_person_and_done_is_per_team(staffed: Town) -> None:
    town = staffed
    case = town.taken()
    ingrid, ola = reader(town, INGRID), reader(town, OLA)
    town.pass_time(minutes=1)
    ingrid.open(f"/mottatt/{INTAKE}/{case}")
    assert "Ulest" not in words_of(ingrid.open(LIST))
    assert "Ulest" in words_of(ola.open(LIST))
    town.do(OLA, service.redirect, case, FACT, "De kan komme hjem til pasienten.")
    town.settle()
    assert "Solveig Nes" not in words_of(ola.open(LIST))
    assert "Solveig Nes" in words_of(ola.open(f"{LIST}?filter=ferdig"))


def test_a_list_is_one_log_row_that_names_everybody_shown(ward: Ward) -> None:
    town = ward.town
    before = logged(town)
    reader(town, INGRID).open(LIST)
    after = logged(town)
    (new,) = after.keys() - before.keys()
    assert after[new].event == Event.WORKLIST_LIST
    assert len(after[new].persons) // 16 == 5


def test_a_poll_answers_304_logs_nothing_and_leaves_the_session_as_it_was(staffed: Town) -> None:
    town = staffed
    town.sent()
    ingrid = reader(town, INGRID)
    shown = search(r'data-version="(\d+)"', ingrid.open(LIST).text)
    assert shown
    version, before = shown[1], count_log(town)
    quiet = ingrid.open(f"{LIST}/nytt", **{"If-None-Match": version})
    assert (quiet.status_code, quiet.data) == (304, b"")
    assert count_log(town) == before
    town.sent(problem="Angst")
    news = ingrid.open(f"{LIST}/nytt", **{"If-None-Match": version})
    assert news.json == {"text": "1 ny sak – vis", "asked": 2}
    town.pass_time(minutes=29)
    ingrid.open(f"{LIST}/nytt", **{"If-None-Match": version})
    town.pass_time(minutes=2)
    assert "/logg-inn" in ingrid.open(f"{LIST}/nytt").request.path, "the poll has not kept the session alive"


def test_a_changed_case_is_told_without_a_number(staffed: Town) -> None:
    town = staffed
    case = town.taken()
    ingrid = reader(town, INGRID)
    shown = search(r'data-version="(\d+)"', ingrid.open(LIST).text)
    assert shown
    town.pass_time(minutes=1)
    town.do(PER, service.supplement, case, "Har fått ny medisin.")
    town.settle()
    news = ingrid.open(f"{LIST}/nytt", **{"If-None-Match": shown[1]})
    assert news.json == {"text": "Listen er endret – vis", "asked": 0}


def test_a_list_goes_on_where_the_page_ended(staffed: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town = staffed
    for _ in range(5):
        town.sent()
    monkeypatch.setattr(
        service.worklist, "__kwdefaults__", {**(service.worklist.__kwdefaults__ or {}), "limit": 2}
    )
    ingrid, page, found = reader(town, INGRID), LIST, []
    for _ in range(3):
        answer = ingrid.open(page)
        found += [link for link in links_of(answer) if link.startswith("/mottatt/")]
        page = next((link for link in links_of(answer) if "etter=" in link and "lang=" not in link), "")
    assert len(found) == len(set(found)) == 5
    assert page == ""


@pytest.mark.parametrize("other", [PER, FATIMA, SARA])
def test_who_does_not_work_at_the_service_is_told_nothing_of_its_list(ward: Ward, other: object) -> None:
    for path in (LIST, f"{LIST}/nytt", f"{LIST}/tekster"):
        answer = reader(ward.town, other).open(path)  # type: ignore[arg-type]
        assert answer.status_code in {403, 404}
        assert "Kari" not in answer.text


def test_a_search_finds_closed_cases_too_and_stands_in_no_address(ward: Ward) -> None:
    ingrid = reader(ward.town, INGRID)
    found = ingrid.send("/arbeidsliste/sok", text="einar opps")
    assert order_on(words_of(found)) == ["rejected"]
    assert "einar" not in str(found.request.url).lower()
    assert "Ingen sak hos dere passer" in words_of(ingrid.send("/arbeidsliste/sok", text="Zzz"))
    assert ingrid.send("/arbeidsliste/sok", text="").status_code == 200


def test_a_task_stays_until_somebody_says_that_it_is_done(staffed: Town) -> None:
    town = staffed
    case = town.sent()
    with town.dps.db.transaction() as session:
        team.raise_task(
            session,
            DPS,
            kind=TaskKind.LATE_INFORMATION,
            text="referral-update",
            now=town.now,
            service=INTAKE,
            for_staff=INGRID.id,
            subject=case,
            subject_kind="referral-received",
        )
    ingrid, ola = reader(town, INGRID), reader(town, OLA)
    before = logged(town)
    page = ingrid.open("/oppgaver")
    after = logged(town)
    (new,) = after.keys() - before.keys()
    assert after[new].event == Event.WORKLIST_LIST and len(after[new].persons) // 16 == 1
    assert "Solveig Nes (født 1982)" in words_of(page)
    assert "Nye opplysninger kom etter at saken var avgjort" in words_of(page)
    assert f"/mottatt/{INTAKE}/{case}" in links_of(page)
    assert "Du har ingen oppgaver." in words_of(ola.open("/oppgaver"))
    done = search(r'action="(/oppgaver/[^"]+)"', page.text)
    assert done
    assert ola.send(done[1]).status_code == 404
    assert "Oppgaven er ferdig." in words_of(ingrid.send(done[1]))


def test_a_team_keeps_its_own_ready_texts(staffed: Town) -> None:
    ingrid = reader(staffed, INGRID)
    refused = ingrid.send(f"{LIST}/tekster", title="", kind="", text_nn="Ta med legekortet.")
    assert refused.status_code == 422
    assert "Skriv en tittel." in words_of(refused)
    assert "Ta med legekortet." in refused.text, "nothing that was typed is lost"
    empty = ingrid.send(f"{LIST}/tekster", title="Legekort", kind="next_step")
    assert "Skriv teksten på minst ett språk." in words_of(empty)
    long = ingrid.send(f"{LIST}/tekster", title="Legekort", kind="next_step", text_en="x" * 4001)
    assert long.status_code == 422
    saved = ingrid.send(f"{LIST}/tekster", title="Legekort", kind="next_step", text_nn="Ta med legekortet.")
    assert "Teksten er lagret." in words_of(saved)
    assert "Ta med legekortet." in saved.text
