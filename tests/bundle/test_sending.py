"""Sending: nothing leaves but what the patient approved, for as long as the patient's choices allow it."""

from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from handover.actors import Party
from handover.bundle import fhir, letters, service, store
from handover.bundle.lifecycle import Side, Status, Version
from handover.bundle.model import Done, Handed, Mark, Origin, RequestId
from handover.bundle.service import BadReceiver, NoYes, OnHold, StaleYes
from handover.bundle.standing import PendingKind
from handover.consent import service as consent
from handover.consent.model import Target, Terms
from handover.db import provided
from handover.exchange import service as exchange
from handover.exchange import store as post_office
from handover.exchange.lifecycle import State
from handover.exchange.model import Event, Outgoing
from handover.exchange.service import AlreadyLeft
from handover.ids import MessageId, ServiceId, new_uuid
from handover.keys.vault import Vault
from handover.moves import MoveNotAllowed
from handover.person import service as person
from handover.person import store as persons
from handover.person.age import TooYoung
from handover.team import service as team
from handover.team.model import TaskKind
from handover.team.tables import TaskRow
from tests.builders import DPS, FACT, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE, PSYCHOLOGIST
from tests.bundle.meeting import EVENTS, IMPORTANT, PDF, Meeting, approved, begin, sent, together
from tests.referral.nodes import DPS_NODE, FATIMA, INGRID, PATIENT, SENIOR, Town, content

HOME = Party(MUNICIPALITY, PSYCHOLOGIST)
NOWHERE = ServiceId("8999999")


def states(met: Meeting) -> list[tuple[Event, State]]:
    """Return the messages of the municipality and how far each came, the oldest first."""
    with met.town.kommune.db.reading() as session:
        rows = session.execute(post_office.OUTGOING.select().order_by(post_office.OUTGOING.c.queued_at)).all()
        return [(Event(row.event), State(row.state)) for row in rows]


def tasks(met: Meeting) -> list[TaskKind]:
    """Return what waits for somebody about the handover."""
    with met.town.kommune.db.reading() as session:
        return [task.kind for task in team.tasks_about(session, MUNICIPALITY, met.handover)]


def every_task(session: Session) -> list[Any]:
    """Return every task of the node."""
    return list(session.execute(select(TaskRow.kind)))


def permit(town: Town, *topics: str) -> consent.ChoiceId:
    """The patient lets the municipality hand over to NAV."""
    terms = Terms(purpose=consent.HANDOVER, topics=topics, until=date(2026, 12, 24))
    with town.kommune.db.transaction() as session:
        who = person.of_number(session, MUNICIPALITY, PATIENT.number)
        assert who is not None
        return consent.permit(session, MUNICIPALITY, who, Target(agency=NAV), terms, by=PATIENT, now=town.now)


def withdraw_permit(town: Town, choice: consent.ChoiceId) -> None:
    """The patient takes that back."""
    with town.kommune.db.transaction() as session:
        who = person.of_number(session, MUNICIPALITY, PATIENT.number)
        assert who is not None
        consent.withdraw_permit(session, MUNICIPALITY, who, choice, by=PATIENT, now=town.now)


# --- refused, and what is missing ------------------------------------------------------------------------------


def test_nothing_is_sent_without_a_yes(two_nodes: Town) -> None:
    met = together(two_nodes)
    met.add("Må få sove", marked=Mark.TRAVELS)
    met.preview()
    with pytest.raises(NoYes):
        met.do(service.send)


def test_nothing_is_sent_while_the_patient_has_put_it_on_hold(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.at_home(service.pause)
    with pytest.raises(OnHold):
        met.do(service.send)
    met.at_home(service.resume)
    with pytest.raises(NoYes):
        met.do(service.send)


def test_nothing_is_sent_on_a_yes_to_what_the_patient_is_no_longer_called(two_nodes: Town) -> None:
    met = approved(two_nodes)
    case = met.see()
    with two_nodes.kommune.db.transaction() as session:
        who = replace(case.patient, family="Vik")
        persons.change(session, MUNICIPALITY, case.standing.person, who, now=two_nodes.now)  # and nobody is told
    with pytest.raises(StaleYes):
        met.do(service.send)
    met.preview()
    assert met.see().standing.status is Status.WITH_PATIENT


@pytest.mark.parametrize(
    ("receiver", "changed", "code"),
    [
        (NOWHERE, {}, "bundle.receiver.unknown"),
        (SENIOR, {"takes_handovers": False}, "bundle.receiver.takes-none"),
        (SENIOR, {"is_open": False}, "bundle.receiver.closed"),
        (ServiceId("8000011"), {}, "bundle.receiver.ourselves"),
    ],
)
def test_a_receiver_that_takes_no_handovers_is_said_when_chosen(
    two_nodes: Town, receiver: ServiceId, changed: dict[str, Any], code: str
) -> None:
    two_nodes.services[receiver] = changed
    two_nodes.pass_time(minutes=1)
    met = begin(two_nodes)
    with pytest.raises(BadReceiver) as refused:
        met.do(service.choose_receiver, receiver)
    assert refused.value.stable_code == code
    assert "receiver" in refused.value.fields


def test_a_receiver_that_has_closed_since_is_refused_when_sending(two_nodes: Town) -> None:
    met = approved(two_nodes)
    two_nodes.services[INTAKE] = {"is_open": False}
    two_nodes.pass_time(minutes=1)
    with pytest.raises(BadReceiver):
        met.do(service.send)


def test_to_nav_only_what_the_permit_covers_is_marked_and_nothing_leaves_without_it(two_nodes: Town) -> None:
    met = together(two_nodes, to=NAV_OFFICE)
    item = met.add("Må få sove", topic=IMPORTANT)
    with pytest.raises(consent.OutsideScope):
        met.do(service.mark, item, Mark.TRAVELS)
    choice = permit(two_nodes, "important-to-me")
    met.do(service.mark, item, Mark.TRAVELS)
    other = met.add("Det som hendte", topic=EVENTS)
    with pytest.raises(consent.OutsideScope):
        met.do(service.mark, other, Mark.TRAVELS)
    met.say_yes()
    withdraw_permit(two_nodes, choice)
    with pytest.raises(consent.NoPermit):
        met.do(service.send)


def test_what_may_not_go_to_a_receiver_chosen_later_is_undecided_again(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.do(service.choose_receiver, NAV_OFFICE)
    case = met.see()
    assert [item.marked.mark for item in case.items] == [Mark.UNDECIDED, Mark.STAYS]
    assert (case.standing.status, case.permitted) == (Status.WITH_PATIENT, frozenset())


def test_a_permit_that_is_taken_back_while_the_message_waits_stops_it(two_nodes: Town) -> None:
    met = together(two_nodes, to=NAV_OFFICE)
    item = met.add("Må få sove", topic=IMPORTANT)
    choice = permit(two_nodes, "important-to-me")
    met.do(service.mark, item, Mark.TRAVELS)
    met.say_yes()
    met.do(service.send)
    withdraw_permit(two_nodes, choice)
    two_nodes.settle()
    assert states(met) == [(Event.HANDOVER_BUNDLE, State.STOPPED)]
    assert tasks(met) == [TaskKind.HELD_BACK]
    assert met.see().standing.undelivered


def test_a_person_under_18_has_no_case(two_nodes: Town) -> None:
    patient = content().patient
    assert patient is not None
    young = replace(patient, birth_date=date(2010, 1, 1), number=None)
    with (
        pytest.raises(TooYoung) as refused,
        two_nodes.kommune.db.transaction() as session,
    ):
        service.start(session, by=FATIMA, service=FACT, patient=young, now=two_nodes.now)
    assert refused.value.fields == {"birth_date": ["under-age"]}


# --- what leaves -----------------------------------------------------------------------------------------------


def test_what_is_sent_is_byte_for_byte_what_was_approved(any_nodes: Town) -> None:
    met = together(any_nodes)
    met.add("Må få sove", marked=Mark.TRAVELS)
    file = met.do(service.attach, "documents", "plan.pdf", PDF)
    met.do(service.mark, file, Mark.TRAVELS)
    frozen = met.say_yes(by=met.patient)
    met.do(service.send)
    standing = met.see().standing
    with any_nodes.kommune.db.reading() as session:
        assert standing.message is not None
        handed, blobs = fhir.read_handed(exchange.posted(session, MUNICIPALITY, standing.message))
    assert handed.document == frozen.document
    assert handed.approval.sha256 == frozen.sha256 and handed.approval.by_patient
    assert [each.plain_sha256 for each in blobs] == [sha256(PDF).hexdigest()]
    any_nodes.settle()
    case = met.see()
    assert case.standing.status is Status.RECEIVED
    assert case.delivery is not None and case.delivery.state is State.ACKNOWLEDGED


def test_what_is_undone_in_time_never_leaves(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.do(service.send)
    met.do(service.undo_send)
    two_nodes.settle()
    assert states(met) == [(Event.HANDOVER_BUNDLE, State.CANCELLED)]
    assert met.see().standing.status is Status.APPROVED
    met.do(service.send)
    two_nodes.settle()
    with pytest.raises(MoveNotAllowed):
        met.do(service.undo_send)


def test_what_was_undone_too_late_says_so(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.do(service.send)
    two_nodes.pass_time(minutes=1)
    with pytest.raises(AlreadyLeft):
        met.do(service.undo_send)


def test_a_forged_message_never_leaves_and_a_person_is_told(any_nodes: Town) -> None:
    met = approved(any_nodes)
    other = together(any_nodes)
    other.add("Det som ikke ble godkjent", marked=Mark.TRAVELS)
    forged = other.preview()
    with any_nodes.kommune.db.transaction() as session:
        stored = store.at_home(session, HOME, Side.SENDER, met.handover)
        assert stored is not None and stored.standing.approval is not None
        kept = store.Kept(forged, Origin(files=forged.files))
        letters.hand_over(
            session,
            stored.standing,
            kept,
            stored.standing.approval,
            message=MessageId(new_uuid()),
            now=any_nodes.now,
        )
    any_nodes.settle()
    assert states(met) == [(Event.HANDOVER_BUNDLE, State.STOPPED)]
    assert tasks(met) == [TaskKind.NOT_DELIVERED]


@pytest.mark.parametrize(
    ("handle", "is_told"),
    [
        ("", 0),
        ("handover/sender/8000011/not-an-id/round-1", 0),
        ("handover/sender/8000011/{handover}/round-1", 1),
        ("handover/sender/8000011/{handover}/odd", 1),
        ("handover/sender/8000011/{handover}/{other}", 1),
    ],
)
def test_an_approved_document_that_nobody_sent_never_leaves_by_another_way(
    two_nodes: Town, handle: str, is_told: int
) -> None:
    met = approved(two_nodes)
    post_by_hand(met, subject=handle.format(handover=met.handover, other=new_uuid()) or None)
    two_nodes.settle()
    assert states(met) == [(Event.HANDOVER_BUNDLE, State.STOPPED)]
    assert len(tasks(met)) == is_told
    with two_nodes.kommune.db.reading() as session:
        assert len(every_task(session)) == 1, "somebody is told, if nobody else then the operators"


@pytest.mark.parametrize(
    "changed",
    [
        update(post_office.OUTGOING).values(sha256=bytes(32)),
        update(post_office.CONTENT).values(jws=bytes(60)),
    ],
    ids=["its hash", "its bytes"],
)
def test_a_message_that_was_changed_where_it_lies_never_leaves(two_nodes: Town, changed: Update) -> None:
    met = approved(two_nodes)
    met.do(service.send)
    with two_nodes.kommune.db.transaction() as session:
        session.execute(changed)
    two_nodes.settle()
    assert states(met) == [(Event.HANDOVER_BUNDLE, State.STOPPED)]
    assert tasks(met) == [TaskKind.NOT_DELIVERED]


def test_a_document_that_was_changed_where_it_lies_is_not_sent(two_nodes: Town) -> None:
    met = approved(two_nodes)
    with two_nodes.kommune.db.transaction() as session:
        stored = store.at_home(session, HOME, Side.SENDER, met.handover)
        assert stored is not None and stored.standing.frozen is not None
        row = f"sender|{PSYCHOLOGIST}|{met.handover}|{stored.standing.frozen}"
        changed = provided(session, Vault).seal(MUNICIPALITY, "handover_document", "document", row, b"{}")
        session.execute(update(store.DOCUMENT).values(document=changed))
    with pytest.raises(StaleYes):
        met.do(service.send)


def post_by_hand(met: Meeting, *, subject: str | None) -> None:
    """Hand the post office a message with the approved document, as an API or a script could."""
    with met.town.kommune.db.transaction() as session:
        stored = store.at_home(session, HOME, Side.SENDER, met.handover)
        assert stored is not None and stored.standing.approval is not None
        standing = stored.standing
        kept = store.document(session, standing, stored.standing.approval.sha256)
        assert kept is not None and standing.receiver is not None and standing.approval is not None
        message = MessageId(new_uuid())
        handed = Handed(
            request=RequestId(new_uuid()),
            handover=standing.handover,
            reference=standing.reference,
            round=1,
            sender=standing.home,
            receiver=standing.receiver,
            document=kept.frozen.document,
            approval=standing.approval,
            sent_at=met.town.now,
        )
        payload = fhir.handed(handed, (), message=message)
        outgoing = Outgoing(
            message=message,
            sender=MUNICIPALITY,
            receiver=DPS,
            event=Event.HANDOVER_BUNDLE,
            payload=payload,
            subject=subject,
        )
        exchange.post(session, outgoing, now=met.town.now)


# --- when it does not get through ------------------------------------------------------------------------------


def test_what_was_lost_is_sent_again_as_the_same_bytes_or_given_up(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.do(service.send)
    two_nodes.wire.down.add(DPS_NODE)
    two_nodes.pass_time(hours=97)
    two_nodes.work()
    two_nodes.wire.down.discard(DPS_NODE)
    assert met.see().standing.undelivered
    met.do(service.send_again)
    two_nodes.settle()
    case = met.see()
    assert case.standing.status is Status.RECEIVED
    assert not case.standing.undelivered


def test_what_was_given_up_needs_a_new_yes(two_nodes: Town) -> None:
    met = together(two_nodes, to=NAV_OFFICE)
    item = met.add("Må få sove", topic=IMPORTANT)
    choice = permit(two_nodes, "important-to-me")
    met.do(service.mark, item, Mark.TRAVELS)
    met.say_yes()
    met.do(service.send)
    withdraw_permit(two_nodes, choice)
    two_nodes.settle()
    met.do(service.give_up, "NAV får den ikke likevel")
    standing = met.see().standing
    assert (standing.status, standing.approval) == (Status.WITH_PATIENT, None)


# --- taken back, opened again ----------------------------------------------------------------------------------


def test_what_is_taken_back_before_sending_never_leaves(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert states(met) == []
    assert met.see().standing.status is Status.WITHDRAWN


def test_what_is_taken_back_while_it_can_be_undone_never_leaves(any_nodes: Town) -> None:
    met = approved(any_nodes)
    met.do(service.send)
    met.at_home(service.withdraw)
    any_nodes.settle()
    assert states(met) == [(Event.HANDOVER_BUNDLE, State.CANCELLED)]
    assert met.see().standing.status is Status.WITHDRAWN
    assert tasks(met) == []


def test_what_is_taken_back_after_it_has_arrived_is_asked_of_the_receiver(any_nodes: Town) -> None:
    met = sent(any_nodes)
    met.at_home(service.withdraw)
    standing = met.see().standing
    assert [each.kind for each in standing.pending] == [PendingKind.WITHDRAWAL]
    assert states(met)[-1] == (Event.HANDOVER_WITHDRAW, State.QUEUED)
    any_nodes.settle()
    assert met.see().standing.status is Status.WITHDRAWAL_NOTIFIED


def test_what_is_taken_back_while_it_could_not_be_brought_is_stopped(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.do(service.send)
    two_nodes.wire.down.add(DPS_NODE)
    two_nodes.settle()
    met.at_home(service.withdraw)
    two_nodes.wire.down.discard(DPS_NODE)
    two_nodes.settle()
    assert (Event.HANDOVER_BUNDLE, State.STOPPED) in states(met)


def test_what_was_taken_back_is_opened_again_with_its_marks_and_a_new_yes(two_nodes: Town) -> None:
    met = approved(two_nodes)
    before = met.preview()
    met.at_home(service.withdraw)
    met.at_home(service.reopen)
    case = met.see()
    assert case.standing.status is Status.WITH_PATIENT
    assert [item.marked.mark for item in case.items] == [Mark.TRAVELS, Mark.STAYS]
    with pytest.raises(NoYes):
        met.do(service.send)
    assert case.standing.approval is None
    two_nodes.pass_time(minutes=1)
    assert met.say_yes(by=met.patient).sha256 == before.sha256, "the same would travel, and nothing had left"
    approval = met.see().standing.approval
    assert approval is not None and approval.at == two_nodes.now
    met.do(service.send)
    two_nodes.settle()
    assert met.see().standing.status is Status.RECEIVED


def test_a_second_sending_after_a_withdrawal_is_a_round_of_its_own(two_nodes: Town) -> None:
    met = sent(two_nodes)
    assert met.see().standing.version.round == 1
    met.at_home(service.withdraw)
    two_nodes.settle()
    met.there(INGRID, service.open_)
    met.there(INGRID, service.answer_withdrawal, Done.DELETED, "", "Ingrid Inntak")
    two_nodes.settle()
    met.at_home(service.reopen)
    met.say_yes()
    met.do(service.send)
    two_nodes.settle()
    standing = met.see().standing
    assert (standing.status, standing.version) == (Status.RECEIVED, Version(2, 1))
