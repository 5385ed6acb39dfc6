"""«Meldinger om meg»: which messages about the patient go between those who help them, and what they can do.

That a thread exists, between whom, about what, when, on what basis and who opened it is always shown; the words
where the author's agency lets the patient read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from flask import Blueprint, current_app, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from handover import web
from handover.access import current_patient, patients_only
from handover.actors import Party
from handover.audit.model import Entry as LogEntry
from handover.audit.model import EntryId, Event
from handover.clock import now
from handover.config import Settings
from handover.consent import schema
from handover.consent import service as consent
from handover.consent.model import Kind, Receiver, Target
from handover.consent.vocabulary import purpose_names
from handover.consent.words import named_topics
from handover.directory import names
from handover.directory import service as directory
from handover.errors import NotFound
from handover.ids import ThreadId
from handover.inquiry.model import About
from handover.message import service as messages
from handover.message.model import Subject
from handover.message.service import PatientFile, PatientMessage, PatientThread
from handover.message.words.formatting import formatted
from handover.message.words.names import SUBJECTS
from handover.message.words.receipts import not_taken_in
from handover.patient import asking
from handover.patient.readings import Reading, by_day, told
from handover.team import noticing
from handover.web import dates
from handover.web.i18n import Sentence, Text, language
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item

blueprint = Blueprint("my_threads", __name__, url_prefix="/mine-meldinger")
add_menu_item(
    blueprint, MenuItem(endpoint="my_threads.mine", text=_l("Meldinger om meg"), order=25, for_patients=True)
)

ABOUT: Final = "message"
"""What questions about a thread are about (`inquiry.pages.KINDS`)."""
_SUBJECT: Final = _l("Du spør om melding %(reference)s.")
_STAFF: Final[Mapping[Event, Sentence]] = {
    Event.MESSAGE_READ: _l("%(name)s ved %(place)s leste meldingen."),
    Event.MESSAGE_OPEN: _l("%(name)s ved %(place)s åpnet det som var nytt."),
    Event.MESSAGE_SEND: _l("%(name)s ved %(place)s sendte en melding."),
    Event.MESSAGE_RETRACT: _l("%(name)s ved %(place)s trakk tilbake en melding."),
    Event.ATTACHMENT_READ: _l("%(name)s ved %(place)s åpnet et vedlegg."),
    Event.EXPORT: _l("%(name)s ved %(place)s skrev ut eller kopierte meldingene."),
}
_YOU: Final = _l("Du leste om meldingen selv.")
_BLOCKED: Final = _l("Du har sagt nei til at noe sendes dit. Det kan du ta tilbake under «Mine valg om deling».")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thread in the patient's list."""

    url: str
    subject: Text
    between: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One message in the patient's words."""

    sender: str
    to: str
    at: datetime
    opened: tuple[str, ...] = field(repr=False)
    is_taken_back: bool
    text: Markup | None = field(repr=False)
    files: tuple[tuple[str, str], ...] = field(repr=False)
    """What each document is called, and where it is not because of viruses; nothing of it can be fetched here."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One of those who take part, and how a form names them to say no."""

    name: str
    target: str
    rests_on: str
    is_blocked: bool = False
    """Whether a no of the patient's holds towards it."""


@blueprint.get("")
@patients_only
def mine() -> ResponseReturnValue:
    """Show the messages about me between those who help me, the latest first."""
    agencies = cast(Settings, current_app.extensions["handover.settings"]).agencies
    with web.transaction() as session:
        found = messages.my_threads(session, agencies, current_patient(), now=now())
        lines = [_line(session, each) for each in found]
    return render_template("patient/threads.html", lines=lines)


@blueprint.get("/<uuid:thread>")
@patients_only
def show(thread: UUID) -> ResponseReturnValue:
    """Show one thread: between whom, about what, on what basis, who opened what, and the words I may read."""
    with web.transaction() as session:
        found = _thread(session, thread)
        noticing.patient_opened(session, [thread], dict(found.persons), now=now())
        places = _places(session, found)
        view = {
            "messages": [_shown(each, places) for each in found.messages],
            "members": [_member(session, each.party, found, places) for each in found.members],
        }
    return render_template(
        "patient/thread.html",
        heading=found.heading,
        subject=SUBJECTS[found.heading.subject],
        purpose=purpose_names(language()).get(found.purpose, ""),
        homes=[home.agency for home in found.homes],
        **view,
    )


@blueprint.get("/<uuid:thread>/hvem-har-lest")
@patients_only
def readers(thread: UUID) -> ResponseReturnValue:
    """Show who has opened the thread at this node's agencies, newest first, and what I have asked about it."""
    with web.transaction() as session:
        found = messages.who_opened(session, current_patient(), ThreadId(thread), now=now())
        readings = by_day(session, found, reading)
        asked = asking.asked(session, _log(thread), kind=ABOUT, subjects=frozenset({thread}))
    return render_template(
        "patient/thread_readers.html", thread=thread, readings=readings, asked=asked, is_done=asking.is_done()
    )


@blueprint.get("/<uuid:thread>/spor")
@patients_only
def wonder(thread: UUID) -> ResponseReturnValue:
    """Show the form in which the patient asks about the thread, or about one line of who has read it."""
    return asking.form(_log(thread))


@blueprint.post("/<uuid:thread>/spor")
@patients_only
def ask(thread: UUID) -> ResponseReturnValue:
    """Put the question on the list of those who answer; the answer is read where the log is read."""
    return asking.send(_log(thread))


def _log(thread: UUID) -> asking.Log:
    return asking.Log(
        url=url_for(".readers", thread=thread),
        heading=_("Hvem har lest meldingen?"),
        form=url_for(".ask", thread=thread),
        find=lambda session, entry: _wanted(session, thread, entry),
        tell=lambda session, entry: reading(session, entry).sentence,
        subject=_SUBJECT,
        thing=(url_for(".show", thread=thread), _("Tilbake til meldingen")),
    )


def _wanted(session: Session, thread: UUID, entry: EntryId | None) -> asking.Wanted:
    """Return what is asked about: a line is answered where it was written, the thread by who has it here.

    A question outlives the yes on which a case was told to be about somebody, so that it never says which case.
    """
    found = _thread(session, thread)
    where, line, known = found.homes[0], None, dict(found.persons)
    if entry is not None:
        opened = messages.who_opened(session, current_patient(), ThreadId(thread), now=now())
        line = next((each for each in opened if each.id == entry and each.who.kind != "patient"), None)
        if line is None or line.service is None:
            raise NotFound
        where = Party(line.agency, line.service)
    about = About(
        agency=where.agency,
        service=where.service,
        kind=ABOUT,
        subject=thread,
        reference="" if found.heading.subject is Subject.ANONYMOUS else found.heading.reference,
        entry=None if line is None else line.id,
    )
    return asking.Wanted(about=about, person=known[where.agency], entry=line)


def _thread(session: Session, thread: UUID) -> PatientThread:
    return messages.my_thread(session, current_patient(), ThreadId(thread), now=now())


def _line(session: Session, found: PatientThread) -> Line:
    return Line(
        url=url_for(".show", thread=found.heading.thread),
        subject=SUBJECTS[found.heading.subject],
        between="; ".join(names.of_party(session, each.party) for each in found.members),
        at=found.messages[-1].written_at if found.messages else found.updated_at,
    )


def _places(session: Session, found: PatientThread) -> dict[Party, str]:
    parties = {each.party for each in found.members}
    for each in found.messages:
        parties |= {each.sender, *each.to, *(party for party, _opened in each.opened)}
        for file in each.files:
            parties |= file.waits_at | file.infected_at | file.unchecked_at
    return {party: names.of_party(session, party) for party in parties}


def _shown(message: PatientMessage, places: Mapping[Party, str]) -> Shown:
    return Shown(
        sender=places[message.sender],
        to="; ".join(places[each] for each in message.to),
        at=message.written_at,
        opened=tuple(
            _(
                "Åpnet av %(who)s ved %(place)s %(moment)s",
                who=", ".join(filter(None, (opened.by, opened.title))),
                place=places[party],
                moment=dates.moment(opened.at),
            )
            for party, opened in message.opened
        ),
        is_taken_back=message.is_taken_back,
        text=None if message.text is None else formatted(message.text),
        files=tuple((each.name, _kept_out(each, places)) for each in message.files),
    )


def _kept_out(file: PatientFile, places: Mapping[Party, str]) -> str:
    """Return where a document waits for the virus scanner, or was not taken in; empty where neither is known."""
    waits, infected, unchecked = (
        "; ".join(sorted(places[each] for each in found))
        for found in (file.waits_at, file.infected_at, file.unchecked_at)
    )
    said = [_("Venter på viruskontroll hos %(place)s.", place=waits)] if waits else []
    return " ".join([*said, not_taken_in(infected, unchecked)])


def _member(session: Session, party: Party, found: PatientThread, places: Mapping[Party, str]) -> Member:
    target = schema.target_value(Target(agency=party.agency, service=party.service))
    if _is_blocked(session, party, found):
        return Member(name=places[party], target=target, rests_on=str(_BLOCKED), is_blocked=True)
    held = [each for each in found.rests_on if each.receiver == party]
    return Member(
        name=places[party],
        target=target,
        rests_on=" ".join(
            _(
                "Du har sagt ja til at %(place)s sender dit: %(topics)s. Det gjelder til og med %(until)s.",
                place=places[each.sender],
                topics="; ".join(named_topics(each.basis.topics)),
                until=dates.day(each.basis.until),
            )
            for each in held
        )
        or _without_yes(session, party),
    )


def _is_blocked(session: Session, party: Party, found: PatientThread) -> bool:
    """Whether the patient has said no to the service at every agency here that has the thread."""
    receiver, at = Receiver(agency=party.agency, service=party.service, is_health=False), now()
    return all(
        any(
            each.kind is Kind.DENY
            and each.holds(at)
            and each.target.covers(receiver)
            and not (each.target.is_everyone and agency == party.agency)
            for each in consent.choices_of(session, agency, person)
        )
        for agency, person in found.persons
    )


def _without_yes(session: Session, party: Party) -> str:
    try:
        is_health = directory.service_of(session, party.service).is_health
    except NotFound:
        is_health = False
    if is_health:
        return _("Helsetjenester kan dele det som trengs for å hjelpe deg, når du ikke har sagt nei.")
    return _("Ingen ja fra deg gjelder for å sende noe dit nå.")


def reading(session: Session, entry: LogEntry) -> Reading:
    """Return who opened a thread, in a sentence."""
    return told(session, entry, staff=_STAFF.get(entry.event, _STAFF[Event.MESSAGE_READ]), patient=_YOU)
