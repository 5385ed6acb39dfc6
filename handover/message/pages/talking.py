"""«Kan vi snakkes?»: times are offered with a message, one of the others picks one, both get a calendar file."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import clock, web
from handover.access import allow
from handover.errors import Conflict, Invalid
from handover.ids import CommunicationId, new_uuid
from handover.message import service as messages
from handover.message.model import MAX_NAME, MAX_TALK_MINUTES, By, Message, Offer, Slot, SlotId
from handover.message.pages import again
from handover.message.pages.desk import as_download, blueprint, turn_of
from handover.message.pages.reading import moved_page
from handover.message.pages.writing import draft_of, unsent
from handover.message.service import ThreadNotFound, Turn
from handover.message.store import READERS, WRITERS
from handover.message.words.names import WAYS
from handover.message.words.refusals import SENTENCES
from handover.notice import calendar
from handover.web.forms import REFUSED, Fields, Form, Sent
from handover.web.i18n import gettext as _

_LETTER: Final = "/<service>/<uuid:thread>/<uuid:letter>"
ROWS: Final = 5
"""Times that one form asks for."""
_USUAL_MINUTES: Final = 30


# --- offered -----------------------------------------------------------------------------------------------------


@blueprint.get(f"{_LETTER}/samtale")
@allow(*WRITERS)
def talk(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Ask which times a draft is to offer."""
    return _page(turn_of(service, thread), letter)


@blueprint.post(f"{_LETTER}/samtale")
@allow(*WRITERS)
def offer(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Put times in the draft, or take them out again."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            draft = unsent(session, turn, letter)
            wanted = None if request.form.get("act") == "remove" else _offer(turn, request.form)
            content = replace(draft.content, offer=wanted)
            messages.save_draft(session, turn, CommunicationId(letter), content)
    except Invalid as refused:
        return _page(turn, letter, refused)
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".write", service=service, thread=thread, letter=letter, gjort="lagret"))


def _offer(turn: Turn, sent: Sent) -> Offer:
    """Return the times of a form. Raises Invalid with everything that must be put right."""
    fields = Fields(sent)
    if sent.get("by", "") not in {each.value for each in By}:
        fields.refuse("by", "required")
    where = fields.text("where", at_most=MAX_NAME)
    minutes = fields.minutes("minutes", at_most=MAX_TALK_MINUTES)
    typed = [number for number in range(1, ROWS + 1) if _is_typed(sent, number)]
    starts = []
    for number in typed:
        start = fields.moment(f"day{number}", f"clock{number}")
        if start <= turn.now:
            fields.refuse(f"day{number}", "past")
        starts.append(start)
    if not typed:
        fields.refuse("day1", "required")
    fields.check()
    slots = (Slot(id=SlotId(new_uuid()), start=each, minutes=minutes) for each in sorted(set(starts)))
    return Offer(by=By(sent["by"]), where=where, slots=tuple(slots))


def _is_typed(sent: Sent, number: int) -> bool:
    return any(sent.get(f"{name}{number}", "").strip() for name in ("day", "clock"))


def _page(turn: Turn, letter: UUID, refused: Invalid | None = None) -> ResponseReturnValue:
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
    draft = draft_of(found, letter)
    if draft is None:
        return redirect(url_for(".show", service=turn.at, thread=turn.thread))
    form = _filled(turn, draft) if refused is None else Form.refused(request.form, refused, SENTENCES)
    page = render_template(
        "message/talk.html",
        standing=found.standing,
        draft=draft,
        form=form,
        rows=range(1, ROWS + 1),
        ways=[(way.value, text) for way, text in WAYS.items()],
    )
    return make_response(page, 200 if refused is None else REFUSED)


def _filled(turn: Turn, draft: Message) -> Form:
    held = draft.content.offer
    if held is None:
        return Form.of({"by": By.PHONE.value, "where": turn.by.phone, "minutes": _USUAL_MINUTES})
    values: dict[str, object] = {"by": held.by.value, "where": held.where, "minutes": held.slots[0].minutes}
    for number, slot in enumerate(held.slots[:ROWS], start=1):
        start = clock.local(slot.start)
        values |= {f"day{number}": f"{start:%d.%m.%Y}", f"clock{number}": f"{start:%H.%M}"}
    return Form.of(values)


# --- picked ------------------------------------------------------------------------------------------------------


@blueprint.post(f"{_LETTER}/velg")
@allow(*WRITERS)
def pick(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Pick one of the times offered; everybody who had the offer is told."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            messages.thread_of(session, turn)
            fields = Fields(request.form)
            phone = fields.text("phone", is_optional=True, at_most=MAX_NAME)
            fields.check()
            messages.choose_slot(session, turn, CommunicationId(letter), _slot(request.form), phone=phone)
    except Invalid as refused:
        return moved_page(turn, refused)
    except Conflict as moved:
        if not again.stands(
            turn, again.is_picked(turn, letter, _slot(request.form), request.form.get("phone", "").strip())
        ):
            return moved_page(turn, moved)
    return redirect(url_for(".show", service=service, thread=thread, gjort="avtalt"))


@blueprint.get(f"{_LETTER}/avtale.ics")
@allow(*READERS)
def appointment(service: str, thread: UUID, letter: UUID) -> Response:
    """Give the time that was picked as a calendar file that says nothing but when, or that it is called off."""
    turn = turn_of(service, thread)
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
    held = (*(each.message for each in found.messages), *found.hidden)
    message = next((each for each in held if each.id == letter), None)
    slot = None if message is None else message.agreed
    if message is None or slot is None:
        raise ThreadNotFound
    is_off = message.taken_back is not None
    entry = calendar.Slot(
        id=slot.id, start=slot.start, minutes=slot.minutes, sequence=int(is_off), is_cancelled=is_off
    )
    hint = _("Logg inn i Overgang for å se hvor og med hvem.")
    file = calendar.meeting(entry, title=_("Avtale"), hint=hint, now=turn.now)
    return as_download("avtale.ics", calendar.MEDIA_TYPE, file)


def _slot(sent: Sent) -> SlotId:
    try:
        return SlotId(UUID(sent.get("slot", "")))
    except ValueError:
        raise messages.NotOffered(fields={"slot": ["required"]}) from None
