"""The code systems of the FHIR package say what the code says, no more and no less."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from handover.addressbook import model as directory
from handover.bundle import lifecycle as handover
from handover.bundle.model import Done, Level, Mark, Part
from handover.exchange.model import Event
from handover.fhir.problem import TEXTS, ProblemCode
from handover.message.fhir import hops
from handover.message.model import By, Fate, Reason, Subject, Weighs
from handover.referral.fhir.codes import OUTCOME_CODES
from handover.referral.lifecycle import Act, Status
from handover.referral.model import UpdateKind
from tests.fhir.mutants import ROOT


def _data(name: str) -> Any:
    return json.loads((Path(__file__).parents[2] / "handover" / "data" / f"{name}.json").read_text())


_TOPICS = _data("topics/default")["topics"]
_SECTIONS = ("about", "meeting", "own-words", "item", "clinician-text", "details", "attachment")


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("message-event", Event),
        ("message-problem", ProblemCode),
        ("referral-status", Status),
        ("referral-act", [*Act, "outcome-opened"]),
        ("referral-update-kind", UpdateKind),
        ("referral-outcome", OUTCOME_CODES.values()),
        ("handover-status", handover.Status),
        ("handover-act", handover.Act),
        ("handover-part", Part),
        ("handover-mark", Mark),
        ("handover-withdrawal-done", Done),
        ("crisis-level", Level),
        ("directory-part", directory.Part),
        ("directory-correction-value", ["answer"]),
        ("handover-section", [*_SECTIONS, *(topic["section"] for topic in _TOPICS)]),
        ("thread-subject", Subject),
        ("thread-act", hops.ACTIVITIES),
        ("talk-way", By),
        ("point-weighs", Weighs),
        ("retraction-fate", Fate),
        ("retraction-reason", Reason),
        ("sharing-purpose", [purpose["code"] for purpose in _data("sharing")["purposes"]]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_code_system_lists_what_the_product_knows(name: str, codes: Iterable[str]) -> None:
    system = json.loads((ROOT / "fsh-generated" / "resources" / f"CodeSystem-{name}.json").read_text())
    assert {concept["code"] for concept in system["concept"]} == {str(code) for code in codes}


def test_every_problem_has_a_sentence() -> None:
    assert TEXTS.keys() == set(ProblemCode)
