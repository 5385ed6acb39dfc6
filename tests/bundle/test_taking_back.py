"""What a patient takes back is taken back, whatever was lost, late or crossed on the way: over two real nodes."""

import pytest
from sqlalchemy import func, select

from handover.actors import Machine, Party
from handover.bundle import service, store
from handover.bundle.lifecycle import Act, Side, Status
from handover.bundle.model import Decline, Done, Mark
from handover.bundle.standing import AlreadyAsked
from handover.bundle.steps import Step
from handover.bundle.store import Stored
from handover.exchange import operations as exchange_operations
from handover.exchange import store as post_office
from handover.exchange.lifecycle import State
from handover.exchange.model import Event
from handover.exchange.tables import IncomingBlobPart, IncomingRow
from handover.exchange.wire import ACKNOWLEDGEMENTS, JOSE
from handover.team import service as team
from tests.builders import DPS, INTAKE, MUNICIPALITY
from tests.bundle.meeting import PDF, Meeting, approved, sent, together
from tests.referral.nodes import DPS_NODE, INGRID, KOMMUNE_NODE, SENIOR, Town

HERE = Party(DPS, INTAKE)
OPERATOR = Machine(agency=MUNICIPALITY, name="operator")


def there(met: Meeting) -> Stored | None:
    """Return the receiver's copy, or None."""
    with met.town.dps.db.transaction() as session:
        return store.at_home(session, HERE, Side.RECEIVER, met.handover)


def incoming(met: Meeting, event: Event = Event.HANDOVER_BUNDLE) -> list[tuple[str, bool]]:
    """Return what came to the receiver of one kind: the outcome, and whether its signed bytes are kept."""
    with met.town.dps.db.reading() as session:
        rows = session.execute(
            select(IncomingRow.outcome, IncomingRow.jws)
            .where(IncomingRow.event == event.value)
            .order_by(IncomingRow.received_at)
        )
        return [(outcome, jws is not None) for outcome, jws in rows]


def sent_states(met: Meeting, event: Event) -> list[State]:
    """Return how far the municipality's messages of one kind came, the oldest first."""
    with met.town.kommune.db.reading() as session:
        statement = post_office.OUTGOING.select().order_by(post_office.OUTGOING.c.queued_at)
        return [State(row.state) for row in session.execute(statement) if row.event == event.value]


def tasks(met: Meeting) -> list[str]:
    """Return what waits for somebody about the handover."""
    with met.town.kommune.db.reading() as session:
        return [task.kind.value for task in team.tasks_about(session, MUNICIPALITY, met.handover)]


def step_of(met: Meeting) -> Step | None:
    """Return what must happen next, as the sender sees it."""
    found = met.see().next
    return None if found is None else found.step


def held_up(town: Town, met: Meeting | None = None) -> Meeting:
    """Send a handover whose document is held up on the way."""
    met = met or approved(town)
    met.do(service.send)
    town.wire.catch.add(DPS_NODE)
    town.pass_time(minutes=1)
    town.work_at(town.kommune)
    assert town.wire.caught
    return met


def late_ok(met: Meeting) -> None:
    """Let the signed answers to all documents that came reach the sender, each by itself."""
    with met.town.dps.db.reading() as session:
        statement = select(IncomingRow.acknowledgement).where(IncomingRow.event == Event.HANDOVER_BUNDLE.value)
        tokens = list(session.scalars(statement.order_by(IncomingRow.received_at)))
    for token in tokens:
        client = met.town.wire.apps[KOMMUNE_NODE].test_client()
        got = client.post(ACKNOWLEDGEMENTS, data=token, content_type=JOSE)
        assert got.status_code == 204


def pieces(town: Town) -> int:
    """Return how many pieces of uploaded files wait at the receiver."""
    with town.dps.db.reading() as session:
        return session.scalar(select(func.count()).select_from(IncomingBlobPart)) or 0


# --- the withdrawal comes first --------------------------------------------------------------------------------


def test_a_receiver_that_has_nothing_answers_a_withdrawal_at_once_and_everybody_reads_it(any_nodes: Town) -> None:
    met = held_up(any_nodes)
    any_nodes.wire.caught.clear()  # the document is lost for good
    met.at_home(service.withdraw)
    any_nodes.settle()

    assert there(met) is None
    assert sent_states(met, Event.HANDOVER_WITHDRAW) == [State.ACKNOWLEDGED]
    for reader in (met.by, met.patient):
        standing = met.see(by=reader).standing
        assert standing.status is Status.WITHDRAWAL_ANSWERED
        assert standing.withdrawal is not None and standing.withdrawal.done is Done.NOT_RECEIVED
    assert (step_of(met), tasks(met)) == (None, []), "no silence, and no false alarm"
    any_nodes.pass_time(hours=97)
    any_nodes.work()
    assert tasks(met) == []
    assert met.see().history[-1].act is Act.ANSWER_WITHDRAWAL


def test_what_comes_after_it_was_taken_back_is_answered_and_never_kept(two_nodes: Town) -> None:
    met = held_up(two_nodes)
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert met.see().standing.status is Status.WITHDRAWAL_ANSWERED

    two_nodes.wire.bring_caught()
    two_nodes.settle()

    assert there(met) is None
    assert incoming(met) == [("ok", False)]
    assert met.see().standing.status is Status.WITHDRAWAL_ANSWERED
    assert (step_of(met), tasks(met)) == (None, [])


def test_the_files_of_what_was_taken_back_before_it_came_are_let_go_too(two_nodes: Town) -> None:
    met = together(two_nodes)
    met.do(service.mark, met.do(service.attach, "documents", "plan.pdf", PDF), Mark.TRAVELS)
    met.say_yes()
    held_up(two_nodes, met)
    assert pieces(two_nodes) == 1
    met.at_home(service.withdraw)
    two_nodes.settle()
    two_nodes.wire.bring_caught()
    assert incoming(met) == [("ok", False)]
    assert pieces(two_nodes) == 0


def test_a_note_about_what_was_taken_back_before_it_came_is_not_kept(two_nodes: Town) -> None:
    met = held_up(two_nodes)
    met.at_home(service.withdraw)
    two_nodes.wire.down.add(KOMMUNE_NODE)  # the receiver's answer waits
    two_nodes.settle()
    two_nodes.wire.bring_caught()
    late_ok(met)
    assert met.see().standing.status is Status.RECEIVED, "what the exchange says is all the sender has heard"
    met.do(service.note_to_receiver, "Ring meg")
    two_nodes.settle()
    assert incoming(met, Event.HANDOVER_STATUS) == [("ok", False)]
    two_nodes.wire.down.clear()
    two_nodes.pass_time(minutes=30)
    two_nodes.settle()
    assert met.see().standing.status is Status.WITHDRAWAL_ANSWERED
    assert there(met) is None


def test_a_new_yes_after_a_withdrawal_that_came_first_begins_at_the_receiver(two_nodes: Town) -> None:
    met = held_up(two_nodes)
    met.at_home(service.withdraw)
    two_nodes.settle()
    met.at_home(service.reopen)
    met.say_yes(by=met.patient)
    met.do(service.send)
    two_nodes.settle()
    two_nodes.wire.bring_caught()
    copy = there(met)
    assert copy is not None and copy.standing.version == (2, 1)
    assert copy.standing.documents == met.see().standing.documents
    assert met.see().standing.status is Status.RECEIVED


# --- an earlier sending may be there ---------------------------------------------------------------------------


def arrived_and_given_up(town: Town) -> Meeting:
    """Have a handover whose document arrived, though the sender never heard so, and gave the sending up."""
    met = approved(town)
    met.do(service.send)
    town.pass_time(minutes=1)
    town.wire.lose_answer.add(DPS_NODE)
    town.work_at(town.kommune)
    town.wire.down |= {DPS_NODE, KOMMUNE_NODE}
    town.pass_time(hours=97)
    town.work_at(town.kommune)
    town.wire.down.clear()
    assert met.see().standing.undelivered
    assert there(met) is not None
    met.do(service.give_up, "De svarer ikke")
    return met


def is_taken_back_there(met: Meeting) -> bool:
    """Whether the receiver's copy knows that the patient took it back."""
    copy = there(met)
    return copy is not None and copy.standing.status is Status.WITHDRAWAL_NOTIFIED


def test_a_late_answer_to_a_sending_that_was_given_up_counts(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    late_ok(met)
    standing = met.see().standing
    assert (standing.status, standing.version) == (Status.RECEIVED, (1, 1))
    assert standing.sent_at is not None and standing.earlier == ()
    assert met.do(service.document_of).sha256 == standing.documents[0]


def test_the_same_bytes_sent_again_begin_anew_at_a_receiver_who_had_them(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    first = there(met)
    met.say_yes(by=met.patient)
    met.do(service.send)
    two_nodes.settle()
    copy, standing = there(met), met.see().standing
    assert first is not None and copy is not None
    assert standing.documents == copy.standing.documents == first.standing.documents
    assert copy.standing.version == standing.version == (2, 1)
    assert standing.status is Status.RECEIVED


def test_a_withdrawal_before_a_second_sending_reaches_the_first_one(any_nodes: Town) -> None:
    met = arrived_and_given_up(any_nodes)
    met.say_yes(by=met.patient)
    met.do(service.send)
    met.at_home(service.withdraw)
    assert met.see().standing.is_withdrawal_pending()
    any_nodes.settle()
    assert sent_states(met, Event.HANDOVER_BUNDLE) == [State.EXPIRED, State.CANCELLED]
    assert is_taken_back_there(met)
    assert met.see().standing.status is Status.WITHDRAWAL_NOTIFIED


def test_a_withdrawal_reaches_what_was_given_up_when_the_next_sending_was_undone(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    met.say_yes(by=met.patient)
    met.do(service.send)
    met.do(service.undo_send)
    assert met.see().standing.status is Status.APPROVED
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert is_taken_back_there(met)


def test_what_was_given_up_and_taken_back_without_a_new_yes_is_taken_back_there(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert is_taken_back_there(met)
    met_there = there(met)
    assert met_there is not None and met_there.standing.version == (1, 2)


def test_a_late_answer_while_a_second_sending_waits_counts_when_that_is_undone(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    met.say_yes(by=met.patient)
    met.do(service.send)
    late_ok(met)
    assert met.see().standing.status is Status.SENT, "the second is on its way"
    assert met.see().history[-1].act is Act.ARRIVE
    met.do(service.undo_send)
    standing = met.see().standing
    assert (standing.status, standing.version) == (Status.RECEIVED, (1, 1))
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert is_taken_back_there(met)


def test_a_late_answer_after_the_withdrawal_changes_nothing_that_was_asked(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    met.say_yes(by=met.patient)
    met.do(service.send)
    met.at_home(service.withdraw)
    late_ok(met)
    assert met.see().standing.is_withdrawal_pending()
    two_nodes.settle()
    assert is_taken_back_there(met)
    assert sent_states(met, Event.HANDOVER_WITHDRAW) == [State.ACKNOWLEDGED]
    assert met.see().standing.status is Status.WITHDRAWAL_NOTIFIED


def test_a_withdrawal_of_a_second_sending_that_never_arrives_takes_the_first_one_back(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    met.say_yes(by=met.patient)
    held_up(two_nodes, met)
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert is_taken_back_there(met)
    copy = there(met)
    assert copy is not None and copy.standing.version == (2, 2)
    two_nodes.wire.bring_caught()
    assert incoming(met) == [("ok", True), ("ok", False)]
    assert met.see().standing.status is Status.WITHDRAWAL_NOTIFIED


def test_what_the_receiver_does_with_a_sending_that_was_given_up_is_followed(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    met.there(INGRID, service.open_)
    two_nodes.settle()
    standing = met.see().standing
    assert (standing.status, standing.version) == (Status.OPENED, (1, 2))


def test_what_was_declined_and_opened_again_is_taken_back_at_the_receiver_who_has_it(two_nodes: Town) -> None:
    met = sent(two_nodes)
    met.there(INGRID, service.decline, Decline(reason="Fullt", person="Ingrid", phone="55 00 00 03"))
    two_nodes.settle()
    met.at_home(service.reopen)
    met.say_yes(by=met.patient)
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert is_taken_back_there(met)
    assert met.see().standing.status is Status.WITHDRAWAL_NOTIFIED


def test_a_handover_that_may_be_at_one_receiver_is_not_turned_to_another(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    with pytest.raises(service.MayBeThere):
        met.do(service.choose_receiver, SENIOR)
    met.do(service.choose_receiver, INTAKE)
    assert met.do(service.copy_to, SENIOR)


def test_a_new_yes_after_a_withdrawal_is_for_the_same_receiver_and_another_gets_a_case_that_tells_of_no_other(
    two_nodes: Town,
) -> None:
    met = sent(two_nodes)
    met.at_home(service.withdraw)
    two_nodes.settle()
    met.there(INGRID, service.answer_withdrawal, Done.DELETED, "", "Ingrid")
    two_nodes.settle()
    met.at_home(service.reopen)
    with pytest.raises(service.MayBeThere):
        met.do(service.choose_receiver, SENIOR)
    second = Meeting(two_nodes, met.do(service.copy_to, SENIOR), met.by)
    first, other = met.see().standing, second.see().standing
    assert (first.version.round, other.version.round) == (2, 1)
    assert {first.handover, first.reference}.isdisjoint({other.handover, other.reference})


def test_what_is_taken_back_is_not_opened_again_before_the_receiver_has_answered(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    met.at_home(service.withdraw)
    assert Act.REOPEN not in met.see().acts
    with pytest.raises(AlreadyAsked):
        met.at_home(service.reopen)
    two_nodes.settle()
    met.there(INGRID, service.answer_withdrawal, Done.DELETED, "", "Ingrid")
    two_nodes.settle()
    met.at_home(service.reopen)
    assert met.see().standing.version == (2, 0)


def test_what_never_left_or_was_turned_away_tells_the_receiver_nothing(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.do(service.send)
    with two_nodes.kommune.db.transaction() as session:
        exchange_operations.pause(session, MUNICIPALITY, DPS, by=OPERATOR, now=two_nodes.now)
    two_nodes.pass_time(hours=97)
    two_nodes.work()
    assert met.see().standing.turned_away
    met.do(service.give_up, "Vi fikk ikke sendt den")
    met.at_home(service.withdraw)
    standing = met.see().standing
    assert (standing.status, standing.pending) == (Status.WITHDRAWN, ())
    assert sent_states(met, Event.HANDOVER_WITHDRAW) == []


def test_a_withdrawal_that_was_lost_is_asked_again_and_a_late_answer_still_counts(two_nodes: Town) -> None:
    met = arrived_and_given_up(two_nodes)
    two_nodes.wire.down.add(DPS_NODE)
    met.at_home(service.withdraw)
    assert Act.WITHDRAW not in met.see().acts
    two_nodes.pass_time(hours=97)
    two_nodes.work()
    assert step_of(met) is Step.MEND_DELIVERY
    two_nodes.wire.down.clear()
    met.do(service.withdraw)
    two_nodes.settle()
    assert is_taken_back_there(met)
    assert step_of(met) is Step.ANSWER_WITHDRAWAL
