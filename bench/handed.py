"""Rows of as many handovers as wanted, for a stock: half sent, half received, nine in ten of them closed."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Protocol, cast
from uuid import UUID

from sqlalchemy import Table

from bench import work
from handover.actors import Author, Party
from handover.bundle import cases
from handover.bundle.lifecycle import Act, Side, Status, Version
from handover.bundle.model import Done, Entry, Opened, WithdrawalAnswer
from handover.bundle.standing import Standing
from handover.bundle.steps import next_step, shelf_of
from handover.bundle.tables import HandoverRow, HistoryRow
from handover.ids import AgencyId, HandoverId, PersonId, ServiceId
from handover.keys.vault import Vault
from handover.team.tables import WorkItemRow
from handover.values import dump

TABLES: Final = tuple(cast(Table, kind.__table__) for kind in (HandoverRow, HistoryRow, WorkItemRow))
Places = Mapping[Side, tuple[AgencyId, tuple[ServiceId, ...]]]
_OPEN: Final = (Status.RECEIVED, Status.OPENED, Status.MEETING_HELD)
_CLOSED: Final = {Side.SENDER: Status.WITHDRAWN, Side.RECEIVER: Status.WITHDRAWAL_ANSWERED}
_NOBODY, _NO_PERSON = UUID(int=0xA1A1), UUID(int=0xB1B1)
_BATCH: Final = 10_000
_DAYS: Final = 1100
_OF_THE_FIRST: Final = 6


class Form(Protocol):
    """How a kind of database wants ids and instants."""

    def id(self, value: UUID) -> UUID | str:
        """Return an identifier."""

    def at(self, minutes: int) -> datetime | str:
        """Return the instant so many minutes from now."""


class Maker:
    """Makes the rows; `some` keeps a few ids of each side, to open their pages."""

    def __init__(
        self,
        sealing: Vault,
        places: Places,
        persons: Mapping[AgencyId, Sequence[UUID]],
        form: Form,
        *,
        now: datetime,
    ) -> None:
        self._seal, self._places, self._persons, self._form, self._now = sealing.seal, places, persons, form, now
        self._random = random.Random(7)
        self.some: dict[Side, list[HandoverId]] = {Side.SENDER: [], Side.RECEIVER: []}
        self.reference = ""

    def batches(self, size: int) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
        """Yield rows by table, some thousand at a time."""
        for side in (Side.SENDER, Side.RECEIVER):
            for start in range(0, size // 2, _BATCH):
                made = [self._handover(side, number) for number in range(start, min(start + _BATCH, size // 2))]
                yield {
                    table.name: [tuple(row[table.name][each.name] for each in table.columns) for row in made]
                    for table in TABLES
                }

    def _handover(self, side: Side, number: int) -> dict[str, dict[str, Any]]:
        pick, form = self._random, self._form
        agency, services = self._places[side]
        service = services[number % len(services)]
        status = pick.choice(_OPEN) if pick.random() < 0.1 else _CLOSED[side]
        standing, shelf, step = _kind(side, Party(agency, service), self._other(side), status, self._now)
        id_, person = UUID(int=(number + 1) << 96 | pick.getrandbits(96)), self._person(agency, number)
        reference = f"{pick.randrange(16**4):04X}-{pick.randrange(16**4):04X}"
        self._note(side, HandoverId(id_), reference, is_seen=step is not None and service == services[0])
        sealed = standing.replace(str(_NOBODY).encode(), str(id_).encode())
        sealed = sealed.replace(str(_NO_PERSON).encode(), str(person).encode())
        row_id = f"{side.value}|{service}|{id_}"
        changed = form.at(-pick.randrange(_DAYS * 1440))
        key = {"agency": agency, "side": side.value, "service": service, "handover": form.id(id_)}
        due = form.at(pick.randrange(-2 * 1440, 8 * 1440))
        entry = self._seal(agency, "handover_history", "entry", f"{row_id}|1", _entry(self._now))
        return {
            "handover": {
                **key,
                "reference": reference,
                "person": form.id(person),
                "status": status.value,
                "round": 1,
                "number": 3,
                "is_open": step is not None,
                "shelf": shelf,
                "is_undelivered": False,
                "owner": None,
                "entries": 1,
                "updated_at": changed,
                "received_at": changed,
                "opened_at": changed,
                "standing": self._seal(agency, "handover", "standing", row_id, sealed),
            },
            "handover_history": {**key, "line": 1, "at": changed, "act": "send", "status": "sent", "entry": entry},
            "work_item": work.item((agency, service), cases.WORK[side], form.id(id_), step, due=due, at=changed),
        }

    def _person(self, agency: AgencyId, number: int) -> UUID:
        """Return whom it is about: as many are about the first person, whom searches look for, in every stock."""
        people = self._persons[agency]
        return people[0] if number < _OF_THE_FIRST else people[self._random.randrange(1, len(people))]

    def _other(self, side: Side) -> Party:
        agency, services = self._places[Side.RECEIVER if side is Side.SENDER else Side.SENDER]
        return Party(agency, services[0])

    def _note(self, side: Side, id_: HandoverId, reference: str, *, is_seen: bool) -> None:
        if is_seen and len(self.some[side]) < 100:
            self.some[side].append(id_)
            self.reference = reference if side is Side.RECEIVER else self.reference


@cache
def _kind(side: Side, home: Party, other: Party, status: Status, now: datetime) -> tuple[bytes, str, str | None]:
    """Return what is the same in all rows of one status at one service: the standing, its shelf, its next step."""
    sender, receiver = (home, other) if side is Side.SENDER else (other, home)
    begun = now - timedelta(days=3)
    standing = Standing(
        side=side,
        home=home,
        handover=HandoverId(_NOBODY),
        reference="8H3K-PQ2M",
        status=status,
        version=Version(1, 3),
        sender=sender,
        receiver=receiver,
        person=PersonId(_NO_PERSON),
        clinician=Author(name="Per Psykolog", title="psykolog", phone="55 00 00 01", agency=sender.agency),
        created_at=begun,
        changed_at=begun,
        sent_at=begun,
        received_at=begun,
        opened=Opened(by="Ola Overlege", title="overlege", at=begun),
    )
    if status is Status.WITHDRAWAL_ANSWERED:
        answer = WithdrawalAnswer(done=Done.USED, why="Lest i møtet", person="Ola Overlege", at=begun)
        standing = replace(standing, withdrawn_at=begun, withdrawal=answer)
    step = next_step(standing)
    return dump(standing), shelf_of(standing).value, None if step is None else step.step.value


@cache
def _entry(now: datetime) -> bytes:
    return dump(Entry(at=now, act=Act.SEND, status=Status.SENT, side=Side.SENDER))
