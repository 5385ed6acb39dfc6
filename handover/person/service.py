"""Find a patient, or make one: the same national number is the same person at an agency.

Who may look up whom is decided by the slices above, which also log it: a person is always read as part of a case.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from handover.errors import NotFound
from handover.ids import AgencyId, PersonId, new_uuid
from handover.person import numbers, store
from handover.person.model import Identity


class PersonNotFound(NotFound):
    """No such patient at this agency."""

    code = "person.not-found"


@dataclass(frozen=True)
class Person:
    """A patient as one agency knows them."""

    id: PersonId
    identity: Identity = field(repr=False)


def find_or_create(session: Session, agency: AgencyId, identity: Identity, *, now: datetime) -> PersonId:
    """Return the patient with that number, made when there is none, and kept up to date with what was written.

    Without a number a new person is made: two people may share name and birth date.
    """
    wanted = replace(identity, number=numbers.check(identity.number).number if identity.number else None)
    known = store.by_number(session, agency, wanted.number) if wanted.number else None
    if known is None:
        made = PersonId(new_uuid())
        if store.add(session, agency, made, wanted, now=now) or not wanted.number:
            return made
        known = store.by_number(session, agency, wanted.number)
        if known is None:  # pragma: no cover - the unique index just said otherwise
            raise PersonNotFound
    _keep_up_to_date(session, agency, known, wanted, now=now)
    return known


def change(session: Session, agency: AgencyId, person: PersonId, identity: Identity, *, now: datetime) -> None:
    """Replace what the agency knows about a patient. Raises PersonNotFound."""
    identity_of(session, agency, person)
    store.change(session, agency, person, identity, now=now)


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


def of_number(session: Session, agency: AgencyId, number: str) -> PersonId | None:
    """Return who has that national number at the agency, None when nobody."""
    return store.by_number(session, agency, numbers.check(number).number)


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


def identities(session: Session, agency: AgencyId, persons: Iterable[PersonId]) -> dict[PersonId, Identity]:
    """Return who several patients are; those the agency does not know are left out."""
    return store.identities(session, agency, persons)


def _keep_up_to_date(
    session: Session, agency: AgencyId, person: PersonId, wanted: Identity, *, now: datetime
) -> None:
    known = identity_of(session, agency, person)
    merged = replace(
        wanted, address=wanted.address or known.address, phone=wanted.phone or known.phone, number=known.number
    )
    if merged != known:
        store.change(session, agency, person, merged, now=now)
