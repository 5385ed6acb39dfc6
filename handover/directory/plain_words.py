"""Searching in plain words: what people type, without endings, and the words they use for much the same thing.

No guessing: an own word is found inside any word, a word of the same group (`data/plain_words.json`) at the
beginning of one. Everybody gets the same answer to the same words.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from handover.keys.vault import words

ENDINGS: Final = ("ene", "ane", "en", "et", "er", "ar", "e", "a", "s")
"""Of nouns and adjectives in both written forms; the longest that fits is taken off."""
SHORTEST_STEM: Final = 4
"""What is left of a word without its ending has at least so many letters."""


@dataclass(frozen=True)
class Wanted:
    """One word of a search."""

    own: str
    """The stem of what was typed."""
    others: frozenset[str]
    """The stems of the other words of its groups."""

    def is_in(self, found: Collection[str]) -> bool:
        """Whether the typed word stands inside one of the words."""
        return any(self.own in word for word in found)

    def is_meant_in(self, found: Collection[str]) -> bool:
        """Whether the typed word, or one that means much the same, is among the words."""
        return self.is_in(found) or any(word.startswith(other) for word in found for other in self.others)


def wanted(text: str) -> list[Wanted]:
    """Return the words of a search that say something; all of them where none does."""
    typed = words(text)
    telling = [word for word in typed if word not in _skipped()] or typed
    return [Wanted(stem(word), _groups().get(stem(word), frozenset())) for word in telling]


def stem(word: str) -> str:
    """Return a word (as `words` gives it) without its ending."""
    fitting = (end for end in ENDINGS if word.endswith(end) and len(word) - len(end) >= SHORTEST_STEM)
    return word.removesuffix(next(fitting, ""))


@cache
def _listed() -> Mapping[str, object]:
    listed: Mapping[str, object] = json.loads(
        files("handover").joinpath("data", "plain_words.json").read_text("utf-8")
    )
    return listed


@cache
def _skipped() -> frozenset[str]:
    listed = _listed()["skip"]
    return frozenset(word for text in listed for word in words(text))  # type: ignore[attr-defined]


@cache
def _groups() -> Mapping[str, frozenset[str]]:
    """Return for each stem the other stems of all its groups."""
    found: dict[str, frozenset[str]] = {}
    for group in _listed()["groups"]:  # type: ignore[attr-defined]
        stems = frozenset(stem(word) for text in group["words"] for word in words(text))
        for one in stems:
            found[one] = (found.get(one, frozenset()) | stems) - {one}
    return found
