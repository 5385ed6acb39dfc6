"""The patient has said yes: the case is linked to them where the yes reaches; withdrawn, it is anonymous again.

Nothing else of a thread names anybody, so that taking the link away takes everything away. What is said is said by
the service that began the case; what holds is `linking`'s: the highest number, in whatever order it comes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Actor, Author, Party, Staff
from handover.consent import service as consent
from handover.directory import service as directory
from handover.errors import NotFound
from handover.exchange.model import Event
from handover.ids import AgencyId, PersonId, ServiceId, ThreadId
from handover.message import bonds, cases, guarding, linking, store
from handover.message.cases import Said, Turn
from handover.message.linking import Bond, Link, NoOneToTell, Unlink, Why
from handover.message.model import Doing
from handover.message.standing import Copy, Standing
from handover.message.store import Stored
from handover.notice import service as notice
from handover.notice.model import patient
from handover.person import service as person
from handover.person.age import refuse_under_age
from handover.person.model import Identity
from handover.team.model import TaskKind

PURPOSE: Final = "coordination"
TOPIC: Final = "plans"
"""What the patient's yes is to (`data/sharing.json`): the same as for planning together under the own name."""
LASTS: Final = timedelta(days=90)
"""How long a yes given in a meeting holds, unless another day is said."""


@dataclass(frozen=True, kw_only=True)
class Yes:
    """To whom the patient has just said yes, and until when; written down by who was told."""

    to: tuple[ServiceId, ...]
    until: date


# --- linked --------------------------------------------------------------------------------------------------


def link(
    session: Session,
    turn: Turn,
    whom: Identity | PersonId | None,
    to: Sequence[ServiceId],
    *,
    yes: Yes | None = None,
) -> Stored:
    """Say whom a case is about, to members that the patient's yes covers. `whom` None: as it was before.

    Said once more of whom all of them know already, nothing happens and nothing is logged.
    Raises NotTheirs, NoOneToTell, AlreadyLinked, NotLinked, TooYoung, and what the choices of the patient forbid.
    """
    now, stored = turn.now, cases.fetch(session, turn)
    home = stored.standing.home
    who = known_or_new(session, stored.standing, whom, now=now)
    parties = tuple(each for each in stored.standing.others if each.service in to)
    linking.check_link(stored.standing, who, parties)
    if not guarding.is_anonymous(stored.standing) or len(parties) != len(set(to)):
        raise NoOneToTell(fields={"to": ["required"]})
    _write_down(session, home, who, parties, yes, by=turn.by, now=now)
    stored = cases.fetch(session, replace(turn, seen=None))
    held = bonds.of_thread(session, home, turn.thread)
    number, until = linking.next_number(held), _until(session, home, who, parties, now=now)
    parties = tuple(each for each in parties if not linking.is_told_already(held, each, who))
    if not parties:
        return stored
    for party in parties:
        before = bond_between(session, home, turn.thread, party, is_told=False)
        made = linking.link(before, number, who, until=until[party], now=now)
        say(session, made, _link_of(session, made, Author.of(turn.by, home.service)), now=now)
    after = Copy(replace(stored.standing, person=who, changed_at=now), stored.copy.messages)
    said = Said(detail={"to": ",".join(each.service for each in parties)})
    saved = cases.record(session, stored, after, Doing.LINK, by=turn.by, now=now, said=said)
    _tell_patient(session, home.agency, who, turn.thread, now=now)
    return saved


def unlink(session: Session, turn: Turn) -> Stored:
    """Take a link away that should not have been made, everywhere, here too. Raises NotLinked.

    The person reads on the own page that it happened; the service has a task to tell them (GDPR article 34).
    """
    stored = cases.fetch(session, turn)
    standing = stored.standing
    who = standing.person
    if who is None or standing.began != standing.home:
        raise linking.NotLinked
    held = bonds.of_thread(session, standing.home, turn.thread)
    author = Author.of(turn.by, standing.home.service)
    for bond in held:
        if bond.person == who and not bond.is_told and bond.why is not Why.MISTAKE:
            wrong = linking.mistaken(bond, linking.next_number(held), by=author, now=turn.now)
            say(session, wrong, linking.unlink_of(wrong), now=turn.now)
    whom = consent.whom_to_call(session, standing.home.agency, who, None)
    cases.raise_task(session, standing, TaskKind.LINKED_BY_MISTAKE, whom, now=turn.now)
    _tell_patient(session, standing.home.agency, who, turn.thread, now=turn.now)
    return forgotten(session, stored, Doing.UNLINK, by=turn.by, now=turn.now, said=Said())


def choice_changed(session: Session, agency: AgencyId, who: PersonId, now: datetime) -> None:
    """Look again at every case that an agency has linked to a patient, when they have said yes or no."""
    for each in bonds.open_about(session, agency, who):
        _review(session, each, now=now)


def end_expired(session: Session, agency: AgencyId, *, now: datetime, limit: int = 50) -> int:
    """Take the links away that rest on a yes whose last day has passed; return how many were looked at."""
    found = bonds.to_check(session, agency, now=now, limit=limit)
    for each in found:
        _review(session, each, now=now)
    return len(found)


def covered_until(
    session: Session, agency: AgencyId, who: PersonId, party: Party, *, now: datetime
) -> date | None:
    """Return the last day on which the patient's yes covers a member; None in the own agency, which needs none.

    Raises Blocked, NoPermit, PermitExpired or OutsideScope, `details["service"]` says towards whom.
    """
    receiver = directory.service_of(session, party.service)
    try:
        return consent.said_yes_until(session, agency, who, receiver, topic=TOPIC, purpose=PURPOSE, now=now)
    except consent.MayNotTravel as refused:
        raise type(refused)(**{**refused.details, "service": party.service}) from refused


def known_or_new(
    session: Session, standing: Standing, whom: Identity | PersonId | None, *, now: datetime
) -> PersonId:
    """Return whom somebody means, as the agency knows them; None: of the case. Raises NotLinked, TooYoung."""
    if isinstance(whom, Identity):
        refuse_under_age(whom.birth_date, now)
        return person.find_or_create(session, standing.home.agency, whom, now=now)
    known = whom or standing.person
    if known is None:
        raise linking.NotLinked
    return known


def bonds_of(session: Session, standing: Standing) -> tuple[Bond, ...]:
    """Return what a service said or heard about whom a case is about."""
    return bonds.of_thread(session, standing.home, standing.thread) if guarding.is_anonymous(standing) else ()


# --- how it is done ------------------------------------------------------------------------------------------


def _until(
    session: Session, home: Party, who: PersonId, parties: Iterable[Party], *, now: datetime
) -> dict[Party, date | None]:
    """Return until when the patient's yes covers each of some members. Raises what `covered_until` raises."""
    return {each: covered_until(session, home.agency, who, each, now=now) for each in parties}


def _write_down(
    session: Session,
    home: Party,
    who: PersonId,
    parties: Iterable[Party],
    yes: Yes | None,
    *,
    by: Staff,
    now: datetime,
) -> None:
    """Write the patient's yes down, as it was given to who links; what holds already is not said again."""
    for party in parties:
        if yes is None or party.service not in yes.to or party.agency == home.agency:
            continue
        try:
            covered_until(session, home.agency, who, party, now=now)
        except consent.Blocked:
            raise
        except consent.MayNotTravel:
            target = consent.Target(agency=party.agency)
            terms = consent.Terms(purpose=PURPOSE, topics=(TOPIC,), until=yes.until)
            consent.permit(session, home.agency, who, target, terms, by=by, now=now, at=home.service)


def _review(session: Session, bond: Bond, *, now: datetime) -> None:
    """Keep until when a link may stand, or take it away."""
    if bond.person is None:
        return
    try:
        until = covered_until(session, bond.home.agency, bond.person, bond.other, now=now)
    except (consent.MayNotTravel, NotFound):
        held = bonds.of_thread(session, bond.home, bond.thread)
        _close(session, bond, Why.WITHDRAWN, linking.next_number(held), by=None, now=now)
        stored = store.at_home(session, bond.home, bond.thread)
        if stored is not None:
            said = Said(party=bond.other, detail={"to": bond.other.service})
            by = cases.machine(bond.home.agency)
            cases.record(session, stored, stored.copy, Doing.UNLINK, by=by, now=now, said=said)
        _tell_patient(session, bond.home.agency, bond.person, bond.thread, now=now)
    else:
        bonds.save(session, replace(bond, until=until))


def _close(session: Session, bond: Bond, why: Why, number: int, *, by: Author | None, now: datetime) -> None:
    closed = linking.unlink(bond, number, why, by=by, now=now)
    say(session, closed, linking.unlink_of(closed), now=now)


def say(session: Session, bond: Bond, said: Link | Unlink, *, now: datetime) -> None:
    """Promise a word to its receiver, and keep which envelope carries it."""
    event = Event.CASE_LINK if isinstance(said, Link) else Event.CASE_UNLINK
    envelope = cases.promise(session, said, (), event, now=now)
    bonds.save(session, linking.promised(bond, said, envelope))


def _link_of(session: Session, bond: Bond, author: Author) -> Link:
    if bond.person is None or bond.since is None:
        raise linking.NotLinked
    known = person.identity_of(session, bond.home.agency, bond.person)
    return Link(
        thread=bond.thread,
        number=bond.number,
        patient=replace(known, address=None, phone=None),
        sender=bond.home,
        receiver=bond.other,
        author=author,
        at=bond.since,
    )


def forgotten(session: Session, stored: Stored, doing: Doing, *, by: Actor, now: datetime, said: Said) -> Stored:
    """Return the copy about nobody; the log still says about whom it was."""
    before = stored.standing.person
    after = Copy(replace(stored.standing, person=None, changed_at=now), stored.copy.messages)
    return cases.record(session, stored, after, doing, by=by, now=now, said=replace(said, about=before))


def bond_between(session: Session, home: Party, thread: ThreadId, other: Party, *, is_told: bool) -> Bond:
    """Return what passed between two services, locked; a new bond where nothing did."""
    held = bonds.between(session, home, thread, other)
    return held or linking.unheard(thread, home, other, is_told=is_told)


def _tell_patient(session: Session, agency: AgencyId, who: PersonId, thread: ThreadId, *, now: datetime) -> None:
    notice.tell(session, patient(agency, who), f"case/{thread}/{now.isoformat()}", now=now)
