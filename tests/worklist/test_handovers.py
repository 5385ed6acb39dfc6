"""Handovers stand beside referrals in a service's worklist, by deadline, and late ones in both worklists."""

from datetime import timedelta

from handover.bundle import service
from handover.bundle.model import Done
from tests.builders import FACT, INTAKE
from tests.bundle.meeting import sent
from tests.referral.nodes import FATIMA, INGRID, SARA, SENIOR, Town
from tests.referral.visiting import reader, words_of


def test_a_service_sees_referrals_and_handovers_in_one_list_by_deadline(staffed: Town) -> None:
    staffed.sent()
    met = sent(staffed)
    page = reader(staffed, INGRID).open(f"/arbeidsliste/{INTAKE}")

    said = words_of(page)
    assert said.index("Overføring: Solveig") < said.index("Henvisning: Solveig"), "two days come before ten"
    assert f"/mottatte-overforinger/{INTAKE}/{met.handover}" in page.text
    assert "Trenger handling (2)" in said


def test_a_late_handover_stands_in_every_filter_of_both_worklists(staffed: Town) -> None:
    met = sent(staffed, by=FATIMA, at=FACT)
    staffed.move_to(staffed.now + timedelta(days=8))
    for who, at in ((INGRID, INTAKE), (FATIMA, FACT)):
        for choice in ("gjore", "mine", "ledige", "venter"):
            said = words_of(reader(staffed, who).open(f"/arbeidsliste/{at}?filter={choice}"))
            assert "Overføring: Solveig" in said
            assert "Skulle vært gjort" in said
            assert "1 sak er over fristen." in said
    assert met.see(by=FATIMA).standing.opened is None


def test_another_service_sees_none_of_it(staffed: Town) -> None:
    sent(staffed)
    assert "Solveig" not in words_of(reader(staffed, SARA).open(f"/arbeidsliste/{SENIOR}"))


def test_a_handover_that_is_answered_for_leaves_the_receivers_list(staffed: Town) -> None:
    met = sent(staffed)
    met.there(INGRID, service.open_)
    assert "Overføring: Solveig" in words_of(reader(staffed, INGRID).open(f"/arbeidsliste/{INTAKE}"))
    met.at_home(service.withdraw)
    staffed.settle()
    met.there(INGRID, service.answer_withdrawal, Done.DELETED, "", "Ingrid")
    assert "Overføring: Solveig" not in words_of(reader(staffed, INGRID).open(f"/arbeidsliste/{INTAKE}"))
