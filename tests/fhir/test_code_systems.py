"""The code systems of the FHIR package say what the code says, no more and no less."""

import json
from collections.abc import Iterable

import pytest

from handover.exchange.model import Event
from handover.fhir.problem import TEXTS, ProblemCode
from handover.referral.fhir.codes import OUTCOME_CODES
from handover.referral.lifecycle import Act, Status
from handover.referral.model import UpdateKind
from tests.fhir.mutants import ROOT


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("message-event", Event),
        ("message-problem", ProblemCode),
        ("referral-status", Status),
        ("referral-act", [*Act, "outcome-opened"]),
        ("referral-update-kind", UpdateKind),
        ("referral-outcome", OUTCOME_CODES.values()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_code_system_lists_what_the_product_knows(name: str, codes: Iterable[str]) -> None:
    system = json.loads((ROOT / "fsh-generated" / "resources" / f"CodeSystem-{name}.json").read_text())
    assert {concept["code"] for concept in system["concept"]} == {str(code) for code in codes}


def test_every_problem_has_a_sentence() -> None:
    assert TEXTS.keys() == set(ProblemCode)
