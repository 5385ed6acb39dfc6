"""Which subjects somebody means who searches: by what they are called in the reader's language."""

from handover.keys.vault import words
from handover.message.model import Subject
from handover.message.words.names import SUBJECTS

_SHORTEST = 3
"""Letters of a word that can be the beginning of a subject's."""


def subjects_named(text: str) -> tuple[Subject, ...]:
    """Return the subjects in whose names every word of a text stands, or a longer one that begins with it."""
    typed = words(text)
    if not typed or any(len(each) < _SHORTEST for each in typed):
        return ()
    return tuple(subject for subject, name in SUBJECTS.items() if _has_all(words(str(name)), typed))


def _has_all(name: list[str], typed: list[str]) -> bool:
    return all(any(word.startswith(each) for word in name) for each in typed)
