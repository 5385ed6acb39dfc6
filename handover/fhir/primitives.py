"""How each primitive of FHIR R4 is written in JSON (R4 2.24): a check returns what is wrong, or None."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from handover.fhir.problem import ProblemCode

MAX_TEXT: Final = 1024 * 1024
"""Characters of one string (R4: at most 1 MB)."""

Check = Callable[[Any], ProblemCode | None]

_YEAR: Final = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_DAY: Final = r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE: Final = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"


def _text(value: Any) -> ProblemCode | None:
    if type(value) is not str:
        return ProblemCode.WRONG_TYPE
    if not value or value.isspace():
        return ProblemCode.BLANK
    return ProblemCode.TOO_LONG if len(value) > MAX_TEXT else None


def _written(pattern: str) -> Check:
    matches = re.compile(pattern).fullmatch

    def check(value: Any) -> ProblemCode | None:
        if type(value) is str:
            if matches(value):
                return None
            return ProblemCode.BAD_FORMAT if value and not value.isspace() else ProblemCode.BLANK
        return ProblemCode.WRONG_TYPE

    return check


def _dated(pattern: str) -> Check:
    """As written, and a day that the calendar has."""
    written = _written(pattern)

    def check(value: Any) -> ProblemCode | None:
        wrong = written(value)
        if wrong is None and len(value) >= 10:
            try:
                date.fromisoformat(value[:10])
            except ValueError:
                return ProblemCode.BAD_FORMAT
        return wrong

    return check


def _whole(least: int, most: int = 2**31 - 1) -> Check:
    def check(value: Any) -> ProblemCode | None:
        if type(value) is not int:
            return ProblemCode.WRONG_TYPE
        return None if least <= value <= most else ProblemCode.BAD_FORMAT

    return check


def _boolean(value: Any) -> ProblemCode | None:
    return None if value is True or value is False else ProblemCode.WRONG_TYPE


def _decimal(value: Any) -> ProblemCode | None:
    return None if type(value) in (int, float) else ProblemCode.WRONG_TYPE


_OID: Final = r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+"
_UUID: Final = r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_URI: Final = rf"(?!urn:uuid:|urn:oid:)[^\s]+|{_UUID}|{_OID}"

PRIMITIVES: Final[Mapping[str, Check]] = {
    "base64Binary": _written(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)"),
    "boolean": _boolean,
    "canonical": _written(_URI),
    "code": _written(r"[^\s]+(\s[^\s]+)*"),
    "date": _dated(rf"{_YEAR}(-(0[1-9]|1[0-2])|-{_DAY})?"),
    "dateTime": _dated(rf"{_YEAR}(-(0[1-9]|1[0-2])|-{_DAY}(T{_CLOCK}{_ZONE})?)?"),
    "decimal": _decimal,
    "id": _written(r"[A-Za-z0-9\-.]{1,64}"),
    "instant": _dated(rf"{_YEAR}-{_DAY}T{_CLOCK}{_ZONE}"),
    "integer": _whole(-(2**31)),
    "markdown": _text,
    "oid": _written(_OID),
    "positiveInt": _whole(1),
    "string": _text,
    "time": _written(_CLOCK),
    "unsignedInt": _whole(0),
    "uri": _written(_URI),
    "url": _written(_URI),
    "uuid": _written(_UUID),
}

_SURE_DAY: Final = r"[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
WRITTEN: Final[Mapping[str, Callable[[str], object]]] = {
    "string": str.strip,
    "markdown": str.strip,
    "code": re.compile(r"[^\s]+").fullmatch,
    "id": re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch,
    "date": re.compile(_SURE_DAY).fullmatch,
    "dateTime": re.compile(rf"{_SURE_DAY}T{_CLOCK}{_ZONE}").fullmatch,
    "instant": re.compile(rf"{_SURE_DAY}T{_CLOCK}{_ZONE}").fullmatch,
    "uuid": re.compile(_UUID).fullmatch,
    "uri": re.compile(rf"https?://[^\s]+|{_UUID}|{_OID}").fullmatch,
}
"""Says at once that a text is well written, for most texts; where it does not, the check above decides."""

MIME: Final = _written(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(\s*;\s*[^;\s]+)*")
"""BCP 13: type/subtype and parameters."""
