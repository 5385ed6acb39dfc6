"""What is the patient's to do: choose what goes along, write in their own words, wish, pause.

The patient does it alone at home, or a clinician on the patient's word (the log says which). The patient's own
items are invisible to the clinician until they travel or the patient allows it.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from handover.actors import Patient, Staff
from handover.bundle import cases, scope, writing
from handover.bundle.cases import Turn
from handover.bundle.lifecycle import Act
from handover.bundle.model import Content, Item, Mark, Marked, Wishes
from handover.bundle.standing import move
from handover.bundle.store import Stored
from handover.errors import NotPermitted
from handover.ids import ItemId


def mark(session: Session, turn: Turn, item: ItemId, wanted: Mark) -> Item:
    """Say whether an item goes along, stays, or is not decided yet. Saved at once.

    Raises consent.OutsideScope for an item that the patient's permit to this receiver does not cover.
    """
    stored = cases.fetch(session, turn)
    move(stored.standing, Act.MARK, turn.side, now=turn.now)
    found = writing.shown_item(session, stored, turn, item)
    if found.marked.mark is wanted:
        return found
    if wanted is Mark.TRAVELS:
        scope.refuse_outside(session, stored.standing, found, turn.now)
    marked = Marked(
        mark=wanted, at=turn.now, by=turn.by.name, on_patients_word=cases.is_on_patients_word(turn.by, Act.MARK)
    )
    after = replace(found, marked=marked)
    writing.put(session, stored, turn, Act.MARK, after, what=wanted.value)
    return after


def write_own_words(session: Session, turn: Turn, item: ItemId, text: str, *, seen: int) -> Item:
    """Save the patient's own words of an item. Raises ItemChanged only if these were changed in the meantime."""
    stored = writing.to_speak(session, turn)
    found = writing.shown_item(session, stored, turn, item)
    wanted = replace(found.content, own_words=text)
    writing.check(session, stored.standing, wanted)
    return writing.save(session, stored, turn, Act.WRITE_OWN_WORDS, found, wanted, seen=seen)


def add_own_item(session: Session, turn: Turn, content: Content, *, clinician_may_see: bool) -> ItemId:
    """Begin an item in the patient's words; unless allowed, the clinician sees it only when it travels."""
    stored = writing.to_speak(session, turn)
    is_patient = isinstance(turn.by, Patient)
    words = content.own_words or content.text
    made = replace(content, own_words=words, text="", file=None)
    return writing.add(session, stored, turn, made, clinician_may_see=clinician_may_see or not is_patient)


def allow_clinician(session: Session, turn: Turn, item: ItemId, *, allowed: bool = True) -> Item:
    """Let the clinician see the patient's own item, or no longer. Only the patient says so."""
    stored = writing.to_speak(session, turn)
    found = writing.shown_item(session, stored, turn, item)
    if isinstance(turn.by, Staff) or not found.by_patient:
        raise NotPermitted("bundle.not-your-item")
    after = replace(found, clinician_may_see=allowed)
    writing.put(session, stored, turn, Act.WRITE_OWN_WORDS, after, what="allow" if allowed else "hide")
    return after


def set_wishes(session: Session, turn: Turn, wishes: Wishes) -> Stored:
    """Save what the patient wants around the handover: a meeting or none, and who is told."""
    stored = cases.fetch(session, turn)
    move(stored.standing, Act.MARK, turn.side, now=turn.now)
    after = cases.changed(stored.standing, turn.now, wishes=wishes)
    return writing.written(session, stored, turn, Act.MARK, after, what="wishes")


def pause(session: Session, turn: Turn) -> Stored:
    """Put the whole handover on hold: nothing can be written, marked or sent. A yes is taken back with it."""
    stored = cases.fetch(session, turn)
    after = move(stored.standing, Act.PAUSE, turn.side, now=turn.now, approval=None)
    return cases.record(session, stored, after, Act.PAUSE, by=turn.by, now=turn.now)


def resume(session: Session, turn: Turn) -> Stored:
    """Go on with a handover that was on hold."""
    stored = cases.fetch(session, turn)
    after = move(stored.standing, Act.RESUME, turn.side, now=turn.now)
    return cases.record(session, stored, after, Act.RESUME, by=turn.by, now=turn.now)
