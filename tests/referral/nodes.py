"""Two whole nodes for tests: real databases, keys, directory, exchange and worker; the wire is in process.

Node A hosts the municipality and NAV, node B the DPS (with a second service that takes referrals).
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from flask import Flask
from sqlalchemy.orm import Session

from handover import clock, worker
from handover.actors import Patient, Role, Staff
from handover.app import Node, assemble, create_app
from handover.config import Settings
from handover.db import Database
from handover.directory import documents
from handover.directory import service as directory
from handover.directory.model import LIFETIME, PublishedKey, Statement
from handover.ids import AgencyId, ReferralId, ServiceId, StaffId
from handover.keys import vault
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault
from handover.person.model import Address, Identity
from handover.referral import service
from handover.referral.lifecycle import Side
from handover.referral.model import (
    CONSENT_GIVEN,
    Acceptance,
    Appointment,
    AppointmentId,
    Contact,
    ReferralContent,
    Refusal,
    Urgency,
)
from handover.referral.service import Case, PatientCase, Stored, Turn
from tests import builders
from tests.builders import DPS, FACT, INTAKE, MUNICIPALITY, NAV, PSYCHOLOGIST
from tests.exchange.network import Wire, app

START: Final = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)
"""A Monday morning."""
KOMMUNE_NODE, DPS_NODE = "http://kommune.example", "http://dps.example"
SENIOR: Final = ServiceId("8000033")
"""A second service of the DPS."""
ELDERLY: Final = builders.make_service(SENIOR, DPS, "Alderspsykiatri", "8668:PV04")
NUMBER: Final = "15868212388"


def staff(number: int, name: str, agency: AgencyId, at: ServiceId | None, *roles: Role) -> Staff:
    """Return a staff member with the roles at one service."""
    return Staff(
        agency=agency,
        id=StaffId(UUID(int=number)),
        name=name,
        title="psykolog",
        phone=f"55 00 00 {number:02}",
        roles=frozenset((at, role) for role in roles),
    )


PER = staff(1, "Per Psykolog", MUNICIPALITY, PSYCHOLOGIST, Role.REFERRER)
FATIMA = staff(2, "Fatima Fact", MUNICIPALITY, FACT, Role.REFERRER, Role.CLINICIAN)
INGRID = staff(3, "Ingrid Inntak", DPS, INTAKE, Role.INTAKE)
OLA = staff(4, "Ola Overlege", DPS, INTAKE, Role.CLINICIAN)
SARA = staff(5, "Sara Senior", DPS, SENIOR, Role.CLINICIAN)
LEADER = staff(6, "Lise Leder", DPS, None, Role.LEADER)
NAVN = staff(7, "Nils Nav", NAV, None, Role.CASEWORKER)
PATIENT = Patient(number=NUMBER, name="Solveig Nes")
COMPLAINT = "Du kan klage til Statsforvalteren innen fire uker."


def content(**other: Any) -> ReferralContent:
    """Return a whole referral."""
    whole = ReferralContent(
        patient=Identity(
            given="Solveig",
            family="Nes",
            birth_date=date(1982, 6, 15),
            number=NUMBER,
            phone="99 00 00 01",
            address=Address(lines=("Fjordveien 1",), postal_code="5000", city="Fjordheim"),
        ),
        urgency=Urgency.ORDINARY,
        problem="Depresjon og angst over to år",
        history="Samtaler i kommunen siden 2024",
        risk="Ingen aktuelle planer",
        trusted_person=Contact(name="Berit Nes", relation="søster", phone="99 00 00 02"),
        consent=CONSENT_GIVEN,
        can_join_first_appointment=True,
    )
    return replace(whole, **other)


def acceptance(**other: Any) -> Acceptance:
    """Return a right granted."""
    whole = Acceptance(
        latest_start=date(2027, 1, 15),
        next_step="Du får time innen to uker",
        assessor="Ola Overlege",
        assessor_phone="55 00 00 04",
        complaint=COMPLAINT,
    )
    return replace(whole, **other)


def refusal(**other: Any) -> Refusal:
    """Return a refusal."""
    whole = Refusal(
        reason="Kommunens tilbud passer bedre",
        advice="Samtaler hos psykolog i kommunen",
        complaint=COMPLAINT,
        assessor="Ola Overlege",
        assessor_phone="55 00 00 04",
    )
    return replace(whole, **other)


def appointment(start: datetime, **other: Any) -> Appointment:
    """Return a first appointment."""
    whole = Appointment(
        id=AppointmentId(UUID(int=77)),
        start=start,
        place="Fjordgata 2, 2. etasje",
        with_whom="Ola Overlege",
        phone="55 00 00 04",
        companions="Per Psykolog",
    )
    return replace(whole, **other)


@dataclass
class Town:
    """Both nodes and what time it is at them."""

    kommune: Node
    dps: Node
    wire: Wire
    community: builders.Community
    now: datetime = START
    services: dict[ServiceId, dict[str, Any]] = field(default_factory=dict)
    """What the agencies changed in their entries since; told with the next directory."""
    _signed: int = 1
    _told: tuple[datetime, dict[ServiceId, dict[str, Any]]] | None = None
    """When the community last signed, and what the agencies had changed by then."""
    _databases: list[Database] = field(default_factory=list)
    _apps: dict[str, Flask] = field(default_factory=dict)

    def app_of(self, node: Node) -> Flask:
        """Return the node's application, made once: making one costs a fifth of a second."""
        address = node.settings.node_url
        if address not in self._apps:
            self._apps[address] = create_app(node)
        return self._apps[address]

    def node_of(self, agency: AgencyId) -> Node:
        """Return the node that hosts the agency."""
        return self.dps if agency == DPS else self.kommune

    def pass_time(self, **passed: float) -> datetime:
        """Let time pass at both nodes, and the community sign its directory anew when that is due."""
        return self.move_to(self.now + timedelta(**passed))

    def move_to(self, now: datetime) -> datetime:
        """Let it be `now` at both nodes."""
        self.now = now
        clock.set_offset(now - datetime.now(UTC))
        self._sign_again()
        return now

    def work(self, rounds: int = 3) -> None:
        """Let both workers do what is due, a few times, so that answers to answers arrive too."""
        for _ in range(rounds):
            if not sum([self._deliver_at(node) for node in self._nodes()]):
                break
        for node in self._nodes():
            self.work_at(node)

    def work_at(self, node: Node) -> None:
        """Let one node's worker do what is due, once."""
        self.now += timedelta(seconds=5)  # routes read a clock that runs on: stay ahead of it
        clock.set_offset(self.now - datetime.now(UTC))
        worker.run_once(node, self.now, client=self.wire)

    def settle(self) -> None:
        """Let a minute pass (longer than the time to undo, or a wait between attempts) and everything arrive."""
        self.pass_time(minutes=1)
        self.work()

    def do(self, by: Staff, what: Callable[..., Any], referral: ReferralId, *args: Any, **turn: Any) -> Any:
        """Do one use case in a transaction of its own, at the node of the one who does it."""
        side = turn.pop("side", Side.REFERRER if by.has(Role.REFERRER) else Side.RECEIVER)
        with self.node_of(by.agency).db.transaction() as session:
            return what(session, Turn(referral=referral, by=by, now=self.now, side=side, **turn), *args)

    def see(self, by: Staff, referral: ReferralId, **turn: Any) -> Case:
        """Return the case as that person sees it."""
        return self.do(by, service.show, referral, **turn)  # type: ignore[no-any-return]

    def ask(self, by: Staff, what: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Call a reader at the node of the one who asks."""
        with self.node_of(by.agency).db.transaction() as session:
            return what(session, *args, by=by, now=self.now, **named)

    def seen_by_patient(self, node: Node, referral: ReferralId) -> PatientCase:
        """Return the case as the patient sees it at one node."""
        with node.db.transaction() as session:
            return service.my_referral(session, node.settings.agencies, referral, by=PATIENT, now=self.now)

    def draft(self, by: Staff = PER, to: ServiceId | None = INTAKE, **other: Any) -> ReferralId:
        """Begin a referral."""

        def begin(session: Session) -> Stored:
            at = next(at for at, role in by.roles if role is Role.REFERRER and at is not None)
            return service.create_draft(session, by=by, service=at, now=self.now, content=content(**other), to=to)

        with self.node_of(by.agency).db.transaction() as session:
            return begin(session).standing.referral

    def sent(self, by: Staff = PER, to: ServiceId = INTAKE, **other: Any) -> ReferralId:
        """Send a referral and let it arrive."""
        referral = self.draft(by, to, **other)
        self.do(by, service.send, referral)
        self.settle()
        return referral

    def taken(self, **other: Any) -> ReferralId:
        """Send a referral; the DPS has opened and taken it, and the referrer knows."""
        referral = self.sent(**other)
        self.do(INGRID, service.open_, referral)
        self.do(OLA, service.take, referral)
        self.settle()
        return referral

    def close(self) -> None:
        """Close both databases."""
        for db in self._databases:
            db.engine.dispose()

    def _deliver_at(self, node: Node) -> int:
        self.now += timedelta(seconds=5)
        clock.set_offset(self.now - datetime.now(UTC))
        return worker.deliver_once(node, self.now, client=self.wire)

    def _nodes(self) -> tuple[Node, ...]:
        return (self.kommune,) if self.kommune is self.dps else (self.kommune, self.dps)

    def _sign_again(self) -> None:
        if self._told is not None:
            signed_at, changed = self._told
            if timedelta() <= self.now - signed_at < LIFETIME / 2 and changed == self.services:
                return
        self._told = self.now, deepcopy(self.services)
        self._signed += 1
        made, at = self.community, self.now
        listed = replace(made.listed, version=self._signed, iat=at, exp=at + LIFETIME)
        document = documents.sign_directory(listed, anchor=made.anchor)
        statements = {agency: _statement(made, agency, at, self.services) for agency in made.keys}
        for node in self._nodes():
            with node.db.transaction() as session:
                directory.accept_directory(session, document, now=at)
                for agency, jws in statements.items():
                    directory.accept_statement(session, jws, agency=agency, now=at)


def town(open_database: Callable[[], Database], *, is_one_node: bool = False) -> Town:
    """Put two nodes together (or one that hosts everybody) and connect them."""
    clock.set_offset(START - datetime.now(UTC))
    wire = Wire()
    endpoints = {MUNICIPALITY: KOMMUNE_NODE, NAV: KOMMUNE_NODE, DPS: KOMMUNE_NODE if is_one_node else DPS_NODE}
    made = builders.community(START, endpoints=endpoints, also=(ELDERLY,))
    databases = [open_database()]
    if is_one_node:
        kommune = dps = _node(databases[0], made, wire, KOMMUNE_NODE, MUNICIPALITY, NAV, DPS)
    else:
        databases.append(open_database())
        kommune = _node(databases[0], made, wire, KOMMUNE_NODE, MUNICIPALITY, NAV)
        dps = _node(databases[1], made, wire, DPS_NODE, DPS)
    found = Town(kommune=kommune, dps=dps, wire=wire, community=made, _told=(START, {}), _databases=databases)
    found.pass_time(seconds=1)
    return found


def _node(db: Database, made: builders.Community, wire: Wire, endpoint: str, *hosted: AgencyId) -> Node:
    ring: Keyring = builders.join(db, made, *hosted)
    settings = Settings(
        mode="test",
        node_url=endpoint,
        agencies=hosted,
        database_url="",
        keys_dir=Path(),
        passphrase_file=Path(),
        anchors_file=Path(),
        directory_source="",
    )
    node = assemble(settings, db, ring)
    db.provide(Vault, vault.generate(hosted))
    wire.apps[endpoint] = app(db)
    return node


def _statement(
    made: builders.Community, agency: AgencyId, at: datetime, changed: dict[ServiceId, dict[str, Any]]
) -> bytes:
    held = made.keys[agency]
    services = builders.SERVICES[agency]
    if agency == DPS:
        services = (*services, ELDERLY)
    services = tuple(replace(each, **changed.get(each.id, {})) for each in services)
    keys = tuple(PublishedKey(key=key.public, published_at=key.created_at) for key in held.enc)
    statement = Statement(agency=agency, iat=at, exp=at + LIFETIME, keys=keys, services=services)
    return documents.sign_statement(statement, signer=held.sig)
