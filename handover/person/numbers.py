"""National numbers: which series one belongs to, and what looks odd about it. A failed check warns, never refuses.

Sex and birth date are never derived from a number (NORWAY.md), a birth date is only compared with it: from 2032
numbers are gender-neutral, and the first check digit accepts the remainders 0-3. Synthetic numbers (month + 80 in
Tenor, + 40 and + 65 elsewhere) pass.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from stdnum.exceptions import ValidationError
from stdnum.no import fodselsnummer

_OID: Final = "urn:oid:2.16.578.1.12.4.1.4."
_FIRST_WEIGHTS: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_ACCEPTED_REMAINDERS: Final = frozenset({0, 1, 2, 3})
_SYNTHETIC_MONTH: Final = (80, 65, 40)
_LEAP_YEAR: Final = 2000
_IN_TEXT: Final = re.compile(
    r"(?<![\d+])(?!0047)\d{2}[ .]?\d{2}[ .]?\d{2}[ .-]{0,3}\d{3} ?\d{2,3}(?!\d)", re.ASCII
)


class Series(StrEnum):
    """The national series, as FHIR `Identifier.system`."""

    BIRTH = _OID + "1"
    """Fødselsnummer."""
    D = _OID + "2"
    """D-nummer: day + 40."""
    COMMON_HELP = _OID + "3"
    """Felles hjelpenummer: first digit 8 or 9."""
    DUF = _OID + "5"
    """DUF-nummer: 12 digits."""


@dataclass(frozen=True)
class NumberCheck:
    """A number without separators, its series where it has one, and warnings: codes for the pages' words."""

    number: str = field(repr=False)
    series: Series | None
    warnings: tuple[str, ...] = ()
    is_synthetic: bool = False


def check(text: str, born: date | None = None) -> NumberCheck:
    """Say what a number is. Warnings: `number.` and `not-digits`, `length`, `date`, `check-digits`, `birth-date`.

    The last: it was given to somebody born on another day than `born`. One of the two is wrong, or the number is
    an old one; a person must look (it decides who is under age), and nothing here says which.
    """
    number = fodselsnummer.compact(text)
    if not (number.isascii() and number.isdecimal()):
        return NumberCheck(number, None, ("number.not-digits",))
    if len(number) == 12:
        return NumberCheck(number, Series.DUF)
    if len(number) != 11:
        return NumberCheck(number, None, ("number.length",))
    if number[0] in "89":
        return NumberCheck(number, Series.COMMON_HELP)
    series = Series.D if number[0] in "4567" else Series.BIRTH
    odd = {
        "number.date": not _has_date(number),
        "number.check-digits": not _adds_up(number),
        "number.birth-date": born is not None and _given_for(number) not in {None, born},
    }
    warnings = tuple(code for code, is_so in odd.items() if is_so)
    return NumberCheck(number, series, warnings, is_synthetic=int(number[2:4]) > 12)


def stand_in(text: str) -> bool:
    """Whether something in a text is written as a national number is: 11 or 12 digits, in the usual groups."""
    return _IN_TEXT.search(text) is not None


def series_of(number: str) -> Series | None:
    """Return the series a number belongs to by its form, None where it has none."""
    return check(number).series


def _has_date(number: str) -> bool:
    try:
        date(_LEAP_YEAR, _month(number), int(number[:2]) % 40)
    except ValueError:
        return False
    return True


def _given_for(number: str) -> date | None:
    """Return the day whose children got such numbers; None where its digits name none. Only ever compared with."""
    try:
        return fodselsnummer.get_birth_date(f"{number[:2]}{_month(number):02}{number[4:]}")
    except ValidationError:
        return None


def _month(number: str) -> int:
    month = int(number[2:4])
    return month - next((shift for shift in _SYNTHETIC_MONTH if month > shift), 0)


def _adds_up(number: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_FIRST_WEIGHTS, number, strict=False))
    return total % 11 in _ACCEPTED_REMAINDERS and fodselsnummer.calc_check_digit2(number) == number[10]
