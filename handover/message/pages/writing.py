"""Writing: a reply, a draft kept on the server, the look the receiver has of it, sending, undoing."""

from contextlib import suppress
from dataclasses import replace
from typing import Final
from uuid import UUID

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.addressbook import service as addressbook
from handover.consent.model import MayNotTravel
from handover.directory import names
from handover.directory import service as directory
from handover.errors import Conflict, HandoverError, Invalid, NotFound
from handover.exchange.files import BadFile
from handover.exchange.handed_in import HandedIn, named
from handover.ids import CommunicationId, ServiceId, StaffId
from handover.message import openness
from handover.message import service as messages
from handover.message.lifecycle import Status
from handover.message.model import MAX_NAME, MAX_POINT, MAX_TEXT, Content, Message, Priority
from handover.message.pages import again
from handover.message.pages.basis import bases, hurdles
from handover.message.pages.colleagues import ready_of, writer_of
from handover.message.pages.desk import MOVED, blueprint, instant, turn_of, undo_time
from handover.message.pages.reading import (
    along_with,
    file_url,
    moved_page,
    obstacle_of,
    partakers,
    places_of,
    purpose_name,
    said,
    talk_of,
)
from handover.message.pages.weighing import filled, is_sent, points_of, slots, weighed
from handover.message.service import AlreadySent, Finding, NoSuchMessage, Stale, Thread, ThreadNotFound, Turn
from handover.message.store import WRITERS
from handover.message.words.cases import LOOKS_LIKE, place
from handover.message.words.formatting import formatted
from handover.message.words.names import HASTE, SUBJECTS
from handover.message.words.refusals import SENTENCES
from handover.team.answering import BeingAnswered
from handover.team.blanks import unfilled
from handover.team.words import blanks_sentences
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Fields, Form, Sent
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import local_date

_LETTER: Final = "/<service>/<uuid:thread>/<uuid:letter>"
_AFTER: Final = {"preview": ".preview", "to": ".receivers", "about": ".about", "talk": ".talk"}
"""Which button leads where, once the draft is kept."""
_PLACE: Final = {"insert": "f-text", "remove": "f-files"}
"""Which button leads to which field of the same page: there the writer goes on, and the focus is there."""


# --- a reply -----------------------------------------------------------------------------------------------------


@blueprint.post("/<service>/<uuid:thread>/svar")
@allow(*WRITERS)
def reply(service: str, thread: UUID) -> ResponseReturnValue:
    """Begin a reply to everybody in the thread, or go on with the one that this writer has begun."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            found = messages.thread_of(session, turn)
            messages.begin_answer(session, turn, over=_over(found))
            drafts = [each.message for each in found.messages if each.message.status is Status.DRAFT]
            mine = [each for each in drafts if each.author.name == turn.by.name]
            letter = mine[0].id if mine else messages.reply(session, turn)
    except Conflict as moved:
        return moved_page(turn, moved)
    return redirect(url_for(".write", service=service, thread=thread, letter=letter))


# --- write -------------------------------------------------------------------------------------------------------


@blueprint.get(f"{_LETTER}/skriv")
@allow(*WRITERS)
def write(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Show a draft as it was kept, whom it goes to, and what keeps it from them."""
    turn = turn_of(service, thread)
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        draft = draft_of(found, letter)
        if draft is None:
            return redirect(url_for(".show", service=service, thread=thread))
        _go_on(session, turn)
        return _write_page(session, turn, found, draft, _filled(draft.content))


@blueprint.post(f"{_LETTER}/skriv")
@allow(*WRITERS)
def keep(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Keep the draft, then go where the button led: on writing, to its documents, or to the preview."""
    turn, message = turn_of(service, thread), CommunicationId(letter)
    wanted = request.form.get("act", "save")
    handed = HandedIn(request.files.getlist("files"))
    try:
        with web.transaction() as session:
            _keep(session, turn, message)
            _go_on(session, turn)
        with web.transaction() as session:
            _change_files(session, turn, message, wanted, handed)
            if wanted == "preview":
                messages.check_written(session, turn, unsent(session, turn, letter).id)
        handed.check()
    except Stale as stale:
        return _again(turn, letter, Form.sent(request.form), stale, MOVED)
    except Invalid as refused:
        form = Form.refused(request.form, _named(refused), {**SENTENCES, **blanks_sentences(refused)})
        return _again(turn, letter, named(form, "files", refused, SENTENCES), refused, REFUSED)
    except Conflict as moved:
        return moved_page(turn, moved)
    where = _AFTER.get(wanted, ".write")
    saved = "lagret" if where == ".write" else None
    place = _PLACE.get(wanted.partition(":")[0])
    return redirect(url_for(where, service=service, thread=thread, letter=letter, gjort=saved, _anchor=place))


@blueprint.post(f"{_LETTER}/slett")
@allow(*WRITERS)
def discard(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Throw a draft away; with the only one of a thread the thread is gone."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            messages.discard(session, turn, CommunicationId(letter))
    except Conflict as moved:
        return moved_page(turn, moved)
    with web.transaction() as session:
        try:
            messages.thread_of(session, turn)
        except ThreadNotFound:
            return redirect(url_for(".listed"))
    return redirect(url_for(".show", service=service, thread=thread, gjort="slettet"))


# --- send --------------------------------------------------------------------------------------------------------


@blueprint.get(f"{_LETTER}/se")
@allow(*WRITERS)
def preview(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Show a draft as its receiver will see it; nothing leaves."""
    turn = turn_of(service, thread)
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        draft = draft_of(found, letter)
        if draft is None:
            return redirect(url_for(".show", service=service, thread=thread))
        shown = messages.preview(session, turn, CommunicationId(letter))
        places = places_of(session, found)
        return render_template(
            "message/preview.html",
            **_about_thread(found),
            draft=draft,
            letter=shown,
            text=formatted(shown.content.text),
            files=_files(turn, draft),
            to="; ".join(places[each] for each in draft.to),
            along=along_with(turn, found, draft, places),
            talk=talk_of(draft, now=turn.now),
            sender=places[found.standing.home],
            hurdles=hurdles(session, turn, draft.id),
            bases=bases(session, turn, found, places),
            findings=_findings(session, turn, draft),
            blanks=", ".join(unfilled(shown.content.text)),
            is_case=messages.is_anonymous(found.standing),
            points=weighed([draft], places),
            lacks_reason="mangler" in request.args,
            longest_reason=messages.MAX_WHY,
            saved=draft.written_at.isoformat(),
            undo_seconds=int(undo_time().total_seconds()),
            is_untaken=messages.is_untaken(session, found.standing),
        )


@blueprint.post(f"{_LETTER}/send")
@allow(*WRITERS)
def send(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Send exactly what was previewed; what may not travel is named, nothing is sent and the text is kept."""
    turn, message = turn_of(service, thread), CommunicationId(letter)
    try:
        with web.transaction() as session:
            draft = unsent(session, turn, letter)
            if instant(request.form.get("saved", "")) != draft.written_at:
                raise Stale
            messages.begin_answer(session, turn)
            messages.send(session, turn, message, undo=undo_time())
    except Stale as stale:
        return _again(turn, letter, None, stale, MOVED)
    except messages.Identifying as found_out:
        note_refusal(found_out)
        return redirect(url_for(".preview", service=service, thread=thread, letter=letter))
    except Invalid as refused:
        said = {**SENTENCES, **blanks_sentences(refused)}
        found_form = Form.refused(request.form, _named(refused), said)
        return _again(turn, letter, found_form, refused, REFUSED, is_typed=False)
    except MayNotTravel as forbidden:
        return _again(turn, letter, None, forbidden, MOVED)
    except Conflict as moved:
        if not again.stands(turn, again.is_sent(turn, letter)):
            return moved_page(turn, moved)
    return redirect(url_for(".show", service=service, thread=thread, gjort="sendt"))


@blueprint.post(f"{_LETTER}/angre")
@allow(*WRITERS)
def undo(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Take back what has not left yet: it is a draft again."""
    turn = turn_of(service, thread)
    try:
        with web.transaction() as session:
            messages.undo_send(session, turn, CommunicationId(letter))
    except Conflict as moved:
        if not again.stands(turn, again.is_draft(letter)):
            return moved_page(turn, moved)
    return redirect(url_for(".write", service=service, thread=thread, letter=letter, gjort="angret"))


@blueprint.post(f"{_LETTER}/send-igjen")
@allow(*WRITERS)
def send_again(service: str, thread: UUID, letter: UUID) -> ResponseReturnValue:
    """Send the same message once more to a receiver that it did not reach."""
    turn, to = turn_of(service, thread), ServiceId(request.form.get("to", ""))
    try:
        with web.transaction() as session:
            messages.send_again(session, turn, CommunicationId(letter), to)
    except (Conflict, Invalid) as refused:
        return moved_page(turn, refused)
    return redirect(url_for(".show", service=service, thread=thread, gjort="sendt"))


def _go_on(session: Session, turn: Turn) -> None:
    """Say that this writer still writes; where a colleague has taken it over, the page says that instead."""
    with suppress(BeingAnswered):
        messages.begin_answer(session, turn)


def _over(thread: Thread) -> StaffId | None:
    """Return from whom an answer is taken over: who writes it now, if the page showed that."""
    found = thread.answering
    return None if found is None or str(found.staff) != request.form.get("over") else found.staff


# --- what they share ---------------------------------------------------------------------------------------------


def draft_of(thread: Thread, letter: UUID) -> Message | None:
    """Return a draft of the thread; None where it was sent. Raises NoSuchMessage for what is not there."""
    found = next((each.message for each in thread.messages if each.message.id == letter), None)
    if found is None:
        raise NoSuchMessage
    return found if found.status is Status.DRAFT else None


def unsent(session: Session, turn: Turn, letter: UUID) -> Message:
    """Return a draft of the thread. Raises NoSuchMessage, and AlreadySent where it was sent meanwhile."""
    draft = draft_of(messages.thread_of(session, turn), letter)
    if draft is None:
        raise AlreadySent("message.move-not-allowed")
    return draft


def _keep(session: Session, turn: Turn, message: CommunicationId) -> None:
    """Keep what was typed, unless somebody else has kept something in the draft meanwhile (Stale)."""
    draft = unsent(session, turn, message)
    content = _content(request.form, draft.content)
    if content == draft.content:
        return
    if instant(request.form.get("saved", "")) != draft.written_at:
        raise Stale
    messages.save_draft(session, turn, message, content)


def _content(sent: Sent, held: Content) -> Content:
    """Return the draft as the form has it. Raises Invalid with everything that must be put right."""
    fields = Fields(sent)
    text = fields.text("text", is_optional=True, at_most=MAX_TEXT)
    wished = fields.text("wished_person", is_optional=True, at_most=MAX_NAME)
    day = fields.day("answer_by") if sent.get("answer_by", "").strip() else None
    weighing = points_of(fields, sent) if is_sent(sent) else held.weighing
    fields.check()
    soon = sent.get("priority") == Priority.SOON.value
    return replace(
        held,
        text=text,
        priority=Priority.SOON if soon else Priority.ORDINARY,
        answer_by=day,
        wished_person=wished,
        weighing=weighing,
    )


def _change_files(session: Session, turn: Turn, message: CommunicationId, wanted: str, handed: HandedIn) -> None:
    if wanted == "upload" and not handed.files:
        raise BadFile("file.empty", fields={"file": ["required"]})
    handed.keep(lambda name, data: messages.attach(session, turn, message, name, data))
    verb, _sep, position = wanted.partition(":")
    if verb == "leave":
        _leave_out(session, turn, message, position)
    if verb == "insert" and position.isascii() and position.isdecimal():
        _insert(session, turn, message, int(position))
    if verb == "remove" and position.isascii() and position.isdecimal():
        draft = draft_of(messages.thread_of(session, turn), message)
        held = () if draft is None else draft.content.files
        if int(position) < len(held):
            messages.detach(session, turn, message, held[int(position)].sha256)


def _leave_out(session: Session, turn: Turn, message: CommunicationId, wanted: str) -> None:
    """Take what was to come along out of the draft; a second click changes nothing."""
    draft = draft_of(messages.thread_of(session, turn), message)
    brings = () if draft is None else draft.forwards
    for each in brings:
        if str(each) == wanted:
            messages.leave_out(session, turn, message, each)


def _insert(session: Session, turn: Turn, message: CommunicationId, position: int) -> None:
    """Put a ready text of the service at the end of what is written."""
    found = messages.thread_of(session, turn)
    draft, ready = draft_of(found, message), ready_of(session, found.standing)
    if draft is None or position >= len(ready):
        return
    text = "\n\n".join(part for part in (draft.content.text.rstrip(), ready[position].text) if part)
    messages.save_draft(session, turn, message, replace(draft.content, text=text))


def _named(refused: Invalid) -> Invalid:
    """Return the refusal with the names that the fields have in our form."""
    renamed = {
        {"file": "files", "forwards": "text"}.get(name, name): codes for name, codes in refused.fields.items()
    }
    return Invalid(refused.stable_code, fields=renamed)


def _again(
    turn: Turn, letter: UUID, form: Form | None, why: HandoverError, status: int, *, is_typed: bool = True
) -> ResponseReturnValue:
    """Return the draft with everything that was typed, and one plain sentence on why nothing was done."""
    note_refusal(why)
    with web.transaction() as session:
        found = messages.thread_of(session, turn)
        draft = draft_of(found, letter)
        if draft is None:
            return redirect(url_for(".show", service=turn.at, thread=turn.thread))
        kept = _filled(draft.content)
        shown = form if form is not None and is_typed else Form(kept.values, {} if form is None else form.errors)
        theirs = draft.content.text if isinstance(why, Stale) and is_typed and form is not None else ""
        return make_response(
            _write_page(session, turn, found, draft, shown, problem=problem_of(session, why), theirs=theirs),
            status,
        )


def problem_of(session: Session, why: HandoverError) -> Text:
    """Return why nothing was done, towards whom, and what to do instead."""
    if isinstance(why, Stale):
        return _l("Utkastet er endret siden du åpnet siden. Se over det, og lagre eller send på nytt.")
    return obstacle_of(session, why) or sentence_for(why)


def _filled(content: Content) -> Form:
    return Form.of(
        {
            "text": content.text,
            "priority": content.priority.value,
            "answer_by": None if content.answer_by is None else f"{content.answer_by:%d.%m.%Y}",
            "wished_person": content.wished_person,
            **filled(content),
        }
    )


def _findings(session: Session, turn: Turn, draft: Message) -> list[tuple[Finding, Text, Text]]:
    """Return what looks like an identity and may not leave so, what it looks like, and where it stands."""
    found = messages.findings(session, turn, draft.id)
    return [(each, LOOKS_LIKE[each.kind], place(each.where)) for each in found]


def _files(turn: Turn, draft: Message) -> list[tuple[str, int, str]]:
    return [
        (each.name, each.length, file_url(turn, draft.id, number))
        for number, each in enumerate(draft.content.files)
    ]


def _about_thread(thread: Thread) -> dict[str, object]:
    standing = thread.standing
    return {
        "thread": thread,
        "standing": standing,
        "heading": standing.heading,
        "subject": SUBJECTS[standing.heading.subject],
        "purpose": purpose_name(standing.purpose),
    }


def _write_page(
    session: Session,
    turn: Turn,
    thread: Thread,
    draft: Message,
    form: Form,
    *,
    problem: Text = "",
    theirs: str = "",
) -> str:
    places = {**places_of(session, thread), **{to: names.of_party(session, to) for to in draft.to}}
    receivers = []
    for to in draft.to:
        try:
            service = directory.service_of(session, to.service)
        except NotFound:
            continue
        receivers.append((places[to], addressbook.standing_of(session, service, today=local_date(turn.now))))
    held = {each.message.id: each.message for each in thread.messages}
    answered = None if draft.replies_to is None else held.get(draft.replies_to)
    return render_template(
        "message/write.html",
        **_about_thread(thread),
        draft=draft,
        answered=None if answered is None else said(turn, answered, places),
        writer=writer_of(session, turn, thread),
        ready=ready_of(session, thread.standing),
        form=form,
        receivers=receivers,
        to="; ".join(places[each] for each in draft.to),
        partakers=partakers(session, thread, places),
        hurdles=hurdles(session, turn, draft.id),
        bases=bases(session, turn, thread, places),
        files=_files(turn, draft),
        along=along_with(turn, thread, draft, places),
        talk=talk_of(draft, now=turn.now),
        priorities=[(code.value, text) for code, text in HASTE.items()],
        is_case=messages.is_anonymous(thread.standing),
        slots=slots(form.values),
        longest_point=MAX_POINT,
        saved=draft.written_at.isoformat(),
        patient_reads=openness.lets_read(session, thread.standing.home.agency, thread.standing.heading.subject),
        problem=problem,
        theirs=theirs,
        done=request.args.get("gjort", ""),
        is_new=all(each.message.status is Status.DRAFT for each in thread.messages),
    )
