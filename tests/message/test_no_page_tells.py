"""What somebody may know no more stands on no page they can come to: every link is followed, whatever their role.

The same walk finds it before, so that a page that tells is met.
"""

from collections.abc import Iterable, Iterator
from html import unescape
from re import findall

from handover.actors import Role, Staff
from handover.ids import AgencyId, CommunicationId
from handover.message import service
from handover.message.model import Content, Reason
from handover.message.service import Begun
from tests.builders import DPS, INTAKE, NAV, NAV_OFFICE
from tests.message.cases import discuss, link, withdraw
from tests.message.desks import at_desk
from tests.message.nodes import PDF, Post
from tests.referral.nodes import INGRID, NAVN, NUMBER, PER, staff
from tests.referral.nodes import PATIENT as HERSELF
from tests.referral.visiting import Reader, reader, register

_WALKED = ("/meldinger/", "/arbeidsliste/", "/oppgaver", "/logg", "/sporsmal", "/mine-")
_NOT = ("/meldinger/ny", "/meldinger/sak/ny", ".pdf", "dager=", "/tekster", "/gjelder", "etter=")
_ROLES = (Role.LEADER, Role.SECURITY_OFFICER)


def _others(post: Post, agency: AgencyId) -> Iterator[Staff]:
    for number, role in enumerate(_ROLES, 91):
        member = staff(number, f"Noen {role.value}", agency, None, role)
        register(post.town, member)
        yield member


def _told(desk: Reader, words: Iterable[str], *starts: str) -> set[str]:
    """Follow every link from some pages; return which of the words stood anywhere."""
    left, seen, found = ["/", *starts], set(), set()
    while left:
        url = left.pop().partition("#")[0]
        if url in seen or any(each in url for each in _NOT) or not (url == "/" or url.startswith(_WALKED)):
            continue
        seen.add(url)
        text = unescape(desk.open(url).get_data().decode(errors="replace"))
        found |= {each for each in words if each in text}
        left += findall(r'href="([^"]+)"', text)
    assert len(seen) > 3, "it came nowhere"
    return found


def test_no_page_of_the_other_agency_says_whom_a_case_was_about_once_the_yes_is_withdrawn(post: Post) -> None:
    others = list(_others(post, NAV))
    case = discuss(post, INGRID, [NAV_OFFICE])
    link(post, INGRID, case, NAV_OFFICE)
    starts = [
        f"/meldinger/{NAV_OFFICE}/{case.thread}",
        f"/arbeidsliste/{NAV_OFFICE}",
        "/logg",
        "/drift",
        "/oppgaver",
    ]
    words = ("Solveig", NUMBER, "15. juni 1982")
    assert "Solveig" in _told(at_desk(post, NAVN), words, *starts)
    draft = post.do(NAVN, case, service.reply, content=Content(text="Vi har ledig plass"))
    post.do(NAVN, case, service.send, draft)
    post.town.settle()
    withdraw(post, INGRID)
    for each in (NAVN, *others):
        assert _told(at_desk(post, each), words, *starts) == set(), each.name


def test_no_page_at_the_receiver_shows_anything_of_a_message_that_was_taken_back(post: Post) -> None:
    others = list(_others(post, DPS))
    thread = post.send(PER, [INTAKE], "Hei")
    post.do(INGRID, thread, service.open_)
    unopened = _wrong(post, thread)
    words = ("Kanariord", "Kanaridame", "kanarifil")
    starts = [f"/meldinger/{INTAKE}/{thread.thread}", f"/arbeidsliste/{INTAKE}", "/logg", "/oppgaver"]
    post.do(PER, thread, service.retract, unopened, Reason.CONTENT)
    post.town.settle()
    opened = _wrong(post, thread)
    assert _told(at_desk(post, INGRID), words, *starts) == set(words), "this one was opened now"
    post.do(INGRID, thread, service.forward, to=[NAV_OFFICE], messages=[opened])
    post.do(PER, thread, service.retract, opened, Reason.CONTENT)
    post.town.settle()
    for each in (INGRID, *others):
        assert _told(at_desk(post, each), words, *starts) == set(), each.name
    patient = reader(post.town, HERSELF, node=post.town.dps)
    assert _told(patient, words, f"/mine-meldinger/{thread.thread}") == set()


def _wrong(post: Post, thread: Begun) -> CommunicationId:
    """Send a message with a document in a thread, by mistake, and let it arrive."""
    message: CommunicationId = post.do(PER, thread, service.reply)
    said = Content(text="Kanariord", wished_person="Kanaridame")
    post.do(PER, thread, service.save_draft, message, said)
    post.do(PER, thread, service.attach, message, "kanarifil.pdf", PDF)
    post.do(PER, thread, service.send, message)
    post.town.settle()
    return message
