"""Whoever runs a node sees what waits and why, does something about it, and says who may do what."""

import html
from datetime import timedelta

import pytest
from sqlalchemy import select

from handover import clock
from handover.access import service as access
from handover.actors import Role
from handover.audit.tables import AuditEntry
from handover.errors import NotFound
from handover.exchange import service as exchange
from handover.exchange.lifecycle import State
from handover.exchange.tables import Destination, OutgoingContent
from handover.ids import MessageId
from handover.keys import files
from handover.keys.files import Locker
from handover.keys.lifecycle import Use
from tests.builders import DPS, FACT, MUNICIPALITY, NAV
from tests.operator.conftest import SignedIn, Watched, employ, sign_in

KARI = "02810012345"


@pytest.fixture
def operator(watched: Watched) -> SignedIn:
    return sign_in(watched, Role.OPERATOR)


def words(page: str) -> str:
    return html.unescape(page)


def way(watched: Watched, *, failing: bool = False) -> None:
    with watched.db.transaction() as session:
        session.add(
            Destination(
                agency=MUNICIPALITY,
                receiver=DPS,
                failures=3 if failing else 0,
                failing_since=clock.now() if failing else None,
                fault_side="REC" if failing else None,
                fault_code="certificate-refused" if failing else None,
                told=False,
            )
        )


def state_of(watched: Watched, message: MessageId) -> tuple[State, bool]:
    with watched.db.reading() as session:
        found = exchange.delivery(session, MUNICIPALITY, message, now=clock.now())
    return found.state, found.held


def logged(watched: Watched) -> list[str]:
    with watched.db.reading() as session:
        return list(session.execute(select(AuditEntry.event).order_by(AuditEntry.at, AuditEntry.id)).scalars())


def test_an_operator_sees_what_waits_and_why(watched: Watched, operator: SignedIn) -> None:
    watched.send(minutes_ago=50, fault="connection-refused")
    page = words(operator.get("/drift/leveringer").text)
    assert "Henvisning til Fjordheim DPS" in page
    assert "Mottakerens maskin tar ikke imot. Feilen er hos mottakeren. (connection-refused)" in page
    assert "For sent" in page
    assert "Venter (1)" in page


def test_an_operator_sees_which_receiver_does_not_answer(watched: Watched, operator: SignedIn) -> None:
    way(watched, failing=True)
    page = words(operator.get("/drift/leveringer").text)
    assert "Vi har ikke nådd fram siden" in page
    assert "Mottakerens sertifikat er ikke gyldig." in page


def test_an_operator_holds_a_message_back_and_tries_it_again(watched: Watched, operator: SignedIn) -> None:
    message = watched.send(minutes_ago=5)
    with watched.db.transaction() as session:
        until = clock.now() + timedelta(days=7)
        session.add(OutgoingContent(agency=MUNICIPALITY, message=message, jws=b"sealed", valid_until=until))
    way(watched)
    assert operator.post(f"/drift/leveringer/{message}/hold").status_code == 302
    assert state_of(watched, message) == (State.QUEUED, True)
    assert "Holdt tilbake av drift." in words(operator.get(f"/drift/leveringer/{message}").text)
    assert operator.post(f"/drift/leveringer/{message}/prov").status_code == 302
    assert state_of(watched, message) == (State.QUEUED, False)
    assert {"operator.stop", "operator.retry"} <= set(logged(watched))


def test_a_message_that_ended_cannot_be_held_back(watched: Watched, operator: SignedIn) -> None:
    message = watched.send(minutes_ago=5, state=State.REFUSED)
    answer = operator.post(f"/drift/leveringer/{message}/hold")
    assert answer.status_code == 409
    assert "Meldingen er allerede ferdig behandlet." in words(answer.text)


def test_an_operator_pauses_a_receiver_and_goes_on(watched: Watched, operator: SignedIn) -> None:
    way(watched)
    assert operator.post(f"/drift/mottakere/{DPS}/pause").status_code == 302
    assert "Satt på pause av Oda Drift" in words(operator.get("/drift/leveringer").text)
    assert operator.post(f"/drift/mottakere/{DPS}/fortsett").status_code == 302
    assert "Vi når fram hit." in words(operator.get("/drift/leveringer").text)
    assert operator.post(f"/drift/mottakere/{NAV}/pause").status_code == 404


def test_an_operator_sees_keys_by_plain_names_and_which_are_due(watched: Watched, operator: SignedIn) -> None:
    locker = Locker(b"a passphrase of some length")
    for use, days in ((Use.SIGNING, 10), (Use.ENCRYPTION, 9)):
        made = clock.now() - timedelta(days=days)
        files.create(watched.settings.keys_dir, use=use, owner=MUNICIPALITY, locker=locker, now=made)
    page = words(operator.get("/drift/nokler").text)
    assert "Signatur" in page
    assert "Konvolutt" in page
    assert page.count("Bør byttes nå") == 1
    assert "Adresseboken gjelder til" in page


def test_key_files_open_to_others_are_told_and_not_shown(watched: Watched, operator: SignedIn) -> None:
    locker = Locker(b"a passphrase of some length")
    folder = watched.settings.keys_dir
    made = files.create(folder, use=Use.SIGNING, owner=MUNICIPALITY, locker=locker, now=clock.now())
    made.path.chmod(0o644)
    assert "Nøkkelfilene kan ikke leses." in words(operator.get("/drift/nokler").text)


def test_a_security_officer_registers_somebody_and_gives_and_takes_roles(watched: Watched) -> None:
    officer = sign_in(watched, Role.SECURITY_OFFICER)
    sent = {"login": KARI, "name": "Nina Ny", "title": "Psykolog", "phone": "55 00 00 01"}
    there = officer.post("/folk/", **sent).headers["Location"]
    assert officer.post(f"{there}/roller", role="referrer", service=FACT).status_code == 302
    assert "Henviser ved FACT-team" in words(officer.get(there).text)
    assert officer.post(f"{there}/roller/ta-tilbake", role="referrer", service=FACT).status_code == 302
    assert "Ingen roller ennå" in words(officer.get(there).text)
    assert officer.post(f"{there}/avslutt").status_code == 302
    assert "Nina Ny" not in officer.get("/folk/").text


def test_a_form_with_mistakes_keeps_what_was_typed_and_says_what_to_put_right(watched: Watched) -> None:
    officer = sign_in(watched, Role.SECURITY_OFFICER)
    answer = officer.post("/folk/", login="123", name="Nina Ny", title="", phone="")
    assert answer.status_code == 422
    assert "Skriv fødselsnummeret med elleve siffer." in words(answer.text)
    assert 'value="Nina Ny"' in answer.text


@pytest.mark.parametrize(("role", "where"), [("king", ""), ("intake", "8000031"), ("", FACT)])
def test_a_role_that_is_not_ours_to_give_is_refused(watched: Watched, role: str, where: str) -> None:
    officer = sign_in(watched, Role.SECURITY_OFFICER)
    answer = officer.post(f"/folk/{officer.staff}/roller", role=role, service=where)
    assert answer.status_code == 422


def test_nobody_looks_into_another_agencys_deliveries_or_people(watched: Watched, operator: SignedIn) -> None:
    with watched.db.reading() as session, pytest.raises(NotFound):
        access.staff_of(session, NAV, operator.staff)
    unknown = "00000000-0000-4000-8000-000000000000"
    assert operator.get(f"/drift/leveringer/{unknown}").status_code == 404
    assert operator.get(f"/folk/{unknown}").status_code == 404


@pytest.mark.parametrize("path", ["/drift/leveringer", "/drift/nokler", "/folk/"])
def test_a_clinician_has_no_business_here(watched: Watched, path: str) -> None:
    assert sign_in(watched, Role.CLINICIAN).get(path).status_code == 403


def test_a_number_typed_in_the_register_is_never_shown_again(watched: Watched) -> None:
    employ(watched, "Nina Ny", number=KARI)
    officer = sign_in(watched, Role.SECURITY_OFFICER)
    assert KARI not in officer.get("/folk/").text
