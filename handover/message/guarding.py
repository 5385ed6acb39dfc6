"""An anonymous case is looked through before anything leaves: what looks like an identity goes, or is justified.

So is a question without a patient, for less: with a known patient's whole name it would go around their choices.

The agency's known patients are looked up by keyed hashes of whole words: who writes learns that something looks
like a name, in the own words, and never whose it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Author, Staff
from handover.directory import service as directory
from handover.errors import Conflict, Invalid
from handover.ids import CommunicationId
from handover.keys.vault import words
from handover.message import anonymity, cases
from handover.message.anonymity import MAX_WHY, Finding, Names
from handover.message.cases import Said, Turn
from handover.message.lifecycle import Status
from handover.message.model import Doing, Justified, Message, Subject
from handover.message.standing import (
    Copy,
    Standing,
    brought_with,
    forwarded_by,
    with_messages,
    written_here,
)
from handover.message.store import Stored
from handover.person import service as person
from handover.workdays import local_date


class NothingThere(Conflict):
    """There is nothing of that wording to justify: the text has changed."""

    code = "message.case.nothing-there"


class NoReason(Invalid):
    """Something is justified in a few words."""

    code = "message.case.no-reason"


def is_anonymous(standing: Standing) -> bool:
    """Whether a thread is an anonymous case; it stays one also while some know whom it is about."""
    return standing.heading.subject is Subject.ANONYMOUS


def is_looked_through(standing: Standing) -> bool:
    """Whether what is written in a thread may say of nobody who they are."""
    return standing.heading.subject in {Subject.ANONYMOUS, Subject.QUESTION}


def findings(session: Session, turn: Turn, message: CommunicationId) -> tuple[Finding, ...]:
    """Return what in a draft must be removed or justified before it may be sent."""
    stored = cases.fetch(session, turn, lock=False)
    return left_in(session, stored.copy, written_here(stored.copy, message), by=turn.by, now=turn.now)


def left_in(
    session: Session, copy: Copy, message: Message, *, by: Staff | Author, now: datetime
) -> tuple[Finding, ...]:
    """Return what in a draft looks like an identity and was not justified; nothing where there is a patient."""
    if not is_looked_through(copy.standing):
        return ()
    return anonymity.open_findings(_all(session, copy, message, by=by, now=now), message.justified)


def refuse_identities(session: Session, copy: Copy, message: Message, *, by: Staff, now: datetime) -> None:
    """Raise Identifying where a message may not leave as it is, and NotInACase for what no case may bring.

    NamesAPatient for a question without a patient with a national number: nobody can justify that.
    """
    if is_anonymous(copy.standing):
        anonymity.refuse_unless_bare(message, [each for each in brought_with(copy, message.id) if each.via])
    elif is_looked_through(copy.standing):
        anonymity.refuse_numbers(_texts(copy, message).values())
    anonymity.refuse(left_in(session, copy, message, by=by, now=now))


def refuse_in(session: Session, standing: Standing, texts: Mapping[str, str], *, by: Staff, now: datetime) -> None:
    """Raise Identifying for a text beside the messages, such as a reason: there nothing can be justified."""
    if not is_looked_through(standing):
        return
    if not is_anonymous(standing):
        anonymity.refuse_numbers(texts.values())
    anonymity.refuse(_found(session, standing, texts, by=by, now=now))


def justify(session: Session, turn: Turn, message: CommunicationId, wording: str, why: str) -> Stored:
    """Let one wording of a draft stand, and keep the reason in history and log. Raises NothingThere, NoReason."""
    reason = " ".join(why.split())
    if not 0 < len(reason) <= MAX_WHY:
        raise NoReason(fields={"why": ["required" if not reason else "too-long"]})
    stored = cases.fetch(session, turn)
    draft = written_here(stored.copy, message)
    left = left_in(session, stored.copy, draft, by=turn.by, now=turn.now)
    chosen = [each for each in left if anonymity.spelt(each.text) == anonymity.spelt(wording)]
    if draft.status is not Status.DRAFT or not chosen:
        raise NothingThere
    author = Author.of(turn.by, stored.standing.home.service)
    made = tuple(
        Justified(kind=each.kind.value, text=each.text, why=reason, by=author, at=turn.now) for each in chosen
    )
    changed = replace(draft, justified=(*draft.justified, *made))
    after = with_messages(stored.copy, changed, now=turn.now)
    kinds = ",".join(dict.fromkeys(each.kind.value for each in chosen))
    detail = {"message": str(message), "kind": kinds, "why": reason}
    said = Said(message=message, text=f"«{chosen[0].text}»: {reason}", detail=detail)
    return cases.record(session, stored, after, Doing.JUSTIFY, by=turn.by, now=turn.now, said=said)


def without_old_reasons(session: Session, copy: Copy, message: Message, *, by: Staff, now: datetime) -> Copy:
    """Return the copy with the reasons of a draft only for what still stands in it."""
    if not is_looked_through(copy.standing) or not message.justified:
        return copy
    kept = anonymity.still_there(message.justified, _all(session, copy, message, by=by, now=now))
    return with_messages(copy, replace(message, justified=kept), now=now) if kept != message.justified else copy


# --- what is known of names ----------------------------------------------------------------------------------


def _all(
    session: Session, copy: Copy, message: Message, *, by: Staff | Author, now: datetime
) -> tuple[Finding, ...]:
    return _found(session, copy.standing, _texts(copy, message), by=by, now=now)


def _texts(copy: Copy, message: Message) -> dict[str, str]:
    """Return every text that would leave with a message; the line where it is ours, or new to a receiver."""
    standing = copy.standing
    is_new = not standing.others or any(not standing.has(to) for to in message.to)
    is_ours = standing.began == standing.home
    texts = anonymity.texts_of(message.content, standing.heading if is_ours or is_new else None)
    if not is_anonymous(standing):
        brought = forwarded_by(copy, message)
        along = [text for each in brought for text in (each.text, *(file.name for file in each.files))]
        texts |= {f"forwards-{number}": text for number, text in enumerate(along)}
    return texts


def _found(
    session: Session, standing: Standing, texts: Mapping[str, str], *, by: Staff | Author, now: datetime
) -> tuple[Finding, ...]:
    found = anonymity.look_through(texts, _names(session, standing, texts, by=by), today=local_date(now))
    return found if is_anonymous(standing) else anonymity.of_a_question(found)


def _names(session: Session, standing: Standing, texts: Mapping[str, str], *, by: Staff | Author) -> Names:
    agency = standing.home.agency
    known = person.name_words(session, agency, anonymity.candidates(texts.values()))
    services = [
        service for each in directory.agencies(session) for service in directory.services_of(session, each.id)
    ]
    called = {by.name, *(each.name for each in services), *(each.name for each in directory.agencies(session))}
    phones = {by.phone, *(each.phone for each in services)}
    return Names(
        known=known,
        together=person.named_together(session, agency, anonymity.neighbours(texts.values(), known)),
        ours=frozenset(tuple(words(each)) for each in called),
        is_whole=not is_anonymous(standing),
        phones=frozenset(digits[-8:] for digits in map(anonymity.digits, phones) if len(digits) >= 8),
    )
