"""Whom tasks are about: looked up for all of them at once, and told to nobody who may not open the case."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import event

from handover.actors import Staff
from handover.bundle.cases import WORK as HANDOVERS
from handover.bundle.lifecycle import Side as Hands
from handover.ids import ServiceId, TaskId
from handover.referral.cases import WORK as REFERRALS
from handover.referral.lifecycle import Side
from handover.team.model import Task, TaskKind
from handover.worklist.named import named
from tests.builders import DPS, INTAKE
from tests.bundle.meeting import sent
from tests.referral.nodes import INGRID, SARA, SENIOR, Town

REFERRED, HANDED = REFERRALS[Side.RECEIVER], HANDOVERS[Hands.RECEIVER]


def task(town: Town, kind: str, subject: UUID, at: ServiceId | None = INTAKE) -> Task:
    """Return a task about a case."""
    return Task(
        id=TaskId(uuid4()),
        agency=DPS,
        service=at,
        for_staff=None,
        kind=TaskKind.LATE_INFORMATION,
        subject=subject,
        subject_kind=kind,
        text="",
        raised_at=town.now,
    )


def told(town: Town, tasks: Sequence[Task], by: Staff = INGRID) -> tuple[list[str], int]:
    """Return what a reader is told of each task, and how many questions to the database it took."""
    asked: list[str] = []

    def note(*said: object) -> None:
        asked.append(str(said[2]))

    with town.dps.db.transaction() as session:
        session.connection()
        event.listen(town.dps.db.engine, "before_cursor_execute", note)
        try:
            found = named(session, by, tasks, now=town.now)
        finally:
            event.remove(town.dps.db.engine, "before_cursor_execute", note)
    return [found.get(each.id, "") for each in tasks], sum(each.startswith("SELECT") for each in asked)


def test_many_tasks_are_asked_about_as_few_are(any_nodes: Town) -> None:
    town = any_nodes
    referred, handed = [town.sent() for _each in range(3)], [sent(town).handover for _each in range(2)]
    many = [task(town, REFERRED, each) for each in referred] + [task(town, HANDED, each) for each in handed]
    few = [many[0], many[-1]]
    assert told(town, few)[0] == ["Solveig Nes (født 1982)"] * 2
    assert told(town, many) == (["Solveig Nes (født 1982)"] * 5, told(town, few)[1])


def test_a_task_is_told_of_only_to_who_may_open_the_case_at_its_service(any_nodes: Town) -> None:
    town = any_nodes
    referred, handed = town.sent(), sent(town).handover
    for case, kind, other in (
        (referred, REFERRED, REFERRALS[Side.REFERRER]),
        (handed, HANDED, HANDOVERS[Hands.SENDER]),
    ):
        ours, anywhere = task(town, kind, case), task(town, kind, case, None)
        elsewhere, other_side = task(town, kind, case, SENIOR), task(town, other, case)
        assert told(town, [ours, anywhere])[0] == ["Solveig Nes (født 1982)"] * 2
        assert told(town, [elsewhere, other_side])[0] == ["", ""]
        assert told(town, [ours, anywhere, elsewhere], by=SARA)[0] == ["", "", ""], "she works elsewhere"
