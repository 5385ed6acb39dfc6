"""What the clinician who is ending writes: the handover begun, its receiver, its items, their documents.

Every save is one transaction of one item, so that a session lost in the middle of a meeting loses nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Author, Party, Patient, Role, Staff
from handover.audit.model import Detail
from handover.audit.model import Event as Logged
from handover.bundle import cases, freezing, scope, store
from handover.bundle.cases import Turn
from handover.bundle.importing import Lender
from handover.bundle.lifecycle import UNSENT, Act, Side
from handover.bundle.model import (
    Content,
    CrisisStep,
    Details,
    Diagnosis,
    File,
    Importable,
    Item,
    ItemChanged,
    Kind,
    Mark,
    Marked,
    Medicine,
    NextAppointment,
    PersonAround,
    TopicCode,
)
from handover.bundle.standing import Standing, move
from handover.bundle.store import ROLES, HandoverNotFound, Stored
from handover.bundle.topics import FREE, TopicList, Topics, of_agency
from handover.consent import service as consent
from handover.db import provided
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import Conflict, Invalid, NotFound, NotPermitted
from handover.exchange import files
from handover.ids import HandoverId, ItemId, PersonId, ReferralId, ServiceId, new_reference, new_uuid
from handover.person import service as person
from handover.person.age import refuse_under_age
from handover.person.alike import settle
from handover.person.model import Identity, differences
from handover.workdays import local_date

MAX_TEXT: Final = 20_000
"""Characters of one text of one item."""
MAX_ITEMS: Final = 200
_DETAILS: Final[Mapping[Kind, type[Details]]] = {
    Kind.CRISIS: CrisisStep,
    Kind.PERSON: PersonAround,
    Kind.APPOINTMENT: NextAppointment,
    Kind.MEDICINE: Medicine,
    Kind.DIAGNOSIS: Diagnosis,
}


class OddBirthDate(Invalid):
    """The national number was given to somebody born on another day: look at both before a case is begun."""

    code = "bundle.odd-birth-date"


class OtherReferral(NotFound):
    """No such referral of this patient that this staff member may read (the same answer for each)."""

    code = "bundle.no-referral"


class BadReceiver(Invalid):
    """Codes `bundle.receiver.unknown`, `.takes-none`, `.closed` or `.ourselves`."""

    code = "bundle.receiver"


class BadItem(Invalid):
    """What is written does not fit its topic, or is too long; `fields` says where."""

    code = "bundle.bad-item"


class ItemNotFound(NotFound):
    """No such item here, or not one that this reader is shown (the same answer)."""

    code = "bundle.no-item"


# --- the handover itself ---------------------------------------------------------------------------------------


def start(  # noqa: PLR0913 - one keyword for each thing a handover begins with
    session: Session,
    *,
    by: Staff,
    service: ServiceId,
    patient: Identity,
    now: datetime,
    receiver: ServiceId | None = None,
    from_referral: ReferralId | None = None,
    language: str = "nb",
    is_checked: bool = False,
    same: PersonId | None = None,
) -> HandoverId:
    """Begin a handover from one of the actor's services. Raises NotPermitted, TooYoung, Invalid, BadReceiver.

    `from_referral` is one of this patient's that the actor may read; else OtherReferral.
    Raises OddBirthDate where the number was given for another birth date, unless somebody `is_checked` both: the
    birth date says who is under age, and a slip in it must not make an adult. `same` says who of those
    with that name and birth date a patient without a number is (`alike.ANOTHER`: none), else KnownAlready.
    """
    refuse_unless_works(by, service)
    if not by.phone.strip():
        raise Invalid("bundle.incomplete", fields={"phone": ["required"]})
    home = Party(by.agency, service)
    refuse_under_age(_named(patient).birth_date, now)
    is_odd = person.has_odd_birth_date(patient)
    if is_odd and not is_checked:
        raise OddBirthDate(fields={"is_checked": ["odd-birth-date"]})
    to = None if receiver is None else _party(takes_handovers(session, receiver, home, now=now))
    known = _known(session, by, patient, from_referral, same=same, now=now)
    refuse_under_age(person.identity_of(session, by.agency, known).birth_date, now)
    standing = Standing(
        side=Side.SENDER,
        home=home,
        handover=HandoverId(new_uuid()),
        reference=new_reference(),
        sender=home,
        receiver=to,
        person=known,
        clinician=Author.of(by, service),
        owner=by.id,
        language=language,
        created_at=now,
        changed_at=now,
        from_referral=from_referral,
    )
    refuse_blocked(session, standing, now)
    stored = store.add(session, standing, now=now)
    checked: Detail = {"checked": "birth-date"} if is_odd else {}
    cases.log(session, stored, Logged.HANDOVER_START, by=by, now=now, detail=checked)
    cases.plan(session, standing, by=by, now=now)
    return standing.handover


class MayBeThere(Conflict):
    """An earlier sending is or was at the receiver: that case stays with it.

    So a withdrawal reaches it, and no other service learns from reference and round that there was one before it.
    """

    code = "bundle.may-be-there"


def choose_receiver(session: Session, turn: Turn, receiver: ServiceId) -> Stored:
    """Say which service the handover is for. Raises BadReceiver, consent.Blocked, MayBeThere.

    What is marked to go along and may not go there on the patient's permit is undecided again.
    """
    stored = to_write(session, turn)
    home = stored.standing.home
    to = _party(takes_handovers(session, receiver, home, now=turn.now))
    has_left = stored.standing.earlier or stored.standing.version.round > UNSENT.round
    if has_left and to != stored.standing.receiver:
        raise MayBeThere
    after = cases.changed(stored.standing, turn.now, receiver=to)
    refuse_blocked(session, after, turn.now)
    for item in store.items(session, after):
        if item.marked.mark is Mark.TRAVELS and not scope.is_covered(session, after, item, turn.now):
            store.put_item(session, after, replace(item, marked=Marked()))
    return written(session, stored, turn, Act.WRITE, after, what="receiver")


def set_take_over_by(session: Session, turn: Turn, day: date | None) -> Stored:
    """Say by which day the receiver is to have taken over. Raises Invalid for a day that has passed."""
    stored = to_write(session, turn)
    if day is not None and day < local_date(turn.now):
        raise Invalid("bundle.incomplete", fields={"take_over_by": ["in-past"]})
    after = cases.changed(stored.standing, turn.now, take_over_by=day)
    return written(session, stored, turn, Act.WRITE, after, what="take-over-by")


def invite(session: Session, turn: Turn) -> Stored:
    """Let the patient in: from now on both write, and the patient marks."""
    stored = cases.fetch(session, turn)
    after = move(stored.standing, Act.INVITE, turn.side, now=turn.now)
    return cases.record(session, stored, after, Act.INVITE, by=turn.by, now=turn.now)


# --- items -----------------------------------------------------------------------------------------------------


def add_item(session: Session, turn: Turn, content: Content) -> ItemId:
    """Begin an item. Raises BadItem (unknown topic, parts that do not fit it, too long)."""
    stored = to_write(session, turn)
    return add(session, stored, turn, replace(content, file=None))


def save_item(session: Session, turn: Turn, item: ItemId, content: Content, *, seen: int) -> Item:
    """Save what an item says, `seen` being its revision on the page. Topic and document stay as they are.

    The clinician's part and the patient's own words are compared for themselves: only who changes what was changed
    in the meantime meets `ItemChanged`, which carries both. The patient's own items are only the patient's to save
    here, and the clinician's the clinician's. Raises NotPermitted.
    """
    stored = to_write(session, turn) if isinstance(turn.by, Staff) else to_speak(session, turn)
    found = shown_item(session, stored, turn, item)
    kept = found.content
    wanted = replace(content, topic=kept.topic, file=kept.file)
    if found.by_patient is isinstance(turn.by, Staff):
        raise NotPermitted("bundle.not-your-item")
    if isinstance(turn.by, Patient):
        wanted = replace(wanted, text=kept.text)
    check(session, stored.standing, wanted)
    act = Act.WRITE if isinstance(turn.by, Staff) else Act.WRITE_OWN_WORDS
    return save(session, stored, turn, act, found, wanted, seen=seen)


def remove_item(session: Session, turn: Turn, item: ItemId, *, seen: int | None = None) -> None:
    """Take an item away. The patient's own items are only the patient's to remove.

    `seen` is its revision on the page, None where it need not be compared. Raises ItemChanged: nobody takes away
    what they have not read.
    """
    is_staff = isinstance(turn.by, Staff)
    stored = to_write(session, turn) if is_staff else to_speak(session, turn)
    found = shown_item(session, stored, turn, item)
    if found.by_patient is is_staff:
        raise NotPermitted("bundle.not-your-item")
    if seen is not None and found.revision > seen:
        raise ItemChanged(theirs=found, yours=found.content)
    act = Act.WRITE if is_staff else Act.WRITE_OWN_WORDS
    put(session, stored, turn, act, replace(found, removed=True, revision=found.revision + 1), what="remove")


def attach(
    session: Session, turn: Turn, topic: TopicCode, name: str, data: bytes, *, clinician_may_see: bool = True
) -> ItemId:
    """Add a document as an item: it travels or stays as a whole. Raises BadFile, BadItem."""
    is_staff = isinstance(turn.by, Staff)
    stored = to_write(session, turn) if is_staff else to_speak(session, turn)
    held = [each.content.file for each in shown_items(session, stored, turn)]
    file = files.checked(name, data, held=sum(each.length for each in held if each is not None))
    return _attached(session, stored, turn, file, data, topic, is_staff or clinician_may_see)


def importable(session: Session, turn: Turn) -> tuple[Importable, ...]:
    """Return texts and documents of the person's referrals here that this clinician sees, to begin items from."""
    stored = to_write(session, turn)
    return _lent(session, stored, turn)


def bring_in(session: Session, turn: Turn, keys: frozenset[str]) -> tuple[ItemId, ...]:
    """Begin an item from each of those; what is no longer there is left out. Raises BadFile (too large in all)."""
    stored = to_write(session, turn)
    offered = of_agency(session, stored.agency)
    made = []
    for each in _lent(session, stored, turn):
        if each.key not in keys:
            continue
        if each.file is None:
            made.append(add(session, stored, turn, _begun_from(each, offered)))
        else:
            documents = next(code for code, topic in offered.items() if topic.kind is Kind.DOCUMENT)
            data = provided(session, Lender).data(session, _staff(turn), each.key)
            made.append(attach(session, turn, documents, each.file.name, data))
    return tuple(made)


# --- what marking uses too -------------------------------------------------------------------------------------


def to_write(session: Session, turn: Turn) -> Stored:
    """Return the copy if the clinician may write in it now."""
    stored = cases.fetch(session, turn)
    move(stored.standing, Act.WRITE, turn.side, now=turn.now)
    return stored


def to_speak(session: Session, turn: Turn) -> Stored:
    """Return the copy if the patient's words may be written in it now."""
    stored = cases.fetch(session, turn)
    move(stored.standing, Act.WRITE_OWN_WORDS, turn.side, now=turn.now)
    return stored


def shown_items(session: Session, stored: Stored, turn: Turn) -> tuple[Item, ...]:
    """Return the items this reader is shown, numbered as if there were no others."""
    found = (item for item in store.items(session, stored.standing) if not item.removed)
    if isinstance(turn.by, Staff):
        found = (item for item in found if item.is_shown_to_clinician())
    return tuple(replace(item, position=number) for number, item in enumerate(found, 1))


def shown_item(session: Session, stored: Stored, turn: Turn, wanted: ItemId) -> Item:
    """Return one item as it is stored. Raises ItemNotFound, also for what this reader is not shown."""
    if wanted not in {item.id for item in shown_items(session, stored, turn)}:
        raise ItemNotFound
    return next(item for item in store.items(session, stored.standing) if item.id == wanted)


def add(
    session: Session, stored: Stored, turn: Turn, content: Content, *, clinician_may_see: bool = True
) -> ItemId:
    """Store a new item, undecided, after all others."""
    check(session, stored.standing, content)
    held = store.items(session, stored.standing)
    if sum(not item.removed and item.is_shown_to_clinician() for item in held) >= MAX_ITEMS:
        raise BadItem(fields={"topic": ["too-many"]})
    made = Item(
        id=ItemId(new_uuid()),
        position=max((item.position for item in held), default=0) + 1,
        content=content,
        by_patient=isinstance(turn.by, Patient),
        clinician_may_see=clinician_may_see,
    )
    act = Act.WRITE_OWN_WORDS if made.by_patient else Act.WRITE
    put(session, stored, turn, act, made, what="add", new=True)
    if content.own_words.strip() and not made.by_patient:
        _log_own_words(session, stored, turn, "add")
    return made.id


def save(
    session: Session, stored: Stored, turn: Turn, act: Act, found: Item, wanted: Content, *, seen: int
) -> Item:
    """Write an item's new texts. Raises ItemChanged; nothing happens when they are what stands there.

    Where a clinician writes the patient's own words too, the log says that they are the patient's.
    """
    said = replace(wanted, own_words=found.content.own_words) != found.content
    spoke = wanted.own_words != found.content.own_words
    if (said and found.said_at > seen) or (spoke and found.own_words_at > seen):
        raise ItemChanged(theirs=found, yours=wanted)
    if not said and not spoke:
        return found
    revision = found.revision + 1
    after = replace(
        found,
        content=wanted,
        revision=revision,
        said_at=revision if said else found.said_at,
        own_words_at=revision if spoke else found.own_words_at,
    )
    put(session, stored, turn, act if said else Act.WRITE_OWN_WORDS, after, what="save")
    if said and spoke and act is Act.WRITE:
        _log_own_words(session, stored, turn, "save")
    return after


def put(
    session: Session, stored: Stored, turn: Turn, act: Act, item: Item, *, what: str, new: bool = False
) -> None:
    """Write one item, log it, and let the yes lapse if something else would travel now.

    What the clinician is not shown moves nothing that the clinician is shown, not even a date.
    """
    store.put_item(session, stored.standing, item, new=new)
    if item.is_shown_to_clinician():
        written(session, stored, turn, act, cases.changed(stored.standing, turn.now), what=what)
        return
    cases.log_act(session, stored, act, by=turn.by, now=turn.now, detail={"what": what})
    freezing.lapse_if_changed(session, stored, now=turn.now)


def written(session: Session, stored: Stored, turn: Turn, act: Act, after: Standing, *, what: str) -> Stored:
    """Write the copy after something was written in it, log it, and let the yes lapse if need be."""
    saved = store.save(session, stored, after, now=turn.now)
    detail: Detail = {"what": what}
    cases.log_act(session, saved, act, by=turn.by, now=turn.now, detail=detail)
    cases.plan(session, after, by=turn.by, now=turn.now)
    return freezing.lapse_if_changed(session, saved, now=turn.now)


def check(session: Session, standing: Standing, content: Content) -> None:
    """Raise BadItem where what is written does not fit its topic, or is too long."""
    topics = provided(session, Topics)
    topic = topics.find(standing.home.agency, content.topic)
    found: dict[str, list[str]] = {}
    if content.topic not in topics.of(standing.home.agency) and content.topic not in topics.default:
        found["topic"] = ["unknown"]
    expected = _DETAILS.get(topic.kind)
    if content.details is not None and (expected is None or not isinstance(content.details, expected)):
        found["details"] = ["does-not-fit"]
    for name in ("title", "text", "own_words"):
        if len(getattr(content, name)) > MAX_TEXT:
            found[name] = ["too-long"]
    if found:
        raise BadItem(fields=found)


# --- checks ----------------------------------------------------------------------------------------------------


def takes_handovers(session: Session, wanted: ServiceId, home: Party, *, now: datetime) -> Service:
    """Return the service if it takes handovers now. Raises BadReceiver naming why not."""
    field = {"receiver": ["required"]}
    if wanted == home.service:
        raise BadReceiver("bundle.receiver.ourselves", fields=field)
    try:
        service = directory.service_of(session, wanted)
    except NotFound as unknown:
        raise BadReceiver("bundle.receiver.unknown", fields=field) from unknown
    if not service.takes_handovers:
        raise BadReceiver("bundle.receiver.takes-none", fields=field)
    if not service.is_open_on(local_date(now)):
        raise BadReceiver("bundle.receiver.closed", fields=field)
    return service


def refuse_unless_works(by: Staff, service: ServiceId) -> None:
    """Raise NotPermitted unless the staff member may hand over from that service."""
    if not any(by.has(role, service) for role in ROLES[Side.SENDER]):
        raise NotPermitted("bundle.no-role", roles=[Role(role).value for role in ROLES[Side.SENDER]])


def refuse_blocked(session: Session, standing: Standing, now: datetime) -> None:
    """Say at once that the patient has said no to this receiver; a permit may still be given in the meeting."""
    if standing.receiver is None:
        return
    service = directory.service_of(session, standing.receiver.service)
    try:
        consent.may_travel(
            session,
            standing.home.agency,
            standing.person,
            receiver=service,
            topics=frozenset(),
            purpose=consent.HANDOVER,
            now=now,
        )
    except (consent.NoPermit, consent.PermitExpired, consent.OutsideScope):
        return


def _log_own_words(session: Session, stored: Stored, turn: Turn, what: str) -> None:
    cases.log_act(session, stored, Act.WRITE_OWN_WORDS, by=turn.by, now=turn.now, detail={"what": what})


def _known(
    session: Session,
    by: Staff,
    patient: Identity,
    from_referral: ReferralId | None,
    *,
    same: PersonId | None,
    now: datetime,
) -> PersonId:
    """Return who the patient is here: of whom the referral is, where the handover comes from one.

    What a referrer wrote of name and birth date is no word of our own staff: it changes nothing known here.
    """
    if from_referral is None:
        return settle(session, by.agency, patient, same=same, now=now)
    about = provided(session, Lender).patient(session, by, from_referral)
    if about is None:
        raise OtherReferral
    if not patient.number:  # named alike, they are the one person that this referral is about
        if differences(person.identity_of(session, by.agency, about), patient):
            raise OtherReferral
        return about
    if person.of_number(session, by.agency, patient.number) != about:
        raise OtherReferral
    return about


def _named(identity: Identity) -> Identity:
    names = {"given": identity.given, "family": identity.family}
    missing = {name: ["required"] for name, value in names.items() if not value.strip()}
    if missing:
        raise Invalid("bundle.incomplete", fields=missing)
    return identity


def _party(service: Service) -> Party:
    return Party(service.agency, service.id)


def _staff(turn: Turn) -> Staff:
    if not isinstance(turn.by, Staff):
        raise HandoverNotFound
    return turn.by


def _begun_from(each: Importable, offered: TopicList) -> Content:
    """Return what an item begins with: under its topic, or as a free one where the agency has no such topic."""
    kind = offered[each.topic].kind if each.topic in offered else None
    if each.details is not None and kind is not None and isinstance(each.details, _DETAILS.get(kind, ())):
        return Content(topic=each.topic, details=each.details)
    if kind is Kind.TEXT and each.topic != FREE:
        return Content(topic=each.topic, text=each.text)
    return Content(topic=FREE, title=each.title[:200], text=each.text)


def _lent(session: Session, stored: Stored, turn: Turn) -> tuple[Importable, ...]:
    about: PersonId = stored.standing.person
    return provided(session, Lender).texts(session, _staff(turn), about, turn.now)


def _attached(
    session: Session, stored: Stored, turn: Turn, file: File, data: bytes, topic: TopicCode, visible: bool
) -> ItemId:
    found = provided(session, Topics).find(stored.agency, topic)
    if found.kind is not Kind.DOCUMENT:
        raise BadItem(fields={"topic": ["does-not-fit"]})
    store.add_file(session, stored.standing, data)
    return add(session, stored, turn, Content(topic=topic, file=file), clinician_may_see=visible)
