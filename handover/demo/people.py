"""The people of the demo: all synthetic (national numbers with month + 80), names made up.

Numbers are computed, not copied, so that no real person's number can slip in: day, month + 80, year, an individual
number of the right century, two check digits (NORWAY.md, "Identifiers").
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from handover.actors import Patient
from handover.person.model import Address, Identity

_FIRST_WEIGHTS: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


@dataclass(frozen=True, kw_only=True)
class DemoPatient:
    """A synthetic patient."""

    given: str
    family: str
    born: date
    number: str
    phone: str
    address: str
    postal_code: str = "5994"
    place: str = "Fjordheim"

    @property
    def me(self) -> Patient:
        """The patient, signed in."""
        return Patient(number=self.number, name=f"{self.given} {self.family}")

    @property
    def identity(self) -> Identity:
        """The patient, as an agency knows them."""
        return Identity(
            given=self.given,
            family=self.family,
            birth_date=self.born,
            number=self.number,
            phone=self.phone,
            address=Address(lines=(self.address,), postal_code=self.postal_code, city=self.place),
        )


def synthetic_number(born: date, sequence: int) -> str:
    """Return the `sequence`-th synthetic national number (11 digits) for somebody born that day."""
    first = 500 if born.year >= 2000 else 100
    found = -1
    for individual in range(first, first + 400):
        digits = f"{born:%d}{born.month + 80:02}{born:%y}{individual:03}"
        one = _check_digit(digits, _FIRST_WEIGHTS)
        if one == 10:
            continue
        two = _check_digit(f"{digits}{one}", _SECOND_WEIGHTS)
        if two == 10:
            continue
        found += 1
        if found == sequence:
            return f"{digits}{one}{two}"
    raise ValueError("no more synthetic numbers that day")


def _check_digit(digits: str, weights: tuple[int, ...]) -> int:
    remainder = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    return 0 if remainder == 0 else 11 - remainder


_NAMES: Final = """
Kari Nordmann|1998-03-14
Siri Test|1988-07-02
Ola Testesen|2003-11-23
Per Prøve|1979-05-30
Mina Eksempel|2006-02-08
Arne Liksom|1965-09-17
Berit Påfunn|1972-12-01
Carl Diktsen|1990-04-26
Dagny Fantasi|1984-08-11
Einar Oppspinn|1957-01-19
Frida Tenkt|2001-06-05
Gaute Skinn|1994-10-28
Hanna Innbilt|1969-02-22
Ivar Fabel|1981-11-09
Jorunn Eventyr|1953-03-31
Knut Legende|1999-09-03
Lise Myte|1976-07-24
Magnus Saga|1987-05-13
Nora Novelle|2002-12-18
Oskar Roman|1961-08-07
Petra Strofe|1992-01-25
Ragnar Rim|1974-10-14
Solveig Sonett|1996-04-04
Trond Tekst|1983-06-29
Unni Utkast|1959-11-16
Vidar Vise|2000-02-27
Ylva Yndling|1978-09-20
Øyvind Ørneblikk|1991-03-08
Åse Ånd|1967-05-21
Amir Avsnitt|1997-12-12
"""


def patients() -> tuple[DemoPatient, ...]:
    """Return the thirty synthetic patients of the demo, always the same."""
    found = []
    for index, line in enumerate(_NAMES.split("\n")[1:-1]):
        name, born_text = line.split("|")
        given, family = name.rsplit(" ", 1)
        born = date.fromisoformat(born_text)
        found.append(
            DemoPatient(
                given=given,
                family=family,
                born=born,
                number=synthetic_number(born, 0),
                phone=f"+47 400 00 {index:03}",
                address=f"Prøvevegen {index + 1}",
            )
        )
    return tuple(found)
