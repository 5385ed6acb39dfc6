"""From what is marked to what is frozen, and the patient's yes to just that (DESIGN rules 10-12).

A document is made of `Released` alone and kept as it was previewed. The yes is to its hash; as soon as anything
that travels would make another document, the yes lapses. What stays changes neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256 as hash_of
from typing import Final

import orjson
from sqlalchemy.orm import Session

from handover.actors import Patient
from handover.audit.model import Event as Logged
from handover.bundle import assembly, cases, document, fhir, store
from handover.bundle.cases import Said, Turn
from handover.bundle.lifecycle import AT_SENDER, Act, Side, Status
from handover.bundle.model import (
    Approval,
    Content,
    File,
    Frozen,
    Item,
    MadeFrom,
    Mark,
    Origin,
    Party,
    Released,
    Topic,
    TopicCode,
)
from handover.bundle.standing import Standing, move
from handover.bundle.store import HandoverNotFound, Kept, Stored
from handover.bundle.topics import Topics
from handover.db import provided
from handover.directory import service as directory
from handover.errors import Conflict, HandoverError, Invalid
from handover.exchange.files import MAX_FILES_BYTES
from handover.ids import AgencyId, PersonId, new_uuid
from handover.moves import Incomplete
from handover.person import service as person
from handover.values import dump

MAX_DOCUMENT_BYTES: Final = 700 * 1024
"""Base64 in a message of 1 MiB, with room for the message itself."""
"""Everything attached that travels, together."""


class NothingTravels(Invalid):
    """No item is marked to go along: there is nothing to hand over yet."""

    code = "bundle.nothing-travels"


class TooMuch(Invalid):
    """More travels than one document holds; codes `bundle.too-much.text` or `.files`."""

    code = "bundle.too-much"


class StalePreview(Conflict):
    """Something that travels was changed after this preview: look at the new one before the yes."""

    code = "bundle.stale-preview"


@dataclass(frozen=True, kw_only=True)
class Travelling:
    """What would travel now, and which items it is made from; only the first of the two ever leaves."""

    released: Released = field(repr=False)
    made_from: tuple[MadeFrom, ...]
    permits: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 that changes with anything that travels; names of topics and services are not of it."""
        return _fingerprint(self.released)

    def origin(self, round_: int) -> Origin:
        """Return what is to be kept beside the document that is made of this."""
        return Origin(
            files=self.files,
            made_from=self.made_from,
            permits=self.permits,
            fingerprint=self.fingerprint,
            frame=_fingerprint(replace(self.released, items=())),
            round=round_,
            supplements=self.released.supplements,
        )

    @property
    def files(self) -> tuple[File, ...]:
        """The documents that travel as they are, in order."""
        return tuple(content.file for content in self.released.items if content.file is not None)


def travels(item: Item) -> bool:
    """Whether an item goes along: marked so, still there, and with something in it."""
    return item.marked.mark is Mark.TRAVELS and not item.removed and not is_empty(item.content)


def is_empty(content: Content) -> bool:
    """Whether nothing was written."""
    texts = (content.title, content.text, content.own_words)
    return content.details is None and content.file is None and not any(text.strip() for text in texts)


def preview(session: Session, turn: Turn) -> Frozen:
    """Return the document as the receiver would get it: the same bytes whenever the same would travel in a round.

    After sending: what was sent. Raises Incomplete (no receiver yet), NothingTravels, TooMuch; what was written
    before that stands (a yes that lapsed, the line in the log), so the caller is not to roll back.
    """
    stored = cases.fetch(session, turn)
    cases.log(session, stored, Logged.HANDOVER_PREVIEW, by=turn.by, now=turn.now)
    if stored.standing.status not in AT_SENDER:
        return sent_document(session, stored.standing)
    stored = lapse_if_changed(session, stored, now=turn.now)
    kept = approved_document(session, stored.standing) or _kept_or_made(session, stored.standing, turn.now)
    if kept.frozen.sha256 != stored.standing.frozen:
        store.save(session, stored, replace(stored.standing, frozen=kept.frozen.sha256), now=stored.updated_at)
    return kept.frozen


def approve(session: Session, turn: Turn, sha256: str) -> Stored:
    """Say the patient's yes to the document with that hash. Raises StalePreview, or what the table refuses."""
    stored = cases.fetch(session, turn)
    standing = stored.standing
    move(standing, Act.APPROVE, turn.side, now=turn.now)
    latest = latest_preview(session, standing)
    if latest is None or latest.frozen.sha256 != sha256:
        raise StalePreview
    if latest.origin.fingerprint != travelling(session, standing).fingerprint:
        raise StalePreview
    after = move(standing, Act.APPROVE, turn.side, now=turn.now, approval=approval_of(turn, sha256))
    keep_choices(session, standing, sha256, turn)
    said = Said(sha256=sha256, detail={"sha256": sha256})
    return cases.record(session, stored, after, Act.APPROVE, by=turn.by, now=turn.now, said=said)


def take_back_yes(session: Session, turn: Turn) -> Stored:
    """Take the yes back before anything has been sent."""
    stored = cases.fetch(session, turn)
    after = move(stored.standing, Act.TAKE_BACK_YES, turn.side, now=turn.now, approval=None)
    return cases.record(session, stored, after, Act.TAKE_BACK_YES, by=turn.by, now=turn.now)


def approval_of(turn: Turn, sha256: str) -> Approval:
    """Return the yes of whoever says it now."""
    is_patient = isinstance(turn.by, Patient)
    return Approval(sha256=sha256, at=turn.now, by_patient=is_patient, witness="" if is_patient else turn.by.name)


def lapse_if_changed(session: Session, stored: Stored, *, now: datetime) -> Stored:
    """Withdraw the yes, and say so, when what travels is no longer what was approved (rule 12)."""
    if stored.standing.status is not Status.APPROVED or is_still_approved(session, stored.standing):
        return stored
    after = move(stored.standing, Act.YES_LAPSED, Side.MACHINE, now=now, approval=None)
    by = cases.machine(stored.agency)
    return cases.record(session, stored, after, Act.YES_LAPSED, by=by, now=now)


def person_changed(session: Session, agency: AgencyId, about: PersonId, now: datetime) -> None:
    """Let every yes lapse that was to what the agency knew of the patient before (`person.Watch`)."""
    for stored in store.approved_about(session, agency, about):
        lapse_if_changed(session, stored, now=now)


def is_still_approved(session: Session, standing: Standing) -> bool:
    """Whether the patient's yes is to just what would travel now."""
    return approved_document(session, standing) is not None


def approved_document(session: Session, standing: Standing) -> Kept | None:
    """Return the document the patient said yes to, None when there is no yes or it is to something else by now."""
    if standing.approval is None or standing.approval.sha256 != standing.frozen:
        return None
    return latest_preview(session, standing) if is_latest(session, standing) else None


def is_latest(session: Session, standing: Standing) -> bool:
    """Whether the latest preview shows what would travel now."""
    kept = latest_preview(session, standing)
    try:
        return kept is not None and kept.origin.fingerprint == travelling(session, standing).fingerprint
    except Invalid:
        return False


def latest_preview(session: Session, standing: Standing) -> Kept | None:
    """Return the latest frozen document of this round."""
    return None if standing.frozen is None else store.document(session, standing, standing.frozen)


def sent_document(session: Session, standing: Standing) -> Frozen:
    """Return the document of this round, byte for byte. Raises HandoverNotFound."""
    sha256 = standing.documents[0] if standing.documents else standing.frozen
    kept = None if sha256 is None else store.document(session, standing, sha256)
    if kept is None:
        raise HandoverNotFound
    return kept.frozen


def travelling(session: Session, standing: Standing, only: Item | None = None) -> Travelling:
    """Return what would travel now, or with a supplement of one item. Raises Incomplete, NothingTravels."""
    if standing.receiver is None:
        raise Incomplete(fields={"receiver": ["required"]})
    found = store.items(session, standing) if only is None else (as_travelling(only),)
    topics = _topics(session, standing.home.agency, found)
    released = assembly.released_of(
        found,
        tuple(topics.values()),
        handover=standing.handover,
        patient=person.identity_of(session, standing.home.agency, standing.person),
        sender=standing.home,
        receiver=standing.receiver,
        author=standing.clinician,
        wishes=standing.wishes,
        take_over_by=standing.take_over_by,
        supplements=None if only is None else standing.documents[0],
        language=standing.language,
        sender_name=_name(session, standing.home),
        receiver_name=_name(session, standing.receiver),
    )
    if not released.items:
        raise NothingTravels
    chosen = [item for item in found if travels(item)]
    return Travelling(
        released=released,
        made_from=tuple(
            MadeFrom(item=item.id, revision=item.revision, says=hash_of(dump(item.content)).hexdigest())
            for item in chosen
        ),
        permits=tuple(sorted({topic.permit for topic in released.topics})),
    )


def as_travelling(item: Item) -> Item:
    """Return the item as it would be if it were marked to go along."""
    return replace(item, marked=replace(item.marked, mark=Mark.TRAVELS))


def freeze(found: Travelling, *, round_: int, now: datetime) -> Kept:
    """Assemble what travels into bytes that never change again. Raises TooMuch."""
    if sum(file.length for file in found.files) > MAX_FILES_BYTES:
        raise TooMuch("bundle.too-much.files", fields={"items": ["too-large"]})
    made = assembly.assemble(found.released, new_id=new_uuid, now=now)
    if len(made) > MAX_DOCUMENT_BYTES:
        raise TooMuch("bundle.too-much.text", fields={"items": ["too-large"]})
    named = document.read(made).files
    frozen = Frozen(sha256=hash_of(made).hexdigest(), document=made, files=named, frozen_at=now)
    return Kept(frozen, replace(found.origin(round_), files=frozen.files))


def keep_choices(session: Session, standing: Standing, sha256: str, turn: Turn) -> None:
    """Keep every choice as it stands at this yes, as a Consent with deny provisions that never leaves."""
    if standing.receiver is None:
        return
    consent = fhir.choices(
        store.items(session, standing),
        handover=standing.handover,
        patient=standing.person,
        sender=standing.home,
        receiver=standing.receiver,
        now=turn.now,
    )
    store.add_choices(session, standing, sha256, orjson.dumps(consent), now=turn.now)


def _kept_or_made(session: Session, standing: Standing, now: datetime) -> Kept:
    """Return the document of what would travel now: one that was previewed in this round already, or a new one.

    A new one that is an earlier one without some of its items bears the earlier one's time: that is when it would
    have been made, had those items never been written (rule 11).
    """
    found, round_ = travelling(session, standing), standing.version.round
    wanted = found.origin(round_)
    earlier = store.previews(session, standing, round_)
    same = next((each for each in earlier if each.origin.fingerprint == wanted.fingerprint), None)
    kept = None if same is None else store.document(session, standing, same.sha256)
    if kept is not None:
        return kept
    at = min((each.frozen_at for each in earlier if each.origin.contains(wanted)), default=now)
    made = freeze(found, round_=round_, now=at)
    store.add_document(session, standing, made)
    return made


def _fingerprint(released: Released) -> str:
    said = replace(released, topics=(), sender_name="", receiver_name="")
    return hash_of(dump(said)).hexdigest()


def _topics(session: Session, agency: AgencyId, items: Iterable[Item]) -> dict[TopicCode, Topic]:
    """Return the agency's topics, and those of items begun under one it no longer offers."""
    known = provided(session, Topics)
    found = dict(known.of(agency))
    for code in sorted({item.content.topic for item in items}):  # in an order that no item has a say in
        found.setdefault(code, replace(known.find(agency, code), code=code))
    return found


def _name(session: Session, party: Party) -> str:
    try:
        service = directory.service_of(session, party.service)
        return f"{service.name}, {directory.agency(session, party.agency).name}"
    except HandoverError:  # named by its number where the directory does not know it any more
        return ""
