"""What a patient's choices are called, and what is said where they forbid something (klarspråk, WORDS.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.audit.model import Entry, Event
from handover.consent.model import (
    Choice,
    ChoiceId,
    Kind,
    MayNotTravel,
    Reply,
    Request,
    RequestId,
    Target,
    Topics,
)
from handover.consent.reach import is_health, name_of
from handover.consent.vocabulary import purpose_names, topic_names
from handover.directory import names as directory_names
from handover.ids import AgencyId, ServiceId
from handover.person.alike import ANOTHER
from handover.person.model import Identity
from handover.person.service import Person
from handover.web import dates
from handover.web.i18n import Sentence, language
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l

OBSTACLES: Final[Mapping[str, Sentence]] = {
    "consent.blocked": _l(
        "Pasienten har sagt nei til at dere sender noe dit. Snakk med pasienten, eller velg en annen mottaker."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
    "consent.no-permit": _l(
        "Mottakeren er ikke en helsetjeneste. Pasienten må si ja før dere kan sende noe dit."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
    "consent.other-purpose": _l(
        "Pasienten har sagt ja til denne mottakeren, men for et annet formål."
        " Spør pasienten om et ja til dette også."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
    "consent.permit-expired": _l(
        "Pasientens ja til denne mottakeren har gått ut. Spør pasienten om et nytt."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
    "consent.outside-scope": _l(
        "Pasientens ja gjelder ikke alt som står her. Ta det ut, eller spør pasienten."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
}
"""By stable code: why something may not travel, and what to do; nothing was sent."""


REPLIES: Final[Mapping[str, Sentence]] = {
    **OBSTACLES,
    "consent.blocked": _l(
        "Pasienten har sagt nei til at dere sender noe dit. Snakk med pasienten."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
}
"""The same to whoever answers or asks back: there is no other receiver to choose."""


def obstacle_sentence(refused: MayNotTravel) -> Sentence:
    """Return the plain sentence for a refusal of rule 15."""
    return OBSTACLES[refused.stable_code]


def reply_obstacle_sentence(refused: MayNotTravel) -> Sentence:
    """Return the plain sentence for a refusal of rule 15 to whoever writes back."""
    return REPLIES[refused.stable_code]


SENTENCES: Final[Mapping[str, Sentence]] = {
    "target.required": _l("Velg hvem det gjelder."),
    "purpose.required": _l("Velg hva det skal brukes til."),
    "topics.required": _l("Velg minst ett tema."),
    "until.date": _l("Skriv siste dag som dag, måned og år, for eksempel 24.11.2026."),
    "until.in-past": _l("Siste dag kan ikke ha vært."),
    "until.too-long": _l("Et ja kan vare i høyst ett år. Velg en dag før det."),
    "said.required": _l("Kryss av for at pasienten selv har sagt dette."),
    "same.required": _l("Velg om det er en person dere kjenner, eller en annen."),
    "topics.needed": _l("Kryss av for alle temaene det du har skrevet, trenger. Ellers kan det ikke sendes."),
    "why.too-long": _l("Du kan skrive høyst 500 tegn til pasienten."),
    "agency.required": _l("Velg hvem som skal følge valget."),
}
"""What to say beside the fields of a choice."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One choice in the reader's words."""

    id: ChoiceId
    is_permit: bool
    holds: bool
    whom: str
    purpose: str = ""
    topics: tuple[str, ...] = ()
    until: str = ""
    given: str
    witness: str = field(default="", repr=False)
    ended: str = ""
    """When it was withdrawn or ran out, where it did."""


def told(session: Session, choice: Choice, *, now: datetime) -> Told:
    """Return a choice in the reader's language."""
    terms = choice.terms
    return Told(
        id=choice.id,
        is_permit=choice.kind is Kind.PERMIT,
        holds=choice.holds(now),
        whom=name_of(session, choice.target),
        purpose="" if terms is None else purpose_names(language())[terms.purpose],
        topics=() if terms is None else named_topics(terms.topics),
        until="" if terms is None else dates.day(terms.until),
        given=dates.day(choice.given_at),
        witness=choice.witness,
        ended=_ended(choice, now),
    )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question to the patient in the reader's words."""

    id: RequestId
    service: str
    """Who asks."""
    asked_by: str = field(repr=False)
    asked_at: datetime
    whom: str
    is_health: bool
    """Whether those are health services only; NAV is not."""
    purpose: str
    topics: tuple[str, ...]
    until: str
    why: str = field(repr=False)
    waits: bool
    tag: str
    """What became of it, in a few words."""
    replied_at: datetime | None


_REPLIES: Final[Mapping[Reply | None, Sentence]] = {
    None: _l("Venter på svar fra pasienten"),
    Reply.YES: _l("Pasienten sa ja"),
    Reply.NO: _l("Pasienten sa nei"),
    Reply.TAKEN_BACK: _l("Spørsmålet er trukket tilbake"),
}


def asked(session: Session, request: Request) -> Asked:
    """Return a question to the patient in the reader's language."""
    wanted = request.wanted
    return Asked(
        id=request.id,
        service=directory_names.of_service(session, wanted.service),
        asked_by=request.asked_by,
        asked_at=request.asked_at,
        whom=name_of(session, wanted.target),
        is_health=is_health(session, wanted.target),
        purpose=purpose_names(language())[wanted.terms.purpose],
        topics=named_topics(wanted.terms.topics),
        until=dates.day(wanted.terms.until),
        why=wanted.why,
        waits=request.reply is None,
        tag=str(_REPLIES[request.reply]),
        replied_at=request.replied_at,
    )


def named_topics(codes: Iterable[str]) -> tuple[str, ...]:
    """Return what topics are called, in the order they are always shown."""
    wanted = set(codes)
    return tuple(name for code, name in topic_names(language()).items() if code in wanted)


def who_of(found: Iterable[Person]) -> list[tuple[str, str]]:
    """Return the choices of who a patient without a number is; none where nobody is alike."""
    known = [(str(each.id), _known_as(each.identity)) for each in found]
    return [*known, (str(ANOTHER), _("Nei, det er en annen person"))] if known else []


def _known_as(identity: Identity) -> str:
    born = _("født %(day)s", day=f"{identity.birth_date:%d.%m.%Y}")
    number = _("har fødselsnummer eller D-nummer hos oss") if identity.number else _("uten nummer hos oss")
    city = "" if identity.address is None else identity.address.city
    return ", ".join(filter(None, (identity.name, born, number, identity.phone or "", city)))


def what_may_go(scope: Topics | None) -> str:
    """Say in one sentence what may be sent to a service, from what `permitted_topics` returned."""
    if scope is None:
        return _("Dere kan sende det som trengs. Mottakeren er en helsetjeneste, og pasienten har ikke sagt nei.")
    if not scope:
        return _("Ingenting kan sendes dit nå.")
    return _("Dere kan sende dette, og ikke noe annet: %(topics)s.", topics="; ".join(named_topics(scope)))


_SEEN: Final = _l("%(name)s ved %(place)s så valgene dine.")
_STAFF: Final[Mapping[tuple[Event, Kind], Sentence]] = {
    (Event.CONSENT_GIVE, Kind.PERMIT): _l(
        "%(name)s ved %(place)s skrev ned at du sa ja til at noe sendes til %(whom)s."
    ),
    (Event.CONSENT_GIVE, Kind.DENY): _l(
        "%(name)s ved %(place)s skrev ned at du sa nei til at noe sendes til %(whom)s."
    ),
    (Event.CONSENT_WITHDRAW, Kind.PERMIT): _l(
        "%(name)s ved %(place)s skrev ned at du tok tilbake ditt ja til %(whom)s."
    ),
    (Event.CONSENT_WITHDRAW, Kind.DENY): _l(
        "%(name)s ved %(place)s skrev ned at du tok tilbake ditt nei til %(whom)s."
    ),
    (Event.CONSENT_ASK, Kind.PERMIT): _l("%(name)s ved %(place)s spurte om noe kan sendes til %(whom)s."),
    (Event.CONSENT_ASK_NO_MORE, Kind.PERMIT): _l(
        "%(name)s ved %(place)s trakk tilbake spørsmålet om noe kan sendes til %(whom)s."
    ),
}
_YOU: Final[Mapping[tuple[Event, Kind], Sentence]] = {
    (Event.CONSENT_GIVE, Kind.PERMIT): _l("Du sa ja til at noe sendes til %(whom)s."),
    (Event.CONSENT_GIVE, Kind.DENY): _l("Du sa nei til at noe sendes til %(whom)s."),
    (Event.CONSENT_WITHDRAW, Kind.PERMIT): _l("Du tok tilbake ditt ja til %(whom)s."),
    (Event.CONSENT_WITHDRAW, Kind.DENY): _l("Du tok tilbake ditt nei til %(whom)s."),
    (Event.CONSENT_DECLINE, Kind.PERMIT): _l("Du svarte nei på et spørsmål om noe kan sendes til %(whom)s."),
}


def log_sentence(session: Session, entry: Entry, place: str) -> str | None:
    """Return what a line of the log says to the patient about their choices; None where it says nothing of them.

    `place` is the agency. That patients look at their own choices is not told to them.
    """
    if entry.event is Event.CONSENT_READ and entry.who.kind == "staff":
        return _(_SEEN.bokmaal, name=entry.who.name, place=place)
    table = {"staff": _STAFF, "patient": _YOU}.get(entry.who.kind, {})
    kind = entry.detail.get("kind")
    said = None if kind is None else table.get((entry.event, Kind(str(kind))))
    if said is None:
        return None
    return _(said.bokmaal, name=entry.who.name, place=place, whom=name_of(session, _target(entry)))


def _target(entry: Entry) -> Target:
    agency, service = entry.detail.get("to_agency"), entry.detail.get("to_service")
    return Target(
        agency=AgencyId(str(agency)) if agency else None, service=ServiceId(str(service)) if service else None
    )


def _ended(choice: Choice, now: datetime) -> str:
    if choice.withdrawn_at is not None:
        return _("Tatt tilbake %(day)s", day=dates.day(choice.withdrawn_at))
    if choice.terms is not None and choice.is_over(now):
        return _("Gikk ut %(day)s", day=dates.day(choice.terms.until))
    return ""
