"""Whoever is away gets no work: their stand-in has it, else the team, and nothing is hidden past its date."""

import re
from datetime import timedelta

import pytest

from handover.access import service as access
from handover.actors import Role, Staff
from handover.bundle import service as handovers
from handover.ids import StaffId
from handover.message import service
from handover.message.model import Content
from handover.message.service import Begun
from handover.referral import service as referrals
from handover.team import deputies, standing_in
from handover.team import service as team
from handover.team.absence import Absence
from handover.team.model import Place, TaskKind
from handover.workdays import local_date
from handover.worklist import untouched
from tests.builders import DPS, INTAKE
from tests.bundle.meeting import sent
from tests.message.nodes import QUESTION, Post
from tests.referral.nodes import INGRID, LEADER, OLA, PER, SARA, Town, staff
from tests.referral.visiting import reader, words_of

SECURITY = staff(78, "Nils Nøkkel", DPS, None, Role.SECURITY_OFFICER)
LIST = f"/arbeidsliste/{INTAKE}"
TITLE = "Melding: Spørsmål uten pasient: Ventetid"


@pytest.fixture
def post(staffed: Town) -> Post:
    """Two nodes whose people can sign in."""
    return Post(staffed)


def away(post: Post, who: Staff, stand_in: Staff | None, *, days: int = 7, after: int = 0) -> None:
    """Note that somebody of the DPS is away for some days."""
    today = local_date(post.town.now)
    with post.db(who).transaction() as session:
        wanted = Absence(
            staff=who.id,
            first_day=today + timedelta(days=after),
            back_on=today + timedelta(days=after + days),
            stand_in=None if stand_in is None else stand_in.id,
        )
        standing_in.set_absence(session, wanted, by=who, now=post.town.now)


def taken(post: Post, by: Staff) -> Begun:
    """Send a question and let somebody take it."""
    begun = post.send(PER, [INTAKE], "Hvor lang er ventetiden?", about=QUESTION)
    post.do(by, begun, service.open_)
    post.do(by, begun, service.take)
    return begun


def has(post: Post, who: Staff, kind: str = "mine") -> bool:
    """Whether the thread stands in somebody's list."""
    return TITLE in words_of(reader(post.town, who).open(f"{LIST}?filter={kind}"))


def remind(post: Post) -> None:
    """Let the worker do what the day asks for."""
    untouched.remind(post.db(INGRID), [DPS], now=post.town.now)


def owner_of(post: Post, begun: Begun) -> StaffId | None:
    """Return who has the thread's work."""
    with post.db(INGRID).reading() as session:
        return team.item(session, Place(DPS, INTAKE, service.WORK, begun.thread)).owner


def test_the_stand_in_has_the_work_while_its_owner_is_away_and_the_owner_has_it_again(post: Post) -> None:
    taken(post, INGRID)
    away(post, INGRID, OLA)
    assert has(post, OLA)
    assert f"{OLA.name} for {INGRID.name}" in words_of(reader(post.town, OLA).open(LIST))
    post.town.move_to(post.town.now + timedelta(days=7))
    remind(post)
    assert has(post, INGRID) and not has(post, OLA)
    with post.db(INGRID).reading() as session:
        assert deputies.absences(session, DPS) == {}


def test_what_arrives_for_an_absent_owner_goes_to_the_stand_in(post: Post) -> None:
    begun = taken(post, INGRID)
    post.do(INGRID, begun, service.done)
    away(post, INGRID, OLA)
    message = post.do(PER, begun, service.reply, content=Content(text="Og en ting til"))
    post.do(PER, begun, service.send, message)
    post.town.settle()
    assert owner_of(post, begun) == OLA.id


def test_without_a_stand_in_who_is_there_the_work_is_the_teams(post: Post) -> None:
    begun = taken(post, INGRID)
    away(post, INGRID, OLA)
    away(post, OLA, INGRID)
    assert owner_of(post, begun) is None, "a loop ends with the team"
    page = words_of(reader(post.town, OLA).open(f"{LIST}?filter=ledige"))
    assert TITLE in page and f"{INGRID.name} er borte" in page
    with post.db(OLA).transaction() as session:
        standing_in.end_absence(session, OLA.id, by=OLA, now=post.town.now)
    assert owner_of(post, begun) == OLA.id


def test_an_absence_that_has_not_begun_moves_nothing_until_it_does(post: Post) -> None:
    begun = taken(post, INGRID)
    away(post, INGRID, OLA, after=2)
    assert owner_of(post, begun) == INGRID.id
    post.town.move_to(post.town.now + timedelta(days=2))
    remind(post)
    assert owner_of(post, begun) == OLA.id


def test_a_referral_goes_to_the_stand_in_as_well(post: Post) -> None:
    case = post.town.taken()
    post.town.do(OLA, referrals.assign, case, INGRID)
    away(post, INGRID, OLA)
    ola = reader(post.town, OLA)
    assert "Henvisning: Solveig" in words_of(ola.open(f"{LIST}?filter=mine"))
    assert f"{OLA.name} for {INGRID.name}" in words_of(ola.open(f"/mottatt/{INTAKE}/{case}"))


def test_a_handover_goes_to_the_stand_in_as_well(post: Post) -> None:
    met = sent(post.town)
    met.there(INGRID, handovers.open_)
    met.there(INGRID, handovers.take)
    away(post, INGRID, OLA)
    ola = reader(post.town, OLA)
    assert "Overføring: Solveig" in words_of(ola.open(f"{LIST}?filter=mine"))
    assert f"{OLA.name} for {INGRID.name}" in words_of(ola.open(f"/mottatte-overforinger/{INTAKE}/{met.handover}"))


def test_the_work_and_the_tasks_of_who_has_left_are_the_teams(post: Post) -> None:
    begun = taken(post, INGRID)
    with post.db(INGRID).transaction() as session:
        kind = TaskKind.NOT_DELIVERED
        team.raise_task(
            session, DPS, kind=kind, text="E21", now=post.town.now, service=INTAKE, for_staff=INGRID.id
        )
        access.close(session, INGRID.id, agency=DPS, by=SECURITY, now=post.town.now)
    remind(post)
    assert owner_of(post, begun) is None
    with post.db(OLA).reading() as session:
        assert [task.kind for task in team.tasks(session, OLA)] == [kind]
    message = post.do(PER, begun, service.reply, content=Content(text="Og en ting til"))
    post.do(PER, begun, service.send, message)
    post.town.settle()
    assert owner_of(post, begun) is None, "nor what comes afterwards"


def test_a_task_for_who_is_away_is_for_the_team(post: Post) -> None:
    with post.db(INGRID).transaction() as session:
        kind = TaskKind.NOT_DELIVERED
        team.raise_task(
            session, DPS, kind=kind, text="E21", now=post.town.now, service=INTAKE, for_staff=INGRID.id
        )
        assert team.tasks(session, OLA) == ()
    away(post, INGRID, OLA)
    with post.db(INGRID).reading() as session:
        assert [task.kind for task in team.tasks(session, OLA)] == [kind]


def test_what_lies_untouched_goes_back_to_the_team_and_the_leader_is_told(post: Post) -> None:
    begun = taken(post, INGRID)
    post.town.move_to(post.town.now + timedelta(days=8))
    remind(post)
    assert owner_of(post, begun) is None
    with post.db(INGRID).reading() as session:
        assert TaskKind.UNTOUCHED in [task.kind for task in team.tasks(session, LEADER)]
    message = post.do(PER, begun, service.reply, content=Content(text="Purrer"))
    post.do(PER, begun, service.send, message)
    post.town.settle()
    assert owner_of(post, begun) is None, "what comes gives it to nobody"
    post.do(INGRID, begun, service.take)
    assert owner_of(post, begun) == INGRID.id


def test_work_that_is_touched_stays_and_a_service_says_how_long_it_may_lie(post: Post) -> None:
    begun = taken(post, INGRID)
    with post.db(INGRID).transaction() as session:
        standing_in.set_untouched_days(session, INTAKE, 12, by=INGRID, now=post.town.now)
    post.town.move_to(post.town.now + timedelta(days=9))
    remind(post)
    assert owner_of(post, begun) == INGRID.id
    post.do(INGRID, begun, service.reply, content=Content(text="Utkast"))
    post.town.move_to(post.town.now + timedelta(days=10))
    remind(post)
    assert owner_of(post, begun) == INGRID.id, "counted from when she last did something"


# --- the page ---------------------------------------------------------------------------------------------------


def typed(post: Post, stand_in: Staff | None, *, days: int = 7, who: Staff | None = None) -> dict[str, str]:
    """Return the form of an absence from today."""
    today = local_date(post.town.now)
    form = {"first_day": f"{today:%d.%m.%Y}", "back_on": f"{today + timedelta(days=days):%d.%m.%Y}"}
    form["stand_in"] = "" if stand_in is None else str(stand_in.id)
    return form if who is None else {**form, "who": str(who.id)}


def test_somebody_notes_their_own_absence_and_ends_it(post: Post) -> None:
    begun = taken(post, INGRID)
    ingrid = reader(post.town, INGRID)
    said = words_of(ingrid.send("/fravar", **typed(post, OLA)))
    assert "Fraværet er lagret." in said and f"vikar: {OLA.name}" in said
    assert owner_of(post, begun) == OLA.id
    said = words_of(ingrid.send("/fravar/tilbake", who=str(INGRID.id)))
    assert "Ingen er borte." in said
    assert owner_of(post, begun) == INGRID.id


@pytest.mark.parametrize(("address", "name"), [("/arbeidsliste", "Arbeidsliste"), ("/fravar", "Fravær")])
def test_the_menu_marks_only_the_page_one_is_on(post: Post, address: str, name: str) -> None:
    shown = reader(post.town, INGRID).open(address)
    assert re.findall(r'aria-current="page">([^<]+)<', shown.text) == [name]


def test_a_leader_notes_it_for_somebody_else_and_nobody_else_can(post: Post) -> None:
    begun = taken(post, INGRID)
    refused = reader(post.town, OLA).send("/fravar", **typed(post, OLA, who=INGRID))
    assert refused.status_code == 422 and "Velg hvem som er borte." in words_of(refused)
    assert owner_of(post, begun) == INGRID.id
    assert "Fraværet er lagret." in words_of(
        reader(post.town, LEADER).send("/fravar", **typed(post, OLA, who=INGRID))
    )
    assert owner_of(post, begun) == OLA.id
    assert reader(post.town, OLA).send("/fravar/tilbake", who=str(INGRID.id)).status_code == 404


def test_what_does_not_fit_is_said_and_what_was_typed_stays(post: Post) -> None:
    ingrid = reader(post.town, INGRID)
    refused = ingrid.send("/fravar", **typed(post, INGRID, days=0))
    assert refused.status_code == 422
    assert "Velg en annen enn den som er borte." in words_of(refused)
    assert "Du må være tilbake etter den første dagen" in words_of(refused)
    assert f"{local_date(post.town.now):%d.%m.%Y}" in refused.text
    elsewhere = ingrid.send("/fravar", **typed(post, SARA))
    assert "Vikaren må arbeide ved samme tjeneste." in words_of(elsewhere)


def test_only_a_leader_says_how_long_work_may_lie(post: Post) -> None:
    leader = reader(post.town, LEADER)
    assert "Innstillingen er lagret." in words_of(leader.send("/fravar/urort", service=INTAKE, days="3"))
    with post.db(INGRID).reading() as session:
        assert standing_in.untouched_days(session, DPS, INTAKE) == 3
    assert leader.send("/fravar/urort", service=INTAKE, days="99").status_code == 422
    assert reader(post.town, INGRID).send("/fravar/urort", service=INTAKE, days="3").status_code == 403
