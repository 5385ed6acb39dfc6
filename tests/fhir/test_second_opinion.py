"""Other people's validators agree: on every example, and that what breaks one of our own invariants is wrong."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.fhir import cases
from tests.fhir.invariants import INVARIANTS, broken_invariants
from tests.fhir.mutants import ROOT, Steps, at, examples, places

NODE = shutil.which("node")
MEDPLUM = ROOT / "node_modules" / "@medplum" / "core"

needs_medplum = pytest.mark.skipif(
    NODE is None or not MEDPLUM.exists(), reason="the second opinion needs node and `npm ci` in fhir_profiles"
)


def _medplum(*arguments: str) -> Any:
    """Return what @medplum/core says of the files or rules named."""
    assert NODE is not None
    script = str(ROOT / "tools" / "second_opinion.mjs")
    run = subprocess.run([NODE, script, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


@pytest.mark.vectors
@needs_medplum
def test_medplum_agrees_on_every_example() -> None:
    answers = _medplum(*map(str, sorted(cases.EXAMPLES.glob("*.json"))))
    assert {Path(name).stem: problems for name, problems in answers.items()} == {
        name: [] for name in cases.written()
    }


@pytest.mark.vectors
@needs_medplum
def test_medplum_reads_our_invariants_as_we_do(tmp_path: Path) -> None:
    """The FHIRPath in the profiles and the Python in rules.py say the same of good and broken elements."""
    asked = {(key, good): question for key, good, question in _questions()}
    file = tmp_path / "rules.json"
    file.write_bytes(orjson.dumps(list(asked.values())))
    held = dict(zip(asked, _medplum("--rules", str(file)), strict=True))
    assert {key for key, _ in asked} == {key for key in INVARIANTS if key.startswith("hm-")}
    assert [key for (key, good), holds in held.items() if holds is not good] == []


def _questions() -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """Return each invariant of ours on a good and a broken element, with its FHIRPath."""
    for place in places():
        for mutant in broken_invariants(place, ()):
            key = mutant.constraint[2]
            if key.startswith("hm-"):
                constraints = place.element["constraint"]
                expression = next(c["expression"] for c in constraints if c["key"] == key)
                for good, message in ((True, examples()[place.example]), (False, mutant.message)):
                    root = _resource(place.steps)
                    element = at(message, place.steps)
                    yield key, good, {"expression": expression, "resource": at(message, root), "element": element}


def _resource(steps: Steps) -> Steps:
    """Return the steps to the resource that an element stands in."""
    return steps[: len(steps) - steps[::-1].index("resource")] if "resource" in steps else ()


@pytest.mark.parametrize("name", cases.written())
def test_fhir_resources_reads_every_example(name: str) -> None:
    from fhir.resources.R4B import get_fhir_model_class

    resource = orjson.loads(cases.written()[name])
    assert get_fhir_model_class(resource["resourceType"]).model_validate(resource) is not None
