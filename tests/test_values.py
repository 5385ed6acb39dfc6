"""Values to JSON and back, as they are sealed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID

import pytest

from handover.ids import PersonId
from handover.referral.lifecycle import Version
from handover.values import dump, load


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Left:
    text: str


@dataclass(frozen=True)
class Right:
    number: int


@dataclass(frozen=True)
class Whole:
    id: PersonId
    colour: Colour
    born: date
    at: datetime
    version: Version
    raw: bytes
    side: Left | Right | None
    many: tuple[Left, ...] = ()
    maybe: str | None = None


WHOLE = Whole(
    PersonId(UUID(int=7)),
    Colour.RED,
    date(1980, 2, 29),
    datetime(2026, 1, 1, 12, 30, tzinfo=UTC),
    Version(2, 3),
    b"\x00\xff",
    Right(5),
    (Left("å"), Left("")),
)


def test_what_was_written_is_read_back_the_same() -> None:
    assert load(Whole, dump(WHOLE)) == WHOLE


def test_an_older_reader_ignores_what_a_newer_writer_added() -> None:
    raw = dump(WHOLE).replace(b'"colour"', b'"new":1,"colour"')
    assert load(Whole, raw) == WHOLE


def test_a_value_missing_a_field_is_refused_and_one_missing_a_default_is_not() -> None:
    with pytest.raises(KeyError):
        load(Right, b"{}")
    assert load(Whole, dump(WHOLE).replace(b',"maybe":null', b"")) == WHOLE
