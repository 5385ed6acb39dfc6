"""What a marking card shows of one item: the same for the patient alone and for two people in a meeting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Patient
from handover.bundle.lifecycle import Act
from handover.bundle.model import CrisisStep, File, Item, Mark, Topic, TopicCode
from handover.bundle.service import Case, Turn
from handover.bundle.topics import FREE, Topics
from handover.bundle.words.content import facts, heading
from handover.db import provided
from handover.ids import AgencyId, ItemId
from handover.web.i18n import Sentence, language
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Pairs

CHOICES: Final[dict[Mark, Sentence]] = {
    Mark.TRAVELS: _l("Bli med videre"),
    Mark.STAYS: _l("Bli igjen her"),
    Mark.UNDECIDED: _l("Ikke bestemt ennå"),
}
"""Three equal choices, in this order everywhere; an item starts at the last."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One item as the patient chooses about it."""

    id: ItemId
    topic: str
    help: str
    heading: str
    text: str = field(repr=False)
    own_words: str = field(repr=False)
    details: Pairs = field(repr=False)
    level: str
    file: File | None = field(repr=False)
    mark: Mark
    revision: int
    is_own: bool
    """The patient began it."""
    is_private: bool
    """The clinician is not shown it now."""
    may_travel: bool
    """False where the patient's permit to this receiver does not cover it."""
    is_open: bool
    """Whether it may be marked now."""
    said_for_patient: str = ""
    """The clinician who marked it on the patient's word; empty where the patient did."""
    theirs: str | None = field(default=None, repr=False)
    """Own words that somebody else saved in the meantime."""

    @property
    def is_blank(self) -> bool:
        """Whether nobody has written anything yet."""
        return not (self.text or self.own_words or self.file or any(text for _, text in self.details))


def cards(case: Case, turn: Turn) -> list[Card]:
    """Return a card for each item this reader is shown."""
    return [card(case, turn, item) for item in case.items]


def card(case: Case, turn: Turn, item: Item, *, own_words: str | None = None) -> Card:
    """Return the card of one item; `own_words` are what was typed and could not be saved, with what was."""
    content, topic = item.content, topic_in(case, item.content.topic)
    is_own = item.by_patient
    return Card(
        id=item.id,
        topic=topic_text(topic.name),
        help=topic_text(topic.help),
        heading=content.title or heading(content.details) or "",
        text=content.text,
        own_words=content.own_words if own_words is None else own_words,
        details=facts(content.details),
        level=content.details.level.value if isinstance(content.details, CrisisStep) else "",
        file=content.file,
        mark=item.marked.mark,
        revision=item.revision,
        is_own=is_own,
        is_private=is_own and isinstance(turn.by, Patient) and not item.is_shown_to_clinician(),
        may_travel=case.permitted is None or topic.permit in case.permitted,
        is_open=Act.MARK in case.acts,
        said_for_patient=item.marked.by if item.marked.on_patients_word else "",
        theirs=None if own_words is None else content.own_words,
    )


def topic_in(case: Case, code: TopicCode) -> Topic:
    """Return a topic of the agency, for what it no longer offers a free one."""
    return case.topics.get(code) or case.topics[FREE]


def topic_of(session: Session, turn: Turn, code: TopicCode) -> Topic:
    """Return a topic of the staff member's agency, for an unknown code a free one."""
    agency = AgencyId("") if isinstance(turn.by, Patient) else turn.by.agency
    return provided(session, Topics).find(agency, code)


def topic_text(by_language: Mapping[str, str]) -> str:
    """Return a topic's text in the reader's language."""
    return by_language.get(language()) or by_language["nb"]
