"""The patient chooses what goes along: one set of pages for the patient alone and for two people in a meeting.

Each card is saved by itself, a second after the last change or with its button. The routes in `meeting` and `home`
have the same names, so that the templates lead to the reader's own pages.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access.guard import note_refusal
from handover.actors import Patient
from handover.bundle import schema
from handover.bundle import service as handovers
from handover.bundle.lifecycle import AT_SENDER
from handover.bundle.model import Content, Item, ItemChanged, Kind, Mark, TopicCode
from handover.bundle.pages.cards import CHOICES, card, cards, topic_text
from handover.bundle.pages.sight import sight_of
from handover.bundle.service import Case, ItemNotFound, Turn
from handover.errors import Conflict, HandoverError, Invalid
from handover.ids import ItemId
from handover.web.errors import sentence_for, status_of
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l

MOVED: Final = 409
LAYOUTS: Final = {True: "base.html", False: "bundle/meeting_layout.html"}
"""By whether the patient is alone: in a meeting nothing of the clinician's other work is on the screen."""
DONE: Final[dict[str, Text]] = {
    "fjernet": _l("Det du skrev, er fjernet."),
    "satt-pa-vent": _l("Overføringen er satt på vent. Ingenting skjer før dere går videre."),
    "gar-videre": _l("Overføringen er i gang igjen."),
    "tatt-tilbake": _l("Ja-et er tatt tilbake. Ingenting blir sendt."),
}
SENTENCES: Final[dict[str, Text]] = {
    "own_words.required": _l("Skriv det du vil si."),
    "topic.unknown": _l("Velg hva det handler om."),
}


# --- pages -----------------------------------------------------------------------------------------------------


def page(turn: Turn) -> ResponseReturnValue:
    """Show every card, or with `punkt` one at a time; a handover that was sent is shown elsewhere."""
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if case.standing.status not in AT_SENDER:
            return redirect(url_for(".show", handover=turn.handover))
        return render(session, turn, case)


def render(session: Session, turn: Turn, case: Case, **more: Any) -> str:
    """Return the marking page; `more` are refused forms and texts."""
    found = more.pop("cards", None) or cards(case, turn)
    position = _position(len(found))
    shown: dict[str, Any] = {
        "layout": LAYOUTS[is_patient(turn)],
        "is_patient": is_patient(turn),
        "case": case,
        "standing": case.standing,
        "sight": sight_of(session, case, turn, in_meeting=True),
        "cards": found,
        "position": position,
        "one": found[position - 1] if position else None,
        "decided": sum(each.mark is not Mark.UNDECIDED for each in found),
        "choices": CHOICES,
        "wishes": Form.of(schema.wishes_values(case.standing.wishes)),
        "own": Form.of({"topic": "free"}),
        "topics": _own_topics(case),
        "saved": request.args.get("lagret", ""),
        "done": DONE.get(request.args.get("gjort", "")),
        "lapsed": has_lapsed(case),
    }
    return render_template("bundle/mark.html", **{**shown, **more})


def is_patient(turn: Turn) -> bool:
    """Whether the patient is the reader, alone with the page."""
    return isinstance(turn.by, Patient)


def has_lapsed(case: Case) -> bool:
    """Whether a yes was said and something that travels has changed since, with no new yes yet."""
    acts = [entry.act.value for entry in case.history]
    last = next((act for act in reversed(acts) if act in {"approve", "take-back-yes", "yes-lapsed", "pause"}), "")
    return last == "yes-lapsed"


# --- cards -----------------------------------------------------------------------------------------------------


def keep_card(turn: Turn, item: UUID) -> ResponseReturnValue:
    """Save one card; two texts of the same words are both shown, and none is lost."""
    which = ItemId(item)
    try:
        with web.transaction() as session:
            save_card(session, turn, which)
    except ItemChanged as changed:
        note_refusal(changed)
        return _with_both(turn, changed), MOVED
    except (Invalid, Conflict, ItemNotFound) as refused:
        return refused_page(turn, refused, kept=request.form.get("own_words", ""))
    go = request.form.get("go", "")
    if go:
        return redirect(url_for(".mark", handover=turn.handover, punkt=None if go == "all" else go))
    return redirect(url_for(".mark", handover=turn.handover, lagret=item, punkt=_one(), _anchor=f"punkt-{item}"))


def autosave_card(turn: Turn, item: UUID) -> ResponseReturnValue:
    """Save one card as it stands a second after the last change; answers with its revision."""
    try:
        with web.transaction() as session:
            saved = save_card(session, turn, ItemId(item))
    except Invalid:
        return Response(status=REFUSED)
    except Conflict as moved:
        note_refusal(moved)
        return Response(status=MOVED)
    return Response(status=204, headers={"X-Revision": str(saved.revision)})


def save_card(session: Session, turn: Turn, item: ItemId) -> Item:
    """Save the choice and the own words that a card's form says. Raises ItemChanged, Invalid, Conflict."""
    mark, own_words, seen = schema.read_mark(request.form)
    saved = None if own_words is None else handovers.write_own_words(session, turn, item, own_words, seen=seen)
    if mark is not None:
        saved = handovers.mark(session, turn, item, mark)
    if saved is None:
        raise Invalid("bundle.odd-form", fields={"mark": ["choice"]})
    return saved


# --- own items, wishes, pause ----------------------------------------------------------------------------------


def add_own(turn: Turn) -> ResponseReturnValue:
    """Begin an item in the patient's own words; the clinician is shown it only where the patient says so."""
    words = request.form.get("own_words", "").strip()
    content = Content(topic=TopicCode(request.form.get("topic", "")), own_words=words)
    try:
        if not words:
            raise Invalid("bundle.incomplete", fields={"own_words": ["required"]})
        with web.transaction() as session:
            visible = request.form.get("visible") == "yes"
            made = handovers.add_own_item(session, turn, content, clinician_may_see=visible)
    except Invalid as refused:
        filled = Form.refused(request.form, refused, SENTENCES)
        with web.transaction() as session:
            return render(session, turn, handovers.case_of(session, turn), own=filled), REFUSED
    except Conflict as refused:
        return refused_page(turn, refused, kept=words)
    return redirect(url_for(".mark", handover=turn.handover, lagret=made, _anchor=f"punkt-{made}"))


def set_wishes(turn: Turn) -> ResponseReturnValue:
    """Save what the patient wants around the handover."""
    return act(turn, lambda session: _wish(session, turn), lagret="onsker", _anchor="onsker")


def autosave_wishes(turn: Turn) -> ResponseReturnValue:
    """Save the wishes as they stand a second after the last change."""
    try:
        with web.transaction() as session:
            _wish(session, turn)
    except (Invalid, Conflict) as refused:
        note_refusal(refused)
        return Response(status=MOVED)
    return Response(status=204)


def act(turn: Turn, do: Callable[[Session], object], **then: str) -> ResponseReturnValue:
    """Do one thing, and show the cards again; refused, the page says why and nothing has changed."""
    try:
        with web.transaction() as session:
            do(session)
    except (Invalid, Conflict) as refused:
        return refused_page(turn, refused)
    return redirect(url_for(".mark", handover=turn.handover, **then))  # type: ignore[arg-type]


def refused_page(turn: Turn, refused: HandoverError, *, kept: str = "") -> ResponseReturnValue:
    """Return the cards as they stand, with one plain sentence, and what was typed and could not be saved."""
    note_refusal(refused)
    said = sentence_for(refused) or _l(
        "Det går ikke an å gjøre dette slik overføringen står nå. Ingenting er endret."
    )
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if case.standing.status not in AT_SENDER and not kept.strip():
            return redirect(url_for(".show", handover=turn.handover))
        page = render(session, turn, case, problem=said, kept=kept.strip())
        return page, REFUSED if isinstance(refused, Invalid) else status_of(refused)


def _wish(session: Session, turn: Turn) -> None:
    handovers.set_wishes(session, turn, schema.read_wishes(request.form))


def _with_both(turn: Turn, changed: ItemChanged) -> str:
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        typed = changed.yours.own_words
        shown = [
            card(case, turn, item, own_words=typed if item.id == changed.theirs.id else None)
            for item in case.items
        ]
        return render(session, turn, case, cards=shown)


def _position(count: int) -> int:
    """Return which card is shown alone, counted from 1; 0 for all at once."""
    asked = request.args.get("punkt") or _one() or ""
    return min(max(1, int(asked)), count) if asked.isascii() and asked.isdecimal() and len(asked) < 5 else 0


def _one() -> str | None:
    kind, _sep, position = request.form.get("after", "").partition(":")
    return position if kind == "one" else None


def _own_topics(case: Case) -> list[tuple[str, str]]:
    texts = [(code, topic) for code, topic in case.topics.items() if topic.kind is Kind.TEXT]
    return [(code, topic_text(topic.name)) for code, topic in texts]
