"""The invariants of FHIR and of our profiles as plain Python: one function for each key, true where it holds.

A rule sees one element as parsed JSON. It may assume the structure is sound: where it is not, the walker has
reported that, and whatever a rule raises then is left aside. The FHIRPath of each rule stands in the profiles.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from handover.fhir import handovers, threads, urls

Node = dict[str, Any]
Rule = Callable[[Any], bool]

ELSEWHERE: Final = frozenset(
    {
        "ele-1",  # the walker: empty objects, arrays and nulls
        "dom-2",  # the walker: contained resources
        "dom-3",
        "dom-4",
        "dom-5",
        "ref-1",  # the walker: references
        "txt-1",  # narrative.py
        "txt-2",
        "bdl-7",  # bundle.py: duplicate fullUrl
        "bdl-12",  # bundle.py: header first
    }
)
"""Invariants that are not one element's business."""

_OWN: Final = f"{urls.BASE}/StructureDefinition/"
_UUID: Final = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UCUM: Final = "http://unitsofmeasure.org"
_NATIONAL: Final = {"scheduled": "1", "accepted": "2", "redirecting": "3", "redirected": "3", "rejected": "4"}
_TASK_STATUS: Final = {
    **dict.fromkeys(
        ("assessing", "info-requested", "scheduled", "started", "redirecting", "withdrawal-requested"),
        "in-progress",
    ),
    **{own: own for own in ("received", "accepted", "completed", "rejected", "entered-in-error")},
    "redirected": "completed",
    "withdrawn": "cancelled",
}
_DECISIONS: Final = {
    "accepted": "acceptance",
    "rejected": "refusal",
    "redirected": "redirection",
    "completed": "completion",
}


def _written(member: str, pattern: str) -> Rule:
    matches = re.compile(pattern).fullmatch
    return lambda node: member not in node or matches(node[member]) is not None


def _implies(first: str, second: str) -> Rule:
    return lambda node: first not in node or second in node


def _never_both(first: str, second: str) -> Rule:
    return lambda node: not (first in node and second in node)


def _some(*members: str) -> Rule:
    names = frozenset(members)
    return lambda node: not names.isdisjoint(node)


def _not_negative(member: str) -> Rule:
    return lambda node: node.get(member, 0) >= 0


def _unit(*codes: str) -> Rule:
    """A quantity of one kind: code where there is a value, UCUM where there is a system."""

    def rule(node: Node) -> bool:
        known = not codes or node.get("code") in (None, *codes)
        return ("code" in node or "value" not in node) and node.get("system", _UCUM) == _UCUM and known

    return rule


def _only_in(member: str, *types: str) -> Rule:
    return lambda bundle: member not in bundle or bundle["type"] in types


def _entries_only_in(member: str, *types: str) -> Rule:
    """Every entry has the member in these types of Bundle, none in others."""

    def rule(bundle: Node) -> bool:
        wanted = bundle["type"] in types
        return all((member in entry) is wanted for entry in bundle.get("entry", ()))

    return rule


def span(text: str) -> tuple[datetime, datetime]:
    """Return the first and last instant that a FHIR date or dateTime may mean; a date has no time zone."""
    if "T" in text:
        exact = datetime.fromisoformat(text)
        return exact, exact
    year, month, day = (*map(int, text.split("-")), 0, 0)[:3]
    first = datetime(year, month or 1, day or 1)  # noqa: DTZ001 - a FHIR date has no time zone
    if day:
        return first, first + timedelta(days=1, microseconds=-1)
    after = datetime(year + (month in (0, 12)), (month % 12) + 1 if month else 1, 1)  # noqa: DTZ001
    return first, after - timedelta(microseconds=1)


def _in_order(first: str, second: str) -> Rule:
    """The one is not surely after the other; with and without a time zone the wall clocks count, less 14 hours."""

    def rule(node: Node) -> bool:
        if first not in node or second not in node:
            return True
        start, end = span(node[first])[0], span(node[second])[1]
        if (start.tzinfo is None) == (end.tzinfo is None):
            return start <= end
        return start.replace(tzinfo=None) - timedelta(hours=14) <= end.replace(tzinfo=None)

    return rule


def _range(node: Node) -> bool:
    if "low" not in node or "high" not in node:
        return True
    return bool(node["low"]["value"] <= node["high"]["value"])


def _extension(node: Node) -> bool:
    """An extension has either extensions or, besides `url` and `id`, a value."""
    others = len(node) - ("url" in node) - ("id" in node) - ("extension" in node)
    return others == 0 if "extension" in node else others > 0


def _codes(concept: Mapping[str, Any], system: str | None = None) -> list[str]:
    return [c.get("code", "") for c in concept.get("coding", ()) if system is None or c.get("system") == system]


def _extensions(node: Node, name: str) -> Iterable[Node]:
    return (e for e in node.get("extension", ()) if e["url"] == _OWN + name)


def _dates(task: Node) -> list[tuple[str, str]]:
    kinds = [
        next(e["valueCoding"] for e in d["extension"] if e["url"] == "kind")
        for d in _extensions(task, "referral-date")
    ]
    return [(kind["system"], kind["code"]) for kind in kinds]


def _outputs(task: Node) -> set[str]:
    return {code for output in task.get("output", ()) for code in _codes(output["type"])}


def _outcomes(task: Node) -> set[str]:
    concepts = (output.get("valueCodeableConcept", {}) for output in task.get("output", ()))
    return {code for concept in concepts for code in _codes(concept)}


def _outcome_has(outcome: str, *outputs: str) -> Rule:
    return lambda task: outcome not in _outcomes(task) or _outputs(task).issuperset(outputs)


def _acceptance(task: Node) -> bool:
    complete = _outcome_has("acceptance", "what-happens-next", "complaint", "assessor")(task)
    return complete and ("acceptance" not in _outcomes(task) or (urls.table("9147"), "3") in _dates(task))


def _status(task: Node) -> bool:
    own = _codes(task["businessStatus"], urls.BUSINESS_STATUS)
    return all(_TASK_STATUS.get(code) == task["status"] for code in own)


def _national_status(task: Node) -> bool:
    own = _codes(task["businessStatus"], urls.BUSINESS_STATUS)
    national = _codes(task["businessStatus"], urls.table("9148"))
    return national == [_NATIONAL[code] for code in own if code in _NATIONAL]


def _decided(task: Node) -> bool:
    own = _codes(task["businessStatus"], urls.BUSINESS_STATUS)
    return all(_DECISIONS[code] in _outcomes(task) for code in own if code in _DECISIONS)


def _status_dates(task: Node) -> bool:
    kinds = _dates(task)
    needed = {
        (urls.table("9147"), "1"),
        *((f"{urls.BASE}/CodeSystem/referral-date", k) for k in ("received", "warn-on")),
    }
    return len(set(kinds)) == len(kinds) and needed.issubset(kinds)


def _participants(appointment: Node) -> bool:
    parts = [code for one in appointment["participant"] for kind in one["type"] for code in _codes(kind)]
    return parts.count("clinician") == parts.count("place") == 1 and parts.count("companion") <= 1


def _urgency(request: Node) -> bool:
    codes = [extension["valueCoding"]["code"] for extension in _extensions(request, "urgency")]
    return bool(request["priority"] == {"0": "stat", "3": "urgent"}.get(codes[0], "routine"))


def _national_number(identifier: Node) -> bool:
    if not identifier["system"].startswith("urn:oid:2.16.578.1.12.4.1.4."):
        return True
    return re.fullmatch("[0-9]{11,12}", identifier["value"]) is not None


def _repeats_id(bundle: Node) -> bool:
    return bool(bundle["identifier"]["value"] == f"urn:uuid:{bundle['entry'][0]['resource']['id']}")


def _explained(bundle: Node) -> bool:
    response = bundle["entry"][0]["resource"]["response"]
    bare = "details" not in response and len(bundle["entry"]) == 1
    return bool((response["code"] == "ok") == bare)


def _phone(bundle: Node) -> bool:
    requesters = {
        entry["resource"]["requester"]["reference"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "ServiceRequest"
    }
    roles = [entry["resource"] for entry in bundle["entry"] if entry["fullUrl"] in requesters]
    return bool(roles) and all(role.get("telecom") for role in roles)


def _abated(condition: Node) -> bool:
    ended = {"resolved", "remission", "inactive"}
    abated = any(name.startswith("abatement") for name in condition)
    return not abated or not ended.isdisjoint(_codes(condition.get("clinicalStatus", {})))


def _not_in_error(condition: Node) -> bool:
    in_error = "entered-in-error" in _codes(condition.get("verificationStatus", {}))
    return not in_error or "clinicalStatus" not in condition


def _exists(node: Node, member: str) -> bool:
    """Tell whether an element is there: also one that only says why it has no value (data-absent-reason)."""
    return member in node or f"_{member}" in node


def _appointment_times(appointment: Node) -> bool:
    return (_exists(appointment, "start") and _exists(appointment, "end")) or appointment["status"] in {
        "proposed",
        "cancelled",
        "waitlist",
    }


def _not_at_home(node: Node) -> bool:
    return node.get("use") != "home"


def _trigger(node: Node) -> bool:
    kind = node["type"]
    timing = any(name.startswith("timing") for name in node)
    return (
        (kind != "named-event" or "name" in node)
        and (kind != "periodic" or timing)
        and (not kind.startswith("data-") or "data" in node)
    )


_CANCELLED: Final = {"noshow", "cancelled"}
_WRITTEN_BY_HISTORY: Final = ("batch", "transaction", "history")


def _directory_report(task: Node) -> bool:
    """Tell whether a report says what is wrong and is unanswered, and an answer is dated and repeats nothing."""
    is_report = task["status"] == "requested"
    return (
        is_report == ("description" in task)
        and is_report == ("lastModified" not in task)
        and not (is_report and "output" in task)
    )


RULES: Final[Mapping[str, Rule]] = {
    # FHIR R4
    "age-1": lambda q: _unit()(q) and q.get("value", 1) > 0,
    "app-1": _some("type", "actor"),
    "app-2": lambda a: _exists(a, "start") == _exists(a, "end"),
    "app-3": _appointment_times,
    "app-4": lambda a: "cancelationReason" not in a or a["status"] in _CANCELLED,
    "att-1": _implies("data", "contentType"),
    "bdl-1": _only_in("total", "searchset", "history"),
    "bdl-2": lambda b: b["type"] == "searchset" or not any("search" in e for e in b.get("entry", ())),
    "bdl-3": _entries_only_in("request", *_WRITTEN_BY_HISTORY),
    "bdl-4": _entries_only_in("response", "batch-response", "transaction-response", "history"),
    "bdl-5": _some("resource", "request", "response"),
    "bdl-8": lambda e: "/_history/" not in e.get("fullUrl", ""),
    "bdl-9": lambda b: b["type"] != "document" or {"system", "value"} <= b.get("identifier", {}).keys(),
    "bdl-10": lambda b: b["type"] != "document" or "timestamp" in b,
    "bdl-11": lambda b: b["type"] != "document" or b["entry"][0]["resource"]["resourceType"] == "Composition",
    "cnt-3": lambda q: _unit("1")(q) and q.get("value", 1) == int(q.get("value", 1)),
    "con-1": _some("summary", "assessment"),
    "con-2": _some("code", "detail"),
    "con-4": _abated,
    "con-5": _not_in_error,
    "cpt-2": _implies("value", "system"),
    "dis-1": _unit(),
    "drq-1": lambda n: ("path" in n) != ("searchParam" in n),
    "drq-2": lambda n: ("path" in n) != ("searchParam" in n),
    "drt-1": lambda q: "code" not in q or (q.get("system") == _UCUM and "value" in q),
    "exp-1": _some("expression", "reference"),
    "ext-1": _extension,
    "inv-1": _in_order("authoredOn", "lastModified"),
    "org-1": _some("identifier", "name"),
    "org-2": _not_at_home,
    "org-3": _not_at_home,
    "pat-1": _some("name", "telecom", "address", "organization"),
    "per-1": _in_order("start", "end"),
    "prr-1": _implies("orderDetail", "code"),
    "qty-3": _implies("code", "system"),
    "rat-1": lambda r: ("numerator" in r) == ("denominator" in r) and ("numerator" in r or "extension" in r),
    "rng-2": _range,
    "sqty-1": lambda q: "comparator" not in q,
    "tim-1": _implies("duration", "durationUnit"),
    "tim-2": _implies("period", "periodUnit"),
    "tim-4": _not_negative("duration"),
    "tim-5": _not_negative("period"),
    "tim-6": _implies("periodMax", "period"),
    "tim-7": _implies("durationMax", "duration"),
    "tim-8": _implies("countMax", "count"),
    "tim-9": lambda t: "offset" not in t or ("when" in t and not {"C", "CM", "CD", "CV"} & set(t["when"])),
    "tim-10": _never_both("timeOfDay", "when"),
    "trd-1": lambda t: "data" not in t or not any(name.startswith("timing") for name in t),
    "trd-2": _implies("condition", "data"),
    "trd-3": _trigger,
    # ours
    "hm-sha256": _written("valueString", "[0-9a-f]{64}"),
    "hm-key": _written("valueBase64Binary", "[A-Za-z0-9+/]{43}="),
    "hm-number": _national_number,
    "hm-orgnr": _written("value", "[0-9]{9}"),
    "hm-her": _written("value", "[0-9]{1,9}"),
    "hm-hpr": _written("value", "[0-9]{1,9}"),
    "hm-icd10": _written("code", "[A-Z][0-9]{2}([.]?[0-9A-Z]{1,3})?"),
    "hm-icpc2": _written("code", "[A-Z][0-9]{2}"),
    "hm-uuid": _written("value", _UUID.pattern),
    "hm-urgency": _urgency,
    "hm-status": _status,
    "hm-national-status": _national_status,
    "hm-decided": _decided,
    "hm-acceptance": _acceptance,
    "hm-refusal": _outcome_has("refusal", "reason", "advice", "complaint", "assessor"),
    "hm-redirection": _outcome_has("redirection", "redirected-to", "redirected-leg", "reason", "assessor"),
    "hm-completion": _outcome_has("completion", "result", "follow-up"),
    "hm-dates": _status_dates,
    "hm-participants": _participants,
    "hm-id": _repeats_id,
    "hm-full-url": _written("fullUrl", _UUID.pattern),
    "hm-phone": _phone,
    "hm-explained": _explained,
    "hm-directory-report": _directory_report,
    **handovers.RULES,
    **threads.RULES,
}
