"""A handover is received, met about and taken over: between two nodes, and between two services of one agency."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from handover.actors import Party, Staff
from handover.bundle import service
from handover.bundle.lifecycle import Act, Side, Status
from handover.bundle.model import Decline, Done, NextAppointment, Wishes
from handover.bundle.service import BadDay, HandoverNotFound, Plan, Stale, StillResponsible, Taking, Turn
from handover.bundle.standing import Standing, responsible
from handover.bundle.steps import Step, next_step, takes_over_by
from handover.errors import Invalid
from handover.exchange.tables import IncomingRow
from handover.moves import Incomplete, MoveNotAllowed
from handover.team import service as team
from handover.workdays import local_date
from tests.builders import INTAKE, PSYCHOLOGIST
from tests.bundle.meeting import Meeting, approved, sent
from tests.referral.nodes import INGRID, Town


def there(met: Meeting, by: Staff = INGRID) -> Standing:
    """Return the receiver's copy."""
    case = met.there(by, service.case_of)
    return case.standing  # type: ignore[no-any-return]


def do(met: Meeting, what: Any, *args: Any, by: Staff = INGRID) -> None:
    """Do something at the receiver, and let its word arrive."""
    met.there(by, what, *args)
    met.town.settle()


def plan(met: Meeting, **changes: Any) -> Plan:
    """Return a meeting in a week."""
    said = {"start": met.town.now + timedelta(days=7), "place": "Rom 2", "who_comes": "Per og Kari", **changes}
    return Plan(**said)


def taking(met: Meeting, **changes: Any) -> Taking:
    """Return what it takes to take over today."""
    first = NextAppointment(start=met.town.now + timedelta(days=3), place="Storgata 1", with_whom="Kari")
    said = {
        "person": "Kari Koordinator",
        "phone": "900 00 002",
        "from_date": local_date(met.town.now),
        "first_appointment": first,
        **changes,
    }
    return Taking(**said)


def parties(met: Meeting) -> tuple[Party, Party]:
    """Return who is responsible as the sender's and the receiver's copy say."""
    return responsible(met.see().standing, met.town.now), responsible(there(met), met.town.now)


def take_over(met: Meeting) -> None:
    """Go all the way from open to taken over."""
    do(met, service.open_)
    do(met, service.plan_meeting, plan(met))
    do(met, service.hold_meeting, local_date(met.town.now))
    do(met, service.take_over, taking(met))


def test_the_receiver_gets_byte_for_byte_what_the_patient_approved(any_nodes: Town) -> None:
    met = sent(any_nodes)

    approved_bytes = met.do(service.document_of).document
    received_bytes = met.there(INGRID, service.document_of).document

    assert received_bytes == approved_bytes
    assert there(met).approval == met.see().standing.approval


def test_the_sender_is_responsible_on_both_sides_until_the_signed_take_over(two_nodes: Town) -> None:
    met = sent(two_nodes)
    sender = met.see().standing.sender
    for act, args in (
        (service.open_, ()),
        (service.take, ()),
        (service.plan_meeting, (plan(met),)),
        (service.hold_meeting, (local_date(met.town.now),)),
    ):
        do(met, act, *args)
        assert parties(met) == (sender, sender)

    do(met, service.take_over, taking(met))

    receiver = there(met).home
    assert parties(met) == (receiver, receiver)
    ours = met.see().standing
    assert ours.status is Status.TAKEN_OVER
    assert ours.take_over == there(met).take_over
    assert ours.opened is not None and ours.opened.by == INGRID.name


def test_between_two_services_of_one_agency_the_same_flow_runs(one_node: Town) -> None:
    met = sent(one_node)
    take_over(met)

    receiver = there(met).home
    assert parties(met) == (receiver, receiver)


def signed_for(town: Town, days: int, *, agreed_in: int | None = None) -> Meeting:
    """Have a take-over signed today for a day to come; agreed for another day, or only by the deadline."""
    met = approved(town)
    if agreed_in is not None:
        met.do(service.set_take_over_by, local_date(town.now) + timedelta(days=agreed_in))
        met.say_yes(by=met.patient)
    met.do(service.send)
    town.settle()
    do(met, service.open_)
    do(met, service.plan_meeting, plan(met))
    do(met, service.hold_meeting, local_date(town.now))
    do(met, service.take_over, taking(met, from_date=local_date(town.now) + timedelta(days=days)))
    return met


def work_of(met: Meeting, *, at_receiver: bool) -> tuple[str, bool, bool] | None:
    """Return what one side's worklist shows of the handover: the step, is it theirs, is it overdue."""
    by, at = (INGRID, INTAKE) if at_receiver else (met.by, PSYCHOLOGIST)
    with met.town.node_of(by.agency).db.transaction() as session:
        rows = service.open_work(session, at, by=by, now=met.town.now)
    found = [row for row in rows if row.standing.handover == met.handover]
    if not found:
        return None
    (row,) = found
    assert row.step is not None
    return row.step.step.value, row.is_ours, row.is_overdue


def test_a_take_over_from_a_later_day_leaves_the_sender_responsible_until_then(two_nodes: Town) -> None:
    met = signed_for(two_nodes, 2)
    sender, receiver = there(met).sender, there(met).home

    assert parties(met) == (sender, sender)
    later = met.town.now + timedelta(days=3)
    assert responsible(met.see().standing, later) == receiver == responsible(there(met), later)
    assert work_of(met, at_receiver=False) == ("first-day", False, False)
    assert work_of(met, at_receiver=True) == ("first-day", True, False)

    with pytest.raises(StillResponsible):
        met.do(service.close)
    met.town.pass_time(hours=72)
    met.town.work()
    assert parties(met) == (receiver, receiver)
    assert work_of(met, at_receiver=False) == ("close", True, False)
    assert work_of(met, at_receiver=True) is None
    met.do(service.close)
    assert met.see().standing.status is Status.CLOSED


@pytest.mark.parametrize("agreed_in", [3, None])
def test_a_take_over_signed_for_later_than_agreed_is_late_in_both_lists_until_its_day(
    two_nodes: Town, agreed_in: int | None
) -> None:
    met = signed_for(two_nodes, 60, agreed_in=agreed_in)
    sender, receiver = there(met).sender, there(met).home
    agreed = takes_over_by(met.see().standing)
    assert agreed is not None and agreed == takes_over_by(there(met))
    for side in (False, True):
        assert work_of(met, at_receiver=side) == ("first-day", side, False)

    met.town.move_to(agreed + timedelta(hours=8))
    met.town.work()
    assert parties(met) == (sender, sender), "the date that was signed decides, also when it is late"
    for side in (False, True):
        assert work_of(met, at_receiver=side) == ("first-day", side, True)

    met.town.pass_time(days=60)
    met.town.work()
    assert parties(met) == (receiver, receiver)
    assert work_of(met, at_receiver=False) in {("close", True, False), ("close", True, True)}
    assert work_of(met, at_receiver=True) is None


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"person": " "}, {"person"}),
        ({"phone": ""}, {"phone"}),
        ({"from_date": None}, {"from_date"}),
        ({"first_appointment": None}, {"first_appointment"}),
        ({"person": "", "from_date": None}, {"person", "from_date"}),
    ],
)
def test_taking_over_without_a_person_or_a_date_is_refused_on_the_field(
    two_nodes: Town, changes: dict[str, Any], fields: set[str]
) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    do(met, service.plan_meeting, plan(met))
    do(met, service.hold_meeting, local_date(met.town.now))

    with pytest.raises(Incomplete) as refused:
        met.there(INGRID, service.take_over, taking(met, **changes))
    assert set(refused.value.fields) == fields
    assert there(met).take_over is None


def test_nobody_takes_over_from_a_day_that_has_passed_or_plans_a_meeting_yesterday(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    with pytest.raises(BadDay):
        met.there(INGRID, service.plan_meeting, plan(met, start=met.town.now - timedelta(hours=1)))
    do(met, service.plan_meeting, plan(met))
    with pytest.raises(BadDay):
        met.there(INGRID, service.hold_meeting, local_date(met.town.now) + timedelta(days=1))
    do(met, service.hold_meeting, local_date(met.town.now))
    with pytest.raises(BadDay):
        met.there(INGRID, service.take_over, taking(met, from_date=date(2020, 1, 1)))


def test_a_meeting_is_skipped_only_by_the_patients_wish(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.at_home(service.set_wishes, Wishes(meeting=False))
    met.say_yes(by=met.patient)
    met.do(service.send)
    met.town.settle()
    do(met, service.open_)

    assert Act.TAKE_OVER in met.there(INGRID, service.case_of).acts
    do(met, service.take_over, taking(met))
    assert met.see().standing.status is Status.TAKEN_OVER


def test_a_decline_leaves_the_sender_responsible_with_a_task_and_the_reason(two_nodes: Town) -> None:
    met = sent(two_nodes)
    sender = there(met).sender
    do(met, service.open_)
    with pytest.raises(Incomplete) as refused:
        met.there(INGRID, service.decline, Decline(reason="", person="Kari", phone="1"))
    assert set(refused.value.fields) == {"reason"}

    do(met, service.decline, Decline(reason="Bor i en annen kommune", person="Kari", phone="900 00 002"))

    ours = met.see().standing
    assert parties(met) == (sender, sender)
    assert ours.decline is not None and ours.decline.reason == "Bor i en annen kommune"
    step = next_step(ours)
    assert step is not None and step.step is Step.HELP_AFTER_DECLINE


def test_a_question_is_answered_in_the_handovers_thread(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    do(met, service.ask, "Hvem kjenner hun best?")

    assert met.see().standing.asked_at is not None
    met.do(service.note_to_receiver, "Søsteren.")
    met.town.settle()

    assert met.see().standing.asked_at is None
    assert there(met).asked_at is None
    said = [entry.text for entry in met.there(INGRID, service.case_of).history if entry.text]
    assert said == ["Hvem kjenner hun best?", "Søsteren."]


def test_a_withdrawal_is_answered_and_what_was_deleted_is_gone_at_the_receiver(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    met.at_home(service.withdraw)
    met.town.settle()
    assert there(met).status is Status.WITHDRAWAL_NOTIFIED
    with pytest.raises(Invalid):
        met.there(INGRID, service.answer_withdrawal, Done.KEPT, "", "Kari")

    do(met, service.answer_withdrawal, Done.DELETED, "", "Kari Koordinator")

    with pytest.raises(HandoverNotFound):
        met.there(INGRID, service.document_of)
    ours = met.see(by=met.patient).standing
    assert ours.status is Status.WITHDRAWAL_ANSWERED
    assert ours.withdrawal is not None and ours.withdrawal.done is Done.DELETED
    assert met.do(service.document_of).document  # the origin keeps what was sent


def test_what_was_written_about_a_deleted_handover_is_gone_with_it_and_that_it_was_written_stays(
    two_nodes: Town,
) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    do(met, service.ask, "Hvem kjenner hun best?")
    met.do(service.note_to_receiver, "Søsteren.")
    met.town.settle()
    met.there(INGRID, service.internal_note, "Ring søsteren.")
    came_in = there(met).received_in
    assert len(came_in) == 2, "the document and the note"
    met.at_home(service.withdraw)
    met.town.settle()
    before = met.there(INGRID, service.case_of)
    assert before.notes and {entry.text for entry in before.history} >= {"Hvem kjenner hun best?", "Søsteren."}

    do(met, service.answer_withdrawal, Done.DELETED, "", "Kari")

    after = met.there(INGRID, service.case_of)
    assert after.notes == ()
    assert not any(entry.text for entry in after.history)
    assert {Act.ASK, Act.NOTE_TO_RECEIVER} <= {entry.act for entry in after.history}
    with met.town.dps.db.reading() as session:
        statement = select(IncomingRow.jws).where(IncomingRow.message.in_(came_in))
        assert set(session.scalars(statement)) == {None}
    assert "Søsteren." in {entry.text for entry in met.see().history}, "the origin keeps its own"


def test_what_was_kept_keeps_its_words(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    do(met, service.ask, "Hvem kjenner hun best?")
    met.there(INGRID, service.internal_note, "Ring søsteren.")
    met.at_home(service.withdraw)
    met.town.settle()
    do(met, service.answer_withdrawal, Done.KEPT, "Det står i journalen.", "Kari")
    case = met.there(INGRID, service.case_of)
    assert [note.text for note in case.notes] == ["Ring søsteren."]
    assert "Hvem kjenner hun best?" in {entry.text for entry in case.history}


def test_a_new_yes_after_a_withdrawal_opens_the_same_case_again_at_both(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    met.at_home(service.withdraw)
    met.town.settle()
    do(met, service.answer_withdrawal, Done.DELETED, "", "Kari")
    met.at_home(service.reopen)
    met.say_yes(by=met.patient)
    met.do(service.send)
    met.town.settle()

    assert there(met).status is Status.RECEIVED
    assert there(met).version.round == 2
    take_over(met)
    assert met.see().standing.status is Status.TAKEN_OVER


def test_a_withdrawal_that_crosses_a_take_over_takes_the_text_back_and_not_the_responsibility(
    two_nodes: Town,
) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    do(met, service.plan_meeting, plan(met))
    do(met, service.hold_meeting, local_date(met.town.now))
    met.at_home(service.withdraw)
    met.there(INGRID, service.take_over, taking(met))
    met.town.settle()

    receiver = there(met).home
    assert there(met).status is Status.WITHDRAWAL_NOTIFIED
    assert parties(met) == (receiver, receiver)


def test_of_two_who_act_on_the_same_page_the_second_is_told_that_it_has_changed(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    seen = there(met).version
    do(met, service.plan_meeting, plan(met))
    with met.town.node_of(INGRID.agency).db.transaction() as session, pytest.raises(Stale):
        service.plan_meeting(
            session,
            Turn(handover=met.handover, by=INGRID, now=met.town.now, side=Side.RECEIVER, seen=seen),
            plan(met),
        )
    with pytest.raises(MoveNotAllowed):
        met.there(INGRID, service.take_over, taking(met))


def test_a_moved_meeting_keeps_its_name_and_counts_up_and_a_called_off_one_says_why(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    do(met, service.plan_meeting, plan(met))
    first = met.see().standing.meeting
    do(met, service.plan_meeting, plan(met, place="Rom 3"))
    moved = met.see().standing.meeting
    assert first is not None and moved is not None
    assert (moved.id, moved.sequence, moved.place) == (first.id, 1, "Rom 3")

    do(met, service.cancel_meeting, "Kari er syk")
    off = met.see().standing
    assert off.status is Status.OPENED
    assert off.meeting is not None and off.meeting.cancelled_because == "Kari er syk"
    assert Act.CANCEL_MEETING in {entry.act for entry in met.see().history}


def test_what_is_late_stands_in_both_worklists(two_nodes: Town) -> None:
    met = sent(two_nodes)
    later = met.town.now + timedelta(days=7)
    for agency in (met.by.agency, INGRID.agency):
        with met.town.node_of(agency).db.reading() as session:
            late = [each.place.subject for each in team.overdue(session, agency, now=later)]
        assert met.handover in late


def test_a_yellow_note_never_leaves_the_receiver(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    do(met, service.internal_note, "Ring søsteren først")

    assert [note.text for note in met.there(INGRID, service.case_of).notes] == ["Ring søsteren først"]
    assert met.see().notes == ()
    assert "Ring søsteren først" not in str(met.see().history)
