"""A real Chromium for the tests that look at pages; where there is none they are skipped with the reason."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.harness import ARGUMENTS

VARIABLE = "HANDOVER_CHROMIUM"


def chromium_path() -> str | None:
    """Return the system's Chromium: the path in HANDOVER_CHROMIUM, or one that is installed."""
    named = os.environ.get(VARIABLE)
    if named:
        return named if Path(named).exists() else None
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for the whole run; windows are opened with `harness.visiting`."""
    path = chromium_path()
    if path is None:
        pytest.skip(f"browser: no Chromium here (apt-get install chromium, or set {VARIABLE})")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()
