"""One node with three agencies, several services in each, and somebody in every role everywhere.

Everything about people has an owner (`Thing`); from that follows who may see it, and a test for every route.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Final
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.routing import Rule as UrlRule
from werkzeug.test import TestResponse

from handover.access import service as access
from handover.access.service import NewStaff, Proven
from handover.actors import Machine, Party, Patient, Role, Staff
from handover.addressbook import reporting
from handover.addressbook.model import OWNERS, Part
from handover.app import create_app
from handover.bundle import service as handovers
from handover.bundle import store as handover_store
from handover.bundle.lifecycle import Side
from handover.bundle.model import Content, Mark, TopicCode
from handover.bundle.pages.desk import SENDERS
from handover.bundle.service import Turn
from handover.bundle.store import ROLES
from handover.consent import asking
from handover.consent.model import Target, Terms, Wanted
from handover.db import Database
from handover.demo.people import synthetic_number
from handover.directory import service as directory
from handover.exchange.tables import OutgoingRow
from handover.ids import AgencyId, HandoverId, ServiceId, ThreadId, new_uuid
from handover.inquiry import service as inquiry
from handover.inquiry.model import ANSWERS, About
from handover.message import model
from handover.message import service as messages
from handover.message.model import Subject
from handover.message.store import READERS as READ_THREADS
from handover.message.store import WRITERS as WRITE_THREADS
from handover.notice.tables import OutgoingNoticeRow
from handover.person import service as person
from handover.person.model import Identity
from handover.referral import service
from handover.team import service as team
from handover.team.model import TaskKind
from handover.workdays import local_date
from tests.builders import DPS, FACT, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE, PSYCHOLOGIST
from tests.referral.nodes import FATIMA, INGRID, KOMMUNE_NODE, PER, SARA, SENIOR, Town, town

REQUEST_ID: Final = "the-same-request"
MISSING: Final = {
    "referral": "00000000-0000-4000-8000-000000000001",
    "attachment": "00000000-0000-4000-8000-000000000002",
    "task": "00000000-0000-4000-8000-000000000003",
    "message": "00000000-0000-4000-8000-000000000004",
    "staff": "00000000-0000-4000-8000-000000000005",
    "service": "9999999",
    "receiver": "310009998",
    "agency": "310009998",
    "inquiry": "00000000-0000-4000-8000-000000000006",
    "handover": "00000000-0000-4000-8000-000000000007",
    "item": "00000000-0000-4000-8000-000000000008",
    "entry": "9999998",
    "report": "00000000-0000-4000-8000-000000000009",
    "file_id": "00" * 16,
    "document_id": "11" * 16,
    "notice": "00000000-0000-4000-8000-000000000009",
    "thread": "00000000-0000-4000-8000-00000000000a",
    "letter": "00000000-0000-4000-8000-00000000000b",
    "to": "9999997",
    "question": "00000000-0000-4000-8000-00000000000c",
}
"""For each parameter of an address a value that names nothing; another parameter needs a case here."""
PACED: Final = ("SELECT directory_copy.revision", "UPDATE web_session SET active_at")
"""Statements that are sent once in a while, by the clock, whatever is asked for."""
SERVICES: Final = {MUNICIPALITY: (PSYCHOLOGIST, FACT), NAV: (NAV_OFFICE,), DPS: (INTAKE, SENIOR)}
SENDS: Final = frozenset({Role.REFERRER})
HANDS_OVER: Final = frozenset(ROLES[Side.SENDER])
RECEIVES: Final = frozenset({Role.INTAKE, Role.CLINICIAN})
PDF: Final = b"%PDF-1.7\nTo look at."
TOPIC: Final = TopicCode("important-now")
TAKES_OVER: Final = frozenset(ROLES[Side.RECEIVER])
FORM: Final = {
    "text": "tekst",
    "question": "tekst",
    "answer": "tekst",
    "reason": "tekst",
    "advice": "tekst",
    "complaint": "tekst",
    "next_step": "tekst",
    "outcome": "tekst",
    "follow_up": "tekst",
    "title": "tekst",
    "kind": "ask",
    "role": "intake",
    "service": "",
    "seen": "1.1",
    "revision": "0",
    "do": "send",
}
"""Whatever a form may want, so that an answer is about the address and not about what is missing."""


@dataclass(frozen=True)
class Thing:
    """Something an address can name, and whose it is."""

    values: tuple[tuple[str, str], ...]
    """Parameter -> value; several where one lies within another."""
    agency: AgencyId
    service: ServiceId | None = None
    """None: the whole agency's."""
    roles: frozenset[Role] | None = None
    """Who of them; None: whoever may call the route."""
    patient: str = ""
    shows: str = ""
    """A name that only who may see the thing may read."""
    is_everybodys: bool = False
    """Whether all staff of the community may see it."""

    def is_within_reach(self, caller: "Caller") -> bool:
        """Whether the thing is the caller's."""
        if caller.patient:
            return self.patient == caller.patient
        if self.is_everybodys:
            return True
        return (
            self.agency == caller.agency
            and (self.service is None or caller.service in {None, self.service})
            and (self.roles is None or caller.role in self.roles)
        )


@dataclass(frozen=True)
class Caller:
    """Somebody who is signed in."""

    name: str
    token: str = field(repr=False)
    agency: AgencyId | None = None
    service: ServiceId | None = None
    role: Role | None = None
    patient: str = ""


@dataclass
class House:
    """The node, who is signed in, and everything there is."""

    town: Town
    app: Flask
    callers: list[Caller] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    asked_database: list[str] = field(default_factory=list)
    """Every statement that the last request sent to the database, without its values."""

    def ask(self, caller: Caller, method: str, path: str, form: Mapping[str, str] | None = None) -> TestResponse:
        """Send one request as the caller."""
        client: FlaskClient = self.app.test_client()
        client.set_cookie("session-None", caller.token, domain="kommune.example")
        sent = {} if method == "GET" else {**(form or FORM), "csrf_token": access.csrf_token(caller.token)}
        headers = {"X-Request-Id": REQUEST_ID, "Origin": KOMMUNE_NODE}
        self.asked_database.clear()
        return client.open(path, base_url=KOMMUNE_NODE, method=method, data=sent, headers=headers)

    def note(self, statement: str) -> None:
        """Note a statement, unless the clock alone decides when it is due."""
        if not any(paced in statement for paced in PACED):
            self.asked_database.append(statement)

    def routes(self) -> list[UrlRule]:
        """Return every route but the static files."""
        return [route for route in self.app.url_map.iter_rules() if route.endpoint != "static"]


def house(open_database: Callable[[], Database]) -> House:
    """Build the node, fill it and sign everybody in."""
    made = town(open_database, is_one_node=True)
    found = House(made, create_app(made.kommune))
    engine = made.kommune.db.engine
    event.listen(engine, "before_cursor_execute", lambda *asked: found.note(asked[2]))
    _referrals(found)
    _handovers(found)
    _threads(found)
    _case(found)
    _callers(found)
    _tasks(found)
    _inquiries(found)
    _notices(found)
    _entries(found)
    return found


_NUMBERS: Final = count(1)


def _referrals(house: House) -> None:
    town = house.town
    ways = (
        (PER, PSYCHOLOGIST, INTAKE),
        (PER, PSYCHOLOGIST, SENIOR),
        (FATIMA, FACT, INTAKE),
        (FATIMA, FACT, SENIOR),
    )
    papers: list[tuple[str, ServiceId]] = []
    for number, (by, home, to) in enumerate(ways):
        born = date(1970 + number, 3, 4)
        family = f"Kanari{number}"
        who = Identity(given="Prøve", family=family, birth_date=born, number=synthetic_number(born, 0))
        sent = town.draft(by, to, patient=who)
        file = str(town.do(by, service.add_attachment, sent, "prøvesvar.pdf", PDF).id)
        town.do(by, service.send, sent)
        draft = town.draft(by, to, patient=replace_family(who, f"Utkast{number}"))
        number_of = who.number or ""
        house.things += [
            Thing((("referral", str(sent)),), MUNICIPALITY, home, SENDS, shows=family),
            Thing((("referral", str(draft)),), MUNICIPALITY, home, SENDS, shows=f"Utkast{number}"),
            Thing((("service", to), ("referral", str(sent))), DPS, to, RECEIVES, shows=family),
            Thing((("referral", str(sent)), ("attachment", file)), MUNICIPALITY, home, SENDS),
            Thing((("service", to), ("referral", str(sent)), ("attachment", file)), DPS, to, RECEIVES),
            Thing((("referral", str(sent)),), AgencyId(""), patient=number_of, shows=family),
        ]
        handed, item, file_id, document_id = _handover(town, by, home, to, who)
        papers.append((handed, to))
        for within in ((), (("item", item),), (("file_id", file_id),), (("document_id", document_id),)):
            values = (("handover", handed), *within)
            shows = "" if within else family
            house.things += [
                Thing(values, MUNICIPALITY, home, HANDS_OVER, shows=shows),
                Thing(values, AgencyId(""), patient=number_of, shows=shows),
            ]
        received = (("service", to), ("handover", handed))
        house.things.append(Thing(received, DPS, to, TAKES_OVER, shows=family))
    town.settle()
    for handed, to in papers:
        file_id = _file_there(town, handed, to)
        values = (("service", str(to)), ("handover", handed), ("file_id", file_id))
        house.things.append(Thing(values, DPS, to, TAKES_OVER))
    with town.kommune.db.reading() as session:
        for row in session.execute(select(OutgoingRow.agency, OutgoingRow.message)):
            house.things.append(Thing((("message", str(row.message)),), AgencyId(row.agency)))
    for agency, services in SERVICES.items():
        house.things += [Thing((("service", at),), agency, at) for at in services]
    house.things.append(Thing((("receiver", DPS),), MUNICIPALITY))


def _handover(town: Town, by: Staff, at: ServiceId, to: ServiceId, who: Identity) -> tuple[str, str, str, str]:
    """Send a handover; returns it, an item that stayed, and what file and document that went are called."""
    me = Patient(number=who.number or "", name=who.name)
    with town.kommune.db.transaction() as session:
        made = handovers.start(session, by=by, service=at, patient=who, receiver=to, now=town.now)
        turn = handovers.Turn(handover=made, by=by, now=town.now, side=Side.SENDER)
        handovers.invite(session, turn)
        goes, stays = (handovers.add_item(session, turn, Content(topic=TOPIC, text=text)) for text in "AB")
        mine = handovers.Turn(handover=made, by=me, now=town.now, side=Side.PATIENT)
        handovers.mark(session, mine, goes, Mark.TRAVELS)
        file = handovers.attach(session, turn, TopicCode("documents"), "kart.pdf", PDF)
        handovers.mark(session, mine, file, Mark.TRAVELS)
        handovers.approve(session, mine, handovers.preview(session, mine).sha256)
        handovers.send(session, turn)
        case = handovers.case_of(session, turn)
        (held,) = (each.content.file for each in case.items if each.content.file is not None)
    return str(made), str(stays), case.file_id(held), case.document_id(case.standing.documents[0])


def _file_there(town: Town, handed: str, to: ServiceId) -> str:
    """Return what the document that went is called at the receiver."""
    with town.dps.db.reading() as session:
        stored = handover_store.at_home(
            session, Party(DPS, to), Side.RECEIVER, HandoverId(UUID(handed)), lock=False
        )
        assert stored is not None
        kept = handover_store.document(session, stored.standing, stored.standing.documents[0])
        assert kept is not None
        return handover_store.file_ids(session, stored.standing)(kept.frozen.files[0])


def _handovers(house: House) -> None:
    """One handover at each service of the municipality, about a patient each, with an item and a document."""
    for number, (by, home) in enumerate(((PER, PSYCHOLOGIST), (FATIMA, FACT))):
        born = date(1970 + 2 * number, 3, 4)
        mine = synthetic_number(born, 0)
        who = Identity(given="Prøve", family=f"Kanari{2 * number}", birth_date=born, number=mine)
        at = house.town.now
        with house.town.kommune.db.transaction() as session:
            made = handovers.start(session, by=by, service=home, patient=who, receiver=INTAKE, now=at)
            turn = Turn(handover=made, by=by, now=at, side=Side.SENDER)
            item = handovers.add_item(session, turn, Content(topic=TopicCode("plans"), text="Turer"))
            handovers.attach(session, turn, TopicCode("documents"), "notat.pdf", PDF)
            handovers.invite(session, turn)
            case = handovers.case_of(session, turn)
            (file,) = (each.content.file for each in case.items if each.content.file is not None)
        for values in ((), (("item", str(item)),), (("file_id", case.file_id(file)),)):
            named = (("handover", str(made)), *values)
            shows = "" if values else who.family
            house.things.append(Thing(named, MUNICIPALITY, home, frozenset(SENDERS), shows=shows))
            house.things.append(Thing(named, AgencyId(""), patient=mine, shows=shows))


def _threads(house: House) -> None:
    """Two threads between each pair of services: one that was sent with a document and a time, and a draft."""
    town = house.town
    ways = (
        (PER, PSYCHOLOGIST, INTAKE, MUNICIPALITY, INGRID),
        (FATIMA, FACT, SENIOR, MUNICIPALITY, SARA),
    )
    slot = model.Slot(id=model.SlotId(new_uuid()), start=town.now + timedelta(days=3), minutes=30)
    times = model.Content(offer=model.Offer(by=model.By.PHONE, slots=(slot,), where="55 00 00 01"))
    for number, (by, home, to, agency, picks) in enumerate(ways):
        born = date(1950 + number, 3, 4)
        who = Identity(
            given="Prøve", family=f"Trådkanari{number}", birth_date=born, number=synthetic_number(born, 0)
        )
        about = messages.About(subject=Subject.PLAN, patient=who)
        for is_sent in (True, False):
            with town.kommune.db.transaction() as session:
                made = messages.start_draft(
                    session, by=by, service=home, about=about, to=[to], content=times, now=town.now
                )
                turn = messages.Turn(thread=made.thread, by=by, now=town.now, at=home)
                messages.attach(session, turn, made.message, "kart.pdf", PDF)
                if is_sent:
                    messages.send(session, turn, made.message)
            if is_sent:
                town.settle()
                _pick(town, picks, made, slot.id)
            ends = [(agency, home), (DPS, to)] if is_sent else [(agency, home)]
            for owner, at in ends:
                thread = (("service", str(at)), ("thread", str(made.thread)))
                letter = (*thread, ("letter", str(made.message)))
                towards = (*thread, ("to", str(home if at == to else to)))
                house.things.append(Thing(towards, owner, at, frozenset(WRITE_THREADS), shows=who.family))
                for values in (thread, letter):
                    shows = who.family if values == thread else ""
                    house.things.append(Thing(values, owner, at, frozenset(READ_THREADS), shows=shows))
            if is_sent:
                mine = (("thread", str(made.thread)),)
                house.things.append(Thing(mine, AgencyId(""), patient=who.number or "", shows=who.family))
            _question(house, by, home, to, made.thread, who)
    town.settle()


def _case(house: House) -> None:
    """An anonymous case between two agencies that was linked to its patient: both know whom it is about."""
    town, born = house.town, date(1949, 3, 4)
    who = Identity(given="Prøve", family="Sakskanari", birth_date=born, number=synthetic_number(born, 0))
    with town.kommune.db.transaction() as session:
        about = messages.About(subject=Subject.ANONYMOUS, line="Bør et team ta kontakt?")
        made = messages.start_draft(
            session,
            by=PER,
            service=PSYCHOLOGIST,
            about=about,
            to=[INTAKE],
            content=model.Content(text="En voksen person svarer ikke på brev."),
            now=town.now,
        )
        turn = messages.Turn(thread=made.thread, by=PER, now=town.now, at=PSYCHOLOGIST)
        messages.send(session, turn, made.message)
    town.settle()
    with town.kommune.db.transaction() as session:
        turn = messages.Turn(thread=made.thread, by=PER, now=town.now, at=PSYCHOLOGIST)
        yes = messages.Yes(to=(INTAKE,), until=local_date(town.now))
        messages.link(session, turn, who, [INTAKE], yes=yes)
    town.settle()
    values = [("thread", str(made.thread))]
    for owner, at in ((MUNICIPALITY, PSYCHOLOGIST), (DPS, INTAKE)):
        here = (("service", str(at)), *values)
        house.things.append(Thing(here, owner, at, frozenset(READ_THREADS), shows=who.family))
    house.things.append(Thing(tuple(values), AgencyId(""), patient=who.number or "", shows=who.family))


def _question(house: House, by: Staff, at: ServiceId, to: ServiceId, thread: ThreadId, who: Identity) -> None:
    """Ask a thread's patient whether something may be sent."""
    terms = Terms(purpose="coordination", topics=("plans",), until=local_date(house.town.now))
    target = Target(agency=DPS, service=to)
    wanted = Wanted(service=at, target=target, terms=terms, case=thread, case_kind=messages.WORK, why=who.family)
    with house.town.kommune.db.transaction() as session:
        owner = person.find_or_create(session, MUNICIPALITY, who, now=house.town.now)
        made = asking.ask(session, MUNICIPALITY, owner, wanted, by=by, now=house.town.now)
    values = (("question", str(made)),)
    house.things.append(Thing(values, AgencyId(""), patient=who.number or "", shows=who.family))


def _pick(town: Town, by: Staff, begun: messages.Begun, slot: model.SlotId) -> None:
    """Open a thread and pick the time it offers."""
    with town.node_of(by.agency).db.transaction() as session:
        turn = messages.Turn(thread=begun.thread, by=by, now=town.now)
        messages.open_(session, turn)
        messages.choose_slot(session, turn, begun.message, slot)


def replace_family(who: Identity, family: str) -> Identity:
    """Return somebody of another name, without a number."""
    return Identity(given=who.given, family=family, birth_date=who.birth_date)


def _callers(house: House) -> None:
    for agency, services in SERVICES.items():
        for at in (*services, None):
            for role in Role:
                house.callers.append(_staff(house, agency, at, role))
    patients = {thing.patient for thing in house.things if thing.patient}
    for number in sorted(patients):
        house.callers.append(Caller(f"patient {number[:2]}", _session(house, number, None), patient=number))
    stranger = synthetic_number(date(1990, 1, 1), 0)
    house.callers.append(Caller("patient of nobody", _session(house, stranger, None), patient=stranger))


def _staff(house: House, agency: AgencyId, at: ServiceId | None, role: Role) -> Caller:
    by, now = Machine(agency=agency, name="seed"), house.town.now
    login = synthetic_number(date(1960, 1, 1) + timedelta(days=next(_NUMBERS)), 0)
    name = f"{role.value} {at or 'hele'} {agency}"
    with house.town.kommune.db.transaction() as session:
        new = NewStaff(login=login, name="Nina Navn", title="t", phone="1")
        id_ = access.register(session, new, agency=agency, by=by, now=now)
        access.grant(session, id_, role, at, agency=agency, by=by, now=now)
        staff = access.staff_of(session, agency, id_)
    house.things.append(Thing((("staff", str(id_)),), agency))
    return Caller(name, _session(house, login, staff), agency, at, role)


def _session(house: House, subject: str, staff: Staff | None) -> str:
    now, home = house.town.now, house.town.kommune.settings.agencies[0]
    kind = "staff" if staff else "citizen"
    proven = Proven(kind=kind, subject=subject, name="N", id_token="x", authenticated_at=now)
    with house.town.kommune.db.transaction() as session:
        return access.begin_session(session, proven, staff=staff, home=home, now=now)


def _inquiries(house: House) -> None:
    """Each patient asks the service that has the case; its leaders and security officers may know."""
    with house.town.kommune.db.transaction() as session:
        for thing in [each for each in house.things if {n for n, _ in each.values} == {"service", "referral"}]:
            referral, service_ = UUID(dict(thing.values)["referral"]), ServiceId(dict(thing.values)["service"])
            mine = next(t for t in house.things if t.patient and t.shows == thing.shows)
            owner = person.of_number(session, DPS, mine.patient)
            assert owner is not None
            about = About(agency=DPS, service=service_, kind="referral", subject=referral, reference="AAAA-2222")
            by = Patient(number=mine.patient, name="")
            made = inquiry.ask(session, about, "Hvorfor?", by=by, person=owner, now=house.town.now)
            values = (("inquiry", str(made)),)
            house.things.append(Thing(values, DPS, service_, frozenset(ANSWERS), shows=thing.shows))


def _notices(house: House) -> None:
    """A notice of each agency that could not be sent."""
    with house.town.kommune.db.transaction() as session:
        for agency in SERVICES:
            id_, at = new_uuid(), house.town.now
            state = {"state": "given-up", "made_at": at, "due_at": at, "attempts": 8}
            whom = {"kind": "staff", "recipient": new_uuid(), "purpose": "news", "channel": "email"}
            session.add(OutgoingNoticeRow(agency=agency, id=id_, **whom, **state, error="smtp.451"))
            house.things.append(Thing((("notice", str(id_)),), agency))


def _tasks(house: House) -> None:
    with house.town.kommune.db.transaction() as session:
        for agency, services in SERVICES.items():
            for at in services:
                task = team.raise_task(
                    session, agency, kind=TaskKind.ALARM, text="x", now=house.town.now, service=at
                )
                house.things.append(Thing((("task", str(task)),), agency, at))


def _entries(house: House) -> None:
    """Everybody reads an entry; a report about it is for whoever leads the service."""
    town = house.town
    for at in (INTAKE, SENIOR):
        with town.kommune.db.transaction() as session:
            entry = directory.service_of(session, at)
            made = reporting.report(session, entry, Part.PHONE, "Feil nummer", by=PER, now=town.now)
        house.things += [
            Thing((("entry", at),), DPS, is_everybodys=True),
            Thing((("report", str(made)),), DPS, at, frozenset(OWNERS)),
        ]
    town.settle()
