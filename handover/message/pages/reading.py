"""One thread: who has it, what happens now, every message by its written time, receipts, files, who may read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.actors import Party, Role
from handover.addressbook import model as entries
from handover.addressbook import service as addressbook
from handover.consent.model import MayNotTravel
from handover.consent.vocabulary import purpose_names
from handover.consent.words import reply_obstacle_sentence
from handover.directory import names
from handover.directory import service as directory
from handover.errors import Conflict, HandoverError, NotFound
from handover.exchange.files import File
from handover.ids import CommunicationId, ServiceId
from handover.message import service as messages
from handover.message.lifecycle import Act, Status
from handover.message.model import By, Member, Message, Priority, Receipt, SlotId
from handover.message.pages import again
from handover.message.pages.basis import bases
from handover.message.pages.colleagues import shared
from handover.message.pages.desk import (
    MOVED,
    as_download,
    blueprint,
    instant,
    observer_names,
    owner_name,
    turn_of,
)
from handover.message.pages.knowing import case_of
from handover.message.pages.weighing import weighed
from handover.message.service import Seen, Thread, ThreadNotFound, Turn
from handover.message.steps import Step
from handover.message.store import READERS, WRITERS
from handover.message.words import banner
from handover.message.words.formatting import formatted
from handover.message.words.history import happened
from handover.message.words.hops import party_of, ways
from handover.message.words.names import MARKS, PRIORITIES, REASONS, SUBJECTS, WAYS
from handover.message.words.receipts import receipts_of, state_of, taken_back
from handover.web import dates
from handover.web.errors import sentence_for
from handover.web.i18n import Sentence, Text, language
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Pairs
from handover.web.view import View
from handover.workdays import local_date

DONE: Final[Mapping[str, Sentence]] = {
    "tatt": _l("Du har tatt tråden."),
    "gitt": _l("Tråden er gitt tilbake til teamet."),
    "tildelt": _l("Tråden er gitt til en kollega."),
    "venter": _l("Tråden venter på de andre svarene."),
    "utsatt": _l("Tråden er lagt bort. Den kommer tilbake den dagen du valgte."),
    "sendt": _l("Meldingen er sendt."),
    "slettet": _l("Utkastet er slettet."),
    "trukket": _l("Meldingen er trukket tilbake. Her ser du hva som skjer med den hos mottakeren."),
    "folger": _l("Du følger tråden. De andre her ser at du gjør det."),
    "sluttet": _l("Du følger ikke tråden lenger."),
    "avtalt": _l("Tidspunktet er avtalt. De andre får vite det."),
    "spurt": _l(
        "Pasienten er spurt på sin egen side. Du får en oppgave når pasienten har svart."
        " Saken er uten navn til dere kobler den."
    ),
    "koblet": _l("Saken er koblet til pasienten. Tjenestene du valgte, får vite hvem den gjelder."),
    "koblet-fra": _l(
        "Koblingen er tatt bort. Alle som fikk vite det, får beskjed om å glemme det."
        " Dere har fått en oppgave om å si fra til den saken var koblet til."
    ),
    "bekreftet": _l("Du har bekreftet at meldingen er skjult. Avsenderen får vite det."),
}


@dataclass(frozen=True, kw_only=True)
class Attached:
    """A document of a message, and where it is fetched, or why it is not here, or was not taken in elsewhere."""

    file: File
    url: str
    """Empty where it is not here."""
    state: Text = ""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """Times for a talk that a message offers, in the reader's words."""

    how: Text
    is_phone: bool
    where: str = field(repr=False)
    is_link: bool
    times: tuple[tuple[SlotId, str, bool], ...]
    """Each with whether it is still to come."""
    agreed: str
    """The time that was picked; empty while none was."""
    picked_by: str = field(repr=False)
    phone: str = field(repr=False)
    """Where whoever picked is called; empty where they call."""


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """A receiver that a message did not reach."""

    party: Party
    place: str
    closed: entries.Standing | None
    """What must be said where the service is closed now; None where it takes messages."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One message in the reader's words."""

    message: Message
    text: Markup = field(repr=False)
    sender: str
    author: str = field(repr=False)
    to: str
    mark: Text
    priority: Text
    files: tuple[Attached, ...]
    talk: Talk | None = None
    stood_under: Text = ""
    """The subjects of the other threads in which it stood."""
    ways: tuple[Text, ...] = ()
    """By which services it came, where it was sent on."""
    may_pick: bool = False
    """Whether this reader may pick one of the times now."""
    is_new: bool = False
    is_draft: bool = False
    answers: str = field(default="", repr=False)
    """Whose message it replies to; empty where it answers none that is here."""
    answers_id: str = ""
    answers_unknown: bool = False
    along: tuple["Shown", ...] = ()
    receipts: Pairs = ()
    undelivered: tuple["Undelivered", ...] = ()
    undo_seconds: int = 0
    may_retract: bool = False
    taken_back: Text = field(default="", repr=False)
    """That its writer took it back, when and why; empty where it stands."""


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A message that was read here and taken back since: by whom, why, and whether the leader has confirmed it."""

    id: CommunicationId
    place: str
    reason: Text
    is_confirmed: bool
    called_off: str
    """When the talk would have been that was agreed with it; empty where none is to come."""


@dataclass(frozen=True, kw_only=True)
class Partaker:
    """A service of the thread, and on what basis it may be sent something."""

    name: str
    phone: str
    is_us: bool
    needs_permit: bool
    let_in: Text
    """Since when and by whom, of one that came later."""
    obstacle: Text


# --- pages -------------------------------------------------------------------------------------------------------


@blueprint.get("/<service>/<uuid:thread>")
@allow(*READERS)
def show(service: str, thread: UUID) -> ResponseReturnValue:
    """Show a thread; what has come is opened, and whoever wrote it is told who did."""
    turn = turn_of(service, thread)
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        if (draft := only_draft(found)) is not None and found.may_write:
            return redirect(url_for(".write", service=service, thread=thread, letter=draft))
        new = frozenset(each.message.id for each in found.messages if each.is_new)
        is_first = found.read_at is None
        if found.may_write:
            found = messages.show(session, messages.open_(session, turn), turn)
        else:
            messages.look(session, turn)
        done = DONE.get(request.args.get("gjort", ""), "")
        view = page(session, turn, found, new=new, is_first=is_first, done=done)
    return view.render()


@blueprint.get("/<service>/<uuid:thread>/<uuid:letter>/dokument")
@allow(*READERS)
def file(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Give a document of a message, by its place there (`nr`, from 0); that is logged."""
    turn = turn_of(service, thread)
    position = request.args.get("nr", 0, type=int)
    with web.transaction() as session:
        held = _files(messages.thread_of(session, turn)).get(CommunicationId(letter), ())
        if not 0 <= position < len(held):
            raise ThreadNotFound
        about, data = messages.file_of(session, turn, held[position].sha256)
    return as_download(about.name, about.content_type, data)


@blueprint.post("/<service>/<uuid:thread>/<any(ta, gi, ferdig, vent):act>")
@allow(*WRITERS)
def act(service: str, thread: UUID, act: str) -> ResponseReturnValue:
    """Take the thread, give it back, put it away for the team until something comes, or wait for the others."""
    turn = turn_of(service, thread, seen=instant(request.form.get("seen", "")))
    try:
        with web.transaction() as session:
            if act == "ferdig":
                messages.done(session, turn)
            elif act == "vent":
                messages.wait_on(session, turn)
            else:
                messages.take(session, turn, give_back=act == "gi")
    except Conflict as moved:
        turn = turn_of(service, thread)
        if not again.stands(turn, lambda found: _is_so(found, act, turn)):
            return moved_page(turn, moved)
    if act == "ferdig":
        return redirect(url_for(".listed", gjort="ferdig"))
    done = {"ta": "tatt", "gi": "gitt", "vent": "venter"}[act]
    return redirect(url_for(".show", service=service, thread=thread, gjort=done))


def _is_so(found: Thread, act: str, turn: Turn) -> bool:
    """Whether a thread stands already as the button wants it."""
    if act == "ferdig":
        return found.next is None
    if act == "vent":
        return found.standing.waits_since is not None and found.next is not None and not found.next.is_ours
    return found.standing.owner == (None if act == "gi" else turn.by.id)


@blueprint.post("/<service>/<uuid:thread>/folg")
@allow(Role.LEADER)
def follow(service: str, thread: UUID) -> ResponseReturnValue:
    """Follow a thread as the leader of its service, or stop doing so; everybody there sees who follows."""
    turn, is_over = turn_of(service, thread), request.form.get("stop") == "yes"
    with web.transaction() as session:
        messages.observe(session, turn, stop=is_over)
    done = "sluttet" if is_over else "folger"
    return redirect(url_for(".show", service=service, thread=thread, gjort=done))


def moved_page(turn: Turn, moved: HandoverError) -> ResponseReturnValue:
    """Return the present state of the thread with one plain sentence; nothing was changed."""
    note_refusal(moved)
    with web.transaction() as session:
        problem = obstacle_of(session, moved) or sentence_for(moved)
        view = page(session, turn, messages.thread_of(session, turn), problem=problem)
    return make_response(view.render(), MOVED)


def obstacle_of(session: Session, why: HandoverError) -> Text:
    """Return which service nothing goes to, and why, or what to use instead; empty where a refusal names none."""
    if isinstance(why, MayNotTravel):
        place = names.of_service(session, ServiceId(str(why.details.get("service", ""))))
        return f"{place}: {reply_obstacle_sentence(why)}"
    instead = why.details.get("instead")
    if not instead:
        return ""
    place = names.of_service(session, ServiceId(str(instead)))
    return _("Tjenesten er stengt nå. Bruk %(place)s i stedet. Det du har skrevet, er lagret.", place=place)


# --- what they show ----------------------------------------------------------------------------------------------


def only_draft(thread: Thread) -> CommunicationId | None:
    """Return the draft of a thread in which nothing was sent or received; None where something was."""
    drafts = [each.message for each in thread.messages]
    return drafts[0].id if len(drafts) == 1 and drafts[0].status is Status.DRAFT else None


def page(
    session: Session,
    turn: Turn,
    thread: Thread,
    *,
    new: frozenset[CommunicationId] = frozenset(),
    is_first: bool = False,
    done: Text = "",
    problem: Text = "",
) -> View:
    """Return a thread's page. `is_first`: its reader has never seen it, so that all of it is new."""
    standing = thread.standing
    places = places_of(session, thread)
    agencies = names.of_authors(session, (entry.by for entry in thread.history))
    shown = [
        replace(_shown(turn, thread, each, places, new), undelivered=_undelivered(session, turn, each, places))
        for each in thread.messages
    ]
    undoing = next((each for each in shown if each.undo_seconds), None)
    files = _files(thread)
    asked = [each for each in thread.messages if each.awaited]
    awaited = dict.fromkeys(party for each in asked for party in each.awaited)
    answered = dict.fromkeys(party for each in asked for party in each.answered if party not in awaited)
    return View(
        "message/show.html",
        {
            "thread": thread,
            "standing": standing,
            "heading": standing.heading,
            "subject": SUBJECTS[standing.heading.subject],
            "banner": banner.banner(
                thread.next, now=turn.now, can_undo=undoing is not None, waits_too=bool(awaited)
            ),
            "answered": "; ".join(places[each] for each in answered),
            "awaited": "; ".join(places[each] for each in awaited),
            "asks_answer": thread.next is not None and thread.next.step in {Step.ANSWER, Step.FINISH_DRAFT},
            "put_away_until": thread.put_away_until,
            "messages": shown,
            "new": 0 if is_first else sum(each.is_new for each in shown),
            "hidden": [_hidden(turn, each, places) for each in thread.hidden],
            "may_confirm": turn.by.has(Role.LEADER, standing.home.service),
            "partakers": partakers(session, thread, places),
            "purpose": purpose_name(standing.purpose),
            "bases": bases(session, turn, thread, places),
            "owner": owner_name(session, standing),
            "is_mine": standing.owner == turn.by.id,
            "is_done": thread.next is None,
            **shared(session, turn, thread),
            "observers": ", ".join(observer_names(session, standing)),
            "is_followed": turn.by.id in standing.observers,
            "history": [happened(entry, agencies, files) for entry in reversed(thread.history)],
            "seen": thread.updated_at.isoformat(),
            "case": case_of(session, thread, places),
            "points": weighed(_sent(thread), places),
            "undoing": undoing,
            "numbers": _numbers(session, turn, standing.home),
            "done": done,
            "problem": problem,
        },
    )


def _numbers(session: Session, turn: Turn, home: Party) -> list[str]:
    """Return where this reader may be called: the own number first, then the service's."""
    return list(dict.fromkeys(filter(None, (turn.by.phone, names.phone_of(session, home)))))


def _sent(thread: Thread) -> Iterator[Message]:
    return (each.message for each in thread.messages if each.message.status is not Status.DRAFT)


def places_of(session: Session, thread: Thread) -> dict[Party, str]:
    """Return what every service that a thread's page names is called."""
    parties = {member.party for member in thread.standing.members}
    along = (each for seen in thread.messages for each in seen.along)
    for each in (*(seen.message for seen in thread.messages), *thread.hidden, *along):
        parties |= {each.sender, *each.to, *(party_of(hop.by) for hop in each.hops)}
    return {party: names.of_party(session, party) for party in parties}


def partakers(session: Session, thread: Thread, places: Mapping[Party, str]) -> list[Partaker]:
    """Return who takes part, and on what basis each may be sent something."""
    home = thread.standing.home
    found = []
    for member in thread.standing.members:
        refused = thread.obstacles.get(member.party)
        found.append(
            Partaker(
                name=places[member.party],
                phone=names.phone_of(session, member.party),
                is_us=member.party == home,
                needs_permit=thread.standing.named is not None
                and member.party != home
                and not is_health(session, member.party),
                let_in=_let_in(member, places),
                obstacle="" if refused is None else reply_obstacle_sentence(refused),
            )
        )
    return found


def _let_in(member: Member, places: Mapping[Party, str]) -> Text:
    if (
        member.added_by is None or member.added_by == member.party
    ):  # who began a case without a name says so itself
        return ""
    by, day = places.get(member.added_by, ""), dates.day(member.since)
    return _("Med fra %(day)s, tatt inn av %(place)s.", day=day, place=by)


def is_health(session: Session, party: Party) -> bool:
    """Whether a service is a health service; one that no directory lists is none."""
    try:
        return directory.service_of(session, party.service).is_health
    except NotFound:
        return False


def purpose_name(purpose: str) -> str:
    """Return what a purpose is called; empty where a thread has none."""
    return purpose_names(language()).get(purpose, "")


def _may_pick(turn: Turn, seen: Seen) -> bool:
    message, offer = seen.message, seen.message.content.offer
    is_open = message.status is Status.OPENED and message.choice is None and not seen.is_ours
    return is_open and offer is not None and any(each.start > turn.now for each in offer.slots)


def _shown(
    turn: Turn, thread: Thread, seen: Seen, places: Mapping[Party, str], new: frozenset[CommunicationId]
) -> Shown:
    message, answered = seen.message, seen.answers
    is_draft = message.status is Status.DRAFT
    undo = max((each.undo_seconds(turn.now) for each in seen.deliveries.values()), default=0)
    return replace(
        said(turn, message, places),
        may_pick=thread.may_write and _may_pick(turn, seen),
        is_new=message.id in new,
        is_draft=is_draft,
        answers="" if answered is None else answered.author.name,
        answers_id="" if answered is None else str(answered.id),
        answers_unknown=seen.answers_unknown,
        along=tuple(said(turn, each, places, receipts=message.receipts) for each in seen.along),
        receipts=receipts_of(seen, places) if seen.is_ours and not is_draft and not undo else (),
        undo_seconds=undo if Act.UNDO_SEND in seen.acts else 0,
        may_retract=Act.RETRACT in seen.acts,
        taken_back=taken_back(message),
    )


def _undelivered(session: Session, turn: Turn, seen: Seen, places: Mapping[Party, str]) -> tuple[Undelivered, ...]:
    lost = (each.to for each in seen.message.receipts if each.undelivered and Act.SEND_AGAIN in seen.acts)
    return tuple(
        Undelivered(party=each, place=places[each], closed=_closed(session, each, local_date(turn.now)))
        for each in lost
    )


def _closed(session: Session, party: Party, today: date) -> entries.Standing | None:
    try:
        standing = addressbook.standing_of(session, directory.service_of(session, party.service), today=today)
    except NotFound:
        return None
    return standing if standing.is_closed else None


def _hidden(turn: Turn, message: Message, places: Mapping[Party, str]) -> Hidden:
    reason = "" if message.taken_back is None else REASONS[message.taken_back.reason]
    is_confirmed = message.status is Status.RETRACTED
    slot = message.agreed
    return Hidden(
        id=message.id,
        place=places[message.sender],
        reason=reason,
        is_confirmed=is_confirmed,
        called_off="" if slot is None or slot.start <= turn.now else dates.moment(slot.start),
    )


def said(
    turn: Turn, message: Message, places: Mapping[Party, str], *, receipts: tuple[Receipt, ...] = ()
) -> Shown:
    """Return what one message says, in the reader's words; `receipts`: of the one that brought it along."""
    content = message.content
    files_here = message.files_here
    receipts = receipts or message.receipts
    return Shown(
        message=message,
        text=formatted(content.text),
        sender=places[message.sender],
        author=_author(message, places[message.sender]),
        to="; ".join(places[each] for each in message.to),
        mark=MARKS.get(message.status, ""),
        priority=PRIORITIES[content.priority] if content.priority is Priority.SOON else "",
        files=tuple(
            Attached(
                file=each,
                url=file_url(turn, message.id, number) if each in files_here else "",
                state=state_of(message, each, receipts, places),
            )
            for number, each in enumerate(content.files)
        ),
        talk=talk_of(message, now=turn.now),
        stood_under=", ".join(str(SUBJECTS[each]) for each in message.stood_under) if message.from_thread else "",
        ways=ways(message, places),
    )


def _author(message: Message, place: str) -> str:
    """Return who wrote a message; the title not where the service, which stands beside it, is called the same."""
    name, title = message.author.name, message.author.title
    is_said = title.casefold() in place.casefold().split(", ")
    return name if not title or is_said else f"{name}, {title}"


def talk_of(message: Message, *, now: datetime) -> Talk | None:
    """Return the times a message offers, and the one that was picked; None where it offers none."""
    offer, choice, agreed = message.content.offer, message.choice, message.agreed
    if offer is None:
        return None
    minutes = offer.slots[0].minutes if offer.slots else 0
    return Talk(
        how=_("%(way)s, %(minutes)s minutter", way=WAYS[offer.by], minutes=minutes),
        is_phone=offer.by is By.PHONE,
        where=offer.where,
        is_link=offer.by is By.VIDEO and offer.where.startswith("https://"),
        times=tuple((each.id, dates.upfirst(dates.moment(each.start)), each.start > now) for each in offer.slots),
        agreed="" if agreed is None else dates.moment(agreed.start),
        picked_by="" if choice is None else choice.by.name,
        phone="" if choice is None else choice.phone,
    )


def along_with(turn: Turn, thread: Thread, draft: Message, places: Mapping[Party, str]) -> list[Shown]:
    """Return what goes along with a draft, as it stands here: history of the thread, or messages of another."""
    held = {each.message.id: each.message for each in thread.messages}
    held |= {other.id: other for each in thread.messages for other in each.along}
    return [said(turn, held[each], places) for each in draft.forwards if each in held]


def file_url(turn: Turn, letter: CommunicationId, position: int) -> str:
    """Return where a document is fetched: by its place in its message, never by anything of its content."""
    return url_for("messages.file", service=turn.at, thread=turn.thread, letter=letter, nr=position)


def _files(thread: Thread) -> dict[CommunicationId, tuple[File, ...]]:
    held = [seen.message for seen in thread.messages] + [each for seen in thread.messages for each in seen.along]
    return {each.id: each.content.files for each in held}
