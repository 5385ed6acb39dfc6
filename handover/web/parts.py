"""The values that the macros in `parts.html` show: steps, lines of history, filters, and who has it now."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from handover.web.i18n import Text

E = TypeVar("E")
Pairs = tuple[tuple[str, str], ...]
"""Terms and texts, as `parts.facts` shows them."""


class StepState(StrEnum):
    """Where a step stands; the words for screen readers are in the macro."""

    DONE = "done"
    NOW = "now"
    LATER = "later"


class Tone(StrEnum):
    """How a tag or notice looks. The words carry the meaning; the tone only helps the eye."""

    NEUTRAL = "neutral"
    ACCENT = "accent"
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a timeline: what, when and by whom (`detail`), in the reader's words."""

    title: Text
    state: StepState
    detail: Text = ""


def step_state(*, is_done: bool = False, is_now: bool = False) -> StepState:
    """Return where a step stands: what is done is done, also when it could be done again now."""
    if is_done:
        return StepState.DONE
    return StepState.NOW if is_now else StepState.LATER


@dataclass(frozen=True, kw_only=True)
class Happened(Generic[E]):
    """One line of a history: what was done, by whom, and the texts that go with it."""

    what: str
    at: datetime
    who: str
    texts: Pairs = field(default=(), repr=False)
    entry: E = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """One filter of a list, shown as a link with its count (None: none is shown; capped: that many or more)."""

    text: Text
    url: str
    count: int | None = None
    is_capped: bool = False
    is_current: bool = False


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """The answer at the top of a page: who has it, what happens now, by which date, and must I act."""

    now: Text
    """One sentence: who has it and what happens now («Fjordheim DPS vurderer henvisningen»)."""
    by: Text = ""
    """One sentence with the date («Du får svar senest tirsdag 24. november (1 virkedag igjen).»)."""
    act: Text = ""
    """One sentence: must the reader do anything («Du trenger ikke å gjøre noe.»)."""
    must_act: bool = False
    is_late: bool = False
