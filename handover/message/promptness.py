"""How long a service takes to answer messages, from the copies it keeps. Pure."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from handover.actors import Party
from handover.message.lifecycle import Status
from handover.message.model import Message
from handover.message.standing import Copy

Span = tuple[datetime, datetime]
"""When something came, and when it was answered."""


def answer_spans(copy: Copy) -> tuple[Span, ...]:
    """Return one span for each answer of the service that keeps a copy: from the first message it answers to it.

    A time that was picked answers its offer. What nobody has answered does not count: it may have asked nothing.
    """
    home = copy.standing.home
    direct = [each for each in copy.messages if each.via is None]
    ours = [each for each in direct if each.sender == home and each.status is Status.SENT]
    theirs = [each for each in direct if each.sender != home and each.opened is not None]
    return tuple(chain(_in_words(ours, theirs), _by_picking(home, theirs)))


def _in_words(ours: list[Message], theirs: list[Message]) -> Iterator[Span]:
    last: dict[Party, datetime] = {}
    for answer in sorted(ours, key=lambda each: each.written_at):
        waited = [
            each.placed_at
            for each in theirs
            if each.sender in answer.to and _is_between(each.placed_at, last.get(each.sender), answer.written_at)
        ]
        last |= dict.fromkeys(answer.to, answer.written_at)
        if waited:
            yield min(waited), answer.written_at


def _is_between(at: datetime, after: datetime | None, until: datetime) -> bool:
    return at <= until and (after is None or after < at)


def _by_picking(home: Party, theirs: list[Message]) -> Iterator[Span]:
    for each in theirs:
        if each.choice is not None and (each.choice.by.agency, each.choice.by.service) == (
            home.agency,
            home.service,
        ):
            yield each.placed_at, each.choice.at
