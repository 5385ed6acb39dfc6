"""What a worklist shows: the filters people know, and the rows that no filter may hide. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from handover.bundle.lifecycle import Side
from handover.bundle.service import Counted, WorkRow
from handover.bundle.worklists import PAGE
from handover.errors import NotFound
from handover.ids import StaffId
from handover.referral.service import CaseRow, WorkFilter, matches


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


@dataclass(frozen=True, kw_only=True)
class Both:
    """One page of referrals and handovers in one list, by deadline."""

    overdue: tuple[CaseRow | WorkRow, ...]
    asked_for: tuple[CaseRow | WorkRow, ...]
    next: tuple[datetime, UUID] | None


def merge(
    referrals: Split,
    more: tuple[datetime, UUID] | None,
    handed: Sequence[WorkRow],
    choice: Choice,
    reader: StaffId,
) -> Both:
    """Return one list of both kinds of open work: a page ends where the first has more, none is passed over.

    `more` is where the referrals go on. Handovers that are overdue stand there whatever the filter.
    """
    ends = [each for each in (more, _end_of(handed)) if each is not None]
    end = min(ends, default=None)
    wanted = [row for row in handed if handed_matches(row, choice, reader)]
    only_late = [row for row in handed if row.is_overdue and row not in wanted]
    return Both(
        overdue=_by_date([*referrals.overdue, *only_late], end),
        asked_for=_by_date([*referrals.asked_for, *wanted], end),
        next=end,
    )


def merge_closed(
    referrals: Split,
    more: tuple[datetime, UUID] | None,
    late: Sequence[WorkRow],
    closed: Sequence[WorkRow],
) -> Both:
    """Return what is finished of both, the latest first, and apart from it what is overdue.

    `more` is where the referrals go on; a page ends where the first of them has more. Of each side of the
    handovers one more than a page is given, where there are so many: no list goes on to an empty page.
    """
    ends = [each for each in (more, *_ends(closed)) if each is not None]
    end = max(ends, default=None)
    both: list[CaseRow | WorkRow] = [*referrals.asked_for, *closed]
    rows = [row for row in both if end is None or row.cursor >= end]
    return Both(
        overdue=_by_date([*referrals.overdue, *(row for row in late if row.is_overdue)], None),
        asked_for=tuple(sorted(rows, key=lambda row: row.cursor, reverse=True)),
        next=end,
    )


def handed_matches(row: WorkRow | Counted, choice: Choice, reader: StaffId) -> bool:
    """Whether a filter asks for a handover."""
    if choice is Choice.MINE:
        return row.owner == reader
    if choice is Choice.UNOWNED:
        return row.owner is None
    is_to_do = row.is_ours or row.is_overdue
    return is_to_do if choice is Choice.TO_DO else not is_to_do


def _end_of(handed: Sequence[WorkRow]) -> tuple[datetime, UUID] | None:
    """Return where the page of a side ends of which one more was read than a page shows."""
    return min(_ends(handed), default=None)


def _ends(handed: Sequence[WorkRow]) -> list[tuple[datetime, UUID]]:
    sides = [[row for row in handed if row.standing.side is side] for side in (Side.RECEIVER, Side.SENDER)]
    return [rows[PAGE - 1].cursor for rows in sides if len(rows) > PAGE]


def _by_date(
    rows: Sequence[CaseRow | WorkRow], end: tuple[datetime, UUID] | None
) -> tuple[CaseRow | WorkRow, ...]:
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
