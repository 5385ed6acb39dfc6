"""Rule 14 over real HTTP: bad news first to the one who can help, and never too late."""

from datetime import UTC, datetime, timedelta

import pytest

from handover.errors import Invalid
from handover.ids import ReferralId
from handover.referral import service
from handover.referral.lifecycle import Act, Status
from handover.referral.steps import Step
from tests.builders import DPS, INTAKE, MUNICIPALITY
from tests.journeys.region import Region
from tests.referral.nodes import INGRID, OLA, PATIENT, PER, acceptance, appointment, refusal

TUESDAY = datetime(2026, 11, 10, 13, 0, tzinfo=UTC)
NOON_AFTER = datetime(2026, 11, 11, 11, 0, tzinfo=UTC)
"""Noon in Norway on the next working day."""
LAST_DAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def refused(town: Region, at: datetime) -> ReferralId:
    """Let the DPS refuse a referral of Monday, and the referrer's node know."""
    referral = town.taken()
    town.move_to(at)
    town.do(OLA, service.reject, referral, refusal(reason="Kanari: kommunens tilbud passer bedre"))
    town.settle()
    return referral


def seen(town: Region, referral: ReferralId) -> list[Status]:
    """Return the status the patient sees at each node, in the case and in the list."""
    found = []
    for agency in (MUNICIPALITY, DPS):
        node = town.node_of(agency)
        one = town.seen_by_patient(node, referral)
        with node.db.transaction() as session:
            (listed,) = service.my_referrals(session, node.settings.agencies, by=PATIENT, now=town.now)
        for case in (one, listed):
            if case.standing.status is not Status.REJECTED:
                assert case.standing.outcome is None or case.standing.outcome == acceptance()
                assert Act.REJECT not in {entry.act for entry in case.history}
                assert "kommunens tilbud" not in repr([(entry.text, entry.outcome) for entry in case.history])
            found.append(case.standing.status)
    return found


def test_the_patient_sees_a_refusal_when_the_referrer_has_opened_it(town: Region) -> None:
    referral = refused(town, TUESDAY)
    assert seen(town, referral) == [Status.ASSESSING] * 4
    step = town.see(PER, referral).next
    assert step is not None
    assert step.step is Step.HELP_AFTER_REFUSAL
    town.settle()
    assert seen(town, referral) == [Status.REJECTED] * 4
    town.prove()


def test_the_patient_sees_a_refusal_at_noon_on_the_next_working_day_though_nobody_opened_it(town: Region) -> None:
    referral = refused(town, TUESDAY)
    town.move_to(NOON_AFTER - timedelta(seconds=1))
    assert seen(town, referral) == [Status.ASSESSING] * 4
    town.move_to(NOON_AFTER)
    assert seen(town, referral) == [Status.REJECTED] * 4
    town.prove()


def test_a_refusal_on_the_last_day_is_shown_before_the_deadline_has_passed(town: Region) -> None:
    referral = refused(town, LAST_DAY)
    deadline = town.see(INGRID, referral).deadline
    assert deadline is not None
    town.move_to(deadline.passes_at - timedelta(minutes=1))
    assert seen(town, referral) == [Status.REJECTED] * 4
    town.prove()


def test_a_late_decline_keeps_the_right_on_the_patients_screen_until_it_is_shown(town: Region) -> None:
    referral = town.taken()
    town.do(OLA, service.accept, referral, acceptance())
    town.do(INGRID, service.schedule, referral, appointment(TUESDAY + timedelta(days=30)))
    town.settle()
    town.move_to(TUESDAY)
    town.do(OLA, service.reject, referral, refusal(reason="Kanari: kommunens tilbud passer bedre"))
    town.settle()
    assert seen(town, referral) == [Status.SCHEDULED] * 4
    town.see(PER, referral)
    town.settle()
    assert seen(town, referral) == [Status.REJECTED] * 4
    town.prove()


def test_a_refusal_without_what_helps_is_refused(town: Region) -> None:
    referral = town.taken()
    for missing in ("reason", "advice", "complaint", "assessor", "assessor_phone"):
        with pytest.raises(Invalid) as found:
            town.do(OLA, service.reject, referral, refusal(**{missing: "  "}))
        assert set(found.value.fields) == {missing}
    assert town.see(INGRID, referral).standing.status is Status.ASSESSING
    page = town.ask(INGRID, service.worklist, INTAKE)
    assert [row.status for row in page.rows] == [Status.ASSESSING]
