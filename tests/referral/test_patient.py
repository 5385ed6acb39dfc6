"""The patient's view: the same steps and dates as staff, a refusal when somebody who can help has seen it."""

from datetime import UTC, date, datetime, timedelta

from handover.audit.model import Event as Logged
from handover.referral import service
from handover.referral.lifecycle import Act, Status
from handover.referral.model import Acceptance, Refusal
from tests.referral.nodes import INGRID, OLA, PATIENT, PER, Town, acceptance, appointment, refusal


def test_a_patient_sees_the_same_steps_and_dates_as_staff_at_both_nodes(any_nodes: Town) -> None:
    town = any_nodes
    referral = town.taken()
    staff = town.see(OLA, referral)
    for node in (town.kommune, town.dps):
        mine = town.seen_by_patient(node, referral)
        assert mine.standing.status is staff.standing.status is Status.ASSESSING
        assert mine.deadline == staff.deadline
        assert mine.days_left == staff.days_left == 10
        assert mine.standing.opened == staff.standing.opened


def test_a_patient_never_sees_a_draft_or_a_yellow_note(two_nodes: Town) -> None:
    town = two_nodes
    town.draft()
    referral = town.taken()
    town.do(INGRID, service.internal_note, referral, "Gul lapp")
    with town.kommune.db.transaction() as session:
        agencies = town.kommune.settings.agencies
        mine = service.my_referrals(session, agencies, by=PATIENT, now=town.now)
    assert [each.standing.referral for each in mine] == [referral]
    assert "Gul lapp" not in str([vars(entry) for entry in town.seen_by_patient(town.dps, referral).history])


def test_a_refusal_is_shown_to_the_patient_when_the_referrer_has_opened_it(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.reject, referral, refusal())
    town.settle()
    for node in (town.kommune, town.dps):
        hidden = town.seen_by_patient(node, referral)
        assert hidden.standing.status is Status.ASSESSING
        assert hidden.standing.outcome is None
        assert Act.REJECT not in [entry.act for entry in hidden.history]
        assert refusal().reason not in str([vars(entry) for entry in hidden.history])
        assert hidden.standing.next_step == ""
    town.see(PER, referral)
    town.settle()
    for node in (town.kommune, town.dps):
        shown = town.seen_by_patient(node, referral)
        assert shown.standing.status is Status.REJECTED
        assert isinstance(shown.standing.outcome, Refusal)
        assert shown.standing.outcome.complaint


def test_an_unopened_refusal_is_shown_at_noon_the_next_working_day(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.reject, referral, refusal())
    town.settle()
    town.move_to(datetime(2026, 11, 10, 10, 59, tzinfo=UTC))
    assert town.seen_by_patient(town.dps, referral).standing.status is Status.ASSESSING
    town.move_to(datetime(2026, 11, 10, 11, 0, tzinfo=UTC))
    for node in (town.kommune, town.dps):
        assert town.seen_by_patient(node, referral).standing.status is Status.REJECTED


def test_a_late_decline_keeps_showing_the_right_until_it_is_shown(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.accept, referral, acceptance())
    town.do(OLA, service.schedule, referral, appointment(town.now + timedelta(days=9)))
    town.settle()
    town.pass_time(days=1)
    town.do(OLA, service.reject, referral, refusal())
    town.settle()
    for node in (town.kommune, town.dps):
        hidden = town.seen_by_patient(node, referral).standing
        assert hidden.status is Status.SCHEDULED
        assert isinstance(hidden.outcome, Acceptance)
        assert hidden.appointment is not None
    town.see(PER, referral)
    town.settle()
    assert town.seen_by_patient(town.dps, referral).standing.status is Status.REJECTED


def test_a_refusal_stays_the_referrers_work_until_it_is_followed_up(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.reject, referral, refusal())
    town.settle()
    case = town.see(PER, referral)
    assert case.work is not None
    assert case.work.is_open
    assert case.work.owner == PER.id
    town.do(PER, service.follow_up, referral)
    case = town.see(PER, referral)
    assert case.work is not None
    assert not case.work.is_open


def test_a_patient_sees_who_has_opened_the_case(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.see(OLA, referral)
    with town.dps.db.transaction() as session:
        agencies = town.dps.settings.agencies
        entries = service.who_opened(session, agencies, referral, by=PATIENT, now=town.now)
    assert [(entry.event, entry.who.name) for entry in entries if entry.who.kind == "staff"] == [
        (Logged.REFERRAL_READ, "Ola Overlege"),
        (Logged.REFERRAL_OPEN, "Ingrid Inntak"),
    ]


def test_an_overdue_assessment_is_shown_as_overdue_to_everybody(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.move_to(datetime(2026, 11, 23, 22, 59, tzinfo=UTC))
    assert not town.see(OLA, referral).is_overdue
    town.move_to(datetime(2026, 11, 23, 23, 0, tzinfo=UTC))
    assert town.see(OLA, referral).is_overdue
    assert town.see(PER, referral).is_overdue
    assert town.seen_by_patient(town.kommune, referral).is_overdue
    assert town.see(OLA, referral).days_left == -1
    deadline = town.see(OLA, referral).deadline
    assert deadline is not None
    assert deadline.last_day == date(2026, 11, 23)
