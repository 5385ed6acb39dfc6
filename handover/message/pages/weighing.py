"""What speaks for and against in an anonymous case: short fields in a message, one table of all messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from handover.actors import Party
from handover.message.model import MAX_POINT, MAX_POINTS, Content, Message, Point, Weighs
from handover.web.forms import Fields, Sent

SPARE: Final = 2
"""Empty fields below those that are filled; saving the draft gives more."""


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """One criterion, and who named it."""

    text: str = field(repr=False)
    who: str


def is_sent(sent: Sent) -> bool:
    """Whether a form has the fields."""
    return f"{Weighs.FOR.value}-0" in sent


def points_of(fields: Fields, sent: Sent) -> tuple[Point, ...]:
    """Return what was weighed; empty fields are left out."""
    found = []
    for weighs in Weighs:
        for number in range(MAX_POINTS):
            name = f"{weighs.value}-{number}"
            if name in sent:
                text = fields.text(name, is_optional=True, at_most=MAX_POINT)
                found += [Point(weighs=weighs, text=" ".join(text.split()))] if text.strip() else []
    return tuple(found[:MAX_POINTS])


def filled(content: Content) -> dict[str, str]:
    """Return the fields as the draft fills them."""
    return {
        f"{weighs.value}-{number}": text
        for weighs in Weighs
        for number, text in enumerate(each.text for each in content.weighing if each.weighs is weighs)
    }


def slots(values: Mapping[str, object]) -> dict[str, int]:
    """Return how many fields each side shows."""
    return {
        weighs.value: min(MAX_POINTS, SPARE + sum(name.startswith(f"{weighs.value}-") for name in values))
        for weighs in Weighs
    }


def weighed(messages: Iterable[Message], places: Mapping[Party, str]) -> dict[str, list[Weighed]]:
    """Return everything that some messages weigh, in their order; empty where none does."""
    found: dict[str, list[Weighed]] = {weighs.value: [] for weighs in Weighs}
    for message in messages:
        for point in message.content.weighing:
            found[point.weighs.value].append(
                Weighed(text=point.text, who=f"{message.author.name}, {places[message.sender]}")
            )
    return found if any(found.values()) else {}
