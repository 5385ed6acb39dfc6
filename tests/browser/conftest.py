"""A real Chromium for the tests that look at pages; where there is none they are skipped with the reason."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.harness import ARGUMENTS

VARIABLE = "HANDOVER_CHROMIUM"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The shell is the same engine without windows, menus and address bar: nobody sees them here, and they took half
of a browser test's processor time."""


def chromium_path() -> str | None:
    """Return the system's Chromium: the path in HANDOVER_CHROMIUM, or one that is installed."""
    named = os.environ.get(VARIABLE)
    if named:
        return named if Path(named).exists() else None
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for the whole run; windows are opened with `harness.visiting`."""
    path = chromium_path()
    if path is None:
        pytest.skip(f"browser: no Chromium here (apt-get install chromium-headless-shell, or set {VARIABLE})")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()
