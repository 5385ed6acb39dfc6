"""Lists: by deadline, with counts, searchable, never hiding what is due; and a leader's numbers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from handover.actors import Role, Staff
from handover.referral import service
from handover.referral.lifecycle import Status
from handover.referral.model import ReferralContent
from handover.referral.reading import as_reference
from handover.referral.service import ReferralNotFound, SentFilter, WorkFilter
from handover.team import service as team
from handover.team.model import SnoozePastDeadline
from tests.builders import DPS, INTAKE, MUNICIPALITY
from tests.referral.nodes import INGRID, LEADER, OLA, PER, Town, acceptance, content, refusal, staff


def named(given: str, family: str, number: str) -> ReferralContent:
    patient = content().patient
    assert patient is not None
    return content(patient=replace(patient, given=given, family=family, number=number))


def test_the_worklist_is_sorted_by_deadline_with_overdue_first(any_nodes: Town) -> None:
    town = any_nodes
    first = town.sent()
    town.pass_time(days=2)
    second = town.sent()
    town.pass_time(days=2)
    third = town.taken()
    rows = town.ask(INGRID, service.worklist, INTAKE).rows
    assert [row.referral for row in rows] == [first, second, third]
    assert [row.owner_name for row in rows] == ["", "", "Ola Overlege"]
    town.do(OLA, service.accept, third, acceptance(latest_start=date(2026, 11, 16)))
    rows = town.ask(INGRID, service.worklist, INTAKE).rows
    assert [row.referral for row in rows] == [third, first, second], "a new date moves it"


def test_a_long_worklist_is_read_page_by_page_without_gap_or_repeat(two_nodes: Town) -> None:
    town = two_nodes
    made = [town.draft() for _ in range(7)]
    for referral in made:
        town.do(PER, service.send, referral)
    town.settle()
    seen, after = [], None
    for _ in range(4):
        page = town.ask(INGRID, service.worklist, INTAKE, after=after, limit=2)
        seen += [row.referral for row in page.rows]
        after = page.next
    assert after is None
    assert sorted(seen) == sorted(made)
    sent, after = [], None
    for _ in range(4):
        page = town.ask(PER, service.list_sent, after=after, limit=2)
        sent += [row.referral for row in page.rows]
        after = page.next
    assert sorted(sent) == sorted(made)


def test_filters_count_what_they_show(two_nodes: Town) -> None:
    town = two_nodes
    town.sent()
    mine, asked, done = town.taken(), town.taken(), town.taken()
    town.do(OLA, service.ask, asked, "Hvilke medisiner?")
    town.do(OLA, service.reject, done, refusal())
    town.settle()
    page = town.ask(OLA, service.worklist, INTAKE)
    assert page.counts == {"all": 3, "to-do": 2, "mine": 2, "unowned": 1, "waiting": 1, "overdue": 0}
    for wanted in WorkFilter:
        shown = town.ask(OLA, service.worklist, INTAKE, wanted=wanted)
        assert len(shown.rows) == page.counts[wanted.value], wanted
    assert {row.referral for row in town.ask(OLA, service.worklist, INTAKE, wanted=WorkFilter.MINE).rows} == {
        mine,
        asked,
    }
    assert [row.referral for row in town.ask(OLA, service.list_closed, INTAKE).rows] == [done]
    town.draft()
    sent = town.ask(PER, service.list_sent)
    assert sent.counts == {"open": 5, "to-do": 2, "waiting": 2, "overdue": 0, "drafts": 1, "closed": 0}
    for chosen in SentFilter:
        shown = town.ask(PER, service.list_sent, wanted=chosen)
        assert len(shown.rows) == sent.counts[chosen.value], chosen


@pytest.mark.parametrize("text", ["Solveig", "nes", "sol nes", "15868212388", "158682 12388"])
def test_both_sides_find_a_referral_by_name_and_number(two_nodes: Town, text: str) -> None:
    town = two_nodes
    wanted = town.sent()
    other = town.draft()
    town.do(
        PER,
        lambda s, t: service.save_draft(s, t, named("Kari", "Hansen", "15868212000"), to=INTAKE, revision=0),
        other,
    )
    town.do(PER, service.send, other)
    town.settle()
    assert [row.referral for row in town.ask(PER, service.list_sent, text=text).rows] == [wanted]
    assert [row.referral for row in town.ask(INGRID, service.search_received, text)] == [wanted]


def test_both_sides_find_a_referral_by_its_reference_however_it_is_typed(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.sent()
    reference = town.see(PER, referral).standing.reference
    assert town.see(INGRID, referral).standing.reference == reference
    for typed in (reference, reference.lower(), reference.replace("-", ""), reference.replace("-", " ")):
        assert as_reference(typed) == reference
        assert [row.referral for row in town.ask(INGRID, service.search_received, typed)] == [referral]
    assert town.ask(INGRID, service.search_received, " ") == ()
    assert as_reference("Solveig") is None


def test_a_closed_case_is_still_found(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.reject, referral, refusal())
    assert town.ask(INGRID, service.worklist, INTAKE).rows == ()
    assert [row.referral for row in town.ask(INGRID, service.search_received, "Solveig")] == [referral]


def test_read_is_per_person_and_news_make_it_unread_again(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()

    def unread(by: Staff) -> bool:
        return bool(town.ask(by, service.worklist, INTAKE).rows[0].is_unread)

    town.see(OLA, referral)
    assert not unread(OLA)
    town.do(PER, service.supplement, referral, "Nytt")
    town.settle()
    assert unread(OLA)
    town.pass_time(seconds=5)
    town.see(OLA, referral)
    assert not unread(OLA)
    assert unread(INGRID)


def test_what_is_put_away_is_back_when_it_is_due_and_never_later(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(OLA, service.snooze, referral, town.now + timedelta(days=3))
    assert town.ask(OLA, service.worklist, INTAKE).rows == ()
    with pytest.raises(SnoozePastDeadline):
        town.do(OLA, service.snooze, referral, town.now + timedelta(days=60))
    town.do(PER, service.supplement, referral, "Hun er blitt verre")
    town.settle()
    assert len(town.ask(OLA, service.worklist, INTAKE).rows) == 1, "news wake it"


def test_an_overdue_case_is_in_both_sides_lists_and_no_filter_loses_it(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.sent()
    town.move_to(datetime(2026, 11, 23, 23, 0, tzinfo=UTC))
    for wanted in (WorkFilter.ALL, WorkFilter.OVERDUE):
        rows = town.ask(INGRID, service.worklist, INTAKE, wanted=wanted).rows
        assert [(row.referral, row.is_overdue, row.days_left) for row in rows] == [(referral, True, -1)]
    rows = town.ask(PER, service.list_sent, wanted=SentFilter.OVERDUE).rows
    assert [(row.referral, row.is_overdue) for row in rows] == [(referral, True)]
    for node, agency in ((town.kommune, MUNICIPALITY), (town.dps, DPS)):
        with node.db.reading() as session:
            assert [item.place.subject for item in team.overdue(session, agency, now=town.now)] == [referral]


def test_a_leader_sees_how_long_assessments_take(two_nodes: Town) -> None:
    town = two_nodes
    quick, slow = town.taken(), town.taken()
    town.sent()
    town.pass_time(days=4)
    town.do(OLA, service.accept, quick, acceptance())
    town.pass_time(days=14)
    town.do(OLA, service.reject, slow, refusal())
    period = {"since": date(2026, 11, 1), "until": date(2026, 11, 30)}
    found = town.ask(LEADER, service.measures, **period)
    assert (found.received, found.assessed, found.assessed_in_time, found.overdue) == (3, 2, 1, 1)
    assert found.share_in_time == pytest.approx(1 / 3)
    assert found.median_days_to_assessed == pytest.approx(11, abs=0.1)
    assert found.oldest_open_days == pytest.approx(18, abs=0.1)
    assert town.ask(LEADER, service.measures, service=INTAKE, **period) == found
    with town.dps.db.reading() as session:
        age = service.oldest_unopened(session, DPS, now=town.now)
    assert age is not None
    assert age > timedelta(days=17)
    nothing = town.ask(LEADER, service.measures, since=date(2020, 1, 1), until=date(2020, 2, 1))
    assert (nothing.share_in_time, nothing.median_days_to_assessed) == (None, None)


def test_numbers_are_for_leaders_of_that_service(two_nodes: Town) -> None:
    town = two_nodes
    period = {"since": date(2026, 11, 1), "until": date(2026, 11, 30)}
    ward = staff(30, "Lars Leder", DPS, INTAKE, Role.LEADER)
    assert town.ask(ward, service.measures, service=INTAKE, **period).received == 0
    for by, at in ((ward, None), (OLA, INTAKE), (PER, None)):
        with pytest.raises(ReferralNotFound):
            town.ask(by, service.measures, service=at, **period)


def test_the_status_of_every_row_is_the_cases_own(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    (row,) = town.ask(PER, service.list_sent).rows
    case = town.see(PER, referral)
    assert (row.status, row.due_at, row.step) == (
        Status.ASSESSING,
        case.next.due_at if case.next else None,
        case.next.step if case.next else None,
    )
