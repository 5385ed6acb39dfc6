"""Finding services, agencies and keys in a directory that was accepted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handover.actors import Party
from handover.db import Database
from handover.directory import names as called
from handover.directory import plain_words, service
from handover.directory.model import DirectoryExpired, Kind, Offer
from handover.errors import NotFound
from handover.ids import AgencyId, ServiceId
from handover.keys.errors import EnvelopeRefused, Reason
from tests import builders
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV

NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


@pytest.fixture
def made(node_db: Database) -> builders.Community:
    community = builders.community(NOW)
    builders.join(node_db, community, MUNICIPALITY, NAV)
    return community


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("inntak", ["Inntak voksne"]),
        ("fjordheim dps", ["Inntak voksne", "Poliklinikk voksne"]),
        ("POLI voks", ["Poliklinikk voksne"]),
        ("psyk", ["Kommunepsykolog"]),
        ("arbeidsrettet oppfoelging", ["Arbeidsrettet oppfølging"]),
        ("finnes ikke", []),
    ],
)
def test_a_referrer_finds_services_by_parts_of_words(
    node_db: Database, made: builders.Community, text: str, names: list[str]
) -> None:
    with node_db.reading() as session:
        assert [found.name for found in service.find_services(session, text)] == names


def test_a_referrer_narrows_the_search_by_kind_and_place(node_db: Database, made: builders.Community) -> None:
    adults = Kind(system="urn:oid:2.16.578.1.12.4.1.1.8668", code="PV")
    with node_db.reading() as session:
        assert len(service.find_services(session, kind=adults)) == 2
        assert len(service.find_services(session, place="fjordheim")) == 5
        assert service.find_services(session, place="fjord") == []


RENT = Offer(
    id="a1",
    title="Økonomisk sosialhjelp",
    for_whom="Deg som ikke har nok til det du trenger",
    how="Søk på nav.no, eller kom innom.",
    words="husleie strøm",
)
SHOES = Offer(id="b2", title="Joggegruppe", for_whom="Alle", how="Møt opp på tirsdag.", words="trim")


@pytest.fixture
def with_offers(node_db: Database, made: builders.Community) -> builders.Community:
    offering = replace(builders.SERVICES[NAV][0], offers=(RENT, SHOES))
    with node_db.transaction() as session:
        service.change_service(session, offering, now=NOW + timedelta(minutes=1))
    return made


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("penger til bolig", ["Økonomisk sosialhjelp"]),
        ("hjelp til husleia", ["Økonomisk sosialhjelp"]),
        ("pengar til bustad", ["Økonomisk sosialhjelp"]),
        ("money for housing", ["Økonomisk sosialhjelp"]),
        ("joggegruppa", ["Joggegruppe"]),
        ("penger til jogging", []),
        ("arbeidsrettet", []),
    ],
)
def test_somebody_who_asks_in_plain_words_finds_what_is_offered(
    node_db: Database, with_offers: builders.Community, text: str, offers: list[str]
) -> None:
    with node_db.reading() as session:
        found = [offer.title for hit in service.search(session, text) for offer in hit.offers]
    assert found == offers


def test_a_service_is_found_by_its_name_before_those_that_only_mean_the_same(
    node_db: Database, with_offers: builders.Community
) -> None:
    with node_db.reading() as session:
        hits = service.search(session, "psykologen")
        assert hits[0].service.name == "Kommunepsykolog"
        assert len(hits) > 1, "and then those who take people with mental-health problems"
        assert len(service.search(session, "")) == 5
        assert len(service.search(session, "hjelp til")) == 1, (
            "of words that say nothing each is looked for as it is"
        )
        assert service.search(session, "tannlege") == []


@pytest.mark.parametrize(
    ("word", "stem"),
    [("pengene", "peng"), ("boligen", "bolig"), ("boliger", "bolig"), ("hus", "hus"), ("huset", "huset")],
)
def test_the_ending_of_a_word_does_not_count_where_enough_of_it_is_left(word: str, stem: str) -> None:
    assert plain_words.stem(word) == stem


def test_a_node_knows_services_and_agencies_and_says_when_it_does_not(
    node_db: Database, made: builders.Community
) -> None:
    with node_db.reading() as session:
        assert service.service_of(session, INTAKE).agency == DPS
        assert service.agency(session, DPS).endpoint == "http://127.0.0.1:8002"
        assert [one.name for one in service.agencies(session)] == [
            "Fjordheim DPS",
            "Fjordheim kommune",
            "NAV Fjordheim",
        ]
        with pytest.raises(NotFound, match="no-service"):
            service.service_of(session, ServiceId("1"))
        with pytest.raises(NotFound, match="no-agency"):
            service.agency(session, AgencyId("399999999"))


def test_a_reader_is_told_names_and_numbers_where_nobody_lists_them(
    node_db: Database, made: builders.Community
) -> None:
    nobody, unlisted = AgencyId("399999999"), ServiceId("1")
    with node_db.reading() as session:
        assert called.of_party(session, Party(DPS, INTAKE)) == "Inntak voksne, Fjordheim DPS"
        assert called.of_party(session, Party(DPS, unlisted)) == "Fjordheim DPS"
        assert called.of_party(session, Party(nobody, unlisted), "Dr. Vik") == "Dr. Vik"
        assert called.of_party(session, Party(nobody, unlisted)) == nobody
        assert called.of_service(session, unlisted) == unlisted
        assert called.phone_of(session, Party(DPS, unlisted)) == ""


def test_a_node_without_a_directory_calls_agencies_by_number(node_db: Database) -> None:
    service.open_book(node_db, builders.community(NOW).anchors)
    with node_db.reading() as session:
        assert called.of_agency(session, DPS) == DPS


def test_keys_of_the_directory_verify_and_seal_until_it_expires(
    node_db: Database, made: builders.Community
) -> None:
    kid = made.keys[DPS].sig.kid
    with node_db.reading() as session:
        assert service.signing_key(session, DPS, kid, at=NOW) == made.keys[DPS].sig.public
        assert service.encryption_key(session, DPS, at=NOW) == made.keys[DPS].enc[0].public
        late = NOW + timedelta(days=7)
        with pytest.raises(EnvelopeRefused) as refused:
            service.signing_key(session, DPS, kid, at=late)
        with pytest.raises(DirectoryExpired):
            service.encryption_key(session, DPS, at=late)
    assert refused.value.reason is Reason.DIRECTORY_EXPIRED
