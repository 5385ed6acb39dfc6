"""Who knows whom an anonymous case is about, as the pages of a thread show it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.consent.model import Reply
from handover.consent.reach import name_of
from handover.ids import ServiceId
from handover.message import service as messages
from handover.message.linking import Bond
from handover.message.service import Thread
from handover.message.words.cases import answered, knows, told
from handover.web.i18n import Text


@dataclass(frozen=True, kw_only=True)
class Knows:
    """Another service of a case, and what it knows of whom the case is about."""

    service: ServiceId
    name: str
    sentence: Text
    is_open: bool


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a thread's page shows of an anonymous case beside its messages."""

    others: Sequence[Knows]
    """At the service that began it."""
    told: Text
    """At a service that was told."""
    asked: Sequence[Text]
    """What the patient was asked and has answered, where it is not linked yet."""
    may_link: bool
    is_linked: bool


def case_of(session: Session, thread: Thread, places: Mapping[Party, str]) -> Case | None:
    """Return what is known of whom a case is about; None for any other thread."""
    standing = thread.standing
    if not messages.is_anonymous(standing):
        return None
    bonds = messages.bonds_of(session, standing)
    is_ours = standing.began == standing.home
    heard = next((each for each in bonds if each.is_told and each.other == standing.began), None)
    return Case(
        others=knowing(thread, bonds, places) if is_ours else (),
        told="" if heard is None or heard.since is None else told(heard),
        asked=() if thread.patient is not None else _asked(session, thread),
        may_link=may_link(thread),
        is_linked=thread.patient is not None,
    )


def _asked(session: Session, thread: Thread) -> list[Text]:
    found = messages.questions(session, thread.standing)
    return [
        answered(each, name_of(session, each.wanted.target))
        for each in found
        if each.person == found[0].person and each.reply is not Reply.TAKEN_BACK
    ]


def may_link(thread: Thread) -> bool:
    """Whether this reader may say whom a case is about: at the service that began it, once others take part."""
    standing = thread.standing
    is_theirs = messages.is_anonymous(standing) and standing.began == standing.home
    return is_theirs and thread.may_write and bool(standing.others)


def knowing(thread: Thread, bonds: Iterable[Bond], places: Mapping[Party, str]) -> list[Knows]:
    """Return what each other service of a case knows of whom it is about."""
    held = {each.other: each for each in bonds if not each.is_told}
    return [
        Knows(
            service=party.service,
            name=places[party],
            sentence=knows(held.get(party)),
            is_open=party in held and held[party].is_open,
        )
        for party in thread.standing.others
    ]
