"""Validates a parsed resource against a compiled profile and reports all that is wrong, each with its path.

The table (`table.json`) is compiled from StructureDefinition snapshots, so that the rules of R4 and of the profile
are one walk. Run time needs neither npm nor the network nor fhir.resources."""

from functools import cache
from pathlib import Path as FilePath
from typing import Any, Final

import orjson

from handover.fhir.links import check_links
from handover.fhir.problem import Problem, ProblemCode
from handover.fhir.run import Run
from handover.fhir.walk import Checks

TABLE: Final = FilePath(__file__).with_name("table.json")


@cache
def _checks() -> Checks:
    return Checks(orjson.loads(TABLE.read_bytes()))


def validate(resource: dict[str, Any], profile: str) -> list[Problem]:
    """Return all problems of `resource`, in the order of the message; none means that it conforms.

    `profile` is the id or canonical address of one of our profiles, or a base resource type that they use.
    Raises KeyError for a profile the table does not know.
    """
    run = Run()
    check = _checks().profile(profile)
    kind = resource.get("resourceType")
    check(resource, kind if isinstance(kind, str) and kind.isalpha() else "Resource", run)
    for where, index in run.nulls:
        run.add((where, index), ProblemCode.NULL)
    check_links(resource, run)
    return run.problems
