"""What stands at the top of every page before sending: who has it, what happens now, by when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Party, Patient
from handover.bundle.lifecycle import Status
from handover.bundle.service import Case, Turn
from handover.bundle.standing import Standing
from handover.bundle.steps import next_step
from handover.directory import service as directory
from handover.errors import NotFound
from handover.ids import AgencyId
from handover.web import dates
from handover.web.i18n import Sentence, gettext
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import NextStep


@dataclass(frozen=True, kw_only=True)
class Sight:
    """The names of both ends, and the banner."""

    sender: str
    """The service that writes, and is responsible until somebody has taken over."""
    place: str
    """The service it is for; empty before one is chosen."""
    clinician: str
    banner: NextStep


@dataclass(frozen=True)
class _Said:
    now: Sentence
    act: Sentence
    must: bool = False


_STAFF: Final[Mapping[Status, _Said]] = {
    Status.DRAFT: _Said(
        _l("Overføringen er et utkast hos dere"),
        _l("Skriv det den neste bør vite, og sett dere ned med pasienten."),
        must=True,
    ),
    Status.WITH_PATIENT: _Said(
        _l("Dere skriver den sammen med pasienten"),
        _l("Pasienten merker hva som skal bli med, ser over og sier ja."),
        must=True,
    ),
    Status.PAUSED: _Said(
        _l("Pasienten har satt overføringen på vent"), _l("Ingenting kan sendes før pasienten går videre.")
    ),
    Status.APPROVED: _Said(_l("Pasienten har sagt ja"), _l("Du kan sende overføringen."), must=True),
}
_PATIENTS: Final[Mapping[Status, _Said]] = {
    Status.WITH_PATIENT: _Said(
        _l("Du og %(clinician)s skriver den sammen"),
        _l("Velg hva som skal bli med videre. Du kan stoppe når du vil, og fortsette en annen dag."),
    ),
    Status.PAUSED: _Said(_l("Du har satt overføringen på vent"), _l("Ingenting skjer før du selv går videre.")),
    Status.APPROVED: _Said(
        _l("Du har sagt ja"), _l("%(clinician)s sender overføringen. Du kan ta ja-et tilbake til den er sendt.")
    ),
}


def sight_of(session: Session, case: Case, turn: Turn) -> Sight:
    """Return what the top of the page says to this reader, of a handover that has not been sent."""
    standing = case.standing
    is_patient = isinstance(turn.by, Patient)
    said = (_PATIENTS if is_patient else _STAFF).get(standing.status, _STAFF[Status.DRAFT])
    named = {"clinician": standing.clinician.name}
    sender = name_of(session, standing.home)
    return Sight(
        sender=sender,
        place=name_of(session, standing.receiver),
        clinician=standing.clinician.name,
        banner=NextStep(
            now=gettext(said.now.bokmaal, **named),
            by=_responsible(sender, standing, is_patient),
            act=gettext(said.act.bokmaal, **named),
            must_act=said.must,
        ),
    )


def name_of(session: Session, party: Party | None) -> str:
    """Return the name of a service and its agency, its number where nobody lists it; nothing for nobody."""
    if party is None:
        return ""
    try:
        return f"{directory.service_of(session, party.service).name}, {agency_name(session, party.agency)}"
    except NotFound:
        return agency_name(session, party.agency)


def agency_name(session: Session, agency: AgencyId) -> str:
    """Return the name of the agency, or its number where the directory does not have it."""
    try:
        return directory.agency(session, agency).name
    except NotFound:
        return agency


def _responsible(sender: str, standing: Standing, is_patient: bool) -> str:
    if is_patient:
        return _("%(sender)s har ansvaret for deg til noen andre har tatt over.", sender=sender)
    step = next_step(standing)
    if step is None:
        return _("%(sender)s har ansvaret til noen andre har tatt over.", sender=sender)
    return _(
        "%(sender)s har ansvaret til noen andre har tatt over. Neste steg bør være gjort %(day)s.",
        sender=sender,
        day=dates.day(step.due_at),
    )
