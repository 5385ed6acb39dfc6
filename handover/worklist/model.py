"""What a worklist shows: the filters people know, and the rows that no filter may hide. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from handover.bundle.service import WorkRow
from handover.bundle.worklists import PAGE
from handover.errors import NotFound
from handover.ids import StaffId
from handover.message.service import ThreadRow
from handover.referral.service import CaseRow, WorkFilter, matches

Row = CaseRow | WorkRow | ThreadRow
"""One line of a worklist: a referral, a handover or a thread."""
Cursor = tuple[datetime, UUID]


class Choice(StrEnum):
    """The filters of a worklist, as they stand in an address."""

    TO_DO = "gjore"
    MINE = "mine"
    UNOWNED = "ledige"
    WAITING = "venter"
    DONE = "ferdig"


FILTERS: Final = {
    Choice.TO_DO: WorkFilter.TO_DO,
    Choice.MINE: WorkFilter.MINE,
    Choice.UNOWNED: WorkFilter.UNOWNED,
    Choice.WAITING: WorkFilter.WAITING,
}
"""What each filter of open work asks for; `DONE` is a list of its own."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """One page of a worklist: what is overdue at the service whatever the filter, and what the filter asks for."""

    overdue: tuple[CaseRow, ...]
    """Overdue cases that the filter alone would have hidden (DESIGN rule 8)."""
    asked_for: tuple[CaseRow, ...]


class NoSuchFilter(NotFound):
    """The address names a filter that is none."""

    code = "worklist.no-such-filter"


def split(rows: Sequence[CaseRow], choice: Choice, reader: StaffId) -> Split:
    """Return the rows, apart those that stand there only because they are overdue."""
    wanted = FILTERS[choice]
    only_late = [row for row in rows if row.is_overdue and not matches(row, wanted, reader)]
    return Split(overdue=tuple(only_late), asked_for=tuple(row for row in rows if row not in only_late))


class Piece(Protocol):
    """What a filter asks of a handover or a thread, in a list or counted."""

    @property
    def is_ours(self) -> bool:
        """Whether the next move is ours."""
        ...

    @property
    def is_overdue(self) -> bool:
        """Whether its date has passed."""
        ...

    @property
    def owner(self) -> StaffId | None:
        """Who has taken it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of all kinds of work in one list, by deadline."""

    overdue: tuple[Row, ...]
    asked_for: tuple[Row, ...]
    next: Cursor | None


def merge(
    referrals: Split, more: Cursor | None, lots: Sequence[Sequence[Row]], choice: Choice, reader: StaffId
) -> Page:
    """Return one list of all open work: a page ends where the first kind has more, none is passed over.

    `more` is where the referrals go on; of each other lot one more than a page is given, where there are so many.
    What is overdue stands there whatever the filter.
    """
    end = min((each for each in (more, *_ends(lots)) if each is not None), default=None)
    rows = [row for lot in lots for row in lot if not isinstance(row, CaseRow)]
    wanted = [row for row in rows if matches_choice(row, choice, reader)]
    only_late = [row for row in rows if row.is_overdue and row not in wanted]
    return Page(
        overdue=_by_date([*referrals.overdue, *only_late], end),
        asked_for=_by_date([*referrals.asked_for, *wanted], end),
        next=end,
    )


def merge_closed(
    referrals: Split, more: Cursor | None, late: Sequence[Row], lots: Sequence[Sequence[Row]]
) -> Page:
    """Return what is finished of all kinds, the latest first, and apart from it what is overdue.

    `more` is where the referrals go on; a page ends where the first lot has more. Of each lot one more than a page
    is given, where there are so many: no list goes on to an empty page.
    """
    end = max((each for each in (more, *_ends(lots)) if each is not None), default=None)
    closed: list[Row] = [*referrals.asked_for, *(row for lot in lots for row in lot)]
    rows = [row for row in closed if end is None or row.cursor >= end]
    return Page(
        overdue=_by_date([*referrals.overdue, *(row for row in late if row.is_overdue)], None),
        asked_for=tuple(sorted(rows, key=lambda row: row.cursor, reverse=True)),
        next=end,
    )


def matches_choice(piece: Piece, choice: Choice, reader: StaffId) -> bool:
    """Whether a filter asks for a handover or a thread."""
    if choice is Choice.MINE:
        return piece.owner == reader
    if choice is Choice.UNOWNED:
        return piece.owner is None
    is_to_do = piece.is_ours or piece.is_overdue
    return is_to_do if choice is Choice.TO_DO else not is_to_do


def _ends(lots: Sequence[Sequence[Row]]) -> list[Cursor]:
    """Return where the page of each lot ends of which one more was read than a page shows."""
    return [rows[PAGE - 1].cursor for rows in lots if len(rows) > PAGE]


def _by_date(rows: Sequence[Row], end: Cursor | None) -> tuple[Row, ...]:
    shown = [row for row in rows if end is None or row.cursor <= end]
    return tuple(sorted(shown, key=lambda row: row.cursor))


def choice_of(text: str | None) -> Choice:
    """Return the filter an address names; what needs doing where it names none. Raises NoSuchFilter."""
    if not text:
        return Choice.TO_DO
    try:
        return Choice(text)
    except ValueError:
        raise NoSuchFilter from None
