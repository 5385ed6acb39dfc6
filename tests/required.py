"""With HANDOVER_REQUIRE_ALL=1 a skipped browser, PostgreSQL or vector test is a failed one (`.ci/run`)."""

import os
from collections.abc import Generator
from typing import Final

import pytest

REQUIRED: Final = frozenset({"browser", "postgres", "vectors"})


def required() -> bool:
    """Whether this run must leave nothing out."""
    return os.environ.get("HANDOVER_REQUIRE_ALL") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a required test into a failure that says why it was skipped."""
    report = yield
    marks = REQUIRED & {mark.name for mark in item.iter_markers()}
    if required() and report.skipped and marks and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but this run requires {'/'.join(sorted(marks))} tests: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure: what it held cannot be known."""
    report = yield
    if required() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"a module was skipped, but this run requires every test: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
