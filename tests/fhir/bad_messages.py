"""Bad messages that a receiver must see, each a distinct kind: also those that no library catches alone."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from handover.fhir.problem import ProblemCode
from tests.fhir import cases

Json = dict[str, Any]


@dataclass(frozen=True)
class Bad:
    """One bad message: what is done to a good one, and the problem that must be reported."""

    kind: str
    example: str
    breaking: Callable[[Json], Any]
    path: str
    code: ProblemCode

    def raw(self) -> bytes:
        """Return the bytes of the bad message."""
        message: Json = orjson.loads(cases.written()[self.example])
        broken = self.breaking(message)
        return broken if isinstance(broken, bytes) else orjson.dumps(message)


def only(message: Json, kind: str) -> Json:
    """Return the first resource of a type."""
    found: Json = next(e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == kind)
    return found


def place(kind: str, below: str = "", example: str = "request") -> str:
    """Return the path of the first resource of a type in an example."""
    message = orjson.loads(cases.written()[example])
    index = next(i for i, e in enumerate(message["entry"]) if e["resource"]["resourceType"] == kind)
    return f"Bundle.entry[{index}].resource{below}"


def _set(kind: str, **members: Any) -> Callable[[Json], Any]:
    return lambda message: only(message, kind).update(members)


def _drop(kind: str, member: str) -> Callable[[Json], Any]:
    return lambda message: only(message, kind).pop(member) and None


def _deep(message: Json) -> bytes:
    extension: Json = {"url": "https://example.org/a", "valueString": "x"}
    for _ in range(150):
        extension = {"url": "https://example.org/a", "extension": [extension]}
    only(message, "Task")["extension"].append(extension)
    return json.dumps(message).encode()


def _repeated(member: bytes, other: bytes) -> Callable[[Json], Any]:
    def breaking(message: Json) -> bytes:
        return orjson.dumps(message).replace(member, other + b"," + member, 1)

    return breaking


def _narrative(div: str) -> Callable[[Json], Any]:
    return _set("Patient", text={"status": "generated", "div": div})


def _point(kind: str, member: str, target: str) -> Callable[[Json], Any]:
    return lambda message: only(message, kind)[member].update(reference=target)


def _point_to(kind: str, member: str, other: str) -> Callable[[Json], Any]:
    def breaking(message: Json) -> None:
        url = next(e["fullUrl"] for e in message["entry"] if e["resource"]["resourceType"] == other)
        only(message, kind)[member]["reference"] = url

    return breaking


def _twice(message: Json) -> None:
    message["entry"].append(copy.deepcopy(message["entry"][-1]))


def _entry(**members: Any) -> Callable[[Json], Any]:
    return lambda message: message["entry"][1].update(members)


def _header_second(message: Json) -> None:
    message["entry"].insert(1, message["entry"].pop(0))


_XHTML: Final = 'xmlns="http://www.w3.org/1999/xhtml"'
_C: Final = ProblemCode
_UNSAFE: Final = place("Patient", ".text.div")
_HEADER: Final = "Bundle.entry[0].resource"

BAD_MESSAGES: Final = (
    Bad(
        "a wrong code in a required binding",
        "request",
        _set("Task", status="bogus"),
        place("Task", ".status"),
        _C.FIXED_VALUE,
    ),
    Bad(
        "a wrong code where only the base binds",
        "request",
        _set("Patient", gender="Mann"),
        place("Patient", ".gender"),
        _C.UNKNOWN_CODE,
    ),
    Bad(
        "a wrong code in a coding",
        "request",
        lambda m: only(m, "ServiceRequest")["code"]["coding"][0].update(code="77"),
        place("ServiceRequest", ".code.coding"),
        _C.UNKNOWN_CODE,
    ),
    Bad(
        "a code with the wrong system",
        "request",
        lambda m: only(m, "ServiceRequest")["code"]["coding"][0].update(system="urn:oid:2.16.578.1.12.4.1.1.9064"),
        place("ServiceRequest", ".code.coding"),
        _C.UNKNOWN_CODE,
    ),
    Bad("no MessageHeader first", "request", _header_second, _HEADER, _C.HEADER_NOT_FIRST),
    Bad("no MessageHeader at all", "request", lambda m: m["entry"].pop(0) and None, _HEADER, _C.HEADER_NOT_FIRST),
    Bad("no entries", "request", lambda m: m.pop("entry") and None, _HEADER, _C.HEADER_NOT_FIRST),
    Bad("a duplicate fullUrl", "request", _twice, "Bundle.entry[17].fullUrl", _C.DUPLICATE_FULL_URL),
    Bad(
        "a dangling urn:uuid",
        "request",
        _point("Task", "focus", "urn:uuid:00000000-0000-4000-8000-000000000000"),
        place("Task", ".focus.reference"),
        _C.DANGLING_REFERENCE,
    ),
    Bad(
        "a reference to the wrong type",
        "request",
        _point_to("Task", "focus", "Patient"),
        place("Task", ".focus.reference"),
        _C.WRONG_TARGET,
    ),
    Bad(
        "a reference whose type says something else",
        "request",
        lambda m: only(m, "Task")["focus"].update(type="Patient"),
        place("Task", ".focus.type"),
        _C.WRONG_TARGET,
    ),
    Bad(
        "a reference by name to the wrong type",
        "request",
        _point("Condition", "subject", "Device/1"),
        place("Condition", ".subject.reference"),
        _C.WRONG_TARGET,
    ),
    Bad(
        "a reference to nothing contained",
        "request",
        _point("Condition", "subject", "#nobody"),
        place("Condition", ".subject.reference"),
        _C.DANGLING_REFERENCE,
    ),
    Bad(
        "an unused contained resource",
        "request",
        _set("Condition", contained=[{"resourceType": "Patient", "id": "p"}]),
        place("Condition", ".contained[0]"),
        _C.UNUSED_CONTAINED,
    ),
    Bad(
        "a contained resource inside a contained one",
        "request",
        lambda m: only(m, "Condition").update(
            contained=[
                {"resourceType": "Patient", "id": "p", "contained": [{"resourceType": "Patient", "id": "q"}]}
            ],
            subject={"reference": "#p"},
        ),
        place("Condition", ".contained[0].contained"),
        _C.NOT_ALLOWED,
    ),
    Bad(
        "script in a narrative",
        "request",
        _narrative(f"<div {_XHTML}>x<script>alert(1)</script></div>"),
        _UNSAFE,
        _C.UNSAFE_NARRATIVE,
    ),
    Bad(
        "an event handler in a narrative",
        "request",
        _narrative(f'<div {_XHTML}><p onclick="x()">x</p></div>'),
        _UNSAFE,
        _C.UNSAFE_NARRATIVE,
    ),
    Bad(
        "a javascript link in a narrative",
        "request",
        _narrative(f'<div {_XHTML}><a href=" JavaScript:x()">x</a></div>'),
        _UNSAFE,
        _C.UNSAFE_NARRATIVE,
    ),
    Bad(
        "a picture from outside in a narrative",
        "request",
        _narrative(f'<div {_XHTML}><img src="https://example.org/x.png"/></div>'),
        _UNSAFE,
        _C.UNSAFE_NARRATIVE,
    ),
    Bad("a narrative that is not XHTML", "request", _narrative("<div>x</div>"), _UNSAFE, _C.UNSAFE_NARRATIVE),
    Bad(
        "a narrative that is not well-formed",
        "request",
        _narrative(f"<div {_XHTML}><p>x</div>"),
        _UNSAFE,
        _C.UNSAFE_NARRATIVE,
    ),
    Bad(
        "an entity in a narrative",
        "request",
        _narrative(f'<!DOCTYPE div [<!ENTITY a "b">]><div {_XHTML}>&a;</div>'),
        _UNSAFE,
        _C.UNSAFE_NARRATIVE,
    ),
    Bad("an empty narrative", "request", _narrative(f"<div {_XHTML}> </div>"), _UNSAFE, _C.UNSAFE_NARRATIVE),
    Bad(
        "a text of white space",
        "request",
        lambda m: only(m, "ServiceRequest")["reasonCode"][0].update(text=" \n\t "),
        place("ServiceRequest", ".reasonCode[0].text"),
        _C.BLANK,
    ),
    Bad(
        "an empty text",
        "request",
        lambda m: only(m, "ServiceRequest")["reasonCode"][0].update(text=""),
        place("ServiceRequest", ".reasonCode[0].text"),
        _C.BLANK,
    ),
    Bad("an empty array", "request", _set("ServiceRequest", note=[]), place("ServiceRequest", ".note"), _C.EMPTY),
    Bad(
        "an empty object",
        "request",
        _set("Patient", maritalStatus={}),
        place("Patient", ".maritalStatus"),
        _C.EMPTY,
    ),
    Bad(
        "null for an element", "request", _set("Patient", birthDate=None), place("Patient", ".birthDate"), _C.NULL
    ),
    Bad(
        "null in an array",
        "request",
        lambda m: only(m, "Patient")["name"][0].update(given=["Kari", None]),
        place("Patient", ".name[0].given[1]"),
        _C.NULL,
    ),
    Bad(
        "a reversed period",
        "request",
        lambda m: only(m, "Patient")["identifier"][0].update(period={"start": "2026-05-01", "end": "2026-04-30"}),
        place("Patient", ".identifier[0].period"),
        _C.RULE,
    ),
    Bad(
        "a reversed period across time zones",
        "request",
        lambda m: only(m, "Patient")["identifier"][0].update(
            period={"start": "2026-05-01T10:00:00+02:00", "end": "2026-05-01T07:59:00Z"}
        ),
        place("Patient", ".identifier[0].period"),
        _C.RULE,
    ),
    Bad(
        "a duplicate key",
        "request",
        _repeated(b'"status":"requested"', b'"status":"cancelled"'),
        place("Task", ".status"),
        _C.DUPLICATE_KEY,
    ),
    Bad(
        "a duplicate key with the same value",
        "request",
        _repeated(b'"birthDate":"1990-05-03"', b'"birthDate":"1990-05-03"'),
        place("Patient", ".birthDate"),
        _C.DUPLICATE_KEY,
    ),
    Bad("300-deep nesting", "request", _deep, "", _C.TOO_DEEP),
    Bad(
        "a 2 MB string",
        "request",
        lambda m: only(m, "ServiceRequest")["reasonCode"][0].update(text="x" * 2_000_000),
        "",
        _C.TOO_LARGE,
    ),
    Bad(
        "a number written as text",
        "request",
        lambda m: only(m, "DocumentReference")["content"][0]["attachment"].update(size="48211"),
        place("DocumentReference", ".content[0].attachment.size"),
        _C.WRONG_TYPE,
    ),
    Bad(
        "a boolean written as text",
        "request",
        _set("Patient", active="true"),
        place("Patient", ".active"),
        _C.WRONG_TYPE,
    ),
    Bad(
        "a text written as number",
        "request",
        lambda m: only(m, "Patient")["identifier"][0].update(value=3859012345),
        place("Patient", ".identifier[0].value"),
        _C.WRONG_TYPE,
    ),
    Bad(
        "a fraction for a whole number",
        "request",
        lambda m: only(m, "DocumentReference")["content"][0]["attachment"].update(size=1.5),
        place("DocumentReference", ".content[0].attachment.size"),
        _C.WRONG_TYPE,
    ),
    Bad(
        "a negative size",
        "request",
        lambda m: only(m, "DocumentReference")["content"][0]["attachment"].update(size=-1),
        place("DocumentReference", ".content[0].attachment.size"),
        _C.BAD_FORMAT,
    ),
    Bad(
        "an object for an array",
        "request",
        lambda m: only(m, "Patient").update(name=only(m, "Patient")["name"][0]),
        place("Patient", ".name"),
        _C.WRONG_TYPE,
    ),
    Bad(
        "an array for an object",
        "request",
        lambda m: only(m, "Task").update(focus=[only(m, "Task")["focus"]]),
        place("Task", ".focus"),
        _C.WRONG_TYPE,
    ),
    Bad(
        "an unknown element",
        "request",
        _set("Task", urgencyLevel="x"),
        place("Task", ".urgencyLevel"),
        _C.UNKNOWN_ELEMENT,
    ),
    Bad(
        "an element of another case",
        "request",
        _set("Task", Status="x"),
        place("Task", ".Status"),
        _C.UNKNOWN_ELEMENT,
    ),
    Bad(
        "an unknown resource type",
        "request",
        _entry(resource={"resourceType": "Referral", "id": "x"}),
        "Bundle.entry[1].resource.resourceType",
        _C.UNKNOWN_RESOURCE,
    ),
    Bad(
        "a resource without a type",
        "request",
        lambda m: m["entry"][1]["resource"].pop("resourceType") and None,
        "Bundle.entry[1].resource.resourceType",
        _C.UNKNOWN_RESOURCE,
    ),
    Bad(
        "a missing required element",
        "request",
        _drop("Condition", "subject"),
        place("Condition", ".subject"),
        _C.MISSING,
    ),
    Bad(
        "a missing resource",
        "request",
        lambda m: m.update(entry=[e for e in m["entry"] if e["resource"]["resourceType"] != "Provenance"]),
        "Bundle.entry",
        _C.SLICE_MISSING,
    ),
    Bad(
        "two resources where one is allowed",
        "request",
        lambda m: m["entry"].append(
            {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": only(m, "Patient")}
        ),
        "Bundle.entry",
        _C.SLICE_TOO_MANY,
    ),
    Bad(
        "two values of one choice",
        "request",
        _set("Patient", deceasedBoolean=False, deceasedDateTime="2020-01-01"),
        place("Patient", ".deceasedDateTime"),
        _C.TOO_MANY,
    ),
    Bad(
        "a type that the choice does not allow",
        "request",
        _set("Patient", deceasedString="x"),
        place("Patient", ".deceasedString"),
        _C.UNKNOWN_ELEMENT,
    ),
    Bad(
        "a day that no calendar has",
        "request",
        _set("Patient", birthDate="2023-02-29"),
        place("Patient", ".birthDate"),
        _C.BAD_FORMAT,
    ),
    Bad(
        "a date in Norwegian",
        "request",
        _set("Patient", birthDate="03.05.1990"),
        place("Patient", ".birthDate"),
        _C.BAD_FORMAT,
    ),
    Bad(
        "a time without a zone",
        "request",
        _set("Task", authoredOn="2026-11-24T08:12:30"),
        place("Task", ".authoredOn"),
        _C.BAD_FORMAT,
    ),
    Bad(
        "an instant without a clock",
        "request",
        lambda m: m.update(timestamp="2026-11-24"),
        "Bundle.timestamp",
        _C.BAD_FORMAT,
    ),
    Bad("an id with odd characters", "request", _set("Patient", id="a b"), place("Patient", ".id"), _C.BAD_FORMAT),
    Bad(
        "an address with a space",
        "request",
        lambda m: only(m, "Patient")["identifier"][0].update(system="urn:x y"),
        place("Patient", ".identifier[0].system"),
        _C.BAD_FORMAT,
    ),
    Bad(
        "a modifier extension we do not know",
        "request",
        _set("Task", modifierExtension=[{"url": "https://example.org/not", "valueBoolean": True}]),
        place("Task", ".modifierExtension[0]"),
        _C.UNKNOWN_MODIFIER,
    ),
    Bad(
        "an extension with a value and extensions",
        "request",
        _set(
            "Patient",
            extension=[
                {
                    "url": "https://example.org/a",
                    "valueString": "x",
                    "extension": [{"url": "b", "valueString": "x"}],
                }
            ],
        ),
        place("Patient", ".extension[0]"),
        _C.RULE,
    ),
    Bad(
        "an extension with nothing",
        "request",
        _set("Patient", extension=[{"url": "https://example.org/a"}]),
        place("Patient", ".extension[0]"),
        _C.RULE,
    ),
    Bad("a fixed value changed", "request", lambda m: m.update(type="collection"), "Bundle.type", _C.FIXED_VALUE),
    Bad(
        "another event than it was sent as",
        "request",
        lambda m: m["entry"][0]["resource"]["eventCoding"].update(code="referral-update"),
        f"{_HEADER}.eventCoding.code",
        _C.FIXED_VALUE,
    ),
    Bad(
        "a Bundle.identifier that is not the message id",
        "request",
        lambda m: m["identifier"].update(value="urn:uuid:00000000-0000-4000-8000-000000000000"),
        "Bundle",
        _C.RULE,
    ),
    Bad(
        "a status that contradicts the business status",
        "status-accepted",
        _set("Task", status="rejected"),
        place("Task", "", "status-accepted"),
        _C.RULE,
    ),
    Bad(
        "a refusal without advice",
        "status-rejected",
        lambda m: only(m, "Task").update(
            output=[o for o in only(m, "Task")["output"] if o["type"]["coding"][0]["code"] != "advice"]
        ),
        place("Task", "", "status-rejected"),
        _C.RULE,
    ),
    Bad(
        "a control character",
        "request",
        lambda m: only(m, "ServiceRequest")["reasonCode"][0].update(text="a\u0000b"),
        place("ServiceRequest", ".reasonCode[0].text"),
        _C.CONTROL_CHARACTER,
    ),
    Bad(
        "a lone surrogate",
        "request",
        lambda m: orjson.dumps(m).replace(b'"Fjord"', b'"\\ud800"', 1),
        "",
        _C.NOT_JSON,
    ),
    Bad(
        "bytes that are not UTF-8",
        "request",
        lambda m: orjson.dumps(m).replace(b'"Fjord"', b'"Fj\xf8rd"', 1),
        "",
        _C.NOT_UTF8,
    ),
    Bad(
        "NaN for a number",
        "request",
        lambda m: orjson.dumps(m).replace(b'"size":48211', b'"size":NaN', 1),
        "",
        _C.NOT_JSON,
    ),
    Bad("something after the message", "request", lambda m: orjson.dumps(m) + b"{}", "", _C.NOT_JSON),
    Bad("an array for a message", "request", lambda m: orjson.dumps([m]), "", _C.NOT_AN_OBJECT),
    Bad(
        "an attachment with its bytes inside",
        "request",
        lambda m: only(m, "DocumentReference")["content"][0]["attachment"].update(data="AAAA"),
        place("DocumentReference", ".content[0].attachment.data"),
        _C.NOT_ALLOWED,
    ),
    Bad(
        "two contained resources of one id",
        "request",
        lambda m: only(m, "Condition").update(
            contained=[{"resourceType": "Patient", "id": "p"}] * 2, subject={"reference": "#p"}
        ),
        place("Condition", ".contained[1].id"),
        _C.DUPLICATE_ID,
    ),
)
"""More than 42 kinds, and all of them are refused."""
