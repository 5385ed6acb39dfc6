"""A list of referrals and handovers is read page by page: every case once, in order, and no empty page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.actors import Author, Party
from handover.bundle.lifecycle import Side
from handover.bundle.service import WorkRow
from handover.bundle.standing import Standing
from handover.ids import HandoverId, PersonId, ReferralId
from handover.referral.lifecycle import Side as ReferralSide
from handover.referral.lifecycle import Status
from handover.referral.service import CaseRow
from handover.worklist import model
from handover.worklist.model import Choice, Page, Split, merge, merge_closed
from tests.builders import DPS, INTAKE, MUNICIPALITY, PSYCHOLOGIST
from tests.referral.nodes import INGRID

PAGE: Final = 3
NOW: Final = datetime(2026, 11, 9, 9, tzinfo=UTC)
RECEIVER, SENDER = Party(DPS, INTAKE), Party(MUNICIPALITY, PSYCHOLOGIST)
Cursor = tuple[datetime, UUID]
Row = TypeVar("Row", CaseRow, WorkRow)
STANDING: Final = Standing(
    side=Side.RECEIVER,
    home=RECEIVER,
    handover=HandoverId(UUID(int=0)),
    reference="8H3K-PQ2M",
    sender=SENDER,
    receiver=RECEIVER,
    person=PersonId(UUID(int=1)),
    clinician=Author(name="Per Psykolog", agency=MUNICIPALITY),
    created_at=NOW,
    changed_at=NOW,
)


@dataclass(frozen=True)
class Stored:
    """Referrals, and both sides of handovers."""

    referrals: Sequence[CaseRow]
    handed: Sequence[Sequence[WorkRow]]

    @property
    def cursors(self) -> list[Cursor]:
        """Where each of them stands."""
        referred = [row.cursor for row in self.referrals]
        return sorted([*referred, *(row.cursor for side in self.handed for row in side)])


def referral(at: datetime, number: int) -> CaseRow:
    """Return a referral that nobody has taken."""
    return CaseRow(
        referral=ReferralId(UUID(int=number)),
        reference="8H3K-PQ2M",
        side=ReferralSide.RECEIVER,
        service=INTAKE,
        name="Solveig Nes",
        birth_year=1982,
        status=Status.COMPLETED,
        urgency="",
        referrer=SENDER,
        holder=RECEIVER,
        counterpart="",
        sent_at=None,
        received_at=None,
        deadline=None,
        days_left=None,
        step=None,
        due_at=at,
        is_overdue=False,
        is_undelivered=False,
        is_unread=False,
        owner=None,
        owner_name="",
        updated_at=at,
        cursor=(at, UUID(int=number)),
    )


def handover(at: datetime, number: int, side: Side) -> WorkRow:
    """Return a handover that nobody has taken."""
    return WorkRow(
        standing=replace(STANDING, side=side, handover=HandoverId(UUID(int=number))),
        name="Solveig Nes",
        birth_year=1982,
        step=None,
        due_at=at,
        is_overdue=False,
        is_unread=False,
        owner=None,
        owner_name="",
    )


@st.composite
def stocks(draw: st.DrawFn) -> Stored:
    """Any number of cases of each kind; many changed at the same moment, in no order of their numbers."""
    moments = st.integers(0, 6).map(lambda minute: NOW + timedelta(minutes=minute))
    amounts = [draw(st.integers(0, 4 * PAGE + 1)) for _ in range(3)]
    numbers = iter(draw(st.permutations(range(sum(amounts)))))
    referrals = [referral(draw(moments), next(numbers)) for _ in range(amounts[0])]
    sides = zip((Side.RECEIVER, Side.SENDER), amounts[1:], strict=True)
    handed = [[handover(draw(moments), next(numbers), side) for _ in range(amount)] for side, amount in sides]
    return Stored(referrals, handed)


def after_in(rows: Sequence[Row], after: Cursor | None, *, latest_first: bool) -> list[Row]:
    """Return what a store gives after a place in the list."""
    rest = [row for row in rows if after is None or (row.cursor < after if latest_first else row.cursor > after)]
    return sorted(rest, key=lambda row: row.cursor, reverse=latest_first)


def finished(stored: Stored, after: Cursor | None) -> Page:
    """Read one page of what is finished."""
    rows = after_in(stored.referrals, after, latest_first=True)
    lots = [after_in(side, after, latest_first=True)[: PAGE + 1] for side in stored.handed]
    more = rows[PAGE - 1].cursor if len(rows) > PAGE else None
    split = Split(overdue=(), asked_for=tuple(rows[:PAGE]))
    return merge_closed(split, more, (), lots)


def waiting(stored: Stored, after: Cursor | None) -> Page:
    """Read one page of open work that nobody has taken."""
    rows = after_in(stored.referrals, after, latest_first=False)
    lots = [after_in(side, after, latest_first=False)[: PAGE + 1] for side in stored.handed]
    more = rows[PAGE - 1].cursor if len(rows) > PAGE else None
    split = Split(overdue=(), asked_for=tuple(rows[:PAGE]))
    return merge(split, more, lots, Choice.UNOWNED, INGRID.id)


@pytest.mark.parametrize(("read", "is_latest_first"), [(finished, True), (waiting, False)])
@given(stored=stocks())
def test_every_case_stands_once_and_in_order_and_no_page_is_empty(
    read: Callable[[Stored, Cursor | None], Page], is_latest_first: bool, stored: Stored
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "PAGE", PAGE)
        page = read(stored, None)
        shown = [row.cursor for row in page.asked_for]
        while page.next is not None:
            page = read(stored, page.next)
            assert page.asked_for, "the list went on to an empty page"
            shown += [row.cursor for row in page.asked_for]
    assert shown == sorted(stored.cursors, reverse=is_latest_first)
