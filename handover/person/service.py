"""Find a patient, or make one: the same national number is the same person at an agency.

Who may look up whom is decided by the slices above, which also log it: a person is always read as part of a case.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from handover.db import provided
from handover.errors import NotFound
from handover.ids import AgencyId, PersonId, new_uuid
from handover.person import numbers, store
from handover.person.model import Identity, completed, differences


class PersonNotFound(NotFound):
    """No such patient at this agency."""

    code = "person.not-found"


@dataclass(frozen=True)
class Person:
    """A patient as one agency knows them."""

    id: PersonId
    identity: Identity = field(repr=False)


@dataclass(frozen=True)
class Doubts:
    """What another agency says of a patient that a machine cannot settle."""

    differs: str = field(repr=False)
    """Where name or birth date differ, two lines: as we know them, and as the other agency writes. Else empty."""
    is_birth_date_odd: bool
    """The birth date is not the one the national number was given for."""


@dataclass(frozen=True)
class Watch:
    """Who is told, in the same transaction, that what an agency knows about a patient has changed.

    `app.py` fills it in: what was approved with an old name must say so at once.
    """

    changed: Callable[[Session, AgencyId, PersonId, datetime], None]


def find_or_create(session: Session, agency: AgencyId, identity: Identity, *, now: datetime) -> PersonId:
    """Return the patient with that number as our own staff write who it is, made when there is none.

    What they write counts from now on. Without a number a new person is made: two people may share name and birth
    date.
    """
    known, before, wanted = _found_or_made(session, agency, identity, now=now)
    if before is not None:
        written = replace(
            wanted,
            address=wanted.address or before.address,
            phone=wanted.phone or before.phone,
            number=before.number,
        )
        _write(session, agency, known, before, written, now=now)
    return known


def recognise(session: Session, agency: AgencyId, said: Identity, *, now: datetime) -> PersonId:
    """Return the patient another agency writes about, made when there is none with that number.

    What they write never replaces what we know: it fills in an address or a phone that we lack. Where the two
    differ, `model.differences` says so, and a person here decides (`change`).
    """
    known, before, wanted = _found_or_made(session, agency, said, now=now)
    if before is not None:
        _write(session, agency, known, before, completed(before, wanted), now=now)
    return known


def change(session: Session, agency: AgencyId, person: PersonId, identity: Identity, *, now: datetime) -> None:
    """Replace what the agency knows about a patient. Raises PersonNotFound."""
    _write(session, agency, person, identity_of(session, agency, person), identity, now=now)


def doubts(session: Session, agency: AgencyId, person: PersonId, said: Identity) -> Doubts:
    """Return what somebody must look at in what another agency writes of a patient. Raises PersonNotFound."""
    known = identity_of(session, agency, person)
    both = [f"{each.name}, {each.birth_date:%d.%m.%Y}" for each in (known, said)]
    return Doubts("\n".join(both) if differences(known, said) else "", has_odd_birth_date(said))


def has_odd_birth_date(said: Identity) -> bool:
    """Whether the national number was given to somebody born on another day than is written."""
    return bool(said.number) and "number.birth-date" in numbers.check(said.number or "", said.birth_date).warnings


def find(session: Session, agency: AgencyId, text: str, *, limit: int = 50) -> tuple[Person, ...]:
    """Return the patients a text points to: a whole national number, or words of the name (three letters do)."""
    found = store.identities(session, agency, matching(session, agency, text, limit=limit))
    return tuple(
        sorted((Person(id_, identity) for id_, identity in found.items()), key=lambda each: each.identity.family)
    )


def matching(session: Session, agency: AgencyId, text: str, *, limit: int) -> tuple[PersonId, ...]:
    """Return who those patients are, at most `limit`, without opening what is known about them."""
    number = numbers.check(text)
    if number.series is None:
        return tuple(store.by_name(session, agency, text, limit=limit))
    known = store.by_number(session, agency, number.number)
    return () if known is None else (known,)


def name_words(session: Session, agency: AgencyId, words: Iterable[str]) -> frozenset[str]:
    """Return those of the words (spelt as by `keys.vault.words`) that are part of a patient's name; never whose.

    One look in an index for all: the cost follows the text, not how many patients there are.
    """
    return store.name_words(session, agency, words)


def named_together(
    session: Session, agency: AgencyId, pairs: Iterable[tuple[str, str]]
) -> frozenset[tuple[str, str]]:
    """Return those of the pairs of words that are both part of one patient's name; never whose."""
    return store.named_together(session, agency, pairs)


def of_number(session: Session, agency: AgencyId, number: str) -> PersonId | None:
    """Return who has that national number at the agency, None when nobody."""
    return store.by_number(session, agency, numbers.check(number).number)


def known_as(session: Session, agencies: Iterable[AgencyId], number: str) -> dict[AgencyId, PersonId]:
    """Return as whom each of these agencies that knows the holder of a national number does so."""
    found = ((agency, of_number(session, agency, number)) for agency in agencies)
    return {agency: known for agency, known in found if known is not None}


def name_of_number(session: Session, agencies: Iterable[AgencyId], number: str) -> str:
    """Return what the first of these agencies that knows the number's holder calls them, or an empty text."""
    for agency in agencies:
        known = of_number(session, agency, number)
        if known is not None:
            return identity_of(session, agency, known).name
    return ""


def identity_of(session: Session, agency: AgencyId, person: PersonId) -> Identity:
    """Return who a patient is. Raises PersonNotFound."""
    found = store.identities(session, agency, [person]).get(person)
    if found is None:
        raise PersonNotFound
    return found


def made_at(session: Session, agency: AgencyId, person: PersonId) -> datetime:
    """Return when the agency first wrote a patient down, whom it knows."""
    return store.made_at(session, agency, person)


def identities(session: Session, agency: AgencyId, persons: Iterable[PersonId]) -> dict[PersonId, Identity]:
    """Return who several patients are; those the agency does not know are left out."""
    return store.identities(session, agency, persons)


def _found_or_made(
    session: Session, agency: AgencyId, identity: Identity, *, now: datetime
) -> tuple[PersonId, Identity | None, Identity]:
    """Return the patient, what was known of them (None: they are new), and what is said, its number tidied."""
    wanted = replace(identity, number=numbers.check(identity.number).number if identity.number else None)
    known = store.by_number(session, agency, wanted.number) if wanted.number else None
    if known is None:
        made = PersonId(new_uuid())
        if store.add(session, agency, made, wanted, now=now) or not wanted.number:
            return made, None, wanted
        known = store.by_number(session, agency, wanted.number)
        if known is None:  # pragma: no cover - the unique index just said otherwise
            raise PersonNotFound
    return known, identity_of(session, agency, known), wanted


def _write(
    session: Session, agency: AgencyId, person: PersonId, before: Identity, after: Identity, *, now: datetime
) -> None:
    if after != before:
        store.change(session, agency, person, after, now=now)
        provided(session, Watch).changed(session, agency, person, now)
