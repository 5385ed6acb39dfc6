"""What a worklist shows: the filters people know, and the rows that no filter may hide. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

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


def choice_of(text: str | None) -> Choice:
    """Return the filter an address names; what needs doing where it names none. Raises NoSuchFilter."""
    if not text:
        return Choice.TO_DO
    try:
        return Choice(text)
    except ValueError:
        raise NoSuchFilter from None
