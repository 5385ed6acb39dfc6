"""A button that is pressed twice: what the first press did is answered once more, never as a refusal.

Whether it is done is asked of the thread as it stands, for whoever presses: what a colleague did is news to them.
"""

from collections.abc import Callable
from uuid import UUID

from handover import web
from handover.actors import Author
from handover.message import service as messages
from handover.message.lifecycle import TAKEN_BACK, Status
from handover.message.model import Choice, Message, SlotId
from handover.message.service import Thread, Turn


def stands(turn: Turn, is_done: Callable[[Thread], bool]) -> bool:
    """Whether a thread stands already as somebody wanted it who was refused."""
    with web.transaction() as session:
        return is_done(messages.thread_of(session, turn))


def is_sent(turn: Turn, letter: UUID) -> Callable[[Thread], bool]:
    """Return whether this writer has sent a message, and it stands."""
    return _of(letter, lambda each: each.status is Status.SENT and _is_by(turn, each.author))


def is_draft(letter: UUID) -> Callable[[Thread], bool]:
    """Return whether a message is a draft: sending it was undone."""
    return _of(letter, lambda each: each.status is Status.DRAFT)


def is_taken_back(turn: Turn, letter: UUID) -> Callable[[Thread], bool]:
    """Return whether this writer has taken a message back."""
    return _of(
        letter,
        lambda each: (
            each.status in TAKEN_BACK and each.taken_back is not None and _is_by(turn, each.taken_back.by)
        ),
    )


def is_picked(turn: Turn, letter: UUID, slot: SlotId, phone: str) -> Callable[[Thread], bool]:
    """Return whether this reader has picked that time, to be called there."""
    return _of(letter, lambda each: _is_picked(each.choice, slot, phone, turn))


def _is_picked(choice: Choice | None, slot: SlotId, phone: str, turn: Turn) -> bool:
    return choice is not None and (choice.slot, choice.phone) == (slot, phone) and _is_by(turn, choice.by)


def _of(letter: UUID, holds: Callable[[Message], bool]) -> Callable[[Thread], bool]:
    return lambda thread: any(each.message.id == letter and holds(each.message) for each in thread.messages)


def _is_by(turn: Turn, author: Author) -> bool:
    return turn.at is not None and author == Author.of(turn.by, turn.at)
