"""Whatever a referral says: it is valid FHIR on the wire, and reads back as it was meant."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from handover import codelists
from handover.fhir import messages
from handover.ids import AgencyId, MessageId, ReferralId, ServiceId
from handover.person.model import Address, Identity
from handover.referral import fhir
from handover.referral.fhir.codes import TEXTS
from handover.referral.lifecycle import Act, Status, Version
from handover.referral.model import (
    Acceptance,
    Addition,
    Answered,
    Appointment,
    AppointmentId,
    AppointmentState,
    Attachment,
    AttachmentId,
    Author,
    CodeSystem,
    Completion,
    Consent,
    Contact,
    Diagnosis,
    Interpreter,
    Opened,
    Outcome,
    Party,
    Question,
    QuestionId,
    Redirection,
    ReferralContent,
    Refusal,
    Request,
    RequestId,
    StatusUpdate,
    Update,
    UpdateKind,
    Urgency,
    Wish,
    Withdrawal,
)
from tests.fhir.cases import blobs

FEW = settings(max_examples=25, deadline=None)

_CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\t\n\r", exclude_characters="\ufffe\uffff"
)
"""What FHIR text and the XML of a narrative can hold."""
texts = st.text(_CHARACTERS, min_size=1, max_size=30).filter(lambda text: not text.isspace())
maybe = st.one_of(st.just(""), texts)
uuids = st.uuids(version=4)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(date(2020, 1, 1), date(2035, 1, 1))
phones = st.from_regex(r"\+47 [0-9]{8}", fullmatch=True)
parties = st.builds(
    Party,
    st.from_regex("[23][0-9]{8}", fullmatch=True).map(AgencyId),
    st.from_regex("[1-9][0-9]{0,8}", fullmatch=True).map(ServiceId),
)
authors = st.builds(
    lambda party, named, **rest: Author(agency=party.agency, service=party.service if named else None, **rest),
    parties,
    st.booleans(),
    name=texts,
    title=maybe,
    phone=phones,
    hpr=st.none() | st.from_regex("[0-9]{7,9}", fullmatch=True),
)
contacts = st.builds(Contact, name=texts, relation=maybe, phone=maybe)
attachments = st.builds(
    Attachment,
    id=uuids.map(AttachmentId),
    title=texts,
    content_type=st.sampled_from(["application/pdf", "image/jpeg", "image/png"]),
    length=st.integers(1, 26 * 1024 * 1024),
    sha256=st.binary(min_size=32, max_size=32),
)
diagnoses = st.one_of(
    st.builds(
        Diagnosis,
        system=st.just(CodeSystem.ICD_10),
        code=st.from_regex(r"[A-Z][0-9]{2}(\.[0-9])?", fullmatch=True),
        text=maybe,
    ),
    st.builds(
        Diagnosis,
        system=st.just(CodeSystem.ICPC_2),
        code=st.from_regex("[A-Z][0-9]{2}", fullmatch=True),
        text=maybe,
    ),
)
addresses = st.builds(
    Address, lines=st.lists(texts, min_size=1, max_size=2).map(tuple), postal_code=st.just("5600"), city=maybe
)
identities = st.builds(
    Identity,
    given=texts,
    family=texts,
    birth_date=days,
    number=st.none() | st.from_regex("[0-9]{11,12}", fullmatch=True) | st.from_regex("[0-9]{5,9}", fullmatch=True),
    address=st.none() | addresses,
    phone=st.none() | phones,
)


def _several(strategy: Any) -> Any:
    return st.lists(strategy, max_size=2).map(tuple)


def _distinct(strategy: Any) -> Any:
    return st.lists(strategy, max_size=2, unique_by=lambda one: one.id).map(tuple)


contents = st.builds(
    ReferralContent,
    patient=identities,
    urgency=st.sampled_from(Urgency),
    wish=st.sampled_from([Wish(each.code) for each in codelists.of("wishes").codes]),
    wish_text=maybe,
    problem=texts,
    medications=_several(texts),
    diagnoses=_several(diagnoses),
    next_of_kin=_several(contacts),
    trusted_person=st.none() | contacts,
    helpers=_several(contacts),
    interpreter=st.none() | st.builds(Interpreter, language=st.sampled_from(["ar", "se", "sgn-NO"]), text=maybe),
    consent=st.none() | st.sampled_from([Consent(each.code) for each in codelists.of("consents").codes]),
    consent_text=maybe,
    can_join_first_appointment=st.booleans(),
    attachments=_distinct(attachments),
    **dict.fromkeys(TEXTS, maybe),
)
additions = st.builds(
    Addition,
    kind=st.sampled_from([UpdateKind.ANSWER, UpdateKind.SUPPLEMENT, UpdateKind.NOTE]),
    text=maybe,
    written_at=instants,
    author=authors,
    question=maybe,
    attachments=_distinct(attachments),
)
requests = st.builds(
    lambda first, later, **rest: Request(**rest, **(later or {"leg": 1})),
    st.just(None),
    st.none()
    | st.fixed_dictionaries(
        {
            "leg": st.integers(2, 9),
            "seniority_on": instants,
            "additions": _several(additions),
            "redirect_reason": maybe,
            "redirect_author": authors,
        }
    ),
    referral=uuids.map(ReferralId),
    reference=st.just("8H3K-PQ2M"),
    referrer=parties,
    sender=parties,
    receiver=parties,
    author=authors,
    content=contents,
    written_at=instants,
)
versions = st.builds(Version, st.integers(1, 9), st.integers(0, 99))
updates = st.builds(
    Update,
    referral=uuids.map(ReferralId),
    request=uuids.map(RequestId),
    kind=st.sampled_from(UpdateKind),
    sender=parties,
    receiver=parties,
    author=authors,
    written_at=instants,
    text=maybe,
    questions=_several(uuids.map(QuestionId)),
    attachments=_distinct(attachments),
    seen=versions,
)
_decided: dict[str, Any] = {"assessor": texts, "assessor_phone": phones, "reason": texts}
acceptances = st.builds(
    Acceptance, latest_start=days, next_step=texts, complaint=texts, **{**_decided, "reason": maybe}
)
refusals = st.builds(Refusal, advice=texts, complaint=texts, **_decided)
redirections = st.builds(Redirection, where=parties, where_name=maybe, leg=st.integers(2, 9), **_decided)
completions = st.builds(Completion, outcome=texts, follow_up=texts)
withdrawals = st.builds(Withdrawal, by=texts, reason=maybe)
_BINDING: dict[Status, Any] = {
    Status.ACCEPTED: acceptances,
    Status.REJECTED: refusals,
    Status.REDIRECTED: redirections,
    Status.COMPLETED: completions,
}
_FREE = st.none() | acceptances | refusals | redirections | completions | withdrawals


def _outcomes(status: Status) -> st.SearchStrategy[tuple[Status, Outcome | None]]:
    return st.tuples(st.just(status), _BINDING.get(status, _FREE))


appointments = st.builds(
    Appointment,
    id=uuids.map(AppointmentId),
    start=instants,
    minutes=st.integers(1, 600),
    place=texts,
    with_whom=texts,
    phone=maybe,
    companions=maybe,
    practical=maybe,
    state=st.sampled_from(AppointmentState),
)
questions = st.builds(
    Question, id=uuids.map(QuestionId), text=texts, asked_at=instants, asked_by=authors, version=versions
)
statuses = st.builds(
    lambda decided, received_at, **rest: StatusUpdate(
        status=decided[0],
        outcome=decided[1],
        received_at=received_at,
        changed_at=received_at + timedelta(hours=1),
        **rest,
    ),
    st.sampled_from([s for s in Status if s not in {Status.DRAFT, Status.SENT}]).flatmap(_outcomes),
    instants,
    referral=uuids.map(ReferralId),
    version=versions,
    act=st.sampled_from(Act),
    author=st.none() | authors,
    referrer=parties,
    holder=parties,
    receiver=parties,
    seniority_on=instants,
    deadline=days,
    warn_on=days,
    assessed_at=st.none() | instants,
    decided_at=st.none() | instants,
    opened=st.none() | st.builds(Opened, by=texts, at=instants),
    appointment=st.none() | appointments,
    started_on=st.none() | days,
    questions=_several(questions),
    answered=_several(
        st.builds(
            Answered, request=uuids.map(RequestId), applied=st.booleans(), code=st.sampled_from(["", "late"])
        )
    ),
    note=maybe,
    assessor=maybe,
    next_step=maybe,
    caused_by=st.none() | uuids.map(MessageId),
)

MESSAGE = MessageId(UUID("3f8c1f6e-6d3a-4b0e-9a53-0a6c2b9a7c11"))
NOW = datetime(2026, 11, 24, 8, 12, tzinfo=UTC)


@FEW
@given(requests)
def test_a_receiver_reads_any_referral_as_it_was_written(request: Request) -> None:
    carried = [*request.content.attachments, *(a for each in request.additions for a in each.attachments)]
    sealed = blobs(*carried)
    raw = fhir.request_message(request, message=MESSAGE, at=NOW, blobs=sealed)
    bundle = messages.check(raw, "referral-request")
    assert fhir.read_request(bundle) == request
    assert fhir.read_blobs(bundle) == sealed
    assert fhir.request_message(request, message=MESSAGE, at=NOW, blobs=sealed) == raw


@FEW
@given(updates)
def test_a_receiver_reads_any_update_as_it_was_written(update: Update) -> None:
    raw = fhir.update_message(update, message=MESSAGE, at=NOW, blobs=blobs(*update.attachments))
    assert fhir.read_update(messages.check(raw, "referral-update")) == update


@FEW
@given(statuses)
def test_a_referrer_reads_any_status_as_it_was_written(status: StatusUpdate) -> None:
    raw = fhir.status_message(status, message=MESSAGE, at=NOW)
    assert fhir.read_status(messages.check(raw, "referral-status")) == status


@FEW
@given(st.text(max_size=40))
def test_whatever_people_paste_can_be_sent(text: str) -> None:
    content = ReferralContent(
        patient=Identity(given="Kari", family="Fjord", birth_date=date(1990, 5, 3)),
        problem=f"x{text}",
        history=text,
    )
    party = Party(AgencyId("310000012"), ServiceId("91001"))
    author = Author(name="Siri", phone="+47 55 50 10 01", agency=party.agency)
    request = Request(
        referral=ReferralId(MESSAGE),
        reference="8H3K-PQ2M",
        referrer=party,
        sender=party,
        receiver=party,
        author=author,
        content=content,
        written_at=NOW,
    )
    messages.check(fhir.request_message(request, message=MESSAGE, at=NOW), "referral-request")
