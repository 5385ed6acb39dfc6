"""Patients who may be the same person where no national number says so: offered to whoever writes, never guessed.

Two people may share name and birth date, so that a person decides. What a patient has chosen is then met again in
the next case about them, also where they have no number.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.errors import Invalid
from handover.ids import AgencyId, PersonId
from handover.person import service
from handover.person.model import Identity
from handover.person.service import Person

ANOTHER: Final = PersonId(UUID(int=0))
"""Said of somebody who is none of those with the same name and birth date."""
_MOST: Final = 50


class KnownAlready(Invalid):
    """The agency knows somebody with that name and birth date, and nobody has said if it is the same person."""

    code = "person.known-already"


class OtherBirthDate(Invalid):
    """The agency knows somebody with that name and another birth date, whom the writer may have meant."""

    code = "person.other-birth-date"


def alike(session: Session, agency: AgencyId, identity: Identity) -> tuple[Person, ...]:
    """Return whom the agency knows by the same name and birth date; nobody where a national number decides.

    Who shows them logs that (`person.search`).
    """
    if identity.number:
        return ()
    found = service.find(session, agency, identity.name, limit=_MOST)
    return tuple(each for each in found if is_spelt_as(each.identity, identity))


def namesakes(session: Session, agency: AgencyId, identity: Identity) -> tuple[Person, ...]:
    """Return whom the agency knows by the same name and another birth date; nobody where a number decides.

    Who shows them logs that, and shows only those whom the reader may see.
    """
    if identity.number:
        return ()
    found = service.find(session, agency, identity.name, limit=_MOST)
    return tuple(
        each
        for each in found
        if _name(each.identity) == _name(identity) and each.identity.birth_date != identity.birth_date
    )


def is_spelt_as(one: Identity, other: Identity) -> bool:
    """Whether two identities have the same name and birth date."""
    return _spelt(one) == _spelt(other)


def settle(
    session: Session, agency: AgencyId, identity: Identity, *, same: PersonId | None, now: datetime
) -> PersonId:
    """Return who a patient is: the one with the number, the one it was said to be (`same`), or a new one.

    Raises KnownAlready where somebody is alike and `same` says neither who of them it is nor ANOTHER.
    """
    found = {each.id for each in alike(session, agency, identity)}
    if not found or same == ANOTHER:
        return service.find_or_create(session, agency, identity, now=now)
    if same is None or same not in found:
        raise KnownAlready(fields={"same": ["required"]})
    return same


def _spelt(identity: Identity) -> tuple[object, ...]:
    return _name(identity), identity.birth_date


def _name(identity: Identity) -> str:
    return " ".join(identity.name.casefold().split())
