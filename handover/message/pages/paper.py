"""A thread outside of its pages: to print, as tagged PDF, as text for the record. No more than its reader sees."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from flask import Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.message import service as messages
from handover.message.lifecycle import Status
from handover.message.pages.desk import as_download, blueprint, turn_of
from handover.message.pages.reading import Attached, Shown, Talk, places_of, purpose_name, said
from handover.message.service import Thread, Turn
from handover.message.store import READERS
from handover.message.words.formatting import plain
from handover.message.words.names import SUBJECTS
from handover.message.words.receipts import receipts_of, taken_back
from handover.notice import pdf
from handover.notice.pdf import Block, Paper
from handover.web import dates
from handover.web.i18n import gettext as _
from handover.web.i18n import locale
from handover.web.parts import Pairs

_THREAD: Final = "/<service>/<uuid:thread>"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message on paper."""

    head: str = field(repr=False)
    """Who wrote it, where, when."""
    facts: Pairs = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    is_along: bool = False
    """Whether it was forwarded with the one before it."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A whole thread on paper."""

    title: str
    facts: Pairs = field(repr=False)
    lines: tuple[Line, ...] = field(repr=False)
    hidden: tuple[str, ...]
    """One sentence for each message that was taken back after it was read here."""
    taken_out: str
    """Who took it out, and when."""


@blueprint.get(f"{_THREAD}/utskrift")
@allow(*READERS)
def printed(service: str, thread: UUID) -> ResponseReturnValue:
    """Show a thread as a page to be printed from the browser."""
    return _answer(turn_of(service, thread), "print")


@blueprint.get(f"{_THREAD}/utskrift.pdf")
@allow(*READERS)
def as_pdf(service: str, thread: UUID) -> ResponseReturnValue:
    """Give a thread as tagged PDF."""
    return _answer(turn_of(service, thread), "pdf")


@blueprint.get(f"{_THREAD}/notat")
@allow(*READERS)
def note(service: str, thread: UUID) -> ResponseReturnValue:
    """Show a thread as plain text, to be copied into the record."""
    return _answer(turn_of(service, thread), "note")


def _answer(turn: Turn, how: str) -> ResponseReturnValue:
    """Return the thread as it is wanted; whoever may write here opens by it what has come."""
    with web.transaction() as session:
        found = messages.take_out(session, turn, how)
        if not _sent(found):
            return redirect(url_for(".show", service=turn.at, thread=turn.thread))
        if found.may_write:
            found = messages.show(session, messages.open_(session, turn), turn)
        sheet = _sheet(session, turn, found)
    if how == "pdf":
        return _as_pdf(sheet)
    values = {"standing": found.standing, "sheet": sheet}
    if how == "print":
        return make_response(render_template("message/print.html", **values))
    return make_response(render_template("message/note.html", text=as_text(sheet), **values))


def as_text(sheet: Sheet) -> str:
    """Return a thread as plain text."""
    parts = [sheet.title, _as_lines(sheet.facts)]
    for line in sheet.lines:
        parts.append("\n".join(part for part in (line.head, _as_lines(line.facts), line.text) if part))
    return "\n\n".join((*parts, *sheet.hidden, sheet.taken_out))


def _as_lines(facts: Pairs) -> str:
    return "\n".join(f"{term}: {text}" for term, text in facts if text)


def _as_pdf(sheet: Sheet) -> Response:
    paper = Paper(
        title=sheet.title,
        lang=locale().language,
        page_of=_("Side {page} av {pages}"),
        blocks=tuple(_blocks(sheet)),
    )
    return as_download("melding.pdf", "application/pdf", pdf.printed(paper))


def _blocks(sheet: Sheet) -> Iterator[Block]:
    yield Block(kind="heading", text=sheet.title)
    yield Block(kind="facts", pairs=sheet.facts)
    for line in sheet.lines:
        yield Block(kind="heading", level=3 if line.is_along else 2, text=line.head)
        yield Block(kind="facts", pairs=line.facts)
        if line.text:
            yield Block(kind="own-words", text=line.text)
    for sentence in (*sheet.hidden, sheet.taken_out):
        yield Block(kind="text", text=sentence)


def _sent(found: Thread) -> list[messages.Seen]:
    return [each for each in found.messages if each.message.status is not Status.DRAFT]


def _sheet(session: Session, turn: Turn, found: Thread) -> Sheet:
    standing, places = found.standing, places_of(session, found)
    heading, patient = standing.heading, found.patient
    born = "" if patient is None else _("født %(day)s", day=dates.birthday(patient.birth_date))
    lines: list[Line] = []
    for each in _sent(found):
        receipts = receipts_of(each, places) if each.is_ours else ()
        back = ((_("Trukket tilbake"), taken_back(each.message)),)
        lines.append(_line(said(turn, each.message, places), (*back, *receipts)))
        lines += [_line(said(turn, other, places), (), is_along=True) for other in each.along]
    by, at = turn.by.name, dates.moment(turn.now)
    return Sheet(
        title=_("Melding %(reference)s", reference=heading.reference),
        facts=(
            (_("Gjelder"), _("Ingen pasient") if patient is None else f"{patient.name}, {born}"),
            (_("Emne"), ": ".join(part for part in (str(SUBJECTS[heading.subject]), heading.line) if part)),
            (_("Formål"), purpose_name(standing.purpose)),
            (_("Hvem er med"), "; ".join(places[member.party] for member in standing.members)),
        ),
        lines=tuple(lines),
        hidden=tuple(
            _(
                "%(place)s har trukket tilbake en melding. Den kan ikke leses lenger.",
                place=places[each.sender],
            )
            for each in found.hidden
        ),
        taken_out=_("Tatt ut av Overgang av %(name)s %(moment)s.", name=by, moment=at),
    )


def document(held: Attached) -> str:
    """Return what a document is called, and that it is not here where it is not."""
    return f"{held.file.name} ({held.state})" if held.state else held.file.name


def _line(shown: Shown, more: Pairs, *, is_along: bool = False) -> Line:
    moment = dates.moment(shown.message.written_at)
    head = _("%(name)s, %(place)s, %(moment)s", name=shown.author, place=shown.sender, moment=moment)
    return Line(
        head=_("Videresendt: %(what)s", what=head) if is_along else head,
        facts=(
            (_("Til"), shown.to),
            (_("Kom hit"), " ".join(str(each) for each in shown.ways)),
            (_("Dokumenter"), "; ".join(document(each) for each in shown.files)),
            (_("Kan vi snakkes?"), _times(shown.talk)),
            *more,
        ),
        text=plain(shown.message.content.text),
        is_along=is_along,
    )


def _times(talk: Talk | None) -> str:
    if talk is None:
        return ""
    if talk.agreed:
        return _("Avtalt %(moment)s, valgt av %(name)s.", moment=talk.agreed, name=talk.picked_by)
    return "; ".join(moment for _id, moment, _is_to_come in talk.times)
