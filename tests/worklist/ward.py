"""A DPS with a full worklist: one case in every state a receiver meets, one of them overdue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Final

from handover import clock
from handover.db import Database
from handover.demo.people import synthetic_number
from handover.ids import ReferralId
from handover.person.model import Identity
from handover.referral import service
from handover.referral.model import Completion, Urgency
from tests.referral.nodes import INGRID, OLA, PER, Town, acceptance, appointment, refusal, town
from tests.referral.visiting import register_everybody

NAMES: Final = {
    "overdue": ("Siri", "Test", date(1988, 7, 2)),
    "asked": ("Ola", "Testesen", date(2003, 11, 23)),
    "received": ("Kari", "Nordmann", date(1998, 3, 14)),
    "assessing": ("Per", "Prøve", date(1979, 5, 30)),
    "accepted": ("Arne", "Liksom", date(1965, 9, 17)),
    "scheduled": ("Berit", "Påfunn", date(1972, 12, 1)),
    "started": ("Carl", "Diktsen", date(1990, 4, 26)),
    "withdrawing": ("Dagny", "Fantasi", date(1984, 8, 11)),
    "rejected": ("Einar", "Oppspinn", date(1957, 1, 19)),
    "completed": ("Gaute", "Skinn", date(1994, 10, 28)),
}


@dataclass(frozen=True)
class Ward:
    """The town, and each case by the name of its state."""

    town: Town
    cases: dict[str, ReferralId]

    def at_its_time(self) -> "Ward":
        """Let this process's clock show the ward's time again (every test starts with a clean clock)."""
        clock.set_offset(self.town.now - datetime.now(UTC))
        return self


@contextmanager
def open_ward(folder: Path, empty_sqlite: Path) -> Iterator[Ward]:
    """Make a ward whose people can sign in, with its databases in a folder."""

    def make() -> Database:
        path = folder / f"{len(list(folder.glob('*.db')))}.db"
        copyfile(empty_sqlite, path)
        return Database(f"sqlite:///{path}")

    made = town(make)
    register_everybody(made)
    yield fill(made)
    made.close()


def identity(state: str) -> Identity:
    """Return the synthetic patient of a case."""
    given, family, born = NAMES[state]
    return Identity(
        given=given, family=family, birth_date=born, number=synthetic_number(born, 1), phone="99 00 00 09"
    )


def fill(town: Town) -> Ward:
    """Send one referral for every state, eleven working days after the first, which is overdue by then."""
    cases = {"overdue": town.taken(patient=identity("overdue"))}
    town.do(OLA, service.ask, cases["overdue"], "Hvilke medisiner brukes nå?")
    town.settle()
    town.pass_time(days=12)
    for state in (
        "asked",
        "assessing",
        "accepted",
        "scheduled",
        "started",
        "withdrawing",
        "rejected",
        "completed",
    ):
        cases[state] = town.taken(patient=identity(state))
    town.pass_time(days=3, hours=3)
    cases["received"] = town.sent(patient=identity("received"), urgency=Urgency.URGENT)
    _decide(town, cases)
    town.settle()
    return Ward(town, cases)


def _decide(town: Town, cases: dict[str, ReferralId]) -> None:
    first = appointment(town.now + timedelta(days=6))
    town.do(OLA, service.ask, cases["asked"], "Hva er prøvd før, og hva hjalp?")
    town.do(INGRID, service.assign, cases["assessing"], INGRID)
    for state in ("accepted", "scheduled", "started", "completed"):
        town.do(OLA, service.accept, cases[state], acceptance())
    for state in ("scheduled", "started"):
        town.do(OLA, service.schedule, cases[state], first)
    town.do(OLA, service.start, cases["started"], town.now.date())
    town.do(OLA, service.complete, cases["completed"], Completion(outcome="Bedre", follow_up="Kommunepsykologen"))
    town.do(OLA, service.reject, cases["rejected"], refusal())
    town.do(PER, service.request_withdrawal, cases["withdrawing"], "Pasienten ønsker det ikke lenger.")
