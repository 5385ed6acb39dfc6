"""What stays leaves no trace: whatever leaves is, to the byte, what would leave if it had never been written.

First on the pure path (items and marks -> released -> bytes), thousands of cases; then through the real stores and
the exchange's outgoing rows. Nothing is normalised in between. The sources of ids, time and randomness are given,
and the items that stay have ids, places, marks, revisions and owners of their own in each case.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from handover import ids
from handover.bundle import assembly, document, fhir, service
from handover.bundle.lifecycle import Side
from handover.bundle.model import (
    Approval,
    Content,
    CrisisStep,
    Diagnosis,
    File,
    Handed,
    Item,
    Level,
    Mark,
    Marked,
    Medicine,
    NextAppointment,
    PersonAround,
    Relation,
    Released,
    TopicCode,
    Wishes,
)
from handover.bundle.service import Turn
from handover.db import provided
from handover.exchange import store as post_office
from handover.exchange.model import SealedBlob
from handover.exchange.tables import OutgoingBlob, OutgoingBlobUse
from handover.ids import AgencyId, HandoverId, ItemId
from handover.keys import attachment
from handover.keys.vault import Vault
from tests.builders import INTAKE, PSYCHOLOGIST
from tests.bundle.meeting import PDF, together
from tests.fhir.handovers import HANDED, RELEASED, TOPICS
from tests.fhir.people import message
from tests.referral.nodes import PATIENT, PER, Town
from tests.referral.nodes import content as content_of_referral

CANARY: Final = "kanarifugl"
AT: Final = datetime(2026, 11, 24, 8, 12, 30, 125_000, tzinfo=UTC)
MANY: Final = settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _words(number: int, canary: str, sign: int) -> str:
    """Return a text that another number makes another one, of another length; often none."""
    return "" if number % sign == 0 else f"{canary}{number} <&>\r\n æøå\n" * (1 + number % 3)


def content(number: int, canary: str = "") -> Content:
    """Return any content an item may have; the texts of another number are others."""
    topic = TOPICS[number % len(TOPICS)]
    return Content(
        topic=topic.code,
        title=f"{canary}tittel {number}" if topic.section == "free" else "",
        text=_words(number, canary, 2),
        own_words=_words(number // 2, canary, 3),
        details=_details(number, canary) if number % 5 else None,
        file=_file(number, canary) if number % 4 == 0 else None,
    )


def _details(number: int, canary: str) -> Any:
    said = f"{canary}{number}"
    kinds: Sequence[Callable[[], Any]] = (
        lambda: CrisisStep(level=list(Level)[number % 3], signs=said, i_do=_words(number, canary, 2)),
        lambda: PersonAround(relation=list(Relation)[number % 3], name=said, comes_along=number % 2 == 0),
        lambda: NextAppointment(start=AT + timedelta(minutes=number), place=said, with_whom=said),
        lambda: Medicine(name=said, dose=_words(number, canary, 2)),
        lambda: Diagnosis(system="urn:oid:2.16.578.1.12.4.1.1.7170", code=f"P{number % 90 + 10}", text=said),
    )
    return kinds[number // 7 % len(kinds)]()


def _file(number: int, canary: str) -> File:
    name = f"{canary}{number}.pdf"
    return File(name=name, content_type="application/pdf", length=number, sha256=sha256(name.encode()).digest())


written = st.tuples(st.integers(0, 2**20), st.sampled_from(Mark), st.booleans())
"""What an item says, its mark, and whether it was removed."""


def _items(said: Sequence[tuple[int, Mark, bool]], noise: random.Random) -> list[Item]:
    """Return items at the origin. All that is not of the released contents comes from the noise."""
    made: list[Item] = []
    for place, (number, mark, removed) in enumerate(said):
        stays = mark is not Mark.TRAVELS or removed
        made.append(
            Item(
                id=ItemId(UUID(int=noise.getrandbits(128), version=4)),
                position=place * noise.randint(1, 1000)
                if not made
                else made[-1].position + noise.randint(1, 1000),
                content=content(number, CANARY if stays else ""),
                marked=Marked(
                    mark=mark, at=AT - timedelta(seconds=noise.randint(1, 10**6)), by=f"{noise.random()}"
                ),
                by_patient=noise.random() < 0.5,
                clinician_may_see=noise.random() < 0.5,
                revision=noise.randint(0, 99),
                removed=removed,
            )
        )
    return made


def released(items: Sequence[Item]) -> Released:
    """Return what travels of a case."""
    return assembly.released_of(
        items,
        TOPICS,
        handover=RELEASED.handover,
        patient=RELEASED.patient,
        sender=RELEASED.sender,
        receiver=RELEASED.receiver,
        author=RELEASED.author,
        wishes=Wishes(),
    )


def leaves(items: Sequence[Item], seed: int) -> tuple[bytes, tuple[bytes, ...], bytes]:
    """Return everything that leaves: the document, the blobs in their order, the payload with header and keys."""
    ids, chance = random.Random(seed), random.Random(seed + 1)
    travelling = released(items)
    made = assembly.assemble(travelling, new_id=lambda: UUID(int=ids.getrandbits(128), version=4), now=AT)
    files = [each.file for each in travelling.items if each.file is not None]
    ciphers = tuple(chance.randbytes(file.length % 1000 + 28) for file in files)
    blobs = tuple(_sealed(file, cipher, chance.randbytes(32)) for file, cipher in zip(files, ciphers, strict=True))
    yes = Approval(sha256=sha256(made).hexdigest(), at=AT, by_patient=True)
    sent: Handed = replace(HANDED, document=made, approval=yes)
    return made, ciphers, fhir.handed(sent, blobs, message=message("any"))


def _sealed(file: File, cipher: bytes, key: bytes) -> SealedBlob:
    return SealedBlob(
        sha256=sha256(cipher).hexdigest(),
        length=len(cipher),
        key=key,
        content_type=file.content_type,
        plain_sha256=file.sha256.hex(),
        plain_length=file.length,
    )


@pytest.mark.slow
@MANY
@given(st.lists(written, max_size=8), st.integers(0, 2**32))
def test_what_leaves_is_what_would_leave_had_the_rest_never_been_written(
    said: list[tuple[int, Mark, bool]], seed: int
) -> None:
    bare = [each for each in said if each[1] is Mark.TRAVELS and not each[2]]
    whole = leaves(_items(said, random.Random(seed)), 7)
    assert whole == leaves(_items(bare, random.Random(seed + 1)), 7)
    assert CANARY.encode() not in b"".join((whole[0], *whole[1], whole[2]))


@settings(MANY, max_examples=250)
@given(st.lists(written, max_size=8))
def test_a_reader_sees_just_what_was_released_in_the_order_of_reading(said: list[tuple[int, Mark, bool]]) -> None:
    meant = released(_items(said, random.Random(1)))
    made = assembly.assemble(meant, new_id=lambda: UUID(int=random.getrandbits(128), version=4), now=AT)
    seen = document.read(made)
    assert seen.items == meant.items
    assert len(seen.own_words) == sum(bool(each.own_words) for each in meant.items)
    shown = [entry for part in seen.parts for topic in part.topics for entry in topic.entries]
    assert {id(entry) for entry in (*shown, *seen.own_words)} == {id(entry) for entry in seen.entries}


def test_the_property_would_see_a_trace() -> None:
    """One withheld item that is let through by mistake makes other bytes, of another length."""
    said = [(11, Mark.TRAVELS, False), (13, Mark.STAYS, False)]
    let_through = [(11, Mark.TRAVELS, False), (13, Mark.TRAVELS, False)]
    honest, broken = (leaves(_items(each, random.Random(1)), 7) for each in (said, let_through))
    assert honest != broken
    assert len(honest[2]) != len(broken[2])


# --- through the real stores and the exchange's outgoing rows ----------------------------------------------------


class _Undone(Exception):
    """Takes back everything a case has done, so that the next one starts from the same node."""


KINDS: Final = ("text", "crisis", "file", "own")


def _write(session: Any, case: HandoverId, town: Town, what: tuple[str, int, Mark, bool]) -> None:
    """Write one item as people do, and mark it; what stays holds a canary."""
    kind, number, mark, removed = what
    turn = Turn(handover=case, by=PER, now=town.now, side=Side.SENDER)
    patient = replace(turn, by=PATIENT, side=Side.PATIENT)
    said = f"{'' if mark is Mark.TRAVELS and not removed else CANARY}{number}"
    if kind == "file":
        item = service.attach(session, turn, TopicCode("documents"), f"{said}.pdf", PDF + said.encode())
    elif kind == "own":
        mine = Content(topic=TopicCode("free"), title=said, own_words=said)
        item = service.add_own_item(session, patient, mine, clinician_may_see=number % 2 == 0)
    elif kind == "crisis":
        step = CrisisStep(level=Level.YELLOW, signs=said)
        item = service.add_item(session, turn, Content(topic=TopicCode("crisis-plan"), details=step))
    else:
        item = service.add_item(session, turn, Content(topic=TopicCode("events"), text=said))
    if mark is not Mark.UNDECIDED:
        service.mark(session, patient, item, mark)
    if removed:
        service.remove_item(session, patient if kind == "own" else turn, item)


Step = tuple[str, int, Mark, bool]
"""What is written: its kind, what it says, how it is marked in the end, and whether it is removed."""


def _travels(step: Step) -> bool:
    return step[2] is Mark.TRAVELS and not step[3]


def _comes_and_goes(session: Any, case: HandoverId, at: datetime, step: Step) -> Callable[[], object]:
    """Write an item that goes along for now, and return how the patient takes it out again."""
    turn = Turn(handover=case, by=PATIENT, now=at, side=Side.PATIENT)
    mine = Content(topic=TopicCode("free"), title=f"{CANARY}{step[1]}", own_words=CANARY)
    item = service.add_own_item(session, turn, mine, clinician_may_see=step[3])
    service.mark(session, turn, item, Mark.TRAVELS)
    if step[3]:
        return lambda: service.remove_item(session, turn, item)
    return lambda: service.mark(session, turn, item, step[2])


def _leaves_the_node(
    town: Town,
    written: Sequence[Step],
    chance: "_Chance",
    looked: Sequence[tuple[Step, bool]] = (),
    *,
    is_bare: bool = False,
) -> tuple[Any, ...]:
    """Return all that lies ready to leave after one case was written, approved and sent; then undo it.

    `looked`: the patient looks at the preview again and again meanwhile, a minute apart. Something more goes along
    for that one look, where the second of the pair says so, or from there to the last; `is_bare`: it was never
    written.
    """
    left: tuple[Any, ...] = ()
    with suppress(_Undone), town.kommune.db.transaction() as session:
        chance.begin("start")
        patient = content_of_referral().patient
        assert patient is not None
        case = service.start(session, by=PER, service=PSYCHOLOGIST, patient=patient, receiver=INTAKE, now=town.now)
        turn = Turn(handover=case, by=PER, now=town.now, side=Side.SENDER)
        service.invite(session, turn)
        chance.begin(f"writing {len(written)}")
        for what in (("text", 1, Mark.TRAVELS, False), *written):
            _write(session, case, town, what)
        later = _looks(session, case, town.now, chance, () if is_bare else looked, len(looked))
        me = Turn(handover=case, by=PATIENT, now=later, side=Side.PATIENT)
        chance.begin("looking")
        said_yes_to = service.preview(session, me)
        chance.begin("sending")
        service.approve(session, me, said_yes_to.sha256)
        service.send(session, replace(turn, now=later))
        left = (said_yes_to.document, *_rows(session))
        raise _Undone
    return left


def _looks(
    session: Any,
    case: HandoverId,
    at: datetime,
    chance: "_Chance",
    looked: Sequence[tuple[Step, bool]],
    times: int,
) -> datetime:
    """Let the patient look that many times, a minute apart, with more in it or not; return when it is over."""
    goes_at_last: list[Callable[[], object]] = []
    for number in range(times):
        at += timedelta(minutes=1)
        chance.begin(f"coming {number}")
        goes = _comes_and_goes(session, case, at, looked[number][0]) if looked else None
        chance.begin("looking")
        service.preview(session, Turn(handover=case, by=PATIENT, now=at, side=Side.PATIENT))
        chance.begin(f"going {number}")
        if goes is not None and looked[number][1]:
            goes()
        elif goes is not None:
            goes_at_last.append(goes)
    for goes in goes_at_last:
        goes()
    return at + timedelta(minutes=1)


def _rows(session: Any) -> tuple[Any, ...]:
    """Return the outgoing rows, the signed messages in them, and the blobs with the messages that need them."""
    vault = provided(session, Vault)
    content = [
        vault.open(AgencyId(row.agency), "exchange_outgoing_content", "jws", row.message, row.jws)
        for row in session.execute(post_office.CONTENT.select())
    ]
    blobs = session.execute(select(OutgoingBlob.sha256, OutgoingBlob.length, OutgoingBlob.ciphertext)).all()
    uses = session.execute(select(OutgoingBlobUse.message, OutgoingBlobUse.sha256)).all()
    return (session.execute(post_office.OUTGOING.select()).all(), content, blobs, uses)


class _Chance:
    """The one source of ids and randomness, begun anew at each step: what a step draws changes no later one."""

    def __init__(self) -> None:
        self.source = random.Random(0)

    def begin(self, step: str) -> None:
        self.source = random.Random(step)

    def new_id(self) -> UUID:
        return UUID(int=self.source.getrandbits(128), version=4)

    def urandom(self, count: int) -> bytes:
        return self.source.randbytes(count)


@pytest.fixture
def chance(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Chance]:
    given_ = _Chance()
    ids.set_source(given_.new_id)
    monkeypatch.setattr(attachment, "os", given_)
    yield given_
    ids.reset()


@pytest.mark.slow
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.integers(2, 10**6), st.sampled_from(Mark), st.booleans()), max_size=6
    )
)
def test_nothing_that_leaves_the_node_tells_of_what_stays(
    two_nodes: Town, chance: _Chance, written: list[tuple[str, int, Mark, bool]]
) -> None:
    bare = [each for each in written if _travels(each)]
    whole = _leaves_the_node(two_nodes, written, chance)
    assert whole
    assert whole == _leaves_the_node(two_nodes, bare, chance)
    assert CANARY not in repr(whole)
    assert len(whole[1]) == 1


coming = st.tuples(
    st.tuples(st.just("own"), st.integers(2, 10**6), st.sampled_from([Mark.STAYS, Mark.UNDECIDED]), st.booleans()),
    st.booleans(),
)


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(coming, min_size=1, max_size=4))
def test_nothing_that_leaves_tells_of_what_went_along_for_a_while_in_a_preview(
    two_nodes: Town, chance: _Chance, looked: list[tuple[Step, bool]]
) -> None:
    """Neither a time nor a byte: also where the first look showed more than what travels in the end."""
    whole = _leaves_the_node(two_nodes, (), chance, looked)
    assert whole
    assert whole == _leaves_the_node(two_nodes, (), chance, looked, is_bare=True)
    assert CANARY not in repr(whole)


def test_a_preview_after_a_change_and_its_undoing_is_the_first_one_again(two_nodes: Town) -> None:
    met = together(two_nodes)
    met.add("Blir med", marked=Mark.TRAVELS)
    first = met.preview()
    two_nodes.pass_time(hours=1)
    more = met.add(CANARY, marked=Mark.TRAVELS)
    second = met.preview()
    assert document.read(second.document).written_at > document.read(first.document).written_at

    two_nodes.pass_time(hours=1)
    met.do(service.mark, more, Mark.STAYS)
    assert met.preview() == first
    met.do(service.mark, more, Mark.TRAVELS)
    assert met.preview() == second
    met.do(service.approve, second.sha256)
    assert met.preview() == second


def test_a_document_without_what_the_first_preview_showed_bears_the_first_ones_time(two_nodes: Town) -> None:
    met = together(two_nodes)
    goes = met.add("Blir med", marked=Mark.TRAVELS)
    stays = met.add(CANARY, marked=Mark.TRAVELS)
    first = document.read(met.preview().document)
    two_nodes.pass_time(hours=1)
    met.do(service.mark, stays, Mark.STAYS)
    without = document.read(met.preview().document)
    assert without.written_at == first.written_at
    assert [each.text for each in without.items] == ["Blir med"]

    met.do(service.save_item, goes, Content(topic=TopicCode("important-now"), text="Noe annet"), seen=99)
    assert document.read(met.preview().document).written_at > first.written_at
