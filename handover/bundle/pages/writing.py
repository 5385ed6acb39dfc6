"""The clinician writes: a handover is begun and filled topic by topic, saved as it is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.bundle import schema
from handover.bundle import service as handovers
from handover.bundle.lifecycle import AT_SENDER, Act
from handover.bundle.model import Content, CrisisStep, Item, ItemChanged, Kind, Level, Topic, TopicCode
from handover.bundle.pages.cards import CHOICES, topic_of, topic_text
from handover.bundle.pages.desk import (
    MOVED,
    SENDERS,
    SENTENCES,
    as_download,
    blueprint,
    my_services,
    receiver_of,
    turn_of,
)
from handover.bundle.pages.marking import has_lapsed
from handover.bundle.pages.sight import sight_of
from handover.bundle.pages.tracking import tracking_page_of
from handover.bundle.service import Case, ItemNotFound, Turn
from handover.bundle.words import content as said
from handover.clock import now
from handover.consent.words import who_of
from handover.errors import Conflict, Invalid
from handover.exchange.files import BadFile
from handover.exchange.handed_in import HandedIn, named
from handover.ids import ItemId, PersonId, ReferralId, ServiceId
from handover.person.alike import KnownAlready, alike
from handover.person.model import Identity
from handover.person.service import Person
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Form, parse_day
from handover.web.i18n import Text, language

NOT_THERE: Final = 404
_LONGEST: Final = 10
"""Digits: what is longer is no revision of ours."""
_NOT_TYPED: Final = frozenset({"revision", "topic", "level", "relation", "system", "comes_along"})
"""Fields of an item's form that hold a choice, not words."""


@dataclass(frozen=True, kw_only=True)
class Slip:
    """One item on the writing page: its own form, and what somebody else saved in the meantime."""

    item: Item
    topic: Topic
    form: Form = field(repr=False)
    heading: str
    is_saved: bool = False
    theirs: Item | None = field(default=None, repr=False)
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One ready topic with the items that are written in it."""

    topic: Topic
    name: str
    help: str
    slips: tuple[Slip, ...]
    levels: tuple[tuple[str, str], ...] = ()
    """Of a crisis plan: the colours that have no item yet."""


# --- begin -----------------------------------------------------------------------------------------------------


@blueprint.get("/ny")
@allow(*SENDERS)
def begin_with() -> ResponseReturnValue:
    """Ask who the handover is about, and which service hands over where somebody works at several."""
    return _start_page(Form.of({"to": request.args.get("til", "")}))


@blueprint.post("/ny")
@allow(*SENDERS)
def begin() -> ResponseReturnValue:
    """Begin a handover, then choose whom it is for. A person under 18 gets a clear answer and no case."""
    by, at = current_staff(), now()
    try:
        patient = schema.read_patient(request.form)
        with web.transaction() as session:
            made = handovers.start(
                session,
                by=by,
                service=_chosen_service(session),
                patient=patient,
                receiver=ServiceId(request.form["to"]) if request.form.get("to") else None,
                from_referral=_referral(),
                language=language(),
                same=_same(),
                is_checked=request.form.get("is_checked") == "yes",
                now=at,
            )
    except KnownAlready as refused:
        found = _alike(patient)
        return _start_page(Form.refused(request.form, refused, SENTENCES), sentence_for(refused), found), REFUSED
    except Invalid as refused:
        return _start_page(Form.refused(request.form, refused, SENTENCES), sentence_for(refused)), REFUSED
    except Conflict as refused:
        note_refusal(refused)
        return _start_page(Form.of(request.form.to_dict()), sentence_for(refused)), MOVED
    return redirect(url_for(".write" if request.form.get("to") else ".find_receiver", handover=made))


# --- write -----------------------------------------------------------------------------------------------------


@blueprint.get("/<uuid:handover>/skriv")
@allow(*SENDERS)
def write(handover: UUID) -> ResponseReturnValue:
    """Show everything that is written, topic by topic, each item a form of its own."""
    turn = turn_of(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if case.standing.status not in AT_SENDER:
            return redirect(url_for(".show", handover=handover))
        return _write_page(session, turn, case)


@blueprint.post("/<uuid:handover>/punkter")
@allow(*SENDERS)
def add(handover: UUID) -> ResponseReturnValue:
    """Begin an item under a topic, and go to it."""
    turn, code = turn_of(handover), TopicCode(request.form.get("topic", ""))
    with web.transaction() as session:
        details = schema.first_details(topic_of(session, turn, code), _level())
        item = handovers.add_item(session, turn, Content(topic=code, details=details))
    return redirect(url_for(".write", handover=handover, _anchor=f"punkt-{item}"))


@blueprint.post("/<uuid:handover>/punkter/<uuid:item>")
@allow(*SENDERS)
def keep(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Save one item, or take it away; of two who write at once the second sees both texts and chooses.

    What can't be saved any more, because the item is gone or the handover has moved on, is given back.
    """
    turn, which = turn_of(handover), ItemId(item)
    try:
        with web.transaction() as session:
            if request.form.get("act") == "remove":
                handovers.remove_item(session, turn, which, seen=_seen(which))
                return redirect(url_for(".write", handover=handover, _anchor="innhold"))
            _save(session, turn, which)
    except Invalid as refused:
        return _refused(turn, which, refused), REFUSED
    except ItemChanged as changed:
        return _both(turn, changed), MOVED
    except ItemNotFound as gone:
        return tracking_page_of(turn, gone, kept=_typed(which)), NOT_THERE
    except Conflict as moved:
        return tracking_page_of(turn, moved, kept=_typed(which)), MOVED
    return redirect(url_for(".write", handover=handover, lagret=item, _anchor=f"punkt-{item}"))


@blueprint.post("/<uuid:handover>/punkter/<uuid:item>/lagre")
@allow(*SENDERS)
def autosave(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Save what is being written; answers with the revision the next save names. What is odd waits."""
    try:
        with web.transaction() as session:
            saved = _save(session, turn_of(handover), ItemId(item))
    except Invalid:
        return Response(status=REFUSED)
    except Conflict as moved:
        note_refusal(moved)
        return Response(status=MOVED)
    return Response(status=204, headers={"X-Revision": str(saved.revision)})


@blueprint.post("/<uuid:handover>/dokumenter")
@allow(*SENDERS)
def attach(handover: UUID) -> ResponseReturnValue:
    """Attach documents: each is an item, and travels or stays as a whole."""
    turn = turn_of(handover)
    code = TopicCode(request.form.get("topic", ""))
    handed = HandedIn(request.files.getlist("file"))
    try:
        with web.transaction() as session:
            if not handed.files:
                raise BadFile("file.empty", fields={"file": ["required"]})
            items = handed.keep(lambda name, data: handovers.attach(session, turn, code, name, data))
        handed.check()
    except BadFile as refused:
        filled = named(Form.refused(request.form, refused, SENTENCES), "file", refused, SENTENCES)
        with web.transaction() as session:
            case = handovers.case_of(session, turn)
            return _write_page(session, turn, case, files=filled), REFUSED
    return redirect(url_for(".write", handover=handover, _anchor=f"punkt-{items[-1]}"))


@blueprint.post("/<uuid:handover>/dato")
@allow(*SENDERS)
def agree_on_day(handover: UUID) -> ResponseReturnValue:
    """Say by which day the receiver is to have taken over; nothing written means no agreed day."""
    turn, text = turn_of(handover), request.form.get("take_over_by", "").strip()
    try:
        day = parse_day(text) if text else None
        with web.transaction() as session:
            handovers.set_take_over_by(session, turn, day)
    except Invalid as refused:
        problem = refused if refused.fields else Invalid(fields={"take_over_by": [refused.stable_code]})
        filled = Form.refused(request.form, problem, SENTENCES)
        with web.transaction() as session:
            case = handovers.case_of(session, turn)
            return _write_page(session, turn, case, date_form=filled), REFUSED
    return redirect(url_for(".write", handover=handover, lagret="dato", _anchor="dato"))


@blueprint.post("/<uuid:handover>/inviter")
@allow(*SENDERS)
def invite(handover: UUID) -> ResponseReturnValue:
    """Let the patient in; from now on both write, and the patient marks. Goes on to the meeting, or to writing."""
    with web.transaction() as session:
        handovers.invite(session, turn_of(handover))
    where = ".mark" if request.form.get("act") == "meet" else ".write"
    return redirect(url_for(where, handover=handover))


@blueprint.get("/<uuid:handover>/hent")
@allow(*SENDERS)
def choose_texts(handover: UUID) -> ResponseReturnValue:
    """Show the texts and documents of the person's referrals here that items can begin from."""
    turn = turn_of(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        found = handovers.importable(session, turn)
        return render_template(
            "bundle/desk/bring.html",
            standing=case.standing,
            found=[(each, topic_text(topic_of(session, turn, each.topic).name)) for each in found],
        )


@blueprint.post("/<uuid:handover>/hent")
@allow(*SENDERS)
def bring_in(handover: UUID) -> ResponseReturnValue:
    """Begin an item from each text that was chosen."""
    turn = turn_of(handover)
    with web.transaction() as session:
        made = handovers.bring_in(session, turn, frozenset(request.form.getlist("key")))
    anchor = f"punkt-{made[0]}" if made else "innhold"
    return redirect(url_for(".write", handover=handover, _anchor=anchor))


@blueprint.get("/<uuid:handover>/fil/<file_id>")
@allow(*SENDERS)
def file(handover: UUID, file_id: str) -> ResponseReturnValue:
    """Give a document of an item, or one that travelled; that is logged."""
    with web.transaction() as session:
        about, data = handovers.file_of(session, turn_of(handover), file_id)
    return as_download(about.name, about.content_type, data)


# --- pages -----------------------------------------------------------------------------------------------------


def _alike(patient: Identity) -> tuple[Person, ...]:
    """Return whom the agency knows by that name and birth date, and log that they are shown."""
    by = current_staff()
    with web.transaction() as session:
        found = alike(session, by.agency, patient)
        persons = [each.id for each in found]
        audit.record(session, event=Logged.PERSON_SEARCH, actor=by, agency=by.agency, persons=persons, now=now())
    return found


def _same() -> PersonId | None:
    """Return who of those with the same name it is said to be; None where nothing was said."""
    try:
        return PersonId(UUID(request.form.get("same", "")))
    except ValueError:
        return None


def _start_page(filled: Form, problem: object = "", found: Sequence[Person] = ()) -> str:
    with web.reading() as session:
        homes = [(each.id, each.name) for each in my_services(session, current_staff())]
        return render_template(
            "bundle/desk/start.html", form=filled, homes=homes, problem=problem, same=who_of(found)
        )


def _write_page(
    session: Session,
    turn: Turn,
    case: Case,
    *,
    slips: Mapping[ItemId, Slip] | None = None,
    files: Form | None = None,
    date_form: Form | None = None,
) -> str:
    standing = case.standing
    agreed = standing.take_over_by
    return render_template(
        "bundle/desk/write.html",
        case=case,
        standing=standing,
        sight=sight_of(session, case, turn),
        receiver=receiver_of(session, case, now=turn.now),
        sections=_sections(case, slips or {}),
        choices=CHOICES,
        details_facts=said.facts,
        lapsed=has_lapsed(case),
        levels=said.LEVELS,
        relations=said.RELATIONS,
        systems=said.CODE_SYSTEMS,
        files=files or Form(),
        date_form=date_form or Form.of({"take_over_by": agreed.strftime("%d.%m.%Y") if agreed else ""}),
        may_write=Act.WRITE in case.acts,
        saved=request.args.get("lagret", ""),
    )


def _sections(case: Case, slips: Mapping[ItemId, Slip]) -> list[Section]:
    known = dict(case.topics)
    for item in case.items:
        known.setdefault(item.content.topic, known[TopicCode("free")])
    return [_section(case, code, topic, slips) for code, topic in known.items()]


def _section(case: Case, code: TopicCode, topic: Topic, slips: Mapping[ItemId, Slip]) -> Section:
    mine = [item for item in case.items if item.content.topic == code]
    held = {item.content.details.level for item in mine if isinstance(item.content.details, CrisisStep)}
    missing = [level for level in Level if level not in held] if topic.kind is Kind.CRISIS else []
    return Section(
        topic=topic,
        name=topic_text(topic.name),
        help=topic_text(topic.help),
        slips=tuple(slips.get(item.id) or _slip(item, topic) for item in mine),
        levels=tuple((level.value, str(said.LEVELS[level])) for level in missing),
    )


def _slip(item: Item, topic: Topic) -> Slip:
    return Slip(
        item=item,
        topic=topic,
        form=Form.of(schema.item_values(item)),
        heading=said.heading(item.content.details) or item.content.title,
        is_saved=request.args.get("lagret") == str(item.id),
    )


def _save(session: Session, turn: Turn, which: ItemId) -> Item:
    topic = topic_of(session, turn, TopicCode(request.form.get(f"topic-{which}", "")))
    content, seen = schema.read_item(request.form, which, topic)
    return handovers.save_item(session, turn, which, content, seen=seen)


def _seen(which: ItemId) -> int:
    """Return the revision on the page; what is none is older than any."""
    revision = request.form.get(f"revision-{which}", "")
    return int(revision) if revision.isascii() and revision.isdecimal() and len(revision) < _LONGEST else -1


def _typed(which: ItemId) -> str:
    """Return what stands in an item's form, one field after the other, to be given back."""
    names = (name for name in request.form if name.endswith(f"-{which}"))
    wanted = (name for name in names if name.partition("-")[0] not in _NOT_TYPED)
    return "\n\n".join(text for name in wanted if (text := request.form[name].strip()))


def _refused(turn: Turn, which: ItemId, refused: Invalid) -> str:
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        item = next((each for each in case.items if each.id == which), None)
        if item is None:
            raise ItemNotFound
        fields = {
            name if name.endswith(str(which)) else f"{name}-{which}": c for name, c in refused.fields.items()
        }
        by_name = {f"{name}-{which}.{code}": said for name, code, said in _field_sentences()}
        filled = Form.refused(request.form, Invalid(refused.stable_code, fields=fields), by_name)
        slip = Slip(item=item, topic=_topic(case, item), form=filled, heading=said.heading(item.content.details))
        return _write_page(session, turn, case, slips={which: slip})


def _both(turn: Turn, changed: ItemChanged) -> str:
    note_refusal(changed)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        theirs = changed.theirs
        slip = Slip(
            item=theirs,
            topic=_topic(case, theirs),
            form=Form.sent(request.form),
            heading=said.heading(theirs.content.details),
            theirs=theirs,
        )
        return _write_page(session, turn, case, slips={theirs.id: slip})


def _field_sentences() -> Iterator[tuple[str, str, Text]]:
    for key, sentence in SENTENCES.items():
        name, _dot, code = key.partition(".")
        yield name, code, sentence


def _topic(case: Case, item: Item) -> Topic:
    return case.topics.get(item.content.topic) or case.topics[TopicCode("free")]


def _chosen_service(session: Session) -> ServiceId:
    homes = my_services(session, current_staff())
    chosen = request.form.get("service") or (homes[0].id if len(homes) == 1 else "")
    if not chosen:
        raise Invalid("bundle.incomplete", fields={"service": ["required"]})
    return ServiceId(chosen)


def _referral() -> ReferralId | None:
    try:
        return ReferralId(UUID(request.form.get("from_referral", "")))
    except ValueError:
        return None


def _level() -> str:
    wanted = request.form.get("level", "")
    return wanted if wanted in set(Level) else ""
