"""The message `referral-request`: a referral with all that it says, written and read."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Final
from uuid import UUID

from handover import codelists
from handover.fhir import urls
from handover.fhir.entries import Code, Json, coding, concept, phone, uri, when, written
from handover.fhir.letters import Frame
from handover.fhir.resources import code_of, extensions_of, identifier_of, instant_of, phone_of
from handover.ids import MessageId, ReferralId
from handover.person.fhir import identity_of, patient_members
from handover.referral.fhir import codes
from handover.referral.fhir.envelope import NO_BLOBS, Blobs, Bundle, dated, part, version
from handover.referral.fhir.opened import Message, attachment_of, moment_of, or_unreadable, version_of
from handover.referral.lifecycle import Act, Version
from handover.referral.model import (
    Addition,
    CodeSystem,
    Consent,
    Contact,
    Diagnosis,
    Interpreter,
    ReferralContent,
    Request,
    UpdateKind,
    Urgency,
    Wish,
)

_ACTIVE: Final[Code] = ("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")


def request_message(request: Request, *, message: MessageId, at: datetime, blobs: Blobs = NO_BLOBS) -> bytes:
    """Return a `referral-request`. Raises KeyError where an attachment has no blob."""
    bundle = Bundle(frame=_frame(request, message, at), blobs=blobs)
    author = bundle.author(request.author)
    sent_by = bundle.author(request.redirect_author) if request.redirect_author else author
    patient = _patient(bundle, request.content)
    _service_request(bundle, request, author, patient)
    bundle.add(
        "task",
        "Task",
        extension=[version(Version(request.leg, 0))],
        status="requested",
        businessStatus=concept((urls.BUSINESS_STATUS, "sent")),
        intent="order",
        focus=bundle.reference("referral"),
        **{"for": patient},
        authoredOn=when(at),
        requester=bundle.party(request.referrer),
        owner=bundle.service(request.receiver),
        reasonCode={"text": written(request.redirect_reason)} if written(request.redirect_reason) else None,
        input=[_addition(bundle, each, patient) for each in request.additions],
    )
    bundle.provenance("provenance", Act.REDIRECT if request.leg > 1 else Act.SEND, sent_by, at)
    return bundle.finished(author=sent_by)


def _frame(request: Request, message: MessageId, at: datetime) -> Frame:
    return Frame(
        message=message, event="referral-request", sender=request.sender, receiver=request.receiver, at=at
    )


@or_unreadable
def read_request(bundle: Json) -> Request:
    """Return what a checked `referral-request` says."""
    message = Message(bundle)
    task, referral = message.only("Task"), message.only("ServiceRequest")
    leg = version_of(task).leg
    return Request(
        referral=ReferralId(UUID(identifier_of(referral["identifier"], urls.URI))),
        reference=identifier_of(referral["identifier"], codes.REFERENCE),
        referrer=message.party(task["requester"]),
        sender=message.sender,
        receiver=message.receiver,
        author=message.author(referral["requester"]),
        content=_content(message, referral),
        written_at=instant_of(referral["authoredOn"]),
        leg=leg,
        seniority_on=moment_of(referral, "seniority_on"),
        additions=tuple(_addition_of(message, each["valueAnnotation"]) for each in task.get("input", ())),
        redirect_reason=task.get("reasonCode", {}).get("text", ""),
        redirect_author=message.author(message.header["author"]) if leg > 1 else None,
    )


def _service_request(bundle: Bundle, request: Request, author: Json, patient: Json) -> None:
    content = request.content
    carried = chain(content.attachments, *(addition.attachments for addition in request.additions))
    attached = [bundle.attachment(each, patient) for each in carried]
    medications = [_medication(bundle, index, line, patient) for index, line in enumerate(content.medications)]
    bundle.add(
        "referral",
        "ServiceRequest",
        extension=[*_about(content), *dated({"seniority_on": request.seniority_on})],
        identifier=[uri(request.referral.urn), {"system": codes.REFERENCE, "value": request.reference}],
        status="active",
        intent="order",
        priority=codes.PRIORITY[content.urgency],
        code=concept((urls.table("8455"), content.wish), written(content.wish_text)),
        subject=patient,
        authoredOn=when(request.written_at),
        requester=author,
        performer=[bundle.service(request.receiver)],
        reasonCode=[{"text": written(content.problem)}],
        reasonReference=[_condition(bundle, i, each, patient) for i, each in enumerate(content.diagnoses)],
        supportingInfo=[*medications, *attached[: len(content.attachments)]],
        note=list(_notes(content)),
    )


def _about(content: ReferralContent) -> Sequence[Json]:
    """Return the extensions of a referral: urgency, consent, whether the referrer joins."""
    found: list[Json] = [
        {"url": urls.extension("urgency"), "valueCoding": coding((urls.table("8306"), content.urgency))}
    ]
    consent: Json = concept((urls.table("9064"), content.consent)) if content.consent else {}
    if written(content.consent_text):
        consent["text"] = written(content.consent_text)
    if consent:
        found.append({"url": urls.extension("referral-consent"), "valueCodeableConcept": consent})
    if content.can_join_first_appointment:
        found.append({"url": urls.extension("joins-first-appointment"), "valueBoolean": True})
    return found


def _notes(content: ReferralContent) -> Sequence[Json]:
    texts = {code: written(getattr(content, name)) for name, code in codes.TEXTS.items()}
    return [
        {"extension": [{"url": urls.extension("text-part"), "valueCoding": coding(code)}], "text": text}
        for code, text in texts.items()
        if text
    ]


def _patient(bundle: Bundle, content: ReferralContent) -> Json:
    identity = content.patient
    if identity is None:
        raise ValueError("a referral that is sent names its patient")
    language = content.interpreter
    communication: Json = (
        {"language": concept(("urn:ietf:bcp:47", language.language), written(language.text))} if language else {}
    )
    return bundle.add(
        "patient",
        "Patient",
        extension=_interpreter() if language else None,
        **patient_members(identity),
        contact=_contacts(content),
        communication=[communication] if communication else None,
    )


def _interpreter() -> list[Json]:
    url = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
    return [{"url": url, "valueBoolean": True}]


def _contacts(content: ReferralContent) -> list[Json]:
    trusted = [content.trusted_person] if content.trusted_person else []
    return [
        *(_contact(each, codes.NEXT_OF_KIN) for each in content.next_of_kin),
        *(_contact(each, codes.TRUSTED_PERSON) for each in trusted),
        *(_contact(each, codes.OTHER_HELPER) for each in content.helpers),
    ]


def _contact(contact: Contact, code: Code) -> Json:
    found: Json = {
        "relationship": [concept(code, written(contact.relation))],
        "name": {"text": written(contact.name)},
    }
    if written(contact.phone):
        found["telecom"] = [phone(contact.phone)]
    return found


def _condition(bundle: Bundle, index: int, diagnosis: Diagnosis, patient: Json) -> Json:
    return bundle.add(
        f"condition {index}",
        "Condition",
        clinicalStatus=concept(_ACTIVE),
        code=concept((diagnosis.system, diagnosis.code), written(diagnosis.text)),
        subject=patient,
    )


def _medication(bundle: Bundle, index: int, line: str, patient: Json) -> Json:
    return bundle.add(
        f"medication {index}",
        "MedicationStatement",
        status="active",
        medicationCodeableConcept={"text": written(line)},
        subject=patient,
    )


def _addition(bundle: Bundle, addition: Addition, patient: Json) -> Json:
    parts: list[Json] = [{"url": "kind", "valueCode": addition.kind}]
    if written(addition.question):
        parts.append({"url": "question", "valueString": written(addition.question)})
    for each in addition.attachments:
        parts.append({"url": "attachment", "valueReference": bundle.attachment(each, patient)})
    note = {
        "extension": [
            {"url": urls.extension("referral-addition"), "extension": parts},
            bundle.written_by(addition.author),
        ],
        "authorString": written(addition.author.name),
        "time": when(addition.written_at),
        **_text_or_nothing(addition.text),
    }
    return part("addition", "Annotation", note)


def _text_or_nothing(text: str) -> Json:
    """Return Annotation.text, which FHIR wants always, or why there is none (attachments without a word)."""
    if written(text):
        return {"text": written(text)}
    absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "not-applicable"}
    return {"_text": {"extension": [absent]}}


def _known(name: str, code: str) -> str:
    """Return a code of one of our lists. Raises KeyError for another."""
    return codelists.of(name).code(code).code


def _content(message: Message, referral: Json) -> ReferralContent:
    patient = message.at(referral["subject"])
    about = [message.at(each) for each in referral.get("supportingInfo", ())]
    consent: Json = next((e["valueCodeableConcept"] for e in extensions_of(referral, "referral-consent")), {})
    texts = {name: _note(referral, code) for name, code in codes.TEXTS.items()}
    return ReferralContent(
        patient=identity_of(patient),
        urgency=Urgency(next(extensions_of(referral, "urgency"))["valueCoding"]["code"]),
        wish=Wish(_known("wishes", code_of(referral["code"], urls.table("8455")))),
        wish_text=referral["code"].get("text", ""),
        problem=referral["reasonCode"][0]["text"],
        medications=tuple(
            each["medicationCodeableConcept"]["text"]
            for each in about
            if each["resourceType"] == "MedicationStatement"
        ),
        diagnoses=tuple(_diagnosis(message.at(each)["code"]) for each in referral.get("reasonReference", ())),
        next_of_kin=_contacts_of(patient, codes.NEXT_OF_KIN),
        trusted_person=next(iter(_contacts_of(patient, codes.TRUSTED_PERSON)), None),
        helpers=_contacts_of(patient, codes.OTHER_HELPER),
        interpreter=_interpreter_of(patient),
        consent=Consent(_known("consents", consent["coding"][0]["code"])) if "coding" in consent else None,
        consent_text=consent.get("text", ""),
        can_join_first_appointment=any(
            e["valueBoolean"] for e in extensions_of(referral, "joins-first-appointment")
        ),
        attachments=tuple(attachment_of(each) for each in about if each["resourceType"] == "DocumentReference"),
        unfinished=(),
        **texts,
    )


def _note(referral: Json, code: Code) -> str:
    texts = []
    for note in referral.get("note", ()):
        part = next(extensions_of(note, "text-part"))["valueCoding"]
        if (part["system"], part["code"]) == code:
            texts.append(note["text"])
    return "\n\n".join(texts)


def _contacts_of(patient: Json, code: Code) -> tuple[Contact, ...]:
    return tuple(
        Contact(
            name=each["name"]["text"],
            relation=each["relationship"][0].get("text", ""),
            phone=phone_of(each),
        )
        for each in patient.get("contact", ())
        if (each["relationship"][0]["coding"][0]["system"], each["relationship"][0]["coding"][0]["code"]) == code
    )


def _interpreter_of(patient: Json) -> Interpreter | None:
    for each in patient.get("communication", ()):
        language = each["language"]
        return Interpreter(language=language["coding"][0]["code"], text=language.get("text", ""))
    return None


def _diagnosis(code: Json) -> Diagnosis:
    coding = code["coding"][0]
    return Diagnosis(system=CodeSystem(coding["system"]), code=coding["code"], text=code.get("text", ""))


def _addition_of(message: Message, note: Json) -> Addition:
    parts = next(extensions_of(note, "referral-addition"))["extension"]
    return Addition(
        kind=UpdateKind(next(part["valueCode"] for part in parts if part["url"] == "kind")),
        text=note.get("text", ""),
        written_at=instant_of(note["time"]),
        author=message.written_by(note),
        question=next((part["valueString"] for part in parts if part["url"] == "question"), ""),
        attachments=tuple(
            attachment_of(message.at(part["valueReference"])) for part in parts if part["url"] == "attachment"
        ),
    )
