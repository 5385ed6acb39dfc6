"""From posted to acknowledged over two nodes, and every way in which that can go wrong."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from handover.actors import Machine
from handover.db import provided
from handover.errors import Invalid
from handover.exchange import operations, service, store
from handover.exchange.lifecycle import State
from handover.exchange.model import AlarmKind, Fault, Outgoing, Pace, Received, Side
from handover.exchange.tables import DeliveryChange, IncomingRow, OutgoingContent, OutgoingRow
from handover.exchange.wiring import Evidence
from handover.keys import keyring
from handover.keys.keyring import Keyring
from tests.exchange.conftest import Community, MakeCommunity
from tests.exchange.network import DPS, KOMMUNE, NAV, START, audited, later, referral

ENDPOINT = "https://dps.example"
OPERATOR = Machine(agency=KOMMUNE, name="operator")


def _incoming(community: Community) -> list[IncomingRow]:
    with community.dps.db.reading() as session:
        return list(session.scalars(select(IncomingRow)))


def test_a_message_is_delivered_once_and_acknowledged_in_the_same_round(community: Community) -> None:
    message = referral()
    community.kommune.post(message)
    community.kommune.work(later(seconds=1))
    found = community.kommune.delivery(message.message)
    assert found.state is State.ACKNOWLEDGED
    assert [change.state for change in found.history] == [
        State.QUEUED,
        State.SENT,
        State.DELIVERED,
        State.ACKNOWLEDGED,
    ]
    assert (found.sent_at, found.acknowledged_at) == (later(seconds=1), later(seconds=1))
    assert community.dps.ledger.ids() == [message.message]
    assert community.dps.ledger.received[0].payload == message.payload
    assert audited(community.dps.db) == ["envelope.received"]
    assert audited(community.kommune.db) == ["delivery.queued", "delivery.acknowledged"]
    assert [fact.state for fact in community.kommune.ledger.facts] == [State.ACKNOWLEDGED]


def test_many_messages_travel_in_batches_and_arrive_in_the_order_they_were_due(community: Community) -> None:
    messages = [referral() for _ in range(70)]
    for number, message in enumerate(messages):
        community.kommune.post(message, now=later(milliseconds=number))
    community.kommune.work(later(seconds=1))
    assert community.dps.ledger.ids() == [message.message for message in messages]
    assert len(community.wire.seen) == 3


def test_two_agencies_on_one_node_exchange_the_same_way_without_the_network(community: Community) -> None:
    message = referral(receiver=NAV)
    community.kommune.post(message)
    community.kommune.work()
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED
    assert community.kommune.ledger.ids() == [message.message]
    assert community.wire.seen == []


def test_the_wire_sees_only_ciphertext_and_a_resend_is_encrypted_afresh(community: Community) -> None:
    message = referral(text="Kari trenger hjelp")
    community.kommune.post(message)
    community.wire.lose_answer.add(ENDPOINT)
    community.kommune.work()
    community.kommune.work(later(minutes=1))
    first, second = (body for _, body in community.wire.seen)
    assert first != second
    assert b"Kari" not in first
    assert community.dps.ledger.ids() == [message.message]
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED
    assert audited(community.dps.db) == ["envelope.received", "envelope.repeated"]


def test_a_repeat_gets_the_same_stored_acknowledgement(community: Community) -> None:
    message = referral()
    community.kommune.post(message)
    community.wire.lose_answer.add(ENDPOINT)
    community.kommune.work()
    stored = _incoming(community)[0].acknowledgement
    community.kommune.work(later(minutes=1))
    with community.kommune.db.reading() as session:
        row = store.outgoing(session, KOMMUNE, message.message)
    assert row is not None
    assert row.acknowledgement == stored


def test_the_same_id_with_other_content_is_refused_and_alarms_and_the_first_answer_stays(
    community: Community,
) -> None:
    message = referral()
    community.kommune.post(message)
    community.kommune.work()
    first = _incoming(community)[0].acknowledgement
    with community.kommune.db.transaction() as session:
        session.query(OutgoingRow).delete()
        session.query(OutgoingContent).delete()
        session.query(DeliveryChange).delete()
    community.kommune.post(replace(referral(message=message.message, text="noe annet")))
    community.kommune.work(later(minutes=1))
    assert community.kommune.delivery(message.message).state is State.REFUSED
    assert [alarm.kind for alarm in community.dps.ledger.alarms] == [AlarmKind.DIFFERENT_CONTENT]
    assert len(community.dps.ledger.received) == 1
    assert _incoming(community)[0].acknowledgement == first


def test_a_refused_message_gives_its_sender_a_task_with_every_problem_and_is_not_sent_again(
    community: Community,
) -> None:
    def refuse(_received: Received) -> None:
        raise Invalid("referral.no", fields={"Bundle.entry[1]": ["x"], "Bundle.entry[2]": ["y"]})

    community.dps.ledger.fail = refuse
    message = referral()
    community.kommune.post(message)
    community.kommune.work()
    found = community.kommune.delivery(message.message)
    assert found.state is State.REFUSED
    assert [problem.path for problem in found.problems] == ["Bundle.entry[1]", "Bundle.entry[2]"]
    assert [(alarm.kind, alarm.subject) for alarm in community.kommune.ledger.alarms] == [
        (AlarmKind.REFUSED, message.subject)
    ]
    community.kommune.work(later(hours=1))
    assert len(community.wire.seen) == 1
    assert _incoming(community)[0].jws is None


def test_a_product_that_fails_is_tried_again_and_hurts_none_of_its_neighbours(community: Community) -> None:
    messages = [referral() for _ in range(5)]
    sick = messages[2].message

    def fail(received: Received) -> None:
        if received.message == sick:
            raise RuntimeError("the product broke")

    community.dps.ledger.fail = fail
    community.kommune.post(*messages)
    community.kommune.work()
    assert sorted(community.dps.ledger.ids()) == sorted(one.message for one in messages if one.message != sick)
    found = community.kommune.delivery(sick)
    assert (found.state, found.last_error) == (State.SENT, Fault(Side.REC, "transient-error"))
    community.dps.ledger.fail = lambda _received: None
    community.kommune.work(later(minutes=1))
    assert community.kommune.delivery(sick).state is State.ACKNOWLEDGED
    assert len(community.dps.ledger.received) == 5


def test_a_receiver_that_is_down_is_asked_ever_less_often_and_alarms_once(community: Community) -> None:
    message = referral()
    community.kommune.post(message)
    community.wire.down.add(ENDPOINT)
    for minute in range(29):
        community.kommune.work(later(minutes=minute))
    found = community.kommune.delivery(message.message, now=later(minutes=29))
    assert (found.state, found.late) == (State.QUEUED, False)
    assert 5 <= found.attempts <= 14
    kinds = [alarm.kind for alarm in community.kommune.ledger.alarms]
    assert kinds == [AlarmKind.DESTINATION_FAILING]
    community.wire.down.clear()
    community.kommune.work(later(minutes=45))
    community.kommune.work(later(minutes=60))
    kinds = [alarm.kind for alarm in community.kommune.ledger.alarms]
    assert AlarmKind.DESTINATION_WORKS in kinds
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED


def test_a_late_message_is_told_once_and_an_expired_one_gives_a_task_and_a_late_answer_still_counts(
    community: Community,
) -> None:
    message = referral()
    community.kommune.post(message)
    community.wire.lose_answer.add(ENDPOINT)
    community.kommune.work()
    community.wire.down.add(ENDPOINT)
    for minutes in (31, 32, 33):
        community.kommune.work(later(minutes=minutes))
    community.kommune.work(START + Pace().expire_after)
    found = community.kommune.delivery(message.message)
    assert found.state is State.EXPIRED
    kinds = [alarm.kind for alarm in community.kommune.ledger.alarms if alarm.message]
    assert kinds == [AlarmKind.LATE, AlarmKind.EXPIRED]
    token = _incoming(community)[0].acknowledgement
    got = (
        community.wire.apps["https://kommune.example"]
        .test_client()
        .post("/exchange/v1/acknowledgements", data=token, content_type="application/jose")
    )
    assert got.status_code == 204
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED


def test_what_may_no_longer_go_is_stopped_in_the_transaction_that_would_take_it(community: Community) -> None:
    goes, stays = referral(), referral()
    community.kommune.post(goes, stays)
    community.kommune.ledger.may_go = lambda ref: ref.message != stays.message
    community.kommune.work()
    assert community.dps.ledger.ids() == [goes.message]
    assert community.kommune.delivery(stays.message).state is State.STOPPED
    assert [alarm.kind for alarm in community.kommune.ledger.alarms] == [AlarmKind.STOPPED]


def test_a_message_waits_for_its_undo_time(community: Community) -> None:
    message = referral(not_before=later(seconds=30))
    community.kommune.post(message)
    community.kommune.work(later(seconds=29))
    assert community.dps.ledger.received == []
    community.kommune.work(later(seconds=30))
    assert community.dps.ledger.ids() == [message.message]


def test_an_envelope_to_a_retired_key_makes_the_sender_refresh_and_seal_the_same_message_anew(
    community: Community,
) -> None:
    community.book.stale[DPS] = keyring.generate([DPS]).of(DPS).enc[0].public
    message = referral()
    community.kommune.post(message)
    community.kommune.work()
    assert community.book.refreshed == [DPS]
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED
    assert community.dps.ledger.received[0].payload == message.payload
    assert audited(community.dps.db) == ["envelope.refused", "envelope.received"]


@pytest.mark.parametrize("receiver", [DPS, NAV])
def test_what_is_processed_later_is_delivered_at_once_and_acknowledged_by_itself(
    make_community: MakeCommunity, receiver: str
) -> None:
    community = make_community(inline=False)
    message = referral(receiver=receiver)  # type: ignore[arg-type]
    site = community.dps if receiver == DPS else community.kommune
    community.kommune.post(message)
    if receiver == DPS:
        community.kommune.work()
        assert community.kommune.delivery(message.message).state is State.DELIVERED
        assert site.ledger.received == []
    site.work(later(seconds=1))
    site.work(later(seconds=2))
    assert site.ledger.ids() == [message.message]
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED
    sent = len(community.wire.seen)
    community.kommune.work(later(hours=1))
    site.work(later(hours=1))
    assert len(community.wire.seen) == sent


@pytest.mark.parametrize("inline", [True, False])
def test_what_its_product_may_not_keep_is_answered_and_leaves_only_a_digest(
    make_community: MakeCommunity, inline: bool
) -> None:
    community = make_community(inline=inline)
    community.dps.ledger.evidence = Evidence.DIGEST
    message = referral()
    community.kommune.post(message)
    community.kommune.work()
    community.dps.work(later(seconds=1))
    (row,) = _incoming(community)
    assert (row.jws, row.outcome, len(row.sha256)) == (None, "ok", 32)
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED


def test_what_an_agency_sent_is_forgotten_when_it_has_ended_and_the_answer_stays(community: Community) -> None:
    ended, on_its_way = referral(), referral()
    community.kommune.post(ended)
    community.kommune.work()
    community.kommune.post(on_its_way)
    with community.kommune.db.transaction() as session:
        left = service.forget_sent(session, KOMMUNE, [ended.message, on_its_way.message])
    assert left == (on_its_way.message,)
    with community.kommune.db.reading() as session:
        assert store.content(session, KOMMUNE, ended.message) is None
        row = store.outgoing(session, KOMMUNE, ended.message)
    assert row is not None and row.acknowledgement and len(row.sha256) == 32
    community.kommune.work(later(seconds=1))
    assert community.kommune.delivery(on_its_way.message).state is State.ACKNOWLEDGED


def test_an_acknowledgement_of_its_own_is_tried_until_any_2xx(make_community: MakeCommunity) -> None:
    community = make_community(inline=False)
    message = referral()
    community.kommune.post(message)
    community.kommune.work()
    community.wire.down.add("https://kommune.example")
    community.dps.work(later(seconds=1))
    assert community.kommune.delivery(message.message).state is State.DELIVERED
    community.wire.down.clear()
    community.dps.work(later(minutes=1))
    assert community.kommune.delivery(message.message).state is State.ACKNOWLEDGED


def test_an_acknowledgement_signed_by_somebody_else_changes_nothing(community: Community) -> None:
    message = referral()
    community.kommune.post(message)
    with community.dps.db.reading() as session:
        ring = provided(session, Keyring)
    stranger = keyring.generate([DPS])
    community.dps.db.provide(Keyring, _mixed(ring, stranger))
    community.kommune.work()
    found = community.kommune.delivery(message.message)
    assert (found.state, found.last_error) == (State.SENT, Fault(Side.REC, "answer.unknown-signer"))


def _mixed(real: Keyring, stranger: Keyring) -> Keyring:
    return Keyring({DPS: replace(stranger.of(DPS), enc=real.of(DPS).enc)})


def _posted(community: Community, count: int) -> list[Outgoing]:
    messages = [referral() for _ in range(count)]
    community.kommune.post(*messages)
    return messages


def test_an_operator_pauses_a_destination_and_lets_it_go_on(community: Community) -> None:
    _posted(community, 2)
    with community.kommune.db.transaction() as session:
        operations.pause(session, KOMMUNE, DPS, by=OPERATOR, now=START)
    community.kommune.work()
    assert community.dps.ledger.received == []
    with community.kommune.db.transaction() as session:
        operations.resume(session, KOMMUNE, DPS, by=OPERATOR, now=START)
    community.kommune.work()
    assert len(community.dps.ledger.received) == 2
