"""What was written goes on: forwarded in a thread of its own, shown to a service that is let in, or written anew.

Everything forwarded is about the same patient as the thread it goes into, and says under which subjects it stood.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.errors import Conflict
from handover.ids import CommunicationId, ServiceId
from handover.message import cases, scope, speaking, store
from handover.message.anonymity import NotInACase
from handover.message.cases import Said, Turn
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.message.model import Content, Doing, Message, Subject
from handover.message.speaking import Written
from handover.message.standing import (
    Copy,
    NoSuchMessage,
    Standing,
    brought_along,
    shown,
    to_forward,
)
from handover.message.steps import Shelf, shelf_of
from handover.message.store import Stored
from handover.message.writing import About, Begun, Brings, add_draft, begun, new_thread, untouched


class DocumentsWait(Conflict):
    """A document of what is to be forwarded is not here yet: the virus scanner has not looked at it."""

    code = "message.documents-wait"


def add_member(
    session: Session,
    turn: Turn,
    service: ServiceId,
    *,
    history: Sequence[CommunicationId] | None = (),
    content: Content | None = None,
) -> CommunicationId:
    """Begin a message to everyone in the thread and to one more service; sending it lets that service in.

    It sees what is sent from then on, and of what was before only `history` (None: everything shown here). Asked
    for once more, it is the same draft until something is written in it.
    """
    stored = cases.fetch(session, turn)
    standing = stored.standing
    receivers = (*standing.others, *scope.addressed(session, [service], standing.home, now=turn.now))
    forwards = [to_forward(stored.copy, each) for each in _chosen(stored.copy, history)]
    written = Written(to=tuple(dict.fromkeys(receivers)), content=content or Content())
    again = untouched(stored.copy, written, forwards, by=turn.by)
    return add_draft(session, stored, turn, written, forwards=forwards) if again is None else again


def forward(
    session: Session,
    turn: Turn,
    *,
    to: Sequence[ServiceId],
    messages: Sequence[CommunicationId] | None = None,
    subject: Subject | None = None,
    line: str | None = None,
) -> Begun:
    """Begin a thread of its own with other services, which brings messages of this one along (None: all of them).

    It is about the same patient, or nobody; the documents of each message follow it. Asked for once more, it is
    the same draft until something is written in it. Raises NotInACase: what is said in an anonymous case stays in
    it, and nothing else comes there.
    """
    stored = cases.fetch(session, turn)
    standing, heading = stored.standing, stored.standing.heading
    if Subject.ANONYMOUS in {heading.subject, subject}:
        raise NotInACase(fields={"to": ["not-in-a-case"]})
    about = About(
        subject=subject or heading.subject,
        line=heading.line if line is None else line,
        patient=cases.patient_of(session, standing),
    )
    forwards = [to_forward(stored.copy, each) for each in _chosen(stored.copy, messages)]
    copy = new_thread(session, standing.home, about, now=turn.now, known=standing.person)
    written = Written(to=scope.addressed(session, to, standing.home, now=turn.now))
    again = _begun_before(session, copy.standing, written, forwards, by=turn.by)
    if again is not None:
        return again
    brings = Brings(source=standing, forwards=forwards)
    return begun(session, copy, to=to, content=Content(), by=turn.by, now=turn.now, brings=brings)


def leave_out(session: Session, turn: Turn, message: CommunicationId, forwarded: CommunicationId) -> Stored:
    """Take one of the messages that a draft brings along out of it, with its documents. Raises NoSuchMessage."""
    stored = cases.fetch(session, turn)
    after = speaking.leave_out(stored.copy, message, forwarded, now=turn.now)
    said = Said(message=message)
    saved = cases.record(session, stored, after, Doing.WRITE, by=turn.by, now=turn.now, said=said)
    store.drop_unused_files(session, saved.copy)
    return saved


def brought_anew(copy: Copy, wrong: Message, after: Standing) -> tuple[Message, ...]:
    """Return what a message that is written anew in another thread brings along, as the wrong one did.

    Nothing where the patient was put right, nor out of or into an anonymous case. What was taken back stays.
    """
    subjects = {copy.standing.heading.subject, after.heading.subject}
    if after.person != copy.standing.person or Subject.ANONYMOUS in subjects:
        return ()
    along = (each for each in copy.messages if each.via == wrong.id and each.status not in TAKEN_BACK)
    return tuple(each if each.from_thread is not None else to_forward(copy, each) for each in along)


# --- how it is done ------------------------------------------------------------------------------------------


def _chosen(copy: Copy, wanted: Sequence[CommunicationId] | None) -> tuple[Message, ...]:
    """Return messages to forward, as readers here see them, with what they brought along.

    What was taken back goes on to nobody, also where it was written and can still be read. Raises NoSuchMessage,
    or DocumentsWait while a document of theirs is not here.
    """
    seen = shown(copy)
    along = (other for each in seen for other in brought_along(copy, each))
    found = _once(each for each in (*seen, *along) if each.status not in {Status.DRAFT, *TAKEN_BACK})
    if wanted is not None and not {each.id for each in found}.issuperset(wanted):
        raise NoSuchMessage
    chosen = tuple(each for each in found if wanted is None or each.id in set(wanted))
    if any(each.unscanned for each in chosen):
        raise DocumentsWait
    return chosen


def _begun_before(
    session: Session, standing: Standing, written: Written, forwards: Sequence[Message], *, by: Staff
) -> Begun | None:
    """Return the same as this writer has begun and not written in: a second click begins no other."""
    held = store.holding(session, standing.home, [each.id for each in forwards[:1]], lock=False)
    for each in held:
        copy, heading = each.copy, each.standing.heading
        alike = (heading.subject, heading.line) == (standing.heading.subject, standing.heading.line)
        if not alike or each.standing.person != standing.person or shelf_of(copy) is not Shelf.DRAFT:
            continue
        draft = untouched(copy, written, forwards, by=by)
        if draft is not None:
            return Begun(thread=heading.thread, message=draft)
    return None


def _once(messages: Iterable[Message]) -> list[Message]:
    found: dict[CommunicationId, Message] = {}
    for each in messages:
        found.setdefault(each.id, each)
    return list(found.values())
