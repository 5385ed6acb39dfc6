"""What a service says of itself: closed days, confirmations that grow old, and what older nodes sign."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from handover.db import Database
from handover.directory import documents, service
from handover.directory.model import LIFETIME, Offer, Pause, Statement
from handover.directory.schema import StatementSchema
from handover.keys.material import SigningKey, new_material
from tests import builders
from tests.builders import DPS, INTAKE, NAV_OFFICE, SERVICES

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PLAIN = SERVICES[DPS][0]
SUMMER = Pause(
    first=date(2026, 7, 6), last=date(2026, 7, 24), why="Ferie", instead=NAV_OFFICE, advice="Ring vakttelefonen."
)


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2026, 7, 5), True),
        (date(2026, 7, 6), False),
        (date(2026, 7, 24), False),
        (date(2026, 7, 25), True),
    ],
)
def test_a_service_is_closed_on_the_days_of_its_pause(day: date, is_open: bool) -> None:
    assert replace(PLAIN, pause=SUMMER).is_open_on(day) is is_open


def test_a_pause_without_an_end_lasts_and_a_closed_service_stays_closed() -> None:
    for_now = replace(SUMMER, last=None)
    assert not replace(PLAIN, pause=for_now).is_open_on(date(2030, 1, 1))
    assert not for_now.is_over(date(2030, 1, 1))
    assert SUMMER.is_over(date(2026, 7, 25))
    assert not replace(PLAIN, is_open=False).is_open_on(date(2026, 1, 1))


@pytest.mark.parametrize(
    ("confirmed", "last_good_day"),
    [
        (date(2026, 1, 15), date(2026, 7, 15)),
        (date(2025, 8, 31), date(2026, 2, 28)),
        (date(2025, 12, 31), date(2026, 6, 30)),
        (date(2025, 6, 30), date(2025, 12, 30)),
    ],
)
def test_an_entry_is_unconfirmed_from_six_months_after_its_confirmation(
    confirmed: date, last_good_day: date
) -> None:
    entry = replace(PLAIN, confirmed_on=confirmed)
    assert not entry.is_unconfirmed(last_good_day)
    assert entry.is_unconfirmed(last_good_day + timedelta(days=1))


def test_offers_and_pause_travel_in_the_agencys_signed_statement() -> None:
    signer = SigningKey.from_material(new_material())
    offer = Offer(id="a1", title="Gruppe", for_whom="Voksne", how="Ring", words="samtale")
    said = replace(PLAIN, offers=(offer,), pause=SUMMER)
    statement = Statement(agency=DPS, iat=NOW, exp=NOW + LIFETIME, keys=(), services=(said,))
    read = documents.read_statement(
        documents.sign_statement(statement, signer=signer), DPS, lambda _kid: signer.public
    )
    assert read.services == (said,)


def test_a_statement_of_an_older_node_says_nothing_of_pauses_and_offers() -> None:
    claims = documents.statement_claims(
        Statement(agency=DPS, iat=NOW, exp=NOW + LIFETIME, keys=(), services=(PLAIN,))
    )
    for name in ("pause", "offers"):
        del claims["services"][0][name]
    assert StatementSchema().load(claims).services == (PLAIN,)


def test_a_confirmation_is_published_with_the_agencys_signature(node_db: Database) -> None:
    made = builders.community(NOW)
    builders.join(node_db, made, DPS)
    with node_db.transaction() as session:
        service.confirm_service(session, INTAKE, on=NOW.date(), now=NOW)
        jws = service.statement_jws(session, DPS)
    read = documents.read_statement(jws, DPS, lambda _kid: made.keys[DPS].sig.public)
    assert {each.id: each.confirmed_on for each in read.services}[INTAKE] == NOW.date()
