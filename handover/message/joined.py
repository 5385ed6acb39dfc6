"""What comes and goes between agencies of whom a case is about: links, unlinks, and what became of them.

Everything is idempotent and may come in any order, also before the case itself: `linking` decides what counts.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.consent import service as consent
from handover.errors import NotFound
from handover.exchange import service as exchange
from handover.exchange.lifecycle import State
from handover.exchange.model import DeliveryFact, Event, OutgoingRef, Received
from handover.exchange.wiring import Evidence, Products
from handover.ids import AgencyId
from handover.message import bonds, cases, fhir, guarding, linking, speaking, store
from handover.message.cases import Said
from handover.message.following import LOST
from handover.message.joining import bond_between, covered_until, forgotten, say
from handover.message.lifecycle import Status
from handover.message.linking import Bond
from handover.message.model import Doing
from handover.message.receiving import check_service, check_way
from handover.message.standing import Copy
from handover.message.store import Stored
from handover.person import service as person
from handover.person.age import refuse_under_age
from handover.team.model import TaskKind


def register(products: Products) -> None:
    """Tell the exchange what links a case, and unlinks it."""
    products.register(Event.CASE_LINK, receive=receive_link, may_still_go=may_still_go, on_delivery=on_delivery)
    products.register(Event.CASE_UNLINK, receive=receive_unlink, on_delivery=on_delivery)


def receive_link(session: Session, received: Received) -> Evidence:
    """Take in whom a case is about, from who began it. Of what was taken back before it came nothing stays."""
    said = fhir.read_link(received.resource)
    check_way(said.sender, said.receiver, received)
    check_service(session, said.receiver)
    now, home = received.received_at, said.receiver
    stored = store.at_home(session, home, said.thread)
    if stored is not None:
        linking.check_sender(stored.standing, said.sender)
    held = bond_between(session, home, said.thread, said.sender, is_told=True)
    if said.number <= held.number:
        return Evidence.DIGEST
    refuse_under_age(said.patient.birth_date, now)
    who = person.recognise(session, home.agency, said.patient, now=now)
    after = linking.take_link(held, said, who, envelope=received.message, now=now)
    exchange.forget(session, home.agency, received.sender, linking.no_longer_needed(held, after))
    bonds.save(session, after)
    if stored is None:
        audit.record(
            session,
            event=Logged.MESSAGE_RECEIVE_LINK,
            actor=cases.machine(home.agency),
            agency=home.agency,
            persons=(who,),
            subject=said.thread,
            service=home.service,
            now=now,
        )
        return Evidence.SIGNED
    copy = Copy(replace(stored.standing, person=who, changed_at=now), stored.copy.messages)
    detail = Said(party=said.sender, author=said.author)
    cases.record(session, stored, copy, Doing.RECEIVE_LINK, by=cases.machine(home.agency), now=now, said=detail)
    return Evidence.SIGNED


def receive_unlink(session: Session, received: Received) -> None:
    """Take in that a case is about nobody any more: nobody here sees whom, and the signed words are forgotten."""
    said = fhir.read_unlink(received.resource)
    check_way(said.sender, said.receiver, received)
    check_service(session, said.receiver)
    stored = store.at_home(session, said.receiver, said.thread)
    if stored is not None:
        linking.check_sender(stored.standing, said.sender)
    held = bond_between(session, said.receiver, said.thread, said.sender, is_told=True)
    after = linking.take_unlink(held, said, now=received.received_at)
    if after == held:
        return
    exchange.forget(session, said.receiver.agency, received.sender, linking.no_longer_needed(held, after))
    bonds.save(session, after)
    if stored is None or stored.standing.person is None or after.is_open:
        return
    by = cases.machine(said.receiver.agency)
    detail = Said(party=said.sender, author=said.author)
    bare = _without_drafts_that_name(session, stored, now=received.received_at)
    forgotten(session, bare, Doing.RECEIVE_UNLINK, by=by, now=received.received_at, said=detail)


def _without_drafts_that_name(session: Session, stored: Stored, *, now: datetime) -> Stored:
    """Return the copy after every draft was thrown away that still says whom the case was about."""
    by = cases.machine(stored.standing.home.agency)
    for each in stored.copy.messages:
        if each.status is Status.DRAFT and guarding.left_in(session, stored.copy, each, by=each.author, now=now):
            after = speaking.discard(stored.copy, each.id, now=now)
            said = Said(message=each.id)
            stored = cases.record(session, stored, after, Doing.DISCARD, by=by, now=now, said=said)
    return stored


def may_still_go(session: Session, ref: OutgoingRef) -> bool:
    """Whether a `case-link` may leave: it is the latest word, and the patient's yes still covers its receiver."""
    held = _of_handle(session, ref.sender, ref.subject)
    if held is None or not held.is_open or held.latest != ref.message or held.person is None:
        return False
    try:
        covered_until(session, ref.sender, held.person, held.other, now=ref.at)
    except (consent.MayNotTravel, NotFound):
        return False
    return True


def on_delivery(session: Session, fact: DeliveryFact) -> None:
    """Follow what was said: taken in, or a task; an unlink that expired is said again, until somebody hears it."""
    held = _of_handle(session, fact.sender, fact.subject)
    if held is None or fact.message not in {held.latest, held.mistake}:
        return
    if fact.state is State.ACKNOWLEDGED:
        bonds.save(session, linking.arrived(held, fact.message, at=fact.answered_at or fact.at))
    elif fact.state in LOST:
        after = linking.lost(held, fact.message)
        bonds.save(session, after)
        stored = store.at_home(session, held.home, held.thread, lock=False)
        if stored is not None:
            cases.raise_task(session, stored.standing, TaskKind.NOT_DELIVERED, fact.summary(), now=fact.at)
        again = linking.said_again(after, fact.message)
        if again is not None and fact.state is State.EXPIRED:
            say(session, after, again, now=fact.at)


def _of_handle(session: Session, agency: AgencyId, subject: str | None) -> Bond | None:
    handle = cases.handle_of(agency, subject)
    return None if handle is None else bonds.between(session, handle.home, handle.thread, handle.to)
