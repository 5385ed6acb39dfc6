"""Says what was wrong with a message as an OperationOutcome: codes and paths, never values (DESIGN section 5)."""

from collections.abc import Sequence
from typing import Any, Final

from handover.fhir import urls
from handover.fhir.problem import TEXTS, Problem, ProblemCode

MAX_ISSUES: Final = 200
"""More problems than this are counted, not listed: an acknowledgement stays small."""

_ISSUE_TYPES: Final[dict[ProblemCode, str]] = {
    ProblemCode.TOO_LARGE: "too-long",
    ProblemCode.TOO_LONG: "too-long",
    ProblemCode.MISSING: "required",
    ProblemCode.SLICE_MISSING: "required",
    ProblemCode.BAD_FORMAT: "value",
    ProblemCode.BLANK: "value",
    ProblemCode.FIXED_VALUE: "value",
    ProblemCode.UNKNOWN_CODE: "code-invalid",
    ProblemCode.UNKNOWN_EVENT: "not-supported",
    ProblemCode.UNKNOWN_MODIFIER: "extension",
    ProblemCode.RULE: "invariant",
    ProblemCode.DANGLING_REFERENCE: "not-found",
    ProblemCode.UNKNOWN_ADDRESSEE: "not-found",
    ProblemCode.DUPLICATE_FULL_URL: "duplicate",
    ProblemCode.DUPLICATE_ID: "duplicate",
    ProblemCode.SAME_ID_OTHER_CONTENT: "duplicate",
    ProblemCode.BROKEN_REQUEST: "business-rule",
    ProblemCode.UNSAFE_NARRATIVE: "security",
}
"""FHIR's own issue type for our code; what is not listed is `structure`."""


def operation_outcome(problems: Sequence[Problem]) -> dict[str, Any]:
    """Return an OperationOutcome that lists the problems in the order of the message (R4 2.33)."""
    listed = [_issue(problem) for problem in problems[:MAX_ISSUES]]
    left_out = len(problems) - len(listed)
    if left_out:
        listed.append(
            {"severity": "information", "code": "incomplete", "diagnostics": f"{left_out} further problems"}
        )
    if not listed:
        listed.append({"severity": "information", "code": "informational"})
    return {"resourceType": "OperationOutcome", "issue": listed}


def read_problems(outcome: dict[str, Any]) -> tuple[Problem, ...]:
    """Return the problems that an OperationOutcome of ours or of a stranger lists; unknown codes become `rule`."""
    return tuple(
        _problem(issue) for issue in outcome.get("issue", ()) if issue.get("severity") in {"fatal", "error"}
    )


def _issue(problem: Problem) -> dict[str, Any]:
    issue: dict[str, Any] = {
        "severity": "error",
        "code": _ISSUE_TYPES.get(problem.code, "structure"),
        "details": {"coding": [{"system": urls.PROBLEMS, "code": str(problem.code)}], "text": problem.sentence()},
    }
    if problem.path:
        issue["expression"] = [problem.path]
    return issue


def _problem(issue: dict[str, Any]) -> Problem:
    details = issue.get("details", {})
    codes = [c.get("code") for c in details.get("coding", ()) if c.get("system") == urls.PROBLEMS]
    code = ProblemCode(codes[0]) if codes and codes[0] in set(ProblemCode) else ProblemCode.RULE
    path = (issue.get("expression") or issue.get("location") or [""])[0]
    return Problem(path, code, str(details.get("text") or issue.get("diagnostics") or TEXTS[code]))
