"""Posting: all of it or nothing, and nothing leaves before its time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from handover.db import Database
from handover.errors import NotFound
from handover.exchange import service
from handover.exchange.lifecycle import State
from handover.exchange.model import MAX_MESSAGE_BYTES, Pace
from handover.fhir.problem import FhirInvalid
from handover.ids import AgencyId, MessageId, new_uuid
from tests.exchange.network import DPS, KOMMUNE, NAV, START, Book, Ledger, audited, later, provide, referral


@pytest.fixture
def node(any_db: Database) -> Database:
    """The node of the municipality; the DPS is known by address."""
    book = Book(endpoints={DPS: "https://dps.example"})
    provide(any_db, book, Ledger().products(), [KOMMUNE, NAV], endpoint="https://kommune.example")
    return any_db


def _count(db: Database, table: str) -> int:
    with db.reading() as session:
        return int(session.execute(text(f"select count(*) from {table}")).scalar_one())


def test_a_posted_message_is_queued_logged_and_due_at_once(node: Database) -> None:
    message = referral()
    with node.transaction() as session:
        service.post(session, message, now=START)
    with node.reading() as session:
        found = service.delivery(session, KOMMUNE, message.message, now=START)
    assert (found.state, found.attempts, found.next_attempt_at) == (State.QUEUED, 0, START)
    assert [change.state for change in found.history] == [State.QUEUED]
    assert audited(node) == ["delivery.queued"]


def test_a_post_that_fails_leaves_neither_message_nor_log(node: Database) -> None:
    with pytest.raises(ZeroDivisionError), node.transaction() as session:
        service.post(session, referral(), now=START)
        _ = 1 // 0
    assert _count(node, "exchange_outgoing") == _count(node, "audit_entry") == 0


def test_content_at_rest_is_sealed(node: Database) -> None:
    message = referral(text="Kari er innlagt")
    with node.transaction() as session:
        service.post(session, message, now=START)
    with node.reading() as session:
        stored = bytes(session.execute(text("select jws from exchange_outgoing_content")).scalar_one())
    assert message.payload not in stored
    assert b"eyJ" not in stored[:64]


def test_the_same_id_cannot_be_posted_twice(node: Database) -> None:
    message = referral()
    with node.transaction() as session:
        service.post(session, message, now=START)
    with pytest.raises(service.AlreadyPosted), node.transaction() as session:
        service.post(session, message, now=later(minutes=1))
    assert _count(node, "exchange_outgoing") == 1


def test_the_sender_hears_at_once_what_is_wrong(node: Database) -> None:
    message = referral()
    wrong = {
        service.UnknownReceiver: replace(message, receiver=AgencyId("399999999")),
        service.TooLarge: replace(message, payload=b" " * (MAX_MESSAGE_BYTES + 1)),
        FhirInvalid: replace(message, payload=b"{}"),
    }
    for error, outgoing in wrong.items():
        with pytest.raises(error), node.transaction() as session:
            service.post(session, outgoing, now=START)
    assert _count(node, "exchange_outgoing") == _count(node, "audit_entry") == 0


def test_a_bundle_with_other_addresses_than_its_envelope_is_refused(node: Database) -> None:
    message = referral()
    for other in (replace(message, message=MessageId(new_uuid())), replace(message, sender=NAV)):
        with pytest.raises(FhirInvalid) as refused, node.transaction() as session:
            service.post(session, other, now=START)
        assert {problem.code.value for problem in refused.value.problems} == {"id-mismatch"}


def test_a_sender_can_undo_until_the_message_may_leave_and_not_after(node: Database) -> None:
    first, second = (referral(not_before=later(seconds=30)) for _ in range(2))
    with node.transaction() as session:
        service.post_all(session, [first, second], now=START)
        service.cancel(session, KOMMUNE, first.message, now=later(seconds=29))
    with node.reading() as session:
        assert service.delivery(session, KOMMUNE, first.message, now=START).state is State.CANCELLED
    with pytest.raises(service.AlreadyLeft), node.transaction() as session:
        service.cancel(session, KOMMUNE, second.message, now=later(seconds=30))


def test_another_agency_cannot_see_or_cancel_a_message(node: Database) -> None:
    message = referral(not_before=later(seconds=30))
    with node.transaction() as session:
        service.post(session, message, now=START)
        with pytest.raises(NotFound):
            service.delivery(session, NAV, message.message, now=START)
        with pytest.raises(NotFound):
            service.cancel(session, NAV, message.message, now=START)


def test_a_message_that_waits_is_shown_as_late_after_half_an_hour(node: Database) -> None:
    message = referral()
    with node.transaction() as session:
        service.post(session, message, now=START)
    with node.reading() as session:
        assert not service.delivery(session, KOMMUNE, message.message, now=later(minutes=29)).late
        assert service.delivery(session, KOMMUNE, message.message, now=START + Pace().late_after).late


def test_a_message_expires_before_its_signature_does(node: Database) -> None:
    message = referral()
    with node.transaction() as session:
        service.post(session, message, now=START)
    with node.reading() as session:
        found = service.delivery(session, KOMMUNE, message.message, now=START)
    assert found.expires_at == START + timedelta(hours=96)
