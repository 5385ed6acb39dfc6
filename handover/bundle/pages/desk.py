"""The sending clinician's blueprint: who acts on which handover, and what a page says of a refusal."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, current_app, url_for
from sqlalchemy.orm import Session

from handover.access import current_staff
from handover.actors import Staff
from handover.addressbook import service as addressbook
from handover.addressbook.model import Standing
from handover.addressbook.pages.ways import Begin, Errand, Way, add_lately, add_way
from handover.bundle import service as handovers
from handover.bundle.lifecycle import Side, Version
from handover.bundle.service import Case, Turn
from handover.bundle.store import ROLES, known_to
from handover.clock import now
from handover.config import Settings
from handover.consent.words import OBSTACLES
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import NotFound
from handover.exchange.words import FILES
from handover.ids import HandoverId, PersonId
from handover.message.pages.origins import Opening, Origin, add_origin
from handover.person import age
from handover.web.errors import explain, show_present_state_at
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item
from handover.workdays import local_date

SENDERS: Final = ROLES[Side.SENDER]
"""Who writes handovers."""
MOVED: Final = 409
blueprint = Blueprint("handovers", __name__, url_prefix="/overforinger")
add_menu_item(
    blueprint, MenuItem(endpoint="handovers.listed", text=_l("Overføringer"), order=25, roles=frozenset(SENDERS))
)
show_present_state_at(blueprint, "handovers.show")

REFUSALS: Final[dict[str, Sentence]] = {
    "bundle.move-not-allowed": _l("Det går ikke an å gjøre dette slik overføringen står nå. Ingenting er endret."),
    "bundle.stale": _l("Overføringen har endret seg siden du åpnet siden. Ingenting er endret nå."),
    "bundle.stale-preview": _l(
        "Noe som blir med, er endret etter at siden ble vist. Se på den nye før det blir sagt ja."
    ),
    "bundle.guard.valid-yes": _l(
        "Pasienten må si ja til det som skal sendes, slik det står nå. Gå til forhåndsvisningen."
    ),
    "bundle.guard.not-left": _l("Overføringen er alt på vei, og sendingen kan ikke angres."),
    "bundle.no-yes": _l("Pasienten har ikke sagt ja ennå. Vis det mottakeren får, og spør."),
    "bundle.stale-yes": _l("Noe som blir med, er endret etter at pasienten sa ja. Det trengs et nytt ja."),
    "bundle.on-hold": _l("Pasienten har satt overføringen på vent. Ingenting kan sendes før den går videre."),
    "bundle.still-responsible": _l(
        "Dere har ansvaret til den dagen mottakeren tar over. Overføringen kan avsluttes da."
    ),
    "bundle.trusted-not-told": _l(
        "Pasienten vil at noen skal få vite at overføringen er sendt. Skriv inn at de har fått beskjed,"
        " eller hvorfor ikke. Så kan overføringen avsluttes."
    ),
    "bundle.may-be-there": _l(
        "En tidligere sending kan ha kommet fram til mottakeren. Lag en ny overføring til den andre mottakeren."
    ),
    "bundle.already-asked": _l(
        "Overføringen blir trukket tilbake. Den kan tas opp igjen når mottakeren har svart på hva de har gjort."
    ),
    "bundle.guard.notice-lost": _l("Mottakeren har alt fått beskjed om at overføringen er trukket tilbake."),
    "bundle.guard.undelivered": _l("Det er ikke sikkert at sendingen feilet. Vent litt, og last siden på nytt."),
    "exchange.already-left": _l("Overføringen er alt på vei, og sendingen kan ikke angres."),
    "bundle.nothing-travels": _l("Ingenting er merket til å bli med videre ennå."),
    "bundle.too-much.text": _l("Det som skal bli med, er for langt til å sendes samlet. Kort ned noe av det."),
    "bundle.too-much.files": _l("Dokumentene som skal bli med, er over 25 MB til sammen. La et av dem bli igjen."),
    "bundle.receiver.unknown": _l("Tjenesten finnes ikke i adresseboka. Velg en annen."),
    "bundle.receiver.takes-none": _l("Tjenesten tar ikke imot overføringer. Velg en annen, eller ring dem."),
    "bundle.receiver.closed": _l("Tjenesten er stengt nå. Velg en annen, eller vent til den åpner."),
    "bundle.receiver.ourselves": _l("Det er tjenesten overføringen skrives fra. Velg en annen."),
    "bundle.receiver.same": _l(
        "Overføringen går alt til denne tjenesten. Velg en annen. Har de svart nei,"
        " kan pasienten ta opp igjen overføringen."
    ),
    "person.under-age.now": _l(
        "Pasienten er under 18 år etter fødselsdatoen dere har nå."
        " Overgang kan bare brukes for personer over 18 år. Ingenting er sendt."
    ),
    "person.under-age": age.SENTENCES["birth_date.under-age"],
    "bundle.no-role": _l("Du kan ikke skrive overføringer fra denne tjenesten."),
    "bundle.no-item": _l("Punktet er ikke her lenger. Det du skrev, er ikke lagret."),
    "bundle.not-your-item": _l("Dette punktet er pasientens eget. Bare pasienten kan endre eller fjerne det."),
    "person.known-already": _l("Vi kjenner noen med samme navn og fødselsdato. Si om det er samme person."),
    **OBSTACLES,
}
"""One plain sentence for each refusal of a handover."""
explain(blueprint, REFUSALS)


def turn_of(handover: UUID, seen: Version | None = None) -> Turn:
    """Return who acts on which handover now, at the sender's side."""
    return Turn(handover=HandoverId(handover), by=current_staff(), now=now(), side=Side.SENDER, seen=seen)


def my_services(session: Session, by: Staff) -> list[Service]:
    """Return the services the staff member may hand over from, by name."""
    held = by.services(*SENDERS)
    return [each for each in directory.services_of(session, by.agency) if None in held or each.id in held]


def _way(staff: Staff, service: Service, today: date, errand: Errand) -> Begin | None:
    """Offer whoever may hand over to begin a handover to the service."""
    if errand.draft is not None or not service.takes_handovers or not service.is_open_on(today):
        return None
    if not any(staff.has(role) for role in SENDERS):
        return None
    text = _l("Skriv overføring til %(service)s", service=service.name)
    return Begin(text=text, url=url_for("handovers.begin_with", til=service.id))


add_way(blueprint, Way(order=30, what="overforing", offer=_way))
add_lately(blueprint, handovers.written_to)


def patient_at(side: Side) -> Callable[[Session, Opening], PersonId]:
    """Return what opens a handover on that side, so that a message about its patient can begin there."""

    def opens(session: Session, opening: Opening) -> PersonId:
        turn = Turn(handover=HandoverId(opening.case), by=opening.by, now=opening.now, side=side, at=opening.at)
        return handovers.patient_of(session, turn)

    return opens


add_origin(blueprint, Origin(kind="overforing", opens=patient_at(Side.SENDER), knows=known_to))
add_origin(blueprint, Origin(kind="mottatt-overforing", opens=patient_at(Side.RECEIVER), knows=known_to))


def receiver_of(session: Session, case: Case, *, now: datetime) -> Standing | None:
    """Return what must be said of the service a handover is for; None before one is chosen."""
    party = case.standing.receiver
    if party is None:
        return None
    try:
        service = directory.service_of(session, party.service)
    except NotFound:
        return None
    return addressbook.standing_of(session, service, today=local_date(now))


def undo_time() -> timedelta:
    """Return for how long a sending can be undone at this node."""
    settings: Settings = current_app.extensions["handover.settings"]
    return timedelta(seconds=settings.undo_seconds)


def as_download(name: str, content_type: str, data: bytes) -> Response:
    """Return a file to be kept, never shown inside our own pages."""
    answer = Response(data, content_type=content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


SENTENCES: Final[dict[str, Text]] = {
    "given.required": _l("Skriv fornavnet til pasienten."),
    "family.required": _l("Skriv etternavnet til pasienten."),
    "birth_date.required": _l("Skriv fødselsdatoen til pasienten."),
    "is_checked.odd-birth-date": _l(
        "Fødselsdatoen passer ikke til fødselsnummeret. Sjekk begge, og rett det som er feil."
        " Er begge riktige, kryss av."
    ),
    **age.SENTENCES,
    "same.required": _l("Velg om det er en person dere kjenner, eller en annen."),
    "number.odd": _l("Skriv fødselsnummeret eller D-nummeret med 11 siffer, eller la feltet stå tomt."),
    "service.required": _l("Velg hvilken tjeneste som skriver overføringen."),
    "receiver.required": _l("Denne tjenesten kan ikke velges. Velg en annen."),
    "file.required": _l("Velg minst én fil."),
    **{f"file.{code}": sentence for code, sentence in FILES.items()},
    "take_over_by.in-past": _l("Dagen har vært. Velg en dag fram i tid."),
    "day.required": _l("Skriv hvilken dag avtalen er."),
    "clock.required": _l("Skriv klokkeslettet for avtalen."),
    "code.required": _l("Skriv koden, eller tøm feltene."),
    "code.syntax": _l("Skriv koden slik den står i kodeverket, for eksempel F41.1 eller P76."),
    "topic.too-many": _l("Det er for mange punkter. Fjern noen, eller skriv flere ting i ett."),
}
"""One sentence for each field of the clinician's forms that must be put right."""
