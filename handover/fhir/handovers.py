"""The invariants of a handover's profiles and of the resources they stand on, as plain Python (see `rules`)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from handover.fhir import urls

Node = dict[str, Any]
Rule = Callable[[Any], bool]

FIXED_SENTENCE: Final = "Pasienten har valgt hva som er med. Det kan finnes mer i journalen hos avsender."
_SECTIONS: Final = f"{urls.BASE}/CodeSystem/handover-section"
_PARTS: Final = f"{urls.BASE}/CodeSystem/handover-part"
_TOPICS: Final = f"{urls.BASE}/sid/handover-topic"
_OWN_WORDS: Final = re.compile("item-[0-9]+-own-words")
_TASK_STATUS: Final = {
    **dict.fromkeys(
        ("opened", "meeting-planned", "meeting-held", "draft", "with-patient", "paused", "approved"), "in-progress"
    ),
    "sent": "requested",
    "received": "received",
    **dict.fromkeys(("taken-over", "closed"), "completed"),
    "declined": "rejected",
    **dict.fromkeys(("withdrawn", "withdrawal-notified", "withdrawal-answered"), "cancelled"),
}
_TAKEN_OVER: Final = {"taken-over-by", "from-date", "first-appointment", "signed-at"}
_ANSWERED: Final = {"done", "done-by", "done-at"}


def _codes(concept: Node) -> list[str]:
    return [each.get("code", "") for each in concept.get("coding", ())]


def _inside(sections: Iterable[Node]) -> Iterator[Node]:
    for section in sections:
        yield from section.get("section", ())


def _topics(composition: Node) -> list[Node]:
    return list(_inside(composition["section"]))


def _items(composition: Node) -> list[Node]:
    return list(_inside(_topics(composition)))


def _is_distinct(values: list[Any]) -> bool:
    return len(set(values)) == len(values)


def _fixed_sentence(composition: Node) -> bool:
    about = [section for section in composition["section"] if "about" in _codes(section["code"])]
    return len(about) == 1 and FIXED_SENTENCE in about[0]["text"]["div"]


def _own_words_first(composition: Node) -> bool:
    return not any("own-words" in _codes(section["code"]) for section in composition["section"][3:])


def _sections(composition: Node) -> bool:
    """Tell whether texts are texts, and what holds sections holds nothing else."""
    told = [(not {"about", "meeting"}.isdisjoint(_codes(s["code"])), s) for s in composition["section"]]
    return all(is_text == ("text" in s) and is_text == ("section" not in s) for is_text, s in told)


def _topic_codes(composition: Node) -> bool:
    wanted = (_SECTIONS, _PARTS, _TOPICS)
    told = [[coding.get("system") for coding in topic["code"]["coding"]] for topic in _topics(composition)]
    return all(systems.count(system) == 1 for systems in told for system in wanted)


def _item_ids(composition: Node) -> bool:
    items = _items(composition)
    return all("id" in item and "item" in _codes(item["code"]) for item in items) and _is_distinct(
        [item["id"] for item in items]
    )


def _own_words(composition: Node) -> bool:
    own = (section for section in composition["section"] if "own-words" in _codes(section["code"]))
    return all(
        "text" in words and "section" not in words and _OWN_WORDS.fullmatch(words.get("id", "")) is not None
        for words in _inside(own)
    )


def _pieces(composition: Node) -> bool:
    items = [[*_inside([item])] for item in _items(composition)]
    return all(
        all(_is_piece(piece) for piece in pieces)
        and _is_distinct([code for piece in pieces for code in _codes(piece["code"])])
        for pieces in items
    )


def _is_piece(piece: Node) -> bool:
    codes = _codes(piece["code"])
    if "clinician-text" in codes:
        return "text" in piece and "entry" not in piece
    return ("details" in codes or "attachment" in codes) and "entry" in piece


def _steps(plan: Node) -> bool:
    ids = [step.get("id") for step in plan["activity"]]
    return None not in ids and _is_distinct(ids)


def _types(values: Iterable[Node]) -> list[str]:
    return [code for each in values for code in _codes(each["type"])]


def _supplement(task: Node) -> bool:
    return ("release-more" in _codes(task["code"])) == ("supplements" in _types(task["input"]))


def _status(task: Node) -> bool:
    return all(_TASK_STATUS.get(code) == task["status"] for code in _codes(task["businessStatus"]))


def _said(task: Node, status: str, wanted: set[str]) -> tuple[bool, bool]:
    """Return whether something must be said or is begun, and whether all of it is said, each once."""
    told = [code for code in _types(task.get("output", ())) if code in wanted]
    return status in _codes(task["businessStatus"]) or bool(told), len(told) == len(wanted)


def _taken_over(task: Node) -> bool:
    begun, whole = _said(task, "taken-over", _TAKEN_OVER)
    return whole or not begun


def _declined(task: Node) -> bool:
    _, whole = _said(task, "declined", {"reason", "declined-by"})
    return whole or "declined" not in _codes(task["businessStatus"])


def _withdrawal_answer(task: Node) -> bool:
    begun, whole = _said(task, "withdrawal-answered", _ANSWERED)
    done = [code for each in task.get("output", ()) for code in _codes(each.get("valueCodeableConcept", {}))]
    explained = {"kept", "used"}.isdisjoint(done) or "done-why" in _types(task["output"])
    return not begun or (whole and explained)


def _meeting(appointment: Node) -> bool:
    url = f"{urls.BASE}/StructureDefinition/sequence"
    numbered = any(each["url"] == url for each in appointment.get("extension", ()))
    return ("identifier" in appointment) == numbered == ("minutesDuration" in appointment)


def _says_anything(section: Node) -> bool:
    return not section.keys().isdisjoint(("text", "entry", "section"))


RULES: Final[Mapping[str, Rule]] = {
    # FHIR R4
    "cmp-1": _says_anything,
    "cmp-2": lambda section: not ("emptyReason" in section and "entry" in section),
    "cpl-3": lambda activity: not ("detail" in activity and "reference" in activity),
    "ctm-1": lambda _participant: True,
    "ppc-1": lambda consent: "policy" in consent or "policyRule" in consent,
    **dict.fromkeys(("ppc-2", "ppc-3", "ppc-4", "ppc-5"), lambda _consent: True),
    # ours
    "hm-fixed-sentence": _fixed_sentence,
    "hm-own-words-first": _own_words_first,
    "hm-topics": _topic_codes,
    "hm-items": _item_ids,
    "hm-own-words": _own_words,
    "hm-pieces": _pieces,
    "hm-sections": _sections,
    "hm-digest": lambda identifier: re.fullmatch("[0-9a-f]{64}", identifier["value"]) is not None,
    "hm-steps": _steps,
    "hm-supplement": _supplement,
    "hm-handover-status": _status,
    "hm-taken-over": _taken_over,
    "hm-declined": _declined,
    "hm-withdrawal-answer": _withdrawal_answer,
    "hm-meeting": _meeting,
    "hm-yes": lambda yes: [code for agent in yes["agent"] for code in _codes(agent["type"])].count("patient") == 1,
}
"""`ctm-1` resolves references, which only a whole Bundle can; the others without effect ask for a system that does
not exist (`something`), in R4 itself."""
