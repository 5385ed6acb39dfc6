"""The demo's address book shows everything that a real one meets."""

from datetime import date

from handover.demo.community import DPS, STAFF
from handover.demo.offers import OFFERS, entries

TODAY = date(2026, 11, 22)


def test_a_newcomer_meets_an_old_entry_a_closed_service_and_what_is_offered() -> None:
    found = {each.id: each for each in entries(TODAY)}
    old = [each.name for each in found.values() if each.is_unconfirmed(TODAY)]
    closed = [each for each in found.values() if not each.is_open_on(TODAY)]
    assert old == ["Sosiale tjenester"]
    assert [each.agency for each in closed] == [DPS]
    assert closed[0].pause is not None
    assert closed[0].pause.instead in found
    assert all(found[service].offers == offers for service, offers in OFFERS.items())


def test_every_agency_that_answers_has_a_leader_who_keeps_its_entries_right() -> None:
    led = {each.agency for each in STAFF if any(role == "leader" for _, role in each.roles)}
    assert {each.agency for each in STAFF} == led
