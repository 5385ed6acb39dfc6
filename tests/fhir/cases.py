"""The referrals of the examples: one of each message that says as much as it can, and a few that say little.

`python -m tests.fhir.cases` writes them to `fhir_profiles/examples/`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from handover.exchange.model import SealedBlob
from handover.fhir import acknowledgement
from handover.fhir.acknowledgement import AckCode, Acknowledgement
from handover.fhir.problem import Problem, ProblemCode
from handover.ids import ReferralId
from handover.person.model import Identity
from handover.referral import fhir
from handover.referral.lifecycle import Act, Status, Version
from handover.referral.model import (
    CONSENT_GIVEN,
    Acceptance,
    Addition,
    Answered,
    Appointment,
    AppointmentId,
    Attachment,
    AttachmentId,
    CodeSystem,
    Completion,
    Contact,
    Diagnosis,
    Interpreter,
    Opened,
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
    Withdrawal,
)
from tests.fhir import corrections, handovers, threads
from tests.fhir.people import ASSESSOR, AT, CLINIC, INTAKE, PATIENT, PSYCHOLOGIST, WRITER, message, named

EXAMPLES: Final = Path(__file__).parents[2] / "fhir_profiles" / "examples"


def _attachment(name: str, kind: str, length: int) -> Attachment:
    digest = bytes(range(length % 200, length % 200 + 32))
    return Attachment(
        id=AttachmentId(named(name)), title=f"{name}.pdf", content_type=kind, length=length, sha256=digest
    )


REPORT: Final = _attachment("utredning", "application/pdf", 48_211)
SCAN: Final = _attachment("skjema", "image/png", 910_044)


def blobs(*attachments: Attachment) -> Mapping[AttachmentId, SealedBlob]:
    """Return what the exchange would know after sealing these attachments."""
    return {each.id: _blob(each) for each in attachments}


def _blob(attachment: Attachment) -> SealedBlob:
    return SealedBlob(
        sha256=bytes(reversed(attachment.sha256)).hex(),
        length=attachment.length + 28,
        key=bytes(range(32)),
        content_type=attachment.content_type,
        plain_sha256=attachment.sha256.hex(),
        plain_length=attachment.length,
    )


CONTENT: Final = ReferralContent(
    patient=PATIENT,
    urgency=Urgency.URGENT,
    wish_text="Vurdering av depresjon og tilbud om behandling.",
    problem="Økende nedstemthet siden i vår.\n\nHar sluttet på jobb.",
    history="Tidligere behandlet i 2019 med god effekt.",
    functioning="Står opp sent, klarer å lage mat.",
    medications=("Sertralin 50 mg daglig", "Melatonin 3 mg ved behov"),
    diagnoses=(
        Diagnosis(system=CodeSystem.ICPC_2, code="P76", text="Depressiv lidelse"),
        Diagnosis(system=CodeSystem.ICD_10, code="F32.1", text="Moderat depressiv episode"),
    ),
    risk="Ingen selvmordsplaner nå.",
    network="Bor alene, god kontakt med en søster.",
    next_of_kin=(Contact(name="Anne Fjord", relation="søster", phone="+47 900 00 002"),),
    trusted_person=Contact(name="Per Lærer", relation="lærer"),
    helpers=(Contact(name="Fjordheim legesenter", relation="fastlege", phone="+47 55 50 30 03"),),
    interpreter=Interpreter(language="ar", text="arabisk, kvinnelig tolk"),
    consent=CONSENT_GIVEN,
    consent_text="Pasienten har lest henvisningen.",
    wished_contact="Ola Spesialist",
    can_join_first_appointment=True,
    attachments=(REPORT,),
)

REQUEST: Final = Request(
    referral=ReferralId(named("referral")),
    reference="8H3K-PQ2M",
    referrer=PSYCHOLOGIST,
    sender=PSYCHOLOGIST,
    receiver=INTAKE,
    author=WRITER,
    content=CONTENT,
    written_at=AT - timedelta(minutes=3),
)
SENT_ON: Final = replace(
    REQUEST,
    sender=INTAKE,
    receiver=CLINIC,
    leg=2,
    seniority_on=AT,
    additions=(
        Addition(
            kind=UpdateKind.ANSWER,
            text="Ja, siden i august.",
            written_at=AT + timedelta(days=1),
            author=WRITER,
            question="Har hun vært sykmeldt?",
        ),
        Addition(
            kind=UpdateKind.SUPPLEMENT,
            text="",
            written_at=AT + timedelta(days=2),
            author=WRITER,
            attachments=(SCAN,),
        ),
    ),
    redirect_reason="Poliklinikken har det rette tilbudet.",
    redirect_author=ASSESSOR,
)
SHORT: Final = replace(
    REQUEST,
    referral=ReferralId(named("short")),
    reference="2B7T-XK9D",
    content=ReferralContent(
        patient=Identity(given="Nils", family="Nes", birth_date=date(1971, 1, 31)),
        problem="Trenger vurdering.",
    ),
)

ANSWER: Final = Update(
    referral=REQUEST.referral,
    request=RequestId(named("answer")),
    kind=UpdateKind.ANSWER,
    sender=PSYCHOLOGIST,
    receiver=INTAKE,
    author=WRITER,
    written_at=AT + timedelta(days=1),
    text="Ja, siden i august. Se vedlegget.",
    questions=(QuestionId(named("question")),),
    attachments=(SCAN,),
    seen=Version(1, 4),
)
WITHDRAWAL: Final = replace(
    ANSWER,
    request=RequestId(named("withdrawal")),
    kind=UpdateKind.WITHDRAWAL,
    text="Pasienten ønsker ikke henvisningen lenger.",
    questions=(),
    attachments=(),
)

RECEIVED: Final = StatusUpdate(
    referral=REQUEST.referral,
    version=Version(1, 1),
    status=Status.RECEIVED,
    act=Act.ARRIVE,
    changed_at=AT,
    author=None,
    referrer=PSYCHOLOGIST,
    holder=INTAKE,
    receiver=PSYCHOLOGIST,
    received_at=AT,
    seniority_on=AT,
    deadline=date(2026, 12, 8),
    warn_on=date(2026, 12, 5),
    next_step="Vurdere henvisningen",
    caused_by=message("request"),
)
ASKED: Final = replace(
    RECEIVED,
    version=Version(1, 5),
    status=Status.INFO_REQUESTED,
    act=Act.ASK,
    changed_at=AT + timedelta(hours=20),
    author=ASSESSOR,
    opened=Opened(by="Ola Spesialist", at=AT + timedelta(hours=2)),
    questions=(
        Question(
            id=QuestionId(named("question")),
            text="Har hun vært sykmeldt?",
            asked_at=AT + timedelta(hours=20),
            asked_by=ASSESSOR,
            version=Version(1, 5),
        ),
    ),
    answered=(Answered(request=RequestId(named("late")), applied=False, code="referral.move-not-allowed"),),
    note="Ring gjerne hvis det er enklere.",
    assessor="Ola Spesialist",
    caused_by=None,
)
ACCEPTED: Final = replace(
    ASKED,
    version=Version(1, 7),
    status=Status.ACCEPTED,
    act=Act.ACCEPT,
    changed_at=AT + timedelta(days=3),
    questions=(),
    answered=(*ASKED.answered, Answered(request=ANSWER.request, applied=True)),
    assessed_at=AT + timedelta(days=3),
    decided_at=AT + timedelta(days=3),
    outcome=Acceptance(
        latest_start=date(2027, 1, 20),
        next_step="Du får brev med time innen to uker.",
        assessor="Ola Spesialist",
        assessor_phone="+47 55 50 20 02",
        complaint="Klag til Statsforvalteren innen fire uker.",
        reason="Moderat depresjon med funksjonsfall.",
    ),
)
SCHEDULED: Final = replace(
    ACCEPTED,
    version=Version(1, 8),
    status=Status.SCHEDULED,
    act=Act.SCHEDULE,
    appointment=Appointment(
        id=AppointmentId(named("appointment")),
        start=datetime(2026, 12, 14, 9, 30, tzinfo=UTC),
        minutes=45,
        place="Fjordheim DPS, inngang B",
        with_whom="Ola Spesialist",
        phone="+47 55 50 20 02",
        companions="Siri Psykolog",
        practical="Ta med medisinlisten.",
    ),
)
STARTED: Final = replace(
    SCHEDULED, version=Version(1, 9), status=Status.STARTED, act=Act.START, started_on=date(2026, 12, 14)
)
REJECTED: Final = replace(
    ACCEPTED,
    status=Status.REJECTED,
    act=Act.REJECT,
    outcome=Refusal(
        reason="Plagene kan behandles i kommunen.",
        advice="Ta kontakt med Rask psykisk helsehjelp.",
        complaint="Klag til Statsforvalteren innen fire uker.",
        assessor="Ola Spesialist",
        assessor_phone="+47 55 50 20 02",
    ),
)
REDIRECTED: Final = replace(
    ACCEPTED,
    status=Status.REDIRECTED,
    act=Act.REDIRECT_ARRIVED,
    outcome=Redirection(
        where=CLINIC,
        where_name="Fjordheim DPS, poliklinikk",
        leg=2,
        reason="Poliklinikken har det rette tilbudet.",
        assessor="Ola Spesialist",
        assessor_phone="+47 55 50 20 02",
    ),
)
COMPLETED: Final = replace(
    STARTED,
    version=Version(1, 12),
    status=Status.COMPLETED,
    act=Act.COMPLETE,
    outcome=Completion(outcome="God bedring.", follow_up="Fastlegen følger opp."),
)
WITHDRAWN: Final = replace(
    ASKED,
    version=Version(1, 13),
    status=Status.WITHDRAWN,
    act=Act.CONFIRM_WITHDRAWAL,
    questions=(),
    outcome=Withdrawal(by="Siri Psykolog", reason="Pasienten ønsker ikke henvisningen lenger."),
)

ACKNOWLEDGED: Final = Acknowledgement(
    message=message("acknowledgement"),
    answers=message("request"),
    code=AckCode.OK,
    sender=INTAKE.agency,
    receiver=PSYCHOLOGIST.agency,
    at=AT,
)
REFUSED: Final = replace(
    ACKNOWLEDGED,
    message=message("refusal"),
    code=AckCode.FATAL,
    problems=(
        Problem("Bundle.entry[1].resource.status", ProblemCode.UNKNOWN_CODE, "the code is not in the value set"),
        Problem("Bundle.entry[4].resource.name[0].family", ProblemCode.MISSING, "a required element is missing"),
    ),
)

REQUESTS: Final = {"request": REQUEST, "request-sent-on": SENT_ON, "request-short": SHORT}
UPDATES: Final = {"update-answer": ANSWER, "update-withdrawal": WITHDRAWAL}
STATUSES: Final = {
    "status-received": RECEIVED,
    "status-info-requested": ASKED,
    "status-accepted": ACCEPTED,
    "status-scheduled": SCHEDULED,
    "status-started": STARTED,
    "status-rejected": REJECTED,
    "status-redirected": REDIRECTED,
    "status-completed": COMPLETED,
    "status-withdrawn": WITHDRAWN,
}


@cache
def written() -> Mapping[str, bytes]:
    """Return every example as the bytes that would be signed, by name; its event starts the name."""
    known = blobs(REPORT, SCAN)
    return {
        **{n: fhir.request_message(r, message=message(n), at=AT, blobs=known) for n, r in REQUESTS.items()},
        **{n: fhir.update_message(u, message=message(n), at=AT, blobs=known) for n, u in UPDATES.items()},
        **{n: fhir.status_message(s, message=message(n), at=AT) for n, s in STATUSES.items()},
        "acknowledgement-ok": acknowledgement.build(ACKNOWLEDGED),
        "acknowledgement-refused": acknowledgement.build(REFUSED),
        **handovers.written(),
        **corrections.written(),
        **threads.written(),
    }


MESSAGES: Final = tuple(name for name, raw in written().items() if orjson.loads(raw).get("type") == "message")
"""The names of those examples that are messages; the others are documents, and what is never sent."""


def event_of(name: str) -> str:
    """Return the event of an example that is a message, by its name."""
    kind, *rest = name.split("-")
    if kind in {"handover", "directory"}:
        return f"{kind}-{rest[0]}"
    if kind in {"care", "case"}:
        return threads.event_of(name)
    return kind if kind == "acknowledgement" else f"referral-{kind}"


def printed(raw: bytes) -> bytes:
    """Return a message as it stands in `fhir_profiles/examples/`."""
    return orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2) + b"\n"


if __name__ == "__main__":
    EXAMPLES.mkdir(exist_ok=True)
    for example, content in written().items():
        (EXAMPLES / f"{example}.json").write_bytes(printed(content))
