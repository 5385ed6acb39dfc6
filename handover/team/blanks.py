"""Blanks of ready texts: `[dag]` or `[...]` must be filled before a text is sent. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from handover.errors import Invalid

_BLANK: Final = re.compile(r"\[(?:\.{3}|…|[^\W\d_][^\[\]\n]{1,59})\]")
"""In square brackets: dots, or words that begin with a letter; `[x]`, `[1]` and `[3,5–5,0]` are none."""


class Unfilled(Invalid):
    """A text still has blanks."""

    code = "team.unfilled-blank"

    def __init__(self, blanks: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(fields={name: ["unfilled-blank"] for name in blanks})
        self.blanks = blanks
        """Field -> its blanks as they are written: for the page alone, since anybody may have typed them."""


def unfilled(text: str) -> tuple[str, ...]:
    """Return the blanks of a text that nobody has filled, each once, in their order."""
    return tuple(dict.fromkeys(_BLANK.findall(text)))


def refuse_unfilled(texts: Mapping[str, str]) -> None:
    """Raise Unfilled with the blanks that are left in texts, by field."""
    blanks = {name: found for name, text in texts.items() if (found := unfilled(text))}
    if blanks:
        raise Unfilled(blanks)
