"""Every open handover has a next step, an owner and a date, the same at both sides (rule 8)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from handover.bundle.lifecycle import ENDED, Side, Status
from handover.bundle.model import Author, Meeting, MeetingId, Party, RequestId, Wishes
from handover.bundle.standing import Pending, PendingKind, Standing
from handover.bundle.steps import Shelf, Step, next_step, shelf_of
from handover.ids import AgencyId, HandoverId, PersonId, ServiceId
from handover.workdays import end_of

SENDER = Party(AgencyId("215900011"), ServiceId("8140001"))
RECEIVER = Party(AgencyId("315900029"), ServiceId("8140002"))
RECEIVED = datetime(2026, 3, 27, 9, tzinfo=UTC)
"""The Friday before Easter week: Thursday, Friday and Monday are days off."""
STANDING = Standing(
    side=Side.RECEIVER,
    home=RECEIVER,
    handover=HandoverId(UUID(int=1)),
    reference="ABCD2345",
    status=Status.RECEIVED,
    sender=SENDER,
    receiver=RECEIVER,
    person=PersonId(UUID(int=2)),
    clinician=Author(name="Kari Lie", agency=SENDER.agency),
    created_at=RECEIVED,
    changed_at=RECEIVED,
    sent_at=RECEIVED,
    received_at=RECEIVED,
)
NO_MEETING = replace(STANDING, wishes=Wishes(meeting=False))
MEETING = Meeting(
    id=MeetingId(UUID(int=3)), start=datetime(2026, 4, 9, 11, tzinfo=UTC), place="Storgata 1", who_comes="Kari"
)


@pytest.mark.parametrize(
    ("standing", "step", "due_on"),
    [
        (STANDING, Step.OPEN, date(2026, 3, 31)),
        (replace(STANDING, status=Status.OPENED), Step.PLAN_MEETING, date(2026, 4, 15)),
        (replace(STANDING, status=Status.MEETING_PLANNED, meeting=MEETING), Step.HOLD_MEETING, date(2026, 4, 9)),
        (replace(STANDING, status=Status.MEETING_HELD), Step.TAKE_OVER, date(2026, 4, 22)),
        (replace(NO_MEETING, status=Status.OPENED), Step.TAKE_OVER, date(2026, 4, 15)),
        (
            replace(STANDING, status=Status.MEETING_HELD, take_over_by=date(2026, 4, 17)),
            Step.TAKE_OVER,
            date(2026, 4, 17),
        ),
        # the agreed date comes before the steps that lead to it
        (replace(STANDING, status=Status.OPENED, take_over_by=date(2026, 4, 8)), Step.TAKE_OVER, date(2026, 4, 8)),
        (
            replace(STANDING, status=Status.MEETING_PLANNED, meeting=MEETING, take_over_by=date(2026, 4, 8)),
            Step.TAKE_OVER,
            date(2026, 4, 8),
        ),
        (
            replace(STANDING, status=Status.WITHDRAWAL_NOTIFIED, withdrawn_at=RECEIVED),
            Step.ANSWER_WITHDRAWAL,
            date(2026, 4, 8),
        ),
    ],
)
@pytest.mark.parametrize("side", [Side.SENDER, Side.RECEIVER])
def test_both_sides_see_the_same_step_and_date_in_their_worklists(
    standing: Standing, step: Step, due_on: date, side: Side
) -> None:
    home = SENDER if side is Side.SENDER else RECEIVER
    found = next_step(replace(standing, side=side, home=home))

    assert found is not None
    assert (found.step, found.side, found.due_at) == (step, Side.RECEIVER, end_of(due_on))
    expected = Shelf.TO_DO if side is Side.RECEIVER else Shelf.WAITING
    assert shelf_of(replace(standing, side=side, home=home)) is expected


def test_a_supplement_that_nobody_has_read_is_work_even_after_the_take_over() -> None:
    taken = replace(STANDING, status=Status.TAKEN_OVER)
    found = next_step(replace(taken, unread_since=RECEIVED))

    assert next_step(taken) is None
    assert found is not None
    assert (found.step, found.due_at) == (Step.READ_SUPPLEMENT, end_of(date(2026, 3, 31)))


def test_a_question_is_the_senders_move_and_never_moves_the_receivers_date() -> None:
    asked = replace(STANDING, status=Status.OPENED, asked_at=RECEIVED)
    at_sender, at_receiver = next_step(replace(asked, side=Side.SENDER, home=SENDER)), next_step(asked)

    assert at_sender is not None and at_receiver is not None
    assert (at_sender.step, at_sender.side, at_sender.due_at) == (
        Step.ANSWER_QUESTION,
        Side.SENDER,
        end_of(date(2026, 3, 31)),
    )
    assert (at_receiver.step, at_receiver.due_at) == (Step.PLAN_MEETING, end_of(date(2026, 4, 15)))


@pytest.mark.parametrize("kind", list(PendingKind))
def test_what_did_not_get_through_is_the_senders_next_step(kind: PendingKind) -> None:
    lost = Pending(request=RequestId(UUID(int=4)), kind=kind, asked_at=RECEIVED, lost=True)
    found = next_step(replace(STANDING, side=Side.SENDER, home=SENDER, status=Status.OPENED, pending=(lost,)))

    assert found is not None
    assert (found.step, found.side) == (Step.MEND_DELIVERY, Side.SENDER)


@pytest.mark.parametrize("status", list(Status))
def test_no_case_of_a_sender_is_open_without_a_step_and_a_date(status: Status) -> None:
    found = next_step(replace(STANDING, side=Side.SENDER, home=SENDER, status=status))

    assert (found is None) == (status in ENDED)
