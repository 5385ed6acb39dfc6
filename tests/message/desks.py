"""Staff in front of the pages of threads: short ways to begin, write, send and find one."""

from re import search

from werkzeug.test import TestResponse

from handover.actors import Staff
from tests.builders import INTAKE
from tests.message.nodes import Post
from tests.referral.nodes import NUMBER
from tests.referral.visiting import Reader, hidden, reader

ABOUT = {
    "subject": "plan",
    "line": "Plan for høsten",
    "number": NUMBER,
    "given": "Solveig",
    "family": "Nes",
    "birth_date": "15.06.1982",
}
QUESTION = {"subject": "question", "line": "Ventetid"}


def at_desk(post: Post, who: Staff) -> Reader:
    """Return somebody in front of their pages."""
    return reader(post.town, who)


def begun(desk: Reader, to: str = INTAKE, **about: str) -> TestResponse:
    """Begin a message to a service; returns the page where it is written."""
    return desk.send("/meldinger/ny", to=to, **(about or ABOUT))


def here(page: TestResponse) -> str:
    """Return the address of the draft or thread that a page is about."""
    return page.request.path.rsplit("/", 1)[0]


def written(desk: Reader, page: TestResponse, text: str, act: str = "preview", **other: str) -> TestResponse:
    """Write a draft and go where the button leads."""
    return desk.send(f"{here(page)}/skriv", saved=hidden(page, "saved"), text=text, act=act, **other)


def sent(desk: Reader, shown: TestResponse) -> TestResponse:
    """Send what the preview shows; where it offers no sending, as somebody with an old page would."""
    page = shown if 'name="saved"' in shown.text else desk.open(f"{here(shown)}/skriv")
    return desk.send(f"{here(shown)}/send", saved=hidden(page, "saved"))


def first_thread(desk: Reader) -> TestResponse:
    """Open the first thread of the list."""
    found = search(r'class="row-title"><a class="ds-link" href="([^"]+)"', desk.open("/meldinger/").text)
    assert found
    return desk.open(found[1])
