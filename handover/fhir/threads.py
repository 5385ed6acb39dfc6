"""The invariants of a thread's messages and of the resources they stand on, as plain Python (see `rules`)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from handover.fhir import urls

Node = dict[str, Any]
Rule = Callable[[Any], bool]

_FORWARD: Final = "forward-message"
_OWN_OF_WHAT_IS_SENT: Final = frozenset(
    map(urls.extension, ("answer-by", "wished-person", "talk-offer", "weighing", "thread-permit"))
)
_NEVER_OF_NOBODY: Final = frozenset(map(urls.extension, ("thread-permit", "patient-reads")))
_WITHOUT_PATIENT: Final = frozenset(("question", "anonymous-case"))
_SAYS_MORE: Final = frozenset(("subject", "topic", "reasonCode"))


def _codes(concept: Node) -> list[str]:
    return [each.get("code", "") for each in concept.get("coding", ())]


def _urls(node: Node) -> set[str]:
    return {each["url"] for each in node.get("extension", ())}


def _subjects(message: Node) -> list[str]:
    return [code for each in message.get("category", ()) for code in _codes(each)]


def _resources(bundle: Node) -> list[Node]:
    return [entry["resource"] for entry in bundle["entry"]]


def _named(bundle: Node, kind: str) -> Iterator[tuple[str, Node]]:
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == kind:
            yield entry["fullUrl"], entry["resource"]


def _slots(offer: Node) -> bool:
    parts = (part for slot in offer["extension"] for part in slot.get("extension", ()))
    ids = [part["valueUuid"] for part in parts if part["url"] == "id"]
    return len(set(ids)) == len(ids)


def _told(told: Node) -> bool:
    said = _urls(told)
    return (
        not said.isdisjoint(("openedAt", "fate", "slot", "infected", "unchecked"))
        and ("openedAt" in said or said.isdisjoint(("openedBy", "openedTitle")))
        and ("fate" in said) == ("answeredAt" in said)
        and ("fate" in said or "answeredBy" not in said)
        and ("slot" in said) == ("chosenAt" in said) == ("chosenBy" in said)
        and ("slot" in said or "phone" not in said)
    )


def _message(message: Node) -> bool:
    is_sent_on = "partOf" in message
    systems = {each.get("system") for each in message["identifier"]}
    of_what_is_sent = (
        "recipient" in message,
        "priority" in message,
        f"{urls.BASE}/sid/thread-reference" in systems,
        urls.extension("thread-member") in _urls(message),
    )
    subjects = _subjects(message)
    if len(set(subjects)) < len(subjects):
        return False
    if not is_sent_on:
        return all(of_what_is_sent) and bool(subjects)
    says_more = not _SAYS_MORE.isdisjoint(message) or not _OWN_OF_WHAT_IS_SENT.isdisjoint(_urls(message))
    return not any(of_what_is_sent) and not says_more


def _subject(message: Node) -> bool:
    subjects = _subjects(message)
    is_without_patient = not _WITHOUT_PATIENT.isdisjoint(subjects)
    has_patient = "subject" in message
    return "partOf" in message or (has_patient != is_without_patient and (has_patient or len(subjects) == 1))


def _anonymous(message: Node) -> bool:
    said = _urls(message)
    if "anonymous-case" not in _subjects(message):
        return urls.extension("weighing") not in said
    has_documents = any("contentReference" in part for part in message.get("payload", ()))
    return not has_documents and "reasonCode" not in message and _NEVER_OF_NOBODY.isdisjoint(said)


def _hop(hop: Node) -> bool:
    return ("new-message" in _codes(hop["activity"])) == ("entity" not in hop)


def _word(word: Node) -> bool:
    return not {urls.extension("told"), urls.extension("thread-member")}.isdisjoint(_urls(word))


def _focus(bundle: Node) -> bool:
    messages = dict(_named(bundle, "Communication"))
    sent = [url for url, each in messages.items() if "partOf" not in each]
    focus = [each["reference"] for each in bundle["entry"][0]["resource"]["focus"]]
    parts = [whole["reference"] for each in messages.values() for whole in each.get("partOf", ())]
    return sent == focus and all([whole] == focus for whole in parts)


def _hops(bundle: Node) -> bool:
    messages = dict(_named(bundle, "Communication"))
    hops = [(each["target"][0]["reference"], _codes(each["activity"])) for _, each in _named(bundle, "Provenance")]
    first = [url for url, codes in hops if _FORWARD not in codes]
    sent_on = {url for url, codes in hops if _FORWARD in codes}
    return (
        len(first) == len(messages)
        and len(set(first)) == len(first)
        and sent_on == {url for url, each in messages.items() if "partOf" in each}
    )


def _files(bundle: Node) -> bool:
    payload = [part for each in _resources(bundle) for part in each.get("payload", ())]
    named = [part["contentReference"]["reference"] for part in payload if "contentReference" in part]
    documents = [url for url, _ in _named(bundle, "DocumentReference")]
    return len(named) == len(documents) and len(set(named)) == len(named)


def _says(bundle: Node) -> bool:
    parts = {urls.extension("talk-offer"), urls.extension("weighing")}
    return any(
        "partOf" in each or "payload" in each or not parts.isdisjoint(_urls(each)) for each in _resources(bundle)
    )


RULES: Final[Mapping[str, Rule]] = {
    "hm-minutes": lambda part: 5 <= part["valuePositiveInt"] <= 240,
    "hm-slots": _slots,
    "hm-told": _told,
    "hm-thread-message": _message,
    "hm-thread-subject": _subject,
    "hm-anonymous": _anonymous,
    "hm-hop": _hop,
    "hm-word": _word,
    "hm-thread-focus": _focus,
    "hm-thread-hops": _hops,
    "hm-thread-files": _files,
    "hm-thread-says": _says,
}
