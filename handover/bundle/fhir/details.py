"""What an item says beyond words, as FHIR resources and back: plans, people, appointments, medicines, diagnoses.

Every blank is left out: a half-filled item travels as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, assert_never

from handover.bundle.fhir import codes
from handover.bundle.model import (
    CrisisStep,
    Details,
    Diagnosis,
    File,
    Level,
    Medicine,
    NextAppointment,
    PersonAround,
    Relation,
)
from handover.fhir import urls
from handover.fhir.entries import Entries, Json, absent, coding, concept, extension, phone, present, when, written
from handover.fhir.resources import code_of, extensions_of, instant_of, phone_of

Rows = Sequence[tuple[str, str]]
"""Names of `data/handover_document.json`'s words, and what stands beside them."""

_ACTIVE: Final = ("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")
_PLAN: Final = "crisis plan"
_TEAM: Final = "people around"


@dataclass
class Writer:
    """Adds the resources of items to a document; the crisis plan and the people around are one each."""

    entries: Entries
    patient: Json
    author: Json
    steps: list[Json] = field(default_factory=list)
    members: list[Json] = field(default_factory=list)

    def write(self, item: str, details: Details) -> list[Json]:
        """Return references to what says this, for the section of the item of that id."""
        match details:
            case CrisisStep():
                self.steps.append(_step(item, details))
                self.entries.add(_PLAN, "CarePlan", **self._plan())
                return [self.entries.reference(_PLAN)]
            case PersonAround():
                return self._person(item, details)
            case NextAppointment():
                members = appointment_members(details, self.patient)
                return [self.entries.add(f"appointment {item}", "Appointment", **members)]
            case Medicine():
                return [self.entries.add(f"medicine {item}", "MedicationStatement", **self._medicine(details))]
            case Diagnosis():
                return [self.entries.add(f"diagnosis {item}", "Condition", **self._diagnosis(details))]
            case _:
                assert_never(details)

    def file(self, item: str, file: File) -> list[Json]:
        """Return a reference to the name of a whole document, which travels beside."""
        return [
            self.entries.add(
                f"file {item}",
                "DocumentReference",
                status="current",
                subject=self.patient,
                content=[{"attachment": _attachment(file)}],
            )
        ]

    def _plan(self) -> Json:
        return {
            "status": "active",
            "intent": "plan",
            "category": [concept((urls.table("9602"), "A01-2"))],
            "subject": self.patient,
            "author": self.author,
            "activity": self.steps,
        }

    def _person(self, item: str, person: PersonAround) -> list[Json]:
        code = codes.RELATIONS[person.relation]
        known = self.entries.add(
            f"person {item}",
            "RelatedPerson",
            extension=_about(person),
            patient=self.patient,
            relationship=[concept(code, written(person.role))],
            name=[{"text": written(person.name)}] if written(person.name) else None,
            telecom=[phone(person.phone)] if written(person.phone) else None,
        )
        self.members.append({"role": [concept(code)], "member": known})
        team = self.entries.add(_TEAM, "CareTeam", status="active", subject=self.patient, participant=self.members)
        return [known, team]

    def _medicine(self, medicine: Medicine) -> Json:
        name = {"text": written(medicine.name)} if written(medicine.name) else absent("unknown")
        return {
            "status": "active",
            "medicationCodeableConcept": name,
            "subject": self.patient,
            "reasonCode": [{"text": written(medicine.why)}] if written(medicine.why) else None,
            "dosage": [{"text": written(medicine.dose)}] if written(medicine.dose) else None,
        }

    def _diagnosis(self, diagnosis: Diagnosis) -> Json:
        return {
            "clinicalStatus": concept(_ACTIVE),
            "code": concept((diagnosis.system, diagnosis.code), written(diagnosis.text)),
            "subject": self.patient,
        }


def heading(details: Details) -> str:
    """Return the name of the label over it: a level of the crisis plan, what a person is; else empty."""
    match details:
        case CrisisStep():
            return details.level
        case PersonAround():
            return details.relation
    return ""


def rows(details: Details) -> Rows:
    """Return what a reader of the narrative sees of it: names of labels, and values, blank ones too."""
    match details:
        case CrisisStep():
            names: tuple[str, ...] = ("signs", "i_do", "others_do", "who")
        case PersonAround():
            names = ("name", "role", "phone", "may_know")
        case NextAppointment():
            names = ("place", "with_whom", "phone", "who_comes_along")
        case Medicine():
            names = ("name", "dose", "why")
        case Diagnosis():
            names = ("text", "code")
        case _:
            assert_never(details)
    return [(name, getattr(details, name)) for name in names]


def read(item: str, resource: Json) -> Details:
    """Return what a checked resource says about the item of that id. Raises LookupError or ValueError."""
    found: Details = _READERS[resource["resourceType"]](item, resource)
    return found


def read_file(document: Json) -> File:
    """Return the whole document that a DocumentReference names."""
    attachment = document["content"][0]["attachment"]
    return File(
        name=attachment.get("title", ""),
        content_type=attachment["contentType"],
        length=attachment["size"],
        sha256=bytes.fromhex(next(extensions_of(attachment, "plain-sha256"))["valueString"]),
    )


def appointment_members(appointment: NextAppointment, patient: Json | None) -> Json:
    """Return the members of an Appointment whose end nobody has said."""
    people = {
        "clinician": appointment.with_whom,
        "place": appointment.place,
        "companion": appointment.who_comes_along,
    }
    shown = [participant(name, {"display": written(text)}) for name, text in people.items() if written(text)]
    found = present(
        extension=[extension("contact-phone", "ContactPoint", phone(appointment.phone))]
        if written(appointment.phone)
        else None,
        status="booked",
        start=when(appointment.start),
    )
    return {**found, "_end": absent("unknown"), "participant": [participant("patient", patient), *shown]}


def appointment_of(appointment: Json) -> NextAppointment:
    """Return an appointment, exact in its start."""
    shown = {
        code_of(each["type"][0], codes.AROUND): each.get("actor", {}).get("display", "")
        for each in appointment["participant"]
    }
    phones = [each["valueContactPoint"]["value"] for each in extensions_of(appointment, "contact-phone")]
    return NextAppointment(
        start=instant_of(appointment["start"]),
        place=shown.get("place", ""),
        with_whom=shown.get("clinician", ""),
        phone=phones[0] if phones else "",
        who_comes_along=shown.get("companion", ""),
    )


def participant(name: str, actor: Json | None) -> Json:
    """Return one participant of an appointment; who the patient is stands elsewhere where it is not said here."""
    return {"type": [concept((codes.AROUND, name))], **present(actor=actor), "status": "accepted"}


def _step(item: str, step: CrisisStep) -> Json:
    detail: Json = present(
        extension=[extension("others-do", "String", written(step.others_do))] if written(step.others_do) else None,
        code=concept((codes.LEVELS, step.level)),
        reasonCode=[{"text": written(step.signs)}] if written(step.signs) else None,
        status="scheduled",
        performer=[{"display": written(step.who)}] if written(step.who) else None,
        description=written(step.i_do),
    )
    return {"id": item, "detail": detail}


def _about(person: PersonAround) -> list[Json]:
    told = [extension("may-know", "String", written(person.may_know))] if written(person.may_know) else []
    return [*told, extension("comes-along", "Boolean", True)] if person.comes_along else told


def _attachment(file: File) -> Json:
    return present(
        extension=[extension("plain-sha256", "String", file.sha256.hex())],
        contentType=file.content_type,
        size=file.length,
        title=written(file.name),
    )


def _step_of(item: str, plan: Json) -> CrisisStep:
    detail = next(each["detail"] for each in plan["activity"] if each.get("id") == item)
    return CrisisStep(
        level=Level(code_of(detail["code"], codes.LEVELS)),
        signs=detail["reasonCode"][0]["text"] if "reasonCode" in detail else "",
        i_do=detail.get("description", ""),
        others_do=next((each["valueString"] for each in extensions_of(detail, "others-do")), ""),
        who=detail["performer"][0]["display"] if "performer" in detail else "",
    )


def _person_of(_item: str, person: Json) -> PersonAround:
    relationship = person["relationship"][0]
    return PersonAround(
        relation=_relation(relationship),
        name=person["name"][0]["text"] if "name" in person else "",
        role=relationship.get("text", ""),
        phone=phone_of(person),
        may_know=next((each["valueString"] for each in extensions_of(person, "may-know")), ""),
        comes_along=any(each["valueBoolean"] for each in extensions_of(person, "comes-along")),
    )


def _relation(relationship: Json) -> Relation:
    found = [coding(code) for code in codes.RELATIONS.values()].index(relationship["coding"][0])
    return list(codes.RELATIONS)[found]


def _medicine_of(_item: str, statement: Json) -> Medicine:
    return Medicine(
        name=statement["medicationCodeableConcept"].get("text", ""),
        dose=statement["dosage"][0]["text"] if "dosage" in statement else "",
        why=statement["reasonCode"][0]["text"] if "reasonCode" in statement else "",
    )


def _diagnosis_of(_item: str, condition: Json) -> Diagnosis:
    code = condition["code"]
    return Diagnosis(system=code["coding"][0]["system"], code=code["coding"][0]["code"], text=code.get("text", ""))


_READERS: Final[Mapping[str, Any]] = {
    "CarePlan": _step_of,
    "RelatedPerson": _person_of,
    "Appointment": lambda _item, appointment: appointment_of(appointment),
    "MedicationStatement": _medicine_of,
    "Condition": _diagnosis_of,
}
