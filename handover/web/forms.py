"""What a form shows: the reader's own text, and one sentence for each field that must be put right.

A page catches `Invalid`, and renders itself again with `Form.refused(request.form, error, SENTENCES)` and status
`REFUSED`. The macros in `forms.html` take such a form; nothing that was typed is ever lost. `Fields` reads what
was sent and tells every problem at once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final, TypeVar

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from handover.clock import from_local
from handover.errors import Invalid
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l

REFUSED: Final = 422
CONTROLS: Final = frozenset({"csrf_token", "do", "previewed", "search", "seen"})
"""Fields of a form that nobody writes in."""
MAX_TEXT: Final = 8000
"""Characters of a text."""
MAX_LINE: Final = 200
"""Characters of what stands on one line: a name, a place, a telephone number."""

SHORTEST: Final = 15
"""Minutes of an appointment or a meeting."""

Sent = Mapping[str, str]
"""A form as it was sent: the first value of each field."""
P = TypeVar("P", date, time)
T = TypeVar("T")

SENTENCES: Final[Mapping[str, Text]] = {
    "required": _l("Fyll ut dette feltet."),
    "too-long": _l("Teksten er for lang. Gjør den kortere."),
    "date": _l("Skriv datoen som dag, måned og år med fire siffer, for eksempel 24.11.2026."),
    "birth_date.date": _l("Skriv fødselsdatoen som dag, måned og år med fire siffer, for eksempel 3.4.1991."),
    "time": _l("Skriv klokkeslettet som timer og minutter, for eksempel 09.30."),
    "choice": _l("Velg ett av alternativene."),
    "number": _l("Skriv et tall."),
    "unknown": _l("Skjemaet sendte noe vi ikke kjenner. Last siden på nytt og prøv igjen."),
}
"""What to say for codes that any slice may use; a slice's own table goes before this one."""


@dataclass(frozen=True)
class Form:
    """The values a form shows and the sentences beside them; `errors` maps a field to one sentence."""

    values: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    errors: Mapping[str, Text] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, object]) -> "Form":
        """Return a form filled with these values; lists stand for several choices, None for empty."""
        return cls({name: _texts(value) for name, value in values.items()})

    @classmethod
    def refused(cls, sent: "MultiDict[str, str]", why: Invalid, sentences: Mapping[str, Text]) -> "Form":
        """Return the form as it was sent, with a sentence per refused field.

        `sentences` is asked for `field.code`, then `code`; then the codes any slice may use.
        """
        known = {**SENTENCES, **sentences}
        errors = {name: _sentence(known, name, codes) for name, codes in why.fields.items()}
        return cls.sent(sent, errors)

    @classmethod
    def sent(cls, sent: "MultiDict[str, str]", errors: Mapping[str, Text] | None = None) -> "Form":
        """Return the form as it was sent, with these sentences beside its fields."""
        return cls({name: sent.getlist(name) for name in sent}, errors or {})

    def typed(self) -> list[str]:
        """Return every text that somebody wrote in it, to be copied where the form cannot be shown again."""
        return [text for name in self.values if name not in CONTROLS for text in self.chosen(name)]

    def value(self, name: str) -> str:
        """Return the one text of a field, or an empty one."""
        texts = self.values.get(name)
        return texts[0] if texts else ""

    def chosen(self, name: str) -> list[str]:
        """Return every choice made in a field."""
        return list(self.values.get(name, ()))

    def error(self, name: str) -> str:
        """Return the sentence that says what is wrong with a field, or an empty one."""
        return str(self.errors.get(name, ""))


class Fields:
    """Reads the fields of one form and collects every problem, so that all are told at once by `check`."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self.problems: dict[str, list[str]] = {}

    def text(self, name: str, *, is_optional: bool = False, at_most: int = MAX_TEXT) -> str:
        """Return a text without space around it. Codes `required` and `too-long`."""
        text = self._sent.get(name, "").replace("\r\n", "\n").strip()
        if not text and not is_optional:
            self.refuse(name, "required")
        if len(text) > at_most:
            self.refuse(name, "too-long")
        return text

    def line(self, name: str, *, is_optional: bool = False) -> str:
        """Return one line. Codes `required` and `too-long`."""
        return self.text(name, is_optional=is_optional, at_most=MAX_LINE)

    def day(self, name: str) -> date:
        """Return a day; the last there is stands for one that is missing or wrong. Codes `required` and `date`."""
        return self._parsed(name, parse_day, date.max)

    def moment(self, day: str, clock: str) -> datetime:
        """Return the instant of a day and a time on the Norwegian wall clock, each a field of its own."""
        return from_local(self.day(day), self._parsed(clock, parse_time, time.max))

    def minutes(self, name: str, *, at_most: int) -> int:
        """Return how many minutes something lasts, at least `SHORTEST`. Code `number`."""
        text = self._sent.get(name, "").strip()
        if text.isascii() and text.isdecimal() and SHORTEST <= int(text[:6]) <= at_most:
            return int(text)
        self.refuse(name, "number")
        return SHORTEST

    def refuse(self, name: str, code: str) -> None:
        """Note what is wrong with a field."""
        self.problems.setdefault(name, []).append(code)

    def check(self) -> None:
        """Raise Invalid with every problem found."""
        if self.problems:
            raise Invalid("form.incomplete", fields=self.problems)

    def _parsed(self, name: str, parse: Callable[[str], P], otherwise: P) -> P:
        text = self.line(name)
        if name in self.problems:
            return otherwise
        try:
            return parse(text)
        except Invalid as wrong:
            self.refuse(name, wrong.stable_code)
            return otherwise


def reads_one_text(
    name: str, act: Callable[[Session, T, str], object]
) -> Callable[[Sent], Callable[[Session, T], object]]:
    """Return the reader of an act that takes one required text: it raises Invalid, or returns what to do."""

    def read(sent: Sent) -> Callable[[Session, T], object]:
        fields = Fields(sent)
        text = fields.text(name)
        fields.check()
        return lambda session, turn: act(session, turn, text)

    return read


def parse_day(text: str) -> date:
    """Read a day as people type it (24.11.2026, 24112026, 2026-11-24), in `_YEARS`. Raises Invalid('date')."""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        raise Invalid("date")
    parts = {name[0]: int(value) for name, value in found.groupdict().items() if value}
    if parts["y"] not in _YEARS:
        raise Invalid("date")
    try:
        return date(parts["y"], parts["m"], parts["d"])
    except ValueError:
        raise Invalid("date") from None


def parse_time(text: str) -> time:
    """Read a time of day as people type it (09.30, 9:30, 0930, 9). Raises Invalid('time')."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise Invalid("time")
    try:
        return time(int(found["h"]), int(found["m"] or 0))
    except ValueError:
        raise Invalid("time") from None


_YEARS: Final = range(1800, 2200)
"""Nobody means another year, and a day at the end of the calendar has no instant beside it to reckon with."""
_DAY = re.compile(
    r"(?P<d1>\d{1,2})[./ -]+(?P<m1>\d{1,2})[./ -]+(?P<y1>\d{4})"
    r"|(?P<d2>\d{2})(?P<m2>\d{2})(?P<y2>\d{4})"
    r"|(?P<y3>\d{4})-(?P<m3>\d{2})-(?P<d3>\d{2})",
    re.ASCII,
)
_TIME = re.compile(r"(?P<h>\d{1,2})(?:[.:]?(?P<m>\d{2}))?", re.ASCII)


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list | tuple | set | frozenset):
        return [str(item) for item in value]
    return [str(value)]


def _sentence(known: Mapping[str, Text], name: str, codes: list[str]) -> Text:
    asked = [key for code in codes for key in (f"{name}.{code}", code)]
    return next((known[key] for key in asked if key in known), known["unknown"])
