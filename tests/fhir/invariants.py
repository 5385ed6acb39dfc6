"""How each invariant of the profiles is broken on an element that has it, and the path that must then be named."""

import copy
import json
from collections.abc import Callable, Container, Iterator
from typing import Any, Final

from handover.fhir import urls
from tests.fhir.mutants import Constraint, Mutant, Place, at, message_of, path_of

Node = Any


def _set(**members: Any) -> Callable[[Node], str]:
    """Write these members; the path is the element's own."""

    def breaking(node: Node) -> str:
        node.update(members)
        return ""

    return breaking


def _drop(*members: str) -> Callable[[Node], str]:
    def breaking(node: Node) -> str:
        for member in members:
            node.pop(member, None)
        return ""

    return breaking


def _entry(**members: Any) -> Callable[[Node], str]:
    """Write these members into the second entry of a Bundle, or the first of a short one."""

    def breaking(bundle: Node) -> str:
        bundle["entry"][-1].update(members)
        return ""

    return breaking


def _without_part(name: str) -> Callable[[Node], str]:
    """Leave out one output of a task."""

    def breaking(task: Node) -> str:
        task["output"] = [o for o in task["output"] if o["type"]["coding"][0]["code"] != name]
        return ""

    return breaking


def _contain(**members: Any) -> Callable[[Node], str]:
    """Put a resource that is referred to inside this one."""

    def breaking(resource: Node) -> str:
        resource["contained"] = [{"resourceType": "Organization", "id": "c", "name": "x", **members}]
        resource["extension"] = [
            *resource.get("extension", ()),
            {"url": "https://example.org/any", "valueReference": {"reference": "#c"}},
        ]
        return f".contained[0].{next(iter(members))}" if members else ".contained[0]"

    return breaking


def _meta(member: str, value: Any) -> Callable[[Node], str]:
    contain = _contain(meta={member: value})

    def breaking(resource: Node) -> str:
        contain(resource)
        return f".contained[0].meta.{member}"

    return breaking


def _unused(resource: Node) -> str:
    resource["contained"] = [{"resourceType": "Organization", "id": "c", "name": "x"}]
    return ".contained[0]"


def _nowhere(reference: Node) -> str:
    reference["reference"] = "#nothing"
    return ".reference"


def _twice(bundle: Node) -> str:
    bundle["entry"].append(copy.deepcopy(bundle["entry"][-1]))
    return f".entry[{len(bundle['entry']) - 1}].fullUrl"


def _header_last(bundle: Node) -> str:
    bundle["entry"].append(bundle["entry"].pop(0))
    return ".entry[0].resource"


def _composition_last(bundle: Node) -> str:
    bundle["entry"].append(bundle["entry"].pop(0))
    return ""


def _empty(node: Node) -> str:
    node.clear()
    return ""


def _value_and_extension(extension: Node) -> str:
    extension["extension"] = [{"url": "https://example.org/any", "valueString": "x"}]
    extension["valueString"] = "x"
    return ""


def _own_code(node: Node) -> Node:
    return node["businessStatus"]["coding"]


def _phoneless(bundle: Node) -> str:
    for entry in bundle["entry"]:
        entry["resource"].pop("telecom", None)
    return ""


def _unexplained(bundle: Node) -> str:
    bundle["entry"][0]["resource"]["response"]["code"] = "fatal-error"
    bundle["entry"] = bundle["entry"][:1]
    bundle["entry"][0]["resource"]["response"].pop("details", None)
    return ""


def _late_start(task: Node) -> str:
    """Leave out the latest start date."""
    task["extension"] = [e for e in task["extension"] if not _is_date(e, "3")]
    return ""


def _is_date(extension: Node, code: str) -> bool:
    parts = extension.get("extension", ())
    return any(part.get("valueCoding", {}).get("code") == code for part in parts)


def _double_date(task: Node) -> str:
    task["extension"] += [copy.deepcopy(e) for e in task["extension"] if _is_date(e, "received")]
    return ""


def _undecided(task: Node) -> str:
    task["output"] = [{"type": o["type"], "valueString": "x"} for o in task["output"] if "valueString" in o]
    return ""


def _no_content_type(attachment: Node) -> str:
    attachment.pop("contentType")
    attachment["data"] = "AAAA"
    return ""


def _two_places(appointment: Node) -> str:
    place = next(p for p in appointment["participant"] if p["type"][0]["coding"][0]["code"] == "place")
    appointment["participant"].append(copy.deepcopy(place))
    return ""


def _national(task: Node) -> str:
    codings = task["businessStatus"]["coding"]
    if len(codings) > 1:
        codings[1]["code"] = "4" if codings[1]["code"] != "4" else "2"
    else:
        codings.append({"system": "urn:oid:2.16.578.1.12.4.1.1.9148", "code": "1"})
    return ""


def _without_sentence(composition: Node) -> str:
    composition["section"][0]["text"]["div"] = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Alt er med.</p></div>'
    return ""


def _topics(composition: Node) -> list[Node]:
    return [topic for section in composition["section"][3:] for topic in section["section"]]


def _items(composition: Node) -> list[Node]:
    return [item for topic in _topics(composition) for item in topic["section"]]


def _same_item(composition: Node) -> str:
    items = _items(composition)
    items[1]["id"] = items[0]["id"]
    return ""


def _nameless_words(composition: Node) -> str:
    composition["section"][2]["section"][0]["id"] = "words"
    return ""


def _own_words_last(composition: Node) -> str:
    composition["section"].append(composition["section"].pop(2))
    return ""


def _text_twice(composition: Node) -> str:
    item = next(item for item in _items(composition) if "section" in item)
    item["section"].append(copy.deepcopy(item["section"][0]))
    return ""


def _topic_without_part(composition: Node) -> str:
    codings = _topics(composition)[0]["code"]["coding"]
    codings[:] = [coding for coding in codings if not coding["system"].endswith("handover-part")]
    return ""


def _text_over_topics(composition: Node) -> str:
    composition["section"][-1]["text"] = composition["section"][0]["text"]
    return ""


def _nobodys_yes(yes: Node) -> str:
    yes["agent"][0]["type"]["coding"][0]["code"] = "witness"
    return ""


def _nameless_step(plan: Node) -> str:
    plan["activity"][0].pop("id")
    return ""


def _same_slot(offer: Node) -> str:
    slots = [part for part in offer["extension"] if part["url"] == "slot"]
    slots[1]["extension"] = copy.deepcopy(slots[0]["extension"])
    return ""


def _without_extension(name: str) -> Callable[[Node], str]:
    """Leave out the extensions, or parts of one, whose address ends so."""

    def breaking(node: Node) -> str:
        node["extension"] = [each for each in node["extension"] if not each["url"].endswith(name)]
        return ""

    return breaking


def _resources(bundle: Node, kind: str) -> list[Node]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def _patient_in_question(message: Node) -> str:
    message["category"][0]["coding"][0]["code"] = "question"
    return ""


def _weighed_elsewhere(message: Node) -> str:
    message["category"][0]["coding"][0]["code"] = "question"
    return ""


def _unexplained_hop(hop: Node) -> str:
    hop["activity"]["coding"][0]["code"] = "new-message"
    return ""


def _part_of_a_part(bundle: Node) -> str:
    parts = [entry for entry in bundle["entry"] if "partOf" in entry["resource"]]
    parts[1]["resource"]["partOf"][0]["reference"] = parts[0]["fullUrl"]
    return ""


def _hop_of_the_sent(bundle: Node) -> str:
    """Say of a message that is not sent on that it was."""
    hops = _resources(bundle, "Provenance")
    on = next(hop for hop in hops if hop["activity"]["coding"][0]["code"] == "forward-message")
    on["target"][0]["reference"] = bundle["entry"][0]["resource"]["focus"][0]["reference"]
    return ""


def _shared_document(bundle: Node) -> str:
    """Let two messages name one document, and none the other."""
    named = [
        part["contentReference"]
        for message in _resources(bundle, "Communication")
        for part in message.get("payload", ())
        if "contentReference" in part
    ]
    named[1]["reference"] = named[0]["reference"]
    return ""


def _wordless(bundle: Node) -> str:
    _resources(bundle, "Communication")[0].pop("payload")
    return ""


INVARIANTS: Final[dict[str, Callable[[Node], str]]] = {
    "app-1": _drop("type", "actor"),
    "app-2": _drop("end", "_end"),
    "app-3": _drop("start", "end", "_end"),
    "app-4": _set(cancelationReason={"text": "x"}, status="booked"),
    "att-1": _no_content_type,
    "bdl-1": _set(total=1),
    "bdl-2": _entry(search={"mode": "match"}),
    "bdl-3": _entry(request={"method": "GET", "url": "x"}),
    "bdl-4": _entry(response={"status": "200"}),
    "bdl-5": _drop("resource"),
    "bdl-7": _twice,
    "bdl-8": lambda entry: entry.update(fullUrl="https://example.org/Task/1/_history/2") or "",
    "bdl-12": _header_last,
    "bdl-9": _drop("identifier"),
    "bdl-10": _drop("timestamp"),
    "bdl-11": _composition_last,
    "cmp-1": _drop("text", "entry", "section"),
    "cmp-2": _set(emptyReason={"text": "x"}),
    "con-4": _set(abatementString="x"),
    "con-5": _set(
        verificationStatus={
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
                    "code": "entered-in-error",
                }
            ]
        }
    ),
    "cpl-3": _set(reference={"display": "x"}),
    "cpt-2": _drop("system"),
    "dom-2": _contain(contained=[{"resourceType": "Organization", "id": "d", "name": "x"}]),
    "dom-3": _unused,
    "dom-4": _meta("versionId", "1"),
    "dom-5": _meta("security", [{"code": "x"}]),
    "ele-1": _empty,
    "ext-1": _value_and_extension,
    "hm-acceptance": _late_start,
    "hm-completion": _without_part("follow-up"),
    "hm-declined": _without_part("reason"),
    "hm-digest": _set(value="ABCD"),
    "hm-fixed-sentence": _without_sentence,
    "hm-handover-status": _set(status="ready"),
    "hm-items": _same_item,
    "hm-meeting": _drop("minutesDuration", "identifier"),
    "hm-own-words": _nameless_words,
    "hm-own-words-first": _own_words_last,
    "hm-pieces": _text_twice,
    "hm-sections": _text_over_topics,
    "hm-steps": _nameless_step,
    "hm-supplement": _set(
        code={"coding": [{"system": f"{urls.BASE}/CodeSystem/handover-act", "code": "release-more"}]}
    ),
    "hm-taken-over": _without_part("signed-at"),
    "hm-topics": _topic_without_part,
    "hm-yes": _nobodys_yes,
    "hm-withdrawal-answer": _without_part("done-why"),
    "hm-dates": _double_date,
    "hm-directory-report": _drop("description", "lastModified"),
    "hm-decided": _undecided,
    "hm-explained": _unexplained,
    "hm-anonymous": _weighed_elsewhere,
    "hm-hop": _unexplained_hop,
    "hm-minutes": _set(valuePositiveInt=4),
    "hm-slots": _same_slot,
    "hm-told": _without_extension("chosenAt"),
    "hm-thread-files": _shared_document,
    "hm-thread-focus": _part_of_a_part,
    "hm-thread-hops": _hop_of_the_sent,
    "hm-thread-message": _drop("recipient"),
    "hm-thread-says": _wordless,
    "hm-thread-subject": _patient_in_question,
    "hm-word": lambda word: _without_extension("told")(word) + _without_extension("thread-member")(word),
    "hm-full-url": _set(fullUrl="https://example.org/Task/1"),
    "hm-her": _set(value="12a"),
    "hm-hpr": _set(value="1234567890"),
    "hm-icd10": _set(code="depresjon"),
    "hm-icpc2": _set(code="P7"),
    "hm-id": _set(
        identifier={"system": "urn:ietf:rfc:3986", "value": "urn:uuid:00000000-0000-4000-8000-000000000000"}
    ),
    "hm-key": _set(valueBase64Binary="AAAA"),
    "hm-national-status": _national,
    "hm-number": _set(value="12345"),
    "hm-orgnr": _set(value="31000001"),
    "hm-participants": _two_places,
    "hm-phone": _phoneless,
    "hm-redirection": _without_part("redirected-leg"),
    "hm-refusal": _without_part("advice"),
    "hm-sha256": _set(valueString="ABCD"),
    "hm-status": _set(status="ready"),
    "hm-urgency": _set(priority="asap"),
    "hm-uuid": _set(value="urn:uuid:1"),
    "inv-1": _set(authoredOn="2030-01-01", lastModified="2029-12-31"),
    "org-1": _drop("identifier", "name"),
    "ppc-1": _drop("policyRule"),
    "per-1": _set(start="2030-01-02", end="2030-01-01"),
    "pat-1": _drop("name", "telecom", "address", "organization"),
    "prr-1": lambda request: request.pop("code") and (request.update(orderDetail=[{"text": "x"}]) or ""),
    "ref-1": _nowhere,
}
"""How each invariant is broken on an element that has it; the path that must be named, below the element."""

DOCUMENTS_ONLY: Final = {"bdl-9", "bdl-10", "bdl-11"}
"""Rules of documents: a message cannot break them without ceasing to be one (Bundle.type is fixed)."""
NARRATIVES: Final = {
    "txt-1": '<div xmlns="http://www.w3.org/1999/xhtml">x<script>x()</script></div>',
    "txt-2": '<div xmlns="http://www.w3.org/1999/xhtml"> </div>',
}
"""Rules of a text, and a text that breaks each."""
WITHOUT_EFFECT: Final = {"ctm-1", "ppc-2", "ppc-3", "ppc-4", "ppc-5"}
"""Rules that R4 wrote so that nothing, or no single resource, breaks them (see `handover.fhir.handovers`)."""

_OUTCOME_OF: Final = {
    "hm-acceptance": "acceptance",
    "hm-refusal": "refusal",
    "hm-redirection": "redirection",
    "hm-completion": "completion",
}


_NEEDS: Final = {
    "hm-hop": "entity",
    "hm-thread-message": "recipient",
    "hm-thread-subject": "subject",
    "ref-1": "reference",
    "cmp-2": "entry",
    "hm-meeting": "minutesDuration",
}
_SAID_IN: Final = {
    "app-3": "booked",
    "hm-declined": "declined",
    "hm-taken-over": "taken-over",
    "hm-withdrawal-answer": "kept",
    "hm-items": "item-2",
    "hm-thread-files": "forward-message",
    "hm-thread-focus": "forward-message",
    "hm-thread-hops": "forward-message",
    "hm-anonymous": "anonymous-case",
    "hm-told": "chosenAt",
    "hm-own-words": "item-1-own-words",
    "hm-own-words-first": "item-1-own-words",
    "hm-pieces": "clinician-text",
    "hm-sections": "item-1",
    "hm-topics": "item-1",
}


def broken_invariants(place: Place, seen: Container[Constraint]) -> Iterator[Mutant]:
    """Return a mutant for every invariant that the element has here, this example can break and was not seen."""
    for constraint in place.element.get("constraint", ()):
        key = constraint["key"]
        identity = (place.structure.id, place.element["id"], key)
        if constraint["severity"] != "error" or key in WITHOUT_EFFECT or identity in seen:
            continue
        message = message_of(place)
        node = at(message, place.steps)
        if key in NARRATIVES:
            at(message, place.steps[:-1])[place.steps[-1]] = NARRATIVES[key]
            yield Mutant(identity, place.example, message, frozenset({path_of(place.steps)}))
            continue
        if not isinstance(node, dict) or not _breakable(key, node):
            continue
        below = INVARIANTS[key](node)
        path = path_of(place.steps)
        paths = {path + below} | ({f"{path}.extension", f"{path}.valueString"} if key == "ext-1" else set())
        yield Mutant(identity, place.example, message, frozenset(paths))


def _breakable(key: str, node: Node) -> bool:
    """Tell whether an example's element has what the invariant speaks of."""
    text = json.dumps(node)
    if key in _OUTCOME_OF:
        return f'"{_OUTCOME_OF[key]}"' in text
    if key == "hm-decided":
        return any(code["code"] in {"accepted", "rejected", "completed", "redirected"} for code in _own_code(node))
    if key in DOCUMENTS_ONLY | {"bdl-12"}:
        return len(node["entry"]) > 1 and (node["type"] == "document") == (key in DOCUMENTS_ONLY)
    if key in _NEEDS:
        return _NEEDS[key] in node
    if key == "hm-thread-says":
        return '"partOf"' not in text and '"payload"' in text and "weighing" not in text
    if key in _SAID_IN:
        return f'"{_SAID_IN[key]}"' in text
    if key == "hm-supplement":
        return '"release-more"' not in text
    if key == "ext-1":
        return not ("extension" in node and "valueString" in node)
    return True
