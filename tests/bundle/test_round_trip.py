"""Whatever a handover says is read as it was written: any text of any item, any status, any withdrawal."""

from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handover.bundle import assembly, document, fhir
from handover.bundle.fhir import narrative
from handover.bundle.lifecycle import Status, Version
from handover.bundle.model import (
    Content,
    CrisisStep,
    Decline,
    Diagnosis,
    Done,
    Level,
    Medicine,
    Meeting,
    MeetingId,
    NextAppointment,
    Note,
    Opened,
    PersonAround,
    Relation,
    Released,
    RequestId,
    StatusUpdate,
    TakeOver,
    Topic,
    WithdrawalAnswer,
    WithdrawalNotice,
)
from handover.fhir import messages
from handover.fhir.entries import written
from handover.ids import HandoverId
from tests.fhir.handovers import TOPICS
from tests.fhir.people import AT, message
from tests.fhir.test_round_trip import authors, days, identities, instants, maybe, parties, phones, texts, uuids

SOME = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

appointments = st.builds(
    NextAppointment, start=instants, place=maybe, with_whom=maybe, phone=maybe, who_comes_along=maybe
)
details = st.one_of(
    st.builds(CrisisStep, level=st.sampled_from(Level), signs=maybe, i_do=maybe, others_do=maybe, who=maybe),
    st.builds(
        PersonAround,
        relation=st.sampled_from(Relation),
        name=maybe,
        role=maybe,
        phone=maybe,
        may_know=maybe,
        comes_along=st.booleans(),
    ),
    appointments,
    st.builds(Medicine, name=maybe, dose=maybe, why=maybe),
    st.builds(Diagnosis, system=st.just("urn:oid:2.16.578.1.12.4.1.1.7170"), code=st.just("P76"), text=maybe),
)


def _content(topic: Topic, said: tuple[str, str, str], more: Any) -> Content:
    title, text, own_words = said
    return Content(topic=topic.code, title=title, text=text, own_words=own_words, details=more)


contents = st.builds(_content, st.sampled_from(TOPICS), st.tuples(maybe, maybe, maybe), st.none() | details)
released = st.builds(
    Released,
    handover=uuids.map(HandoverId),
    patient=identities,
    sender=parties,
    receiver=parties,
    author=authors,
    items=st.lists(contents, max_size=4).map(tuple),
    topics=st.just(TOPICS),
    wants_meeting=st.booleans(),
    meeting_note=maybe,
    take_over_by=st.none() | days,
    supplements=st.none() | st.just("a1" * 32),
    language=st.sampled_from(["nb", "nn", "en"]),
    sender_name=maybe,
    receiver_name=maybe,
)
meetings = st.builds(
    Meeting,
    id=uuids.map(MeetingId),
    start=instants,
    minutes=st.integers(1, 600),
    place=maybe,
    video=maybe,
    who_comes=maybe,
    sequence=st.integers(0, 99),
    held_on=st.none() | days,
    cancelled_because=maybe,
)
notes = st.builds(
    Note,
    id=uuids.map(RequestId),
    from_sender=st.booleans(),
    author=authors,
    text=texts,
    written_at=instants,
    is_question=st.booleans(),
)
taken = st.builds(
    TakeOver,
    person=texts,
    title=maybe,
    phone=phones,
    from_date=days,
    first_appointment=appointments,
    signed_at=instants,
)
declines = st.builds(Decline, reason=texts, advice=maybe, person=texts, phone=phones)
answers = st.builds(WithdrawalAnswer, done=st.sampled_from(Done), why=texts, person=texts, at=instants)
_MUST_SAY: dict[Status, dict[str, Any]] = {
    Status.TAKEN_OVER: {"take_over": taken},
    Status.DECLINED: {"decline": declines},
    Status.WITHDRAWAL_ANSWERED: {"withdrawal": answers},
}


def _status(status: Status) -> st.SearchStrategy[StatusUpdate]:
    may = {"take_over": st.none() | taken, "decline": st.none() | declines, "withdrawal": st.none() | answers}
    return st.builds(
        StatusUpdate,
        handover=uuids.map(HandoverId),
        status=st.just(status),
        version=st.builds(Version, st.integers(1, 9), st.integers(0, 99)),
        sender=parties,
        receiver=parties,
        author=authors,
        at=instants,
        opened=st.none() | st.builds(Opened, by=texts, title=maybe, at=instants),
        meeting=st.none() | meetings,
        note=st.none() | notes,
        **{**may, **_MUST_SAY.get(status, {})},
    )


statuses = st.sampled_from(Status).flatmap(_status)
withdrawals = st.builds(
    WithdrawalNotice,
    request=uuids.map(RequestId),
    handover=uuids.map(HandoverId),
    round=st.integers(1, 9),
    sender=parties,
    receiver=parties,
    author=authors,
    at=instants,
)


@SOME
@given(released)
def test_a_reader_of_any_document_sees_just_what_was_released(meant: Released) -> None:
    seen = document.read(assembly.assemble(meant, new_id=uuid4, now=AT))
    assert seen.items == meant.items
    assert (seen.handover, seen.patient, seen.author) == (meant.handover, meant.patient, meant.author)
    assert (seen.sender, seen.receiver, seen.language) == (meant.sender, meant.receiver, meant.language)
    assert (seen.wants_meeting, seen.meeting_note) == (meant.wants_meeting, meant.meeting_note)
    assert (seen.take_over_by, seen.supplements) == (meant.take_over_by, meant.supplements)


@SOME
@given(statuses)
def test_the_other_side_reads_any_status_as_it_was_written(meant: StatusUpdate) -> None:
    raw = fhir.status(meant, message=message("any"))
    assert fhir.read_status(messages.check(raw, "handover-status")) == meant


@SOME
@given(withdrawals)
def test_a_receiver_reads_any_withdrawal_as_it_was_written(meant: WithdrawalNotice) -> None:
    raw = fhir.withdrawal(meant, message=message("any"))
    assert fhir.read_withdrawal(messages.check(raw, "handover-withdraw")) == meant


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60))
@example(" \r\n\t <script>&amp;]]>\n\n ' \" \r")
def test_any_text_stands_in_the_narrative_to_the_last_space(text: str) -> None:
    if written(text):
        assert narrative.text_of(narrative.words(text)) == written(text)
