"""The forms of a referral: what was typed becomes `ReferralContent`, and content becomes a filled form again.

A draft is kept however unfinished it is: what is no value yet (a birth date that cannot be read, a name without a
birth date) is kept as it was typed. `problems` says, field by field, what must be put right before it is sent.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from handover import codelists
from handover.errors import Invalid
from handover.ids import ServiceId
from handover.person import numbers
from handover.person.model import Address, Identity
from handover.referral.model import (
    ASSESSMENT_AND_TREATMENT,
    CodeSystem,
    Consent,
    Contact,
    Diagnosis,
    Interpreter,
    ReferralContent,
    Typed,
    Urgency,
    Wish,
)
from handover.web.forms import parse_day

MAX_TEXT: Final = 20_000
"""Characters of one long text; a message is at most 1 MiB."""
MAX_LINE: Final = 300
MAX_ROWS: Final = 20
ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "diagnoses": ("system", "code", "text"),
    "next_of_kin": ("name", "relation", "phone"),
    "helpers": ("name", "relation", "phone"),
}
"""Groups of fields that repeat: `diagnoses-0-code`."""
PATIENT: Final = ("given", "family", "birth_date", "number", "phone", "street", "postal_code", "city")
TEXTS: Final = ("wish_text", "problem", "history", "functioning", "risk", "network", "consent_text")
_OWN: Final = frozenset({"csrf_token", "revision", "act", "attachments"})
"""What a form carries besides the referral."""
_ROW: Final = re.compile(r"(?P<group>[a-z_]+)-(?P<row>\d{1,2})-(?P<part>[a-z]+)")
_CODES: Final[Mapping[CodeSystem, re.Pattern[str]]] = {
    CodeSystem.ICD_10: re.compile(r"[A-Z]\d{2}(\.?\d{1,2})?"),
    CodeSystem.ICPC_2: re.compile(r"[A-Z]\d{2}(\.\d{1,4})?|-\d{2}"),
}

Problems = dict[str, list[str]]


def _line(limit: int = MAX_LINE) -> fields.String:
    return fields.String(load_default="", validate=validate.Length(max=limit, error="too-long"))


def _text() -> fields.String:
    return _line(MAX_TEXT)


def _choice(allowed: Iterable[str]) -> fields.String:
    return fields.String(load_default="", validate=validate.OneOf(["", *allowed], error="choice"))


class DiagnosisForm(Schema):
    """One row of diagnoses."""

    system = _choice(system.value for system in CodeSystem)
    code = _line(12)
    text = _line()


class ContactForm(Schema):
    """One person around the patient."""

    name = _line()
    relation = _line()
    phone = _line(40)


class ReferralForm(Schema):
    """The whole form; refuses fields it does not know."""

    class Meta:
        unknown = RAISE

    service = _line(20)
    to = _line(20)
    given = _line()
    family = _line()
    birth_date = _line(40)
    number = _line(40)
    phone = _line(40)
    street = _line()
    postal_code = _line(10)
    city = _line()
    urgency = _choice(urgency.value for urgency in Urgency)
    wish = _choice(each.code for each in codelists.of("wishes").codes)
    wish_text = _text()
    problem = _text()
    history = _text()
    functioning = _text()
    medications = _text()
    risk = _text()
    network = _text()
    trusted_name = _line()
    trusted_relation = _line()
    trusted_phone = _line(40)
    interpreter = _choice(each.code for each in codelists.of("interpreter_languages").codes)
    interpreter_text = _line()
    consent = _choice(each.code for each in codelists.of("consents").codes)
    consent_text = _text()
    wished_contact = _line()
    can_join = _choice(["yes"])
    diagnoses = fields.List(fields.Nested(DiagnosisForm), validate=validate.Length(max=MAX_ROWS, error="too-long"))
    next_of_kin = fields.List(fields.Nested(ContactForm), validate=validate.Length(max=MAX_ROWS, error="too-long"))
    helpers = fields.List(fields.Nested(ContactForm), validate=validate.Length(max=MAX_ROWS, error="too-long"))


class PaperForm(ReferralForm):
    """A referral that went by post: the patient, where it went, and the days."""

    class Meta:
        unknown = EXCLUDE

    counterpart = _line()
    counterpart_phone = _line(40)
    sent_on = _line(40)
    received_on = _line(40)


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a form said: the content, from which service, to which."""

    content: ReferralContent = field(repr=False)
    service: ServiceId | None
    to: ServiceId | None


@dataclass(frozen=True, kw_only=True)
class WrittenPaper:
    """What the form for paper said."""

    written: Written
    counterpart: str = field(repr=False)
    counterpart_phone: str
    sent_on: date | None
    received_on: date | None


def read(sent: "MultiDict[str, str]") -> Written:
    """Return what the form says. Raises Invalid with a code per field that is odd: too-long, choice, unknown."""
    return _written(_loaded(ReferralForm(), sent))


def read_paper(sent: "MultiDict[str, str]") -> WrittenPaper:
    """Return what the form for paper says. Raises Invalid for odd fields and days that cannot be read."""
    said = _loaded(PaperForm(), sent)
    problems: Problems = {}
    days = {name: _day_or_problem(said[name], name, problems) for name in ("sent_on", "received_on")}
    if problems:
        raise Invalid("referral.odd-form", fields=problems)
    return WrittenPaper(
        written=_written(said),
        counterpart=said["counterpart"].strip(),
        counterpart_phone=said["counterpart_phone"].strip(),
        sent_on=days["sent_on"],
        received_on=days["received_on"],
    )


def problems(content: ReferralContent, to: ServiceId | None) -> Problems:
    """Return, by field of the form, what must be put right before the referral is sent."""
    found: Problems = {} if to else {"to": ["required"]}
    found |= patient_problems(content)
    for name, missing in (("problem", not content.problem.strip()), ("consent", content.consent is None)):
        if missing:
            found[name] = ["required"]
    if codelists.of("wishes").code(content.wish).needs_text and not content.wish_text.strip():
        found["wish_text"] = ["required"]
    found |= _row_problems("diagnoses", content.diagnoses, _diagnosis_problems)
    found |= _row_problems("next_of_kin", content.next_of_kin, _contact_problems)
    found |= _row_problems("helpers", content.helpers, _contact_problems)
    if content.trusted_person is not None and not content.trusted_person.name:
        found["trusted_name"] = ["required"]
    return found


def patient_problems(content: ReferralContent) -> Problems:
    """Return what is missing or odd about who the patient is."""
    if content.patient is not None:
        return {}
    typed = {each.name: each.text for each in content.unfinished}
    found = {name: ["required"] for name in ("given", "family", "birth_date") if not typed.get(name)}
    if typed.get("birth_date"):
        _day_or_problem(typed["birth_date"], "birth_date", found)
    return found


def values(content: ReferralContent, *, service: ServiceId | None, to: ServiceId | None) -> dict[str, list[str]]:
    """Return the form filled with what a draft says, every typed text as it was."""
    plain = {
        "service": service or "",
        "to": to or "",
        **_patient_values(content),
        "urgency": content.urgency.value,
        "wish": content.wish,
        **{name: getattr(content, name) for name in TEXTS},
        "medications": "\n".join(content.medications),
        **_contact_values("trusted_", content.trusted_person),
        "interpreter": content.interpreter.language if content.interpreter else "",
        "interpreter_text": content.interpreter.text if content.interpreter else "",
        "consent": content.consent or "",
        "wished_contact": content.wished_contact,
        "can_join": "yes" if content.can_join_first_appointment else "",
    }
    for row, diagnosis in enumerate(content.diagnoses):
        parts = {"system": diagnosis.system.value, "code": diagnosis.code, "text": diagnosis.text}
        plain |= {f"diagnoses-{row}-{part}": text for part, text in parts.items()}
    for group in ("next_of_kin", "helpers"):
        for row, contact in enumerate(getattr(content, group)):
            plain |= _contact_values(f"{group}-{row}-", contact)
    return {name: [text] for name, text in plain.items() if text}


def differences(mine: Mapping[str, list[str]], theirs: Mapping[str, list[str]]) -> dict[str, tuple[str, str]]:
    """Return the fields whose texts differ: (mine, theirs)."""

    def one(found: Mapping[str, list[str]], name: str) -> str:
        return "\n".join("\n".join(found.get(name, ())).split("\r\n")).strip()

    names = [name for name in (*mine, *theirs) if name not in _OWN]
    pairs = {name: (one(mine, name), one(theirs, name)) for name in dict.fromkeys(names)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def number_warnings(content: ReferralContent) -> tuple[str, ...]:
    """Return what looks odd about the national number: codes such as `number.check-digits`. Never a refusal."""
    number = content.patient.number if content.patient else _typed(content).get("number")
    born = content.patient.birth_date if content.patient else None
    return numbers.check(number, born).warnings if number else ("number.missing",)


def rows_of(filled: Mapping[str, object], group: str) -> range:
    """Return how many rows a group shows: those that are filled, and one more; at least two."""
    used = [int(found["row"]) for name in filled if (found := _ROW.fullmatch(name)) and found["group"] == group]
    return range(min(MAX_ROWS, max(2, max(used, default=-1) + 2)))


def _loaded(schema: Schema, sent: "MultiDict[str, str]") -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(_grouped(sent))
    except ValidationError as refused:
        raise Invalid("referral.odd-form", fields=_flat(refused.messages_dict)) from None
    return loaded


def _grouped(sent: "MultiDict[str, str]") -> dict[str, Any]:
    """Return the flat form with its repeating rows in lists; empty rows stay, so that errors find them."""
    plain: dict[str, Any] = {}
    rows: dict[str, dict[int, dict[str, str]]] = {group: {} for group in ROWS}
    for name, text in sent.items():
        found = _ROW.fullmatch(name)
        if found is not None and found["group"] in ROWS and found["part"] in ROWS[found["group"]]:
            rows[found["group"]].setdefault(int(found["row"]), {})[found["part"]] = text
        elif name not in _OWN:
            plain[name] = text
    for group, by_row in rows.items():
        last = max(by_row, default=-1)
        plain[group] = [by_row.get(row, {}) for row in range(min(last + 1, MAX_ROWS + 1))]
    return plain


def _flat(messages: Mapping[Any, Any], before: str = "") -> Problems:
    found: Problems = {}
    for name, inner in messages.items():
        path = f"{before}{name}"
        if isinstance(inner, Mapping):
            found |= _flat(inner, f"{path}-")
        else:
            found[path] = [code if code in {"too-long", "choice"} else "unknown" for code in inner]
    return found


def _written(said: Mapping[str, Any]) -> Written:
    identity = _identity(said)
    typed = () if identity else tuple(Typed(name=n, text=said[n].strip()) for n in PATIENT if said[n].strip())
    content = ReferralContent(
        patient=identity,
        unfinished=typed,
        urgency=Urgency(said["urgency"] or Urgency.ORDINARY),
        wish=Wish(said["wish"] or ASSESSMENT_AND_TREATMENT),
        **{name: said[name].strip() for name in TEXTS},
        medications=tuple(line.strip() for line in said["medications"].splitlines() if line.strip()),
        diagnoses=tuple(_diagnosis(row) for row in said.get("diagnoses", ()) if row["code"] or row["text"]),
        next_of_kin=_contacts(said.get("next_of_kin", ())),
        helpers=_contacts(said.get("helpers", ())),
        trusted_person=_contact({part: said[f"trusted_{part}"] for part in ("name", "relation", "phone")}),
        interpreter=_interpreter(said),
        consent=Consent(said["consent"]) if said["consent"] else None,
        wished_contact=said["wished_contact"].strip(),
        can_join_first_appointment=said["can_join"] == "yes",
    )
    return Written(content=content, service=_service(said["service"]), to=_service(said["to"]))


def _identity(said: Mapping[str, Any]) -> Identity | None:
    given, family = said["given"].strip(), said["family"].strip()
    try:
        born = parse_day(said["birth_date"])
    except Invalid:
        return None
    if not (given and family):
        return None
    number = said["number"].strip()
    return Identity(
        given=given,
        family=family,
        birth_date=born,
        number=numbers.check(number).number if number else None,
        address=_address(said),
        phone=said["phone"].strip() or None,
    )


def _address(said: Mapping[str, Any]) -> Address | None:
    lines = tuple(line.strip() for line in said["street"].splitlines() if line.strip())
    postal_code, city = said["postal_code"].strip(), said["city"].strip()
    if not (lines or postal_code or city):
        return None
    return Address(lines=lines, postal_code=postal_code, city=city)


def _diagnosis(row: Mapping[str, str]) -> Diagnosis:
    code = row["code"].strip().upper()
    return Diagnosis(system=CodeSystem(row["system"] or CodeSystem.ICD_10), code=code, text=row["text"].strip())


def _contact(parts: Mapping[str, str]) -> Contact | None:
    stripped = {part: text.strip() for part, text in parts.items()}
    return Contact(**stripped) if any(stripped.values()) else None


def _contacts(rows: Iterable[Mapping[str, str]]) -> tuple[Contact, ...]:
    return tuple(made for made in map(_contact, rows) if made is not None)


def _interpreter(said: Mapping[str, Any]) -> Interpreter | None:
    language = said["interpreter"].strip()
    return Interpreter(language=language, text=said["interpreter_text"].strip()) if language else None


def _service(text: str) -> ServiceId | None:
    return ServiceId(text.strip()) if text.strip() else None


def _day_or_problem(text: str, name: str, found: Problems) -> date | None:
    if not text.strip():
        return None
    try:
        return parse_day(text)
    except Invalid:
        found[name] = ["date"]
        return None


def _row_problems(group: str, rows: Sequence[Any], wrong: Callable[[Any], Problems]) -> Problems:
    return {f"{group}-{row}-{part}": codes for row, each in enumerate(rows) for part, codes in wrong(each).items()}


def _diagnosis_problems(diagnosis: Diagnosis) -> Problems:
    if not diagnosis.code:
        return {"code": ["required"]}
    return {} if _CODES[diagnosis.system].fullmatch(diagnosis.code) else {"code": ["syntax"]}


def _contact_problems(contact: Contact) -> Problems:
    return {} if contact.name else {"name": ["required"]}


def _typed(content: ReferralContent) -> dict[str, str]:
    return {each.name: each.text for each in content.unfinished}


def _patient_values(content: ReferralContent) -> dict[str, str]:
    patient = content.patient
    if patient is None:
        return _typed(content)
    address = patient.address or Address()
    return {
        "given": patient.given,
        "family": patient.family,
        "birth_date": patient.birth_date.strftime("%d.%m.%Y"),
        "number": patient.number or "",
        "phone": patient.phone or "",
        "street": "\n".join(address.lines),
        "postal_code": address.postal_code,
        "city": address.city,
    }


def _contact_values(before: str, contact: Contact | None) -> dict[str, str]:
    if contact is None:
        return {}
    return {f"{before}{part}": getattr(contact, part) for part in ("name", "relation", "phone")}
