"""What a thread rests on: the patient's yes with its dates and scope, at both ends; and what keeps a draft back.

The end that writes shows what the patient has chosen there; the other shows what the writer said it had.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from handover.actors import Party
from handover.consent import asking
from handover.consent.service import MayNotTravel
from handover.consent.words import named_topics, reply_obstacle_sentence
from handover.directory import names
from handover.ids import CommunicationId
from handover.message import scope
from handover.message import service as messages
from handover.message.model import Basis
from handover.message.service import Thread, Turn
from handover.message.standing import Standing
from handover.web import dates
from handover.web.i18n import Text
from handover.web.i18n import gettext as _
from handover.web.parts import Pairs


@dataclass(frozen=True, kw_only=True)
class Hurdle:
    """A receiver whom a draft may not go to, why, and where to go on."""

    place: str
    why: Text
    lacks: str
    """What the patient's yes does not cover of it; empty where that is not why."""
    url: str
    is_asked: bool
    """Whether the patient has been asked and has not answered."""


def hurdles(session: Session, turn: Turn, draft: CommunicationId) -> list[Hurdle]:
    """Return what keeps a draft from its receivers."""
    found = messages.kept_from(session, turn, draft)
    return [_hurdle(session, found.standing, to, why) for to, why in found.refused.items()]


def bases(session: Session, turn: Turn, thread: Thread, places: Mapping[Party, str]) -> Pairs:
    """Return a line for each yes that the thread rests on (`parts.facts`): who sends to whom, what, how long."""
    ours = _ours(session, turn, thread, places)
    return tuple((heading, _told(yes)) for heading, yes in (*ours, *_theirs(thread, places)))


def _ours(
    session: Session, turn: Turn, thread: Thread, places: Mapping[Party, str]
) -> Iterator[tuple[str, Basis]]:
    for to in thread.standing.others:
        for yes in scope.basis_of(session, thread.standing, to, now=turn.now):
            yield _("Pasientens ja til at dere sender til %(place)s", place=places[to]), yes


def _theirs(thread: Thread, places: Mapping[Party, str]) -> Iterator[tuple[str, Basis]]:
    """Yield what each of the others last said it rests on."""
    latest = {each.message.sender: each.message.rests_on for each in thread.messages if each.message.rests_on}
    for sender, held in latest.items():
        for yes in held:
            yield _("Pasientens ja til at %(place)s sender hit", place=places[sender]), yes


def _told(yes: Basis) -> str:
    return _(
        "%(topics)s. Gitt %(given)s, gjelder til og med %(until)s.",
        topics="; ".join(named_topics(yes.topics)),
        given=dates.day(yes.given),
        until=dates.day(yes.until),
    )


def _hurdle(session: Session, standing: Standing, to: Party, why: MayNotTravel) -> Hurdle:
    asked = asking.about(session, standing.home.agency, standing.thread)
    return Hurdle(
        place=names.of_party(session, to),
        why=reply_obstacle_sentence(why),
        lacks=_lacks(why),
        url=url_for("sharing.of_thread", service=standing.home.service, thread=standing.thread, to=to.service),
        is_asked=any(each.reply is None and each.wanted.target.agency == to.agency for each in asked),
    )


def _lacks(why: MayNotTravel) -> str:
    topics = why.details.get("topics")
    return "; ".join(named_topics(topics)) if isinstance(topics, list) else ""
