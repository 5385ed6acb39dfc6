"""A person in front of a real Chromium: opens pages, logs in, and is told at once when a page is not good enough.

`Visitor` collects what the console says and which hosts were asked; `assert_good` looks at one page in every way
that the rules of the pages name (axe, 320 px, 200 % text). axe is injected, so its visitors bypass the page's
Content-Security-Policy; everything else is looked at with the policy in force.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, expect

SCREENSHOTS: Final = Path(__file__).parents[2] / "build" / "screenshots"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LANGUAGES: Final = ("nb", "nn", "en")
NARROW: Final = 320
WIDE: Final = 1280
COLOURS: Final = ("color-contrast", "link-in-text-block")
"""The rules of axe to which light or dark makes a difference, and words none: they take half of axe's time."""
PICTURES: Final = "HANDOVER_SCREENSHOTS"
"""Environment: 1 keeps pictures of pages, to be looked at by people."""
TIMEOUT_MS: Final = 10_000

_WIDER_THAN_THE_SCREEN: Final = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const found = [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => element.outerHTML.slice(0, 120));
  return ["page is " + document.documentElement.scrollWidth + " px wide", ...found.slice(0, 5)];
}"""


@dataclass
class Visitor:
    """One person's browser window. `home` is the node's address."""

    page: Page
    home: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

    def listen(self) -> None:
        """Begin to collect what goes wrong in the page."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def open(self, path: str) -> Response | None:
        """Open a page of the node."""
        return self.page.goto(path if path.startswith("http") else self.home + path)

    def log_in(self, name: str, *, way: str = "ansatt", then: str = "/") -> None:
        """Log in as a persona by name, through the login page and the provider, and go on to a page."""
        self.open(f"/logg-inn?til={then}")
        self.page.locator(f"main a[href*='/logg-inn/{way}']").click()
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.page.wait_for_url(f"{self.home}/**")

    def press_until(self, key: str, *, on: str, at_most: int = 60) -> None:
        """Press a key until the element with that selector has the focus; fails when it never gets it."""
        for _ in range(at_most):
            if self.page.locator(on).first.evaluate("(element) => element === document.activeElement"):
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{on} never got the focus")

    def screenshot(self, name: str) -> None:
        """Keep pictures of the whole page, as it is and on a phone, in build/screenshots/, if wanted."""
        if os.environ.get(PICTURES) != "1":
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
        before = self.page.viewport_size or {"width": WIDE, "height": 900}
        self.page.set_viewport_size({"width": NARROW, "height": 800})
        self.page.screenshot(path=SCREENSHOTS / f"{name}-phone.png", full_page=True)
        self.page.set_viewport_size(before)

    def assert_quiet(self) -> None:
        """The console is empty, nothing failed, and nobody else was asked for anything."""
        assert self.complaints == [], f"{self.page.url}: {self.complaints}"
        assert all(host.startswith("127.0.0.1") for host in self.hosts), self.hosts

    def assert_fits(self, width: int = NARROW) -> None:
        """Nothing is wider than a screen of that many CSS pixels."""
        before = self.page.viewport_size or {"width": WIDE, "height": 900}
        self.page.set_viewport_size({"width": width, "height": 800})
        too_wide = self.page.evaluate(_WIDER_THAN_THE_SCREEN)
        self.page.set_viewport_size(before)
        assert too_wide == [], f"{self.page.url} at {width} px: {too_wide}"

    def assert_fits_large_text(self) -> None:
        """With text at 200 % nothing is wider than the screen."""
        self.page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        self.assert_fits(2 * NARROW)
        self.page.evaluate("() => { document.documentElement.style.fontSize = ''; }")

    def assert_accessible(self, *rules: str, without: Sequence[str] = ()) -> None:
        """axe finds nothing by these rules, or by all but some (needs a visitor that bypasses the policy)."""
        if not self.page.evaluate("typeof axe !== 'undefined'"):
            self.page.evaluate(AXE_SCRIPT)
        wanted = {
            "runOnly": {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": TAGS},
            "rules": {rule: {"enabled": False} for rule in without},
            "resultTypes": ["violations"],
        }
        found = self.page.evaluate("(wanted) => axe.run(document, wanted)", wanted)
        assert found["violations"] == [], f"{self.page.url}\n{_told(found['violations'])}"

    def assert_good(self) -> None:
        """Everything that can be said of the page as it is shown now, in light and in dark."""
        self.page.emulate_media(color_scheme="dark")
        self.assert_accessible(*COLOURS)
        self.page.emulate_media(color_scheme="light")
        self.assert_accessible()
        self.assert_fits()
        self.assert_fits_large_text()
        self.assert_quiet()
        expect(self.page.locator("h1")).to_have_count(1)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        about = str(message.location.get("url", ""))
        if message.text.startswith("Failed to load resource") and about in self.refused:
            return  # a page that says no is a page; Chromium writes its status to the console
        self.complaints.append(f"{message.type}: {message.text} ({about})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.hosts.add(urlsplit(request.url).netloc)

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.request.is_navigation_request():
            self.refused.add(response.url)


@contextmanager
def visiting(browser: Browser, home: str, *, javascript: bool = True, **context: Any) -> Iterator[Visitor]:
    """Open a window of its own; `context` as Playwright's (bypass_csp, color_scheme, forced_colors, locale...)."""
    wanted = {"locale": "nb-NO", "viewport": {"width": WIDE, "height": 900}, **context}
    opened: BrowserContext = browser.new_context(java_script_enabled=javascript, **wanted)
    opened.set_default_timeout(TIMEOUT_MS)
    visitor = Visitor(opened.new_page(), home)
    visitor.listen()
    try:
        yield visitor
    finally:
        opened.close()


def look_at(visitor: Visitor, tag: str) -> None:
    """Look at a page in every way in bokmål; in the others at what a language changes: words, and their width."""
    if tag == "nb":
        visitor.assert_good()
        return
    visitor.assert_accessible(without=COLOURS)
    visitor.assert_fits()
    visitor.assert_quiet()


def in_language(url: str, tag: str) -> str:
    """Return the address of a page in a language."""
    return f"{url}{'&' if '?' in url else '?'}lang={tag}"


def _told(violations: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{one['id']} ({one['impact']}): {one['help']}\n  "
        + "\n  ".join(node["html"][:200] for node in one["nodes"][:5])
        for one in violations
    )
