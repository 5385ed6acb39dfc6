"""What a patient takes back is taken back, whatever was lost, late or crossed on the way: over two real nodes."""

from sqlalchemy import func, select

from handover.actors import Party
from handover.bundle import service, store
from handover.bundle.lifecycle import Act, Side, Status
from handover.bundle.model import Done, Mark
from handover.bundle.steps import Step
from handover.bundle.store import Stored
from handover.exchange import store as post_office
from handover.exchange.lifecycle import State
from handover.exchange.model import Event
from handover.exchange.tables import IncomingBlobPart, IncomingRow
from handover.exchange.wire import ACKNOWLEDGEMENTS, JOSE
from handover.team import service as team
from tests.builders import DPS, INTAKE, MUNICIPALITY
from tests.bundle.meeting import PDF, Meeting, approved, together
from tests.referral.nodes import DPS_NODE, KOMMUNE_NODE, Town

HERE = Party(DPS, INTAKE)


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


def test_what_comes_after_it_was_taken_back_is_answered_and_never_kept(any_nodes: Town) -> None:
    met = held_up(any_nodes)
    met.at_home(service.withdraw)
    any_nodes.settle()
    assert met.see().standing.status is Status.WITHDRAWAL_ANSWERED

    any_nodes.wire.bring_caught()
    any_nodes.settle()

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
