"""What the receiver's pages show: everything is looked up in the transaction, and put on the page after it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import url_for
from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.bundle import document, scenes, service, words
from handover.bundle.cases import WORK, place_of
from handover.bundle.lifecycle import Act, Side, Status
from handover.bundle.model import File
from handover.bundle.pages import putting_away, receiving_acts
from handover.bundle.pages.receiving_acts import PAGES, ActPage
from handover.bundle.service import Case, HandoverNotFound, Turn
from handover.bundle.words.document import Shown, shown
from handover.bundle.words.history import decline_texts, meeting_texts, take_over_texts, withdrawal_texts
from handover.clock import local
from handover.directory import names
from handover.person import service as person
from handover.person.service import Doubts
from handover.team import service as team
from handover.team.words import kept
from handover.web.forms import Form
from handover.web.i18n import Text
from handover.web.view import View

READ: Final = WORK[Side.RECEIVER]
"""The kind of what a person has read."""
_SAID: Final = frozenset({Act.ASK, Act.NOTE_TO_RECEIVER, Act.NOTE_TO_SENDER})
_FIRST: Final[Mapping[Status, tuple[Act, ...]]] = {
    Status.RECEIVED: (Act.TAKE,),
    Status.OPENED: (Act.PLAN_MEETING, Act.TAKE_OVER, Act.ASK, Act.TAKE),
    Status.MEETING_PLANNED: (Act.HOLD_MEETING, Act.ASK),
    Status.MEETING_HELD: (Act.TAKE_OVER, Act.ASK),
    Status.WITHDRAWAL_NOTIFIED: (Act.ANSWER_WITHDRAWAL,),
}
"""What stands at the top of a handover in each status; the rest of what is open now stands further down."""


def case_page(
    session: Session,
    turn: Turn,
    case: Case,
    *,
    done: Text = "",
    notice: Text = "",
    refused: Text = "",
    unsaved: Iterable[str] = (),
) -> View:
    """Return the page of a handover: who is responsible, what must be done by when, and what it says."""
    common = _common(session, turn, case)
    standing, scene = case.standing, common["scene"]
    places = names.of_authors(session, (entry.author for entry in case.history))
    lines = [words.happened(entry, places) for entry in case.history]
    first, other = _offered(case)
    received = documents(session, turn, case)
    return View(
        "bundle/receiving/case.html",
        {
            **common,
            "banner": words.banner(scene),
            "kept": kept(session, place_of(case.standing)),
            "steps": words.timeline(scene),
            "documents": received,
            "doubts": _doubts(session, case, received),
            "file_url": lambda file: _file_url(case, file),
            "first_acts": first,
            "other_acts": other,
            "meeting": meeting_texts(standing.meeting),
            "taken": take_over_texts(standing.take_over),
            "declined": decline_texts(standing.decline),
            "withdrawal": withdrawal_texts(standing.withdrawal),
            "conversation": [line for line in lines if line.entry.act in _SAID],
            "log": lines[::-1],
            "read_at": _read_at(session, turn),
            "done": done,
            "notice": notice,
            "refused": refused,
            **putting_away.shown(session, case, turn),
            "unsaved": [text for text in unsaved if text.strip()],
        },
    )


def form_page(session: Session, turn: Turn, case: Case, page: ActPage, form: Form, *, notice: Text = "") -> View:
    """Return the form of an act."""
    return View(
        "bundle/receiving/form.html",
        {**_common(session, turn, case), "page": page, "form": form, "notice": notice},
    )


def known(turn: Turn, case: Case, page: ActPage) -> dict[str, object]:
    """Return what is known already of the fields of an act."""
    me = {"person": turn.by.name}
    if isinstance(turn.by, Staff):
        me |= {"title": turn.by.title, "phone": turn.by.phone, "first_with": turn.by.name}
    meeting = case.standing.meeting
    if page.act is Act.PLAN_MEETING and meeting is not None and case.standing.status is Status.MEETING_PLANNED:
        start = local(meeting.start)
        return {
            "day": f"{start:%d.%m.%Y}",
            "clock": f"{start:%H.%M}",
            "minutes": meeting.minutes,
            "place": meeting.place,
            "video": meeting.video,
            "who_comes": meeting.who_comes,
        }
    today = f"{local(turn.now):%d.%m.%Y}"
    return {**me, "minutes": 60, "held_on": today, "from_date": today}


def documents(session: Session, turn: Turn, case: Case) -> list[Shown]:
    """Return what was received, first the handover and then what was added; nothing once it is deleted."""
    found = []
    for sha256 in case.standing.documents:
        try:
            frozen = service.document_of(session, turn, sha256)
        except HandoverNotFound:
            continue
        found.append(shown(document.read(frozen.document)))
    return found


def _doubts(session: Session, case: Case, received: list[Shown]) -> Doubts | None:
    """Return what the latest document says otherwise of who the patient is."""
    if not received:
        return None
    standing, said = case.standing, received[-1].document.patient
    return person.doubts(session, standing.home.agency, standing.person, said)


def _common(session: Session, turn: Turn, case: Case) -> dict[str, Any]:
    scene = scenes.scene_of(session, case.standing, Side.RECEIVER, now=turn.now)
    return {
        "case": case,
        "standing": case.standing,
        "patient": case.patient,
        "home": case.standing.home.service,
        "act_url": lambda slug: _act_url(case, slug),
        "scene": scene,
        "label": words.label(scene),
        "baton": words.baton_of(scene),
    }


def _offered(case: Case) -> tuple[list[ActPage], list[ActPage]]:
    wanted = _FIRST.get(case.standing.status, ())
    hidden = {Act.INTERNAL_NOTE}
    is_mine = case.standing.owner is not None
    hidden |= {Act.TAKE} if is_mine else set()
    pages = [page for page in PAGES if receiving_acts.is_open(page, case) and page.act not in hidden]
    first = [page for act in wanted for page in pages if page.act is act]
    return first, [page for page in pages if page not in first]


def _read_at(session: Session, turn: Turn) -> Any:
    if not isinstance(turn.by, Staff):
        return None
    return team.read_at(session, turn.by, READ, [turn.handover]).get(turn.handover)


def _act_url(case: Case, slug: str) -> str:
    standing = case.standing
    return url_for("handovers_received.act", service=standing.home.service, handover=standing.handover, slug=slug)


def _file_url(case: Case, file: File) -> str:
    standing = case.standing
    return url_for(
        "handovers_received.file",
        service=standing.home.service,
        handover=standing.handover,
        file_id=case.file_id(file),
    )
