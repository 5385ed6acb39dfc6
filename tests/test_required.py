"""A run that must leave nothing out fails where something was left out."""

import pytest

pytest_plugins = ["pytester"]

SOME_TESTS = """
    import pytest

    @pytest.mark.browser
    def test_marked():
        pytest.skip("no chromium here")

    def test_other():
        pytest.skip("not needed")
"""
MODULE = """
    import pytest
    pytest.importorskip("no_such_module")
"""


@pytest.fixture
def ran(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest("from tests.required import pytest_make_collect_report, pytest_runtest_makereport")
    pytester.makeini("[pytest]\nmarkers = browser: x")
    return pytester


def test_a_skipped_browser_test_fails_a_run_that_requires_all(
    ran: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOVER_REQUIRE_ALL", "1")
    ran.makepyfile(SOME_TESTS)
    result = ran.runpytest_inprocess()
    result.assert_outcomes(failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*requires browser tests: *no chromium here*"])


def test_a_skipped_module_fails_a_run_that_requires_all(
    ran: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOVER_REQUIRE_ALL", "1")
    ran.makepyfile(MODULE)
    assert ran.runpytest_inprocess().ret != 0


def test_a_newcomer_without_chromium_may_run_the_rest(
    ran: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANDOVER_REQUIRE_ALL", raising=False)
    ran.makepyfile(SOME_TESTS)
    ran.runpytest_inprocess().assert_outcomes(skipped=2)
