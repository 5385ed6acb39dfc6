"""The issue's table "Bad input gets a clear answer", row by row, for what comes over the wire."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
import requests
from sqlalchemy import func, select

from handover.audit.tables import AuditEntry
from handover.db import Database
from handover.exchange import service as exchange
from handover.exchange import wire
from handover.exchange.lifecycle import State
from handover.exchange.model import Event, Outgoing
from handover.exchange.service import UnknownReceiver
from handover.exchange.tables import IncomingRow
from handover.fhir.acknowledgement import AckCode
from handover.fhir.problem import ProblemCode
from handover.ids import AgencyId, MessageId, ServiceId, new_uuid
from handover.person.tables import PersonRow
from handover.referral import service
from handover.referral.lifecycle import Status
from handover.referral.model import Party
from handover.referral.steps import Step
from handover.referral.tables import ReferralRow
from handover.team import service as team
from handover.team.model import TaskKind
from handover.team.tables import TaskRow
from tests.builders import DPS, INTAKE, NAV, NAV_OFFICE, OUTPATIENT
from tests.journeys.hands import hand_in, request_bytes
from tests.journeys.region import HAVNES, HAVNES_INTAKE, Region
from tests.referral.nodes import INGRID, PER


def rows(db: Database, table: Any) -> int:
    with db.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def events(db: Database) -> list[str]:
    with db.reading() as session:
        return list(session.execute(select(AuditEntry.event).order_by(AuditEntry.at, AuditEntry.id)).scalars())


def resource(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind
    )
    return found


def spoil(bundle: dict[str, Any]) -> None:
    """Three things that are wrong in three places."""
    del resource(bundle, "ServiceRequest")["status"]
    resource(bundle, "Patient")["gender"] = "kanari"
    resource(bundle, "Task")["colour"] = "Kanari"


def test_valid_envelope_with_invalid_fhir_gets_every_problem_with_its_path_and_nothing_is_kept(
    town: Region,
) -> None:
    dps, message = town.node_of(DPS).db, MessageId(new_uuid())
    got = hand_in(town, request_bytes(town, message=message, change=spoil), message=message)
    assert got.said is not None
    assert got.said.code is AckCode.FATAL
    assert {problem.path.rsplit(".", 1)[-1] for problem in got.said.problems} == {"status", "gender", "colour"}
    assert len(got.said.problems) == 3
    assert b"anari" not in got.body
    assert "anari" not in repr(got.said)
    assert (rows(dps, ReferralRow), rows(dps, PersonRow)) == (0, 0)
    with dps.reading() as session:
        (kept,) = session.execute(select(IncomingRow)).scalars()
    assert kept.jws is None, "what was refused is not kept"
    town.prove(agreed=False)


def test_a_sender_whose_message_is_refused_gets_a_task_with_the_same_list_in_words(
    town: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender of an older make, that does not look before it sends."""
    referral = town.draft()
    real = exchange.post_all

    def careless(session: Any, messages: Any, *, now: Any) -> None:
        spoilt = []
        for outgoing in messages:
            bundle = orjson.loads(outgoing.payload)
            spoil(bundle)
            spoilt.append(replace(outgoing, payload=orjson.dumps(bundle)))
        with pytest.MonkeyPatch.context() as blind:
            blind.setattr("handover.exchange.service.fhir.check", lambda *_: None)
            real(session, spoilt, now=now)

    with monkeypatch.context() as bad:
        bad.setattr(exchange, "post_all", careless)
        town.do(PER, service.send, referral)
    town.settle()
    case = town.see(PER, referral)
    assert case.delivery is not None
    assert case.delivery.state is State.REFUSED
    assert case.standing.status is Status.SENT, "delivery never changes what people decided"
    assert case.next is not None
    assert case.next.step is Step.MEND_DELIVERY
    with town.node_of(PER.agency).db.reading() as session:
        mine = [task for task in team.tasks(session, PER) if task.kind is TaskKind.NOT_DELIVERED]
    assert len(mine) == 1
    for place in ("status", "gender", "colour"):
        assert place in mine[0].text
    assert rows(town.node_of(DPS).db, ReferralRow) == 0
    for _ in range(3):
        town.pass_time(hours=1)
        town.work()
    assert [event for event in events(town.node_of(DPS).db) if event.startswith("envelope")] == [
        "envelope.received"
    ]
    town.do(PER, service.send_again, referral)
    town.settle()
    assert town.see(PER, referral).standing.status is Status.RECEIVED
    town.prove()


def test_a_repeat_gets_the_same_stored_acknowledgement_and_is_shown_once(town: Region) -> None:
    message = MessageId(new_uuid())
    payload = request_bytes(town, message=message)
    first = hand_in(town, payload, message=message)
    town.pass_time(hours=5)
    again = hand_in(town, payload, message=message)
    assert first.said is not None
    assert first.said.code is AckCode.OK
    assert first.body == again.body
    assert len(town.ask(INGRID, service.worklist, INTAKE).rows) == 1
    town.prove(agreed=False)


def test_the_same_id_with_other_content_is_refused_and_alarms_at_the_receiver(town: Region) -> None:
    message = MessageId(new_uuid())
    first = hand_in(town, request_bytes(town, message=message), message=message)
    other = hand_in(town, request_bytes(town, message=message), message=message)
    assert first.said is not None
    assert other.said is not None
    assert (first.said.code, other.said.code) == (AckCode.OK, AckCode.FATAL)
    assert [problem.code for problem in other.said.problems] == [ProblemCode.SAME_ID_OTHER_CONTENT]
    assert len(town.ask(INGRID, service.worklist, INTAKE).rows) == 1
    with town.node_of(DPS).db.reading() as session:
        kinds = session.execute(select(TaskRow.kind, TaskRow.agency)).all()
    assert [tuple(kind) for kind in kinds] == [(TaskKind.ALARM.value, DPS)]
    town.prove(agreed=False)


@pytest.mark.parametrize("service_id", ["9999999", OUTPATIENT, HAVNES_INTAKE])
def test_a_referral_to_a_service_that_is_not_here_is_refused_and_says_which(town: Region, service_id: str) -> None:
    message = MessageId(new_uuid())
    got = hand_in(town, request_bytes(town, message=message, to=ServiceId(service_id)), message=message)
    assert got.said is not None
    assert got.said.code is AckCode.FATAL
    (problem,) = got.said.problems
    assert problem.code is ProblemCode.UNKNOWN_ADDRESSEE
    assert service_id in problem.text
    assert rows(town.node_of(DPS).db, ReferralRow) == 0
    town.prove(agreed=False)


def test_a_referral_to_an_agency_that_nobody_knows_is_never_promised(town: Region) -> None:
    stranger = Party(AgencyId("310009998"), INTAKE)
    with (
        town.node_of(PER.agency).db.transaction() as session,
        pytest.raises(UnknownReceiver) as refused,
    ):
        message = MessageId(new_uuid())
        payload = request_bytes(town, message=message, receiver=stranger)
        exchange.post(
            session,
            Outgoing(
                message=message,
                sender=PER.agency,
                receiver=stranger.agency,
                event=Event.REFERRAL_REQUEST,
                payload=payload,
            ),
            now=town.now,
        )
    assert refused.value.details["agency"] == stranger.agency


def test_a_message_that_says_it_is_for_another_agency_is_refused(town: Region) -> None:
    message = MessageId(new_uuid())
    payload = request_bytes(town, message=message, receiver=Party(HAVNES, HAVNES_INTAKE))
    got = hand_in(town, payload, message=message)
    assert got.said is not None
    assert got.said.code is AckCode.FATAL
    assert rows(town.node_of(DPS).db, ReferralRow) == 0


def test_an_agency_cannot_speak_for_another(town: Region) -> None:
    message = MessageId(new_uuid())
    payload = request_bytes(town, message=message)  # it says that the municipality wrote it
    got = hand_in(town, payload, message=message, signer=NAV)
    assert got.said is not None
    assert got.said.code is AckCode.FATAL
    assert rows(town.node_of(DPS).db, ReferralRow) == 0
    first = town.sent()
    for service_of_others in (NAV_OFFICE, HAVNES_INTAKE):
        assert service_of_others != town.see(PER, first).standing.responsible.service


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"", "application/jose", 400),
        (b"Kanari", "application/jose", 400),
        (b"a.b.c.d.e", "application/jose", 400),
        (b'["a.b.c.d.e", 7]', "application/json", 400),
        (b'{"Kanari": 1}', "application/json", 400),
        (b"Kanari", "text/plain", 415),
        (b"[" + b'"x",' * 70 + b'"x"]', "application/json", 413),
        (b"x" * (4 * 1024 * 1024 + 1), "application/jose", 413),
    ],
)
def test_what_is_no_envelope_is_refused_with_a_code_and_leaves_only_the_log(
    town: Region, body: bytes, media: str, status: int
) -> None:
    dps = town.sites["dps"]
    url = f"http://127.0.0.1:{dps.port}{wire.ENVELOPES}"
    got = requests.post(url, data=body, headers={"Content-Type": media}, timeout=10)
    assert got.status_code == status
    assert set(got.json()) >= {"code"}
    assert "Kanari" not in got.text
    assert (rows(dps.db, IncomingRow), rows(dps.db, ReferralRow)) == (0, 0)
    town.prove(agreed=False)
