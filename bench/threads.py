"""Rows of as many threads as wanted, for a stock: half at each agency, nine in ten of them finished.

Each has a question and, but for those that wait for one, an answer; each message is found by the words in it.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table

from bench import work
from bench.handed import Form
from handover.actors import Author, Party
from handover.ids import AgencyId, CommunicationId, MessageId, PersonId, ServiceId, ThreadId
from handover.keys.vault import Vault
from handover.message.cases import WORK
from handover.message.lifecycle import Status
from handover.message.model import Content, Doing, Entry, Heading, Member, Message, Opened, Receipt, Subject
from handover.message.standing import Copy, Standing
from handover.message.steps import Shelf, glance, next_step, shelf_of, tell_leader_at
from handover.message.store import WORDS, Kept, facet_of, facet_token
from handover.message.tables import ThreadHistoryRow, ThreadMessageRow, ThreadRow, ThreadTokenRow
from handover.team.tables import WorkItemRow
from handover.values import dump

_KINDS: Final = (ThreadRow, ThreadMessageRow, ThreadTokenRow, ThreadHistoryRow, WorkItemRow)
TABLES: Final = tuple(cast(Table, kind.__table__) for kind in _KINDS)
Homes = Sequence[tuple[AgencyId, tuple[ServiceId, ...]]]
Rows = dict[str, list[tuple[Any, ...]]]
RARE_WORD: Final = "ødegårdsvik"
"""Stands in as many texts in every stock."""
_PARTS: Final = ("bar", "dal", "el", "fin", "gard", "hus", "kveld", "lys", "morgen", "nord", "sol", "vinter")
VOCABULARY: Final = tuple("".join(each) for each in product(_PARTS, repeat=3))
_THREAD, _PERSON, _ASKED, _ANSWERED = (UUID(int=number) for number in (0xA2A2, 0xB2B2, 0xC2C2, 0xD2D2))
_TEXT: Final = "TEKSTEN SOM STÅR HER"
_BATCH: Final = 5_000
_DAYS: Final = 1100
_OF_THE_FIRST: Final = 6
_MESSAGES: Final = {_ASKED: 0, _ANSWERED: 1}


class Stage(StrEnum):
    """How far a conversation has come."""

    UNOPENED = "unopened"
    OPENED = "opened"
    FINISHED = "finished"


@dataclass(frozen=True)
class _Copy:
    """What is the same in all copies of one stage at one service."""

    kept: bytes
    messages: Mapping[UUID, bytes]
    statuses: Mapping[UUID, str]
    shelf: Shelf
    step: str | None
    tells_leader: bool


class Maker:
    """Makes the rows; `some` keeps a few threads of each agency's first service, to open their pages."""

    def __init__(
        self,
        sealing: Vault,
        homes: Homes,
        persons: Mapping[AgencyId, Sequence[UUID]],
        form: Form,
        *,
        now: datetime,
    ) -> None:
        self._vault, self._homes, self._persons, self._form, self._now = sealing, homes, persons, form, now
        self._random = random.Random(11)
        self._token = cache(lambda agency, word: sealing.word_tokens(agency, WORDS, word)[0])
        self._facet = cache(lambda agency, what: facet_token(sealing, agency, facet_of(what)))
        self.some: dict[AgencyId, list[ThreadId]] = {agency: [] for agency, _services in homes}
        self.reference = ""

    def batches(self, size: int) -> Iterator[Rows]:
        """Yield rows by table, some thousand threads at a time."""
        for (agency, services), (other, elsewhere) in (self._homes, self._homes[::-1]):
            for start in range(0, size // 2, _BATCH):
                rows: Rows = {table.name: [] for table in TABLES}
                for number in range(start, min(start + _BATCH, size // 2)):
                    home = Party(agency, services[number % len(services)])
                    self._thread(home, Party(other, elsewhere[0]), number, rows)
                rows["thread_token"].sort()
                yield rows

    def _thread(self, home: Party, other: Party, number: int, rows: Rows) -> None:
        pick, form = self._random, self._form
        is_asker = home.agency == self._homes[0][0]
        stage = Stage.FINISHED if pick.random() > 0.1 else pick.choice((Stage.UNOPENED, Stage.OPENED))
        copy = _copy(home, other, is_asker, stage, self._now)
        thread, person = self._id(number, 0), self._person(home.agency, number)
        reference = f"{pick.randrange(16**4):04X}-{pick.randrange(16**4):04X}"
        self._note(home, ThreadId(thread), reference, is_seen=copy.step is not None)
        changed = form.at(-pick.randrange(_DAYS * 1440))
        due = form.at(pick.randrange(-2 * 1440, 8 * 1440))
        key = {"agency": home.agency, "service": home.service, "thread": form.id(thread)}
        ids = {
            _THREAD: thread,
            _PERSON: person,
            **{each: self._id(number, 1 + n) for each, n in _MESSAGES.items()},
        }
        where = f"{home.service}|{thread}"
        standing = self._seal(home, "thread", "standing", where, _named(copy.kept, ids))
        self._add(
            rows,
            "thread",
            **key,
            reference=reference,
            person=form.id(person),
            shelf=copy.shelf.value,
            entries=1,
            updated_at=changed,
            arrived_at=changed,
            draft_at=None,
            tell_leader_at=due if copy.tells_leader else None,
            standing=standing,
        )
        entry = self._seal(home, "thread_history", "entry", f"{where}|1", _entry(self._now))
        self._add(rows, "thread_history", **key, line=1, at=changed, act="receive", entry=entry)
        for each, written in copy.messages.items():
            self._message(home, key, ids[each], copy.statuses[each], _named(written, ids), changed, number, rows)
        for facet in (Subject.PLAN, other.service):
            token = self._facet(home.agency, facet)
            self._add(rows, "thread_token", **key, message=key["thread"], token=token)
        planned = work.item((home.agency, home.service), WORK, key["thread"], copy.step, due=due, at=changed)
        self._add(rows, "work_item", **planned)

    def _message(
        self,
        home: Party,
        key: Mapping[str, Any],
        message: UUID,
        status: str,
        written: bytes,
        at: Any,
        number: int,
        rows: Rows,
    ) -> None:
        words = [*self._random.sample(VOCABULARY, 3), *([RARE_WORD] if number < _OF_THE_FIRST else [])]
        text = " ".join(words)
        where = f"{home.service}|{_plain(key['thread'])}|{message}|{message}"
        content = self._seal(
            home, "thread_message", "content", where, written.replace(_TEXT.encode(), text.encode())
        )
        own = self._form.id(message)
        times = {"written_at": at, "placed_at": at}
        self._add(rows, "thread_message", **key, message=own, via=own, status=status, **times, content=content)
        for word in (*words, "per", "psykolog", "plan"):
            self._add(rows, "thread_token", **key, message=own, token=self._token(home.agency, word))

    def _add(self, rows: Rows, table: str, **values: Any) -> None:
        rows[table].append(tuple(values.get(column) for column in _COLUMNS[table]))

    def _seal(self, home: Party, table: str, column: str, row_id: str, plain: bytes) -> bytes:
        return self._vault.seal(home.agency, table, column, row_id, plain)

    def _id(self, number: int, which: int) -> UUID:
        return UUID(int=(number + 1) << 96 | which << 90 | self._random.getrandbits(90))

    def _person(self, agency: AgencyId, number: int) -> UUID:
        """Return whom it is about: as many are about the first person, whom searches look for, in every stock."""
        people = self._persons[agency]
        return people[0] if number < _OF_THE_FIRST else people[self._random.randrange(1, len(people))]

    def _note(self, home: Party, thread: ThreadId, reference: str, *, is_seen: bool) -> None:
        some = self.some[home.agency]
        if is_seen and len(some) < 100 and home.service == dict(self._homes)[home.agency][0]:
            some.append(thread)
            self.reference = reference


_COLUMNS: Final = {table.name: [column.name for column in table.columns] for table in TABLES}


def _named(written: bytes, ids: Mapping[UUID, UUID]) -> bytes:
    for placeholder, own in ids.items():
        written = written.replace(str(placeholder).encode(), str(own).encode())
    return written


def _plain(thread: UUID | str) -> str:
    return str(UUID(thread) if isinstance(thread, str) else thread)


@cache
def _copy(home: Party, other: Party, is_asker: bool, stage: Stage, now: datetime) -> _Copy:
    """Return what is the same in all copies of one stage at one service; who is no asker has what was asked."""
    begun = now - timedelta(days=3)
    members = tuple(Member(party=each, since=begun) for each in ((home, other) if is_asker else (other, home)))
    standing = Standing(
        home=home,
        heading=Heading(thread=ThreadId(_THREAD), reference="8H3K-PQ2M", subject=Subject.PLAN, line="Plan"),
        person=PersonId(_PERSON),
        purpose="coordination",
        members=members,
        created_at=begun,
        changed_at=begun,
        done_at=now if stage is Stage.FINISHED else None,
    )
    asker, answerer = (each.party for each in members)
    said = [_said(_ASKED, asker, answerer, home, stage, begun)]
    if stage is Stage.FINISHED:
        said.append(_said(_ANSWERED, answerer, asker, home, stage, begun + timedelta(hours=2)))
    copy = Copy(standing, tuple(said))
    step = next_step(copy)
    return _Copy(
        kept=dump(Kept(standing, glance(copy))),
        messages={each.id: dump(each) for each in said},
        statuses={each.id: each.status.value for each in said},
        shelf=shelf_of(copy),
        step=None if step is None else step.step.value,
        tells_leader=tell_leader_at(copy) is not None,
    )


def _said(own: UUID, sender: Party, to: Party, home: Party, stage: Stage, at: datetime) -> Message:
    opened = None if stage is Stage.UNOPENED else Opened(by="Ola Overlege", title="overlege", at=at)
    receipt = Receipt(to=to, envelope=MessageId(own), arrived_at=at, opened=opened)
    received = Status.RECEIVED if opened is None else Status.OPENED
    said = Message(
        id=CommunicationId(own),
        status=Status.SENT if sender == home else received,
        sender=sender,
        brought_by=sender,
        author=Author(name="Per Psykolog", title="psykolog", phone="55 00 00 01", agency=sender.agency),
        to=(to,),
        content=Content(text=_TEXT, answer_by=at.date() + timedelta(days=9)),
        written_at=at,
        placed_at=at,
    )
    return replace(said, receipts=(receipt,)) if sender == home else replace(said, opened=opened)


@cache
def _entry(now: datetime) -> bytes:
    return dump(Entry(at=now, doing=Doing.RECEIVE))
