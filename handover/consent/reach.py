"""Whom a choice may be about, as the address book lists them, and what people call them."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.consent.model import EVERYONE, BadChoice, Target
from handover.directory import names
from handover.directory import service as directory
from handover.directory.model import Service
from handover.web.i18n import gettext as _

MOST = 30
"""Agencies and services that are offered at once; more are found by searching."""


@dataclass(frozen=True)
class Reach:
    """One whom a choice may be about."""

    target: Target
    name: str


def whom_to_block(session: Session, text: str = "") -> tuple[Reach, ...]:
    """Return everyone, then each agency with its services, for which the words of `text` stand in the names."""
    return (Reach(EVERYONE, name_of(session, EVERYONE)), *_listed(session, directory.find_services(session, text)))


def whom_to_permit(session: Session, text: str = "") -> tuple[Reach, ...]:
    """Return each agency that has services which are no health services, and those."""
    found = directory.find_services(session, text)
    return _listed(session, [service for service in found if not service.is_health])


def refuse_unknown(session: Session, target: Target, *, is_permit: bool) -> None:
    """Raise BadChoice unless the address book lists the target; a permit is for what is no health service."""
    if target.agency is None and not is_permit:
        return
    if not any(not (is_permit and service.is_health) for service in _services(session, target)):
        raise BadChoice(fields={"target": ["required"]})


def is_health(session: Session, target: Target) -> bool:
    """Whether the address book lists the target, and as health services only."""
    services = _services(session, target)
    return bool(services) and all(service.is_health for service in services)


def _services(session: Session, target: Target) -> list[Service]:
    listed = [] if target.agency is None else directory.services_of(session, target.agency)
    return [service for service in listed if target.service in {None, service.id}]


def name_of(session: Session, target: Target) -> str:
    """Return what people call whom a choice is about, in the reader's language."""
    if target.agency is None:
        return _("alle andre steder")
    if target.service is None:
        return names.of_agency(session, target.agency)
    return names.of_party(session, Party(target.agency, target.service))


def _listed(session: Session, services: list[Service]) -> tuple[Reach, ...]:
    found: list[Reach] = []
    for service in services:
        whole = Target(agency=service.agency)
        if all(each.target != whole for each in found):
            found.append(Reach(whole, name_of(session, whole)))
        one = Target(agency=service.agency, service=service.id)
        found.append(Reach(one, name_of(session, one)))
    return tuple(found[:MOST])
