"""Fills an empty database with as many cases as wanted, straight into the tables: no message is sent for them.

Half are what a municipality has sent, half what a DPS has received, nine in ten of them closed. What is sealed is
the same text in every row of a kind, sealed anew for each. All people are made up.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Boolean, Integer, LargeBinary, Table, Uuid, text
from sqlalchemy.schema import CreateIndex

from bench import handed as handovers
from bench import threads as conversations
from bench import work
from handover import migrations
from handover.actors import Role, Staff
from handover.bundle import topics
from handover.bundle.lifecycle import Side as BundleSide
from handover.bundle.topics import Topics
from handover.db import Database, UtcDateTime
from handover.directory import service as directory
from handover.directory.model import Anchors
from handover.ids import AgencyId, HandoverId, PersonId, ReferralId, ServiceId, StaffId, ThreadId
from handover.keys import vault
from handover.keys.vault import Vault
from handover.person.model import Identity
from handover.person.store import NAME, NUMBER
from handover.person.tables import PersonRow, PersonTokenRow
from handover.referral import cases
from handover.referral.lifecycle import Act, Side, Status, Version
from handover.referral.model import CONSENT_GIVEN, Acceptance, Author, Entry, Party, ReferralContent
from handover.referral.standing import Standing
from handover.referral.steps import next_step, shelf_of
from handover.referral.tables import HistoryRow, ReferralRow
from handover.team.tables import WorkItemRow
from handover.values import dump

NOW: Final = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MUNICIPALITY, DPS = AgencyId("310000019"), AgencyId("310000035")
AT: Final = {
    Side.REFERRER: (MUNICIPALITY, tuple(ServiceId(f"80000{n}") for n in (11, 12, 13))),
    Side.RECEIVER: (DPS, tuple(ServiceId(f"80000{n}") for n in (31, 32, 33))),
}
HANDED_AT: Final = {BundleSide.SENDER: AT[Side.REFERRER], BundleSide.RECEIVER: AT[Side.RECEIVER]}
RARE_NAME: Final = "Solveig Ødegårdsvik"
COMMON_NAME: Final = "Kari Hansen"
NUMBER_OF_RARE: Final = "15868212388"
_BATCH: Final = 10_000
_PER_PERSON: Final = 5
_GIVEN: Final = ("Kari", "Ola", "Per", "Ingrid", "Anne", "Jan", "Liv", "Nils", "Berit", "Arne", "Hanna", "Ahmed")
_FAMILY: Final = ("Hansen", "Johansen", "Olsen", "Larsen", "Nilsen", "Berg", "Haugen", "Moen", "Ali", "Nes")
_OPEN: Final = {
    Side.REFERRER: (
        Status.DRAFT,
        Status.SENT,
        Status.RECEIVED,
        Status.ASSESSING,
        Status.INFO_REQUESTED,
        Status.ACCEPTED,
        Status.SCHEDULED,
        Status.STARTED,
    ),
    Side.RECEIVER: (
        Status.RECEIVED,
        Status.ASSESSING,
        Status.INFO_REQUESTED,
        Status.ACCEPTED,
        Status.SCHEDULED,
        Status.STARTED,
    ),
}
_NOBODY: Final = UUID(int=0xA0A0)
_NO_PERSON: Final = UUID(int=0xB0B0)
_TEXT: Final = "Depresjon og angst over to år, samtaler i kommunen siden 2024. " * 2

WORK: Final = cast(Table, WorkItemRow.__table__)
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Stock:
    """A filled database, and who reads what in it."""

    db: Database
    size: int
    sent: tuple[ReferralId, ...]
    """Some that the referrer follows."""
    received: tuple[ReferralId, ...]
    reference: str
    """Of one that was sent."""
    handed: Mapping[BundleSide, Sequence[HandoverId]] = field(default_factory=dict)
    """Some handovers of each side's first service that are under way."""
    handed_reference: str = ""
    """Of one that was received."""
    threads: Mapping[AgencyId, Sequence[ThreadId]] = field(default_factory=dict)
    """Some of each agency's first service in which something is to be done."""
    thread_reference: str = ""
    """Of one at the DPS."""

    @property
    def referrer(self) -> Staff:
        """Somebody who refers from two of the municipality's three services."""
        return _staff(1, MUNICIPALITY, Role.REFERRER, *AT[Side.REFERRER][1][:2])

    @property
    def everywhere(self) -> Staff:
        """Somebody who follows the referrals of the whole municipality."""
        return _staff(2, MUNICIPALITY, Role.REFERRER, None)

    @property
    def intake(self) -> Staff:
        """Somebody who receives at one of the DPS's three services."""
        return _staff(3, DPS, Role.INTAKE, AT[Side.RECEIVER][1][0])


def fill(url: str, size: int, *, handed: int = 0, threads: int = 0) -> Stock:
    """Make every table in an empty database, `size` referrals in them, and as many of the others as wanted."""
    db = Database(url)
    sealing = vault.generate((MUNICIPALITY, DPS))
    db.provide(Vault, sealing)
    db.provide(Topics, topics.read())
    directory.open_book(db, Anchors(community="nobody", keys={}))
    tables = [
        cast(Table, kind.__table__) for kind in (PersonRow, PersonTokenRow, ReferralRow, HistoryRow, WorkItemRow)
    ]
    every = list(dict.fromkeys((*tables, *handovers.TABLES, *conversations.TABLES)))
    migrations.all_tables().create_all(db.engine)
    form = _Format(is_text=db.engine.dialect.name == "sqlite")
    maker = _Maker(sealing, size, form)
    handing = handovers.Maker(sealing, HANDED_AT, maker.persons, form, now=NOW)
    talking = conversations.Maker(sealing, tuple(AT.values()), maker.persons, form, now=NOW)
    with _Loader(db) as loader:
        loader.drop_indexes(every)
        for kinds, batches in (
            (tables, maker.batches()),
            (handovers.TABLES, handing.batches(handed)),
            (conversations.TABLES, talking.batches(threads)),
        ):
            for rows in batches:
                for table in kinds:
                    loader.write(table, rows[table.name])
        loader.make_indexes(every)
    _settle(db)
    return Stock(
        db,
        size,
        tuple(maker.sent),
        tuple(maker.received),
        maker.reference,
        handed=handing.some,
        handed_reference=handing.reference,
        threads=talking.some,
        thread_reference=talking.reference,
    )


class _Maker:
    def __init__(self, sealing: Vault, size: int, form: "_Format") -> None:
        self._id, self._at = form.id, form.at
        self._made = 0
        self._seal = sealing.seal
        self._vault = sealing
        self._size = size
        self._random = random.Random(size)
        self.sent: list[ReferralId] = []
        self.received: list[ReferralId] = []
        self.persons: dict[AgencyId, list[UUID]] = {MUNICIPALITY: [], DPS: []}
        self.reference = ""

    def batches(self) -> Iterator[dict[str, list[Row]]]:
        """Yield rows by table, some thousand at a time."""
        half = self._size // 2
        for side in (Side.REFERRER, Side.RECEIVER):
            for start in range(0, half, _BATCH):
                yield self._batch(side, min(_BATCH, half - start), is_first=start == 0)

    def _batch(self, side: Side, count: int, *, is_first: bool) -> dict[str, list[Row]]:
        rows: dict[str, list[Row]] = {
            name: [] for name in ("person", "person_token", "referral", "referral_history", "work_item")
        }
        agency, services = AT[side]
        persons = [self._person(agency, n == 0 and is_first, rows) for n in range(max(1, count // _PER_PERSON))]
        for n in range(count):
            self._referral(side, agency, services[n % 3], persons[n % len(persons)], rows)
        return rows

    def _person(self, agency: AgencyId, is_rare: bool, rows: dict[str, list[Row]]) -> UUID:
        pick, id_ = self._random, self._uuid()
        name = RARE_NAME if is_rare else f"{pick.choice(_GIVEN)} {pick.choice(_FAMILY)}"
        number = NUMBER_OF_RARE if is_rare else f"{pick.randrange(10**11):011}"
        hashed = self._vault.blind(agency, NUMBER, number)
        sealed = self._seal(agency, "person", "identity", id_, _identity(name, number))
        self.persons[agency].append(id_)
        key, at = self._id(id_), self._at(0)
        rows["person"].append((agency, key, hashed, sealed, at, at))
        rows["person_token"] += [(agency, token, key) for token in _tokens(self._vault, agency, name)]
        return id_

    def _referral(
        self, side: Side, agency: AgencyId, service: ServiceId, person: UUID, rows: dict[str, list[Row]]
    ) -> None:
        pick, id_ = self._random, self._uuid()
        is_open = pick.random() < 0.1
        status = pick.choice(_OPEN[side]) if is_open else Status.WITHDRAWN
        kind = _kind(side, service, status)
        reference = f"{pick.randrange(16**4):04X}-{pick.randrange(16**4):04X}"
        self._note(side, service, ReferralId(id_), reference, is_open=is_open)
        row_id = f"{side.value}|{service}|{id_}"
        standing = kind.standing.replace(str(_NOBODY).encode(), str(id_).encode())
        standing = standing.replace(str(_NO_PERSON).encode(), str(person).encode())
        changed = self._at(-31 * int(pick.random() * _MOMENTS))
        received = None if status in {Status.DRAFT, Status.SENT} else changed
        assessed = None if status in _NOT_ASSESSED else changed
        owner = (
            None if pick.random() < 0.3 and side is Side.RECEIVER else self._id(_STAFF[int(pick.random() * 20)])
        )
        key, whose = self._id(id_), self._id(person)
        rows["referral"].append(
            (
                agency,
                side.value,
                service,
                key,
                reference,
                whose,
                status.value,
                1,
                3,
                is_open,
                kind.shelf,
                False,
                owner,
                None,
                1,
                0,
                changed,
                received,
                None if status is Status.RECEIVED else received,
                received,
                assessed,
                self._seal(agency, "referral", "standing", row_id, standing),
                self._seal(agency, "referral", "content", row_id, _content()),
            )
        )
        entry = self._seal(agency, "referral_history", "entry", f"{row_id}|1", _entry())
        rows["referral_history"].append(
            (agency, side.value, service, key, 1, changed, "send", status.value, 1, 3, entry)
        )
        due = self._at(int(pick.random() * 10 * 1440) - 2 * 1440)
        step = kind.step if is_open else None
        planned = work.item((agency, service), cases.WORK[side], key, step, due=due, at=changed, owner=owner)
        rows["work_item"].append(tuple(planned[each.name] for each in WORK.columns))

    def _note(self, side: Side, service: ServiceId, id_: ReferralId, reference: str, *, is_open: bool) -> None:
        some = self.sent if side is Side.REFERRER else self.received
        if is_open and service == AT[side][1][0] and len(some) < 100:
            some.append(id_)
            self.reference = reference if side is Side.REFERRER else self.reference

    def _uuid(self) -> UUID:
        self._made += 1  # in rising order: the tables fill as fast as they can
        return UUID(int=self._made << 96 | self._random.getrandbits(96))


@dataclass(frozen=True)
class _Kind:
    """One status at one service: what is the same in all its rows."""

    standing: bytes
    shelf: str
    step: str


@cache
def _kind(side: Side, service: ServiceId, status: Status) -> _Kind:
    home = Party(AT[side][0], service)
    referrer = Party(MUNICIPALITY, AT[Side.REFERRER][1][0])
    receiver = Party(DPS, AT[Side.RECEIVER][1][0])
    author = Author(name="Per Psykolog", title="psykolog", phone="55 00 00 01", agency=MUNICIPALITY)
    has_arrived = status not in {Status.DRAFT, Status.SENT}
    begun = NOW - timedelta(days=3)
    standing = Standing(
        side=side,
        home=home,
        referral=ReferralId(_NOBODY),
        reference="8H3K-PQ2M",
        status=status,
        version=Version(1, 3),
        referrer=home if side is Side.REFERRER else referrer,
        holders=(home if side is Side.RECEIVER else receiver,),
        author=author,
        person=PersonId(_NO_PERSON),
        last_act=Act.SEND,
        written_at=begun,
        changed_at=begun,
        sent_at=begun,
        received_at=begun if has_arrived else None,
        seniority_on=begun if has_arrived else None,
    )
    if status not in _NOT_ASSESSED:
        standing = replace(standing, assessed_at=begun, outcome=_ACCEPTED)
    step = next_step(standing)
    return _Kind(dump(standing), shelf_of(standing).value, "closed" if step is None else step.step.value)


class _Loader:
    """Writes many rows at once, as each database likes best: nothing here needs to outlive a power cut."""

    def __init__(self, db: Database) -> None:
        self._dialect = db.engine.dialect
        self._is_sqlite = self._dialect.name == "sqlite"
        self._connection = db.engine.raw_connection()
        self._cursor: Any = self._connection.cursor()
        for setting in _SQLITE_FILL if self._is_sqlite else _POSTGRES_FILL:
            self._cursor.execute(setting)

    def __enter__(self) -> "_Loader":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.commit()
        for setting in _SQLITE_USE if self._is_sqlite else ():
            self._cursor.execute(setting)
        self._connection.close()

    def drop_indexes(self, tables: Sequence[Table]) -> None:
        """Let the tables fill without their indexes."""
        for index in (index for table in tables for index in table.indexes):
            self._cursor.execute(f"drop index {index.name}")

    def make_indexes(self, tables: Sequence[Table]) -> None:
        """Make them anew, each in one go."""
        for index in (index for table in tables for index in table.indexes):
            self._cursor.execute(str(CreateIndex(index).compile(dialect=self._dialect)))

    def write(self, table: Table, rows: list[Row]) -> None:
        """Write rows whose values stand in the order of the table's columns."""
        names = ", ".join(column.name for column in table.columns)
        if not self._is_sqlite:
            with self._cursor.copy(f"copy {table.name} ({names}) from stdin (format binary)") as copy:
                copy.set_types([_binary(column.type) for column in table.columns])
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join("?" * len(table.columns))
        self._cursor.execute("BEGIN")
        self._cursor.executemany(f"insert into {table.name} ({names}) values ({marks})", rows)
        self._cursor.execute("COMMIT")


_SQLITE_FILL: Final = (
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA cache_size=-300000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA threads=2",
)
_SQLITE_USE: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-2000",
    "PRAGMA temp_store=DEFAULT",
)
_POSTGRES_FILL: Final = ("set synchronous_commit = off", "set maintenance_work_mem = '256MB'")
_BINARY: Final = {Boolean: "bool", Integer: "int4", LargeBinary: "bytea", UtcDateTime: "timestamptz", Uuid: "uuid"}


def _binary(kind: object) -> str:
    """Return what PostgreSQL calls a column's type."""
    return next((name for of, name in _BINARY.items() if isinstance(kind, of)), "text")


class _Format:
    """Identifiers and instants as the driver wants them."""

    def __init__(self, *, is_text: bool) -> None:
        self._is_text = is_text
        self._instants: dict[int, datetime | str] = {}

    def id(self, value: UUID) -> UUID | str:
        """Return an identifier."""
        return value.hex if self._is_text else value

    def at(self, minutes: int) -> datetime | str:
        """Return the instant so many minutes from now."""
        found = self._instants.get(minutes)
        if found is None:
            instant = NOW + timedelta(minutes=minutes)
            found = self._instants[minutes] = f"{instant:%Y-%m-%d %H:%M:%S.%f}" if self._is_text else instant
        return found


def _settle(db: Database) -> None:
    """Let PostgreSQL do what its own housekeeping does within minutes."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze"))
    db.engine.dispose()


_MOMENTS: Final = 50_000
_NOT_ASSESSED: Final = frozenset(
    {Status.DRAFT, Status.SENT, Status.RECEIVED, Status.ASSESSING, Status.INFO_REQUESTED, Status.WITHDRAWN}
)
_STAFF: Final = tuple(UUID(int=number) for number in range(1, 21))
_ACCEPTED: Final = Acceptance(
    latest_start=date(2027, 1, 15),
    next_step="Du får time innen to uker",
    assessor="Ola Overlege",
    assessor_phone="55 00 00 04",
    complaint="Du kan klage til Statsforvalteren innen fire uker.",
)


@cache
def _content() -> bytes:
    patient = Identity(given="Solveig", family="Nes", birth_date=date(1982, 6, 15), number=NUMBER_OF_RARE)
    return dump(ReferralContent(patient=patient, problem=_TEXT, history=_TEXT, consent=CONSENT_GIVEN))


@cache
def _entry() -> bytes:
    return dump(Entry(at=NOW, act=Act.SEND, status=Status.SENT, version=Version(0, 0), side=Side.REFERRER))


def _identity(name: str, number: str) -> bytes:
    given, family = name.split()
    return dump(Identity(given=given, family=family, birth_date=date(1982, 6, 15), number=number))


@cache
def _tokens(sealing: Vault, agency: AgencyId, name: str) -> list[bytes]:
    return sealing.tokens(agency, NAME, name)


def _staff(number: int, agency: AgencyId, role: Role, *services: ServiceId | None) -> Staff:
    return Staff(
        agency=agency,
        id=StaffId(UUID(int=number)),
        name="Per Psykolog",
        title="psykolog",
        phone="55 00 00 01",
        roles=frozenset((each, role) for each in services),
    )
