"""The referrer's pages of sent referrals: my agency's list, the search, one referral and everything that happened.

`writing` has drafts, preview and sending, `asking` what the referrer may do afterwards, `paper` what went by post;
all of them share this blueprint. Addresses carry only random ids; a search goes by POST.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow, current_staff
from handover.actors import Role
from handover.addressbook import service as addressbook
from handover.clock import now
from handover.config import Settings
from handover.consent.words import OBSTACLES
from handover.directory import names
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import NotFound
from handover.exchange import words as deliveries
from handover.ids import ReferralId
from handover.referral import scenes, words
from handover.referral import service as referrals
from handover.referral.lifecycle import ENDED, Act, Side, Status, Version, holder
from handover.referral.model import AttachmentId, Question, Refusal
from handover.referral.pages import told
from handover.referral.pages.asked import ACTS, ActPage
from handover.referral.pages.lateness import date_of_step
from handover.referral.service import Case, CaseRow, SentFilter, Turn
from handover.referral.standing import for_patient, refusal_shown_from
from handover.web import dates, parts
from handover.web.errors import explain, show_present_state_at
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item
from handover.workdays import local_date

blueprint = Blueprint("sending", __name__, url_prefix="/henvisninger")
add_menu_item(
    blueprint,
    MenuItem(endpoint="sending.list_sent", text=_l("Henvisninger"), order=20, roles=frozenset({Role.REFERRER})),
)
show_present_state_at(blueprint, "sending.show")
explain(
    blueprint,
    {
        **OBSTACLES,
        "referral.stale": _l("Saken har endret seg siden du åpnet siden. Ingenting er endret nå."),
        "referral.move-not-allowed": _l("Det går ikke an å gjøre dette slik saken står nå. Ingenting er endret."),
        "referral.already-asked": _l("Du har allerede bedt om dette, og mottakeren har ikke svart ennå."),
        "referral.nothing-asked": _l("Alle spørsmål er besvart."),
        "referral.stale-draft": _l("Utkastet er endret siden du åpnet siden. Se over det og send på nytt."),
        "referral.guard.unopened": _l("Mottakeren har åpnet henvisningen. Be heller om å trekke den tilbake."),
        "referral.guard.not-left": _l("Henvisningen er allerede på vei og kan ikke angres lenger."),
        "referral.guard.undelivered": _l("Vi prøver fortsatt å få henvisningen fram."),
        "exchange.already-left": _l("Henvisningen er allerede på vei og kan ikke angres lenger."),
        "referral.original-arrived": _l(
            "Den første henvisningen kom fram likevel. Slett utkastet, eller legg til opplysninger i den første."
        ),
        "referral.no-role": _l("Du kan bare henvise fra en tjeneste der du har rollen henviser."),
    },
)

FILTERS: Final[dict[SentFilter, Sentence]] = {
    SentFilter.OPEN: _l("Alle åpne"),
    SentFilter.TO_DO: _l("Du må gjøre noe"),
    SentFilter.OVERDUE: _l("Over fristen"),
    SentFilter.WAITING: _l("Venter på andre"),
    SentFilter.DRAFTS: _l("Utkast"),
    SentFilter.CLOSED: _l("Avsluttet"),
}
EMPTY: Final[dict[SentFilter, Sentence]] = {
    SentFilter.OPEN: _l("Dere har ingen åpne henvisninger."),
    SentFilter.TO_DO: _l("Ingen henvisninger venter på dere."),
    SentFilter.OVERDUE: _l("Ingen frister er ute."),
    SentFilter.WAITING: _l("Ingen henvisninger venter på andre."),
    SentFilter.DRAFTS: _l("Dere har ingen utkast."),
    SentFilter.CLOSED: _l("Ingen henvisninger er avsluttet ennå."),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One referral in the list."""

    row: CaseRow
    url: str
    name: str = field(repr=False)
    place: str
    tag: Sentence
    tone: parts.Tone
    ask: str
    """What the reader's side must do; nothing where the next move is somebody else's."""
    days: str
    is_late: bool


# --- lists -----------------------------------------------------------------------------------------------------


@blueprint.get("/")
@allow(Role.REFERRER)
def list_sent() -> ResponseReturnValue:
    """Show my agency's referrals; filters are links with counts."""
    wanted = _wanted()
    with web.transaction() as session:
        page = referrals.list_sent(
            session, by=current_staff(), now=now(), wanted=wanted, after=_cursor(request.args.get("etter", ""))
        )
        lines = [_line(session, row) for row in page.rows]
    filters = [
        parts.Filter(
            text=text,
            url=url_for(".list_sent", vis=name.value),
            count=page.counts.get(name.value),
            is_capped=page.counts.get(name.value) == referrals.COUNT_CAP,
            is_current=name is wanted,
        )
        for name, text in FILTERS.items()
    ]
    return render_template(
        "referral/sending/list.html",
        lines=lines,
        filters=filters,
        empty=EMPTY[wanted],
        more=url_for(".list_sent", vis=wanted.value, etter=_cursor_text(page.next)) if page.next else None,
    )


@blueprint.get("/sok")
@allow(Role.REFERRER)
def searched() -> ResponseReturnValue:
    """Lead back to the list: what was searched for is never in an address."""
    return redirect(url_for(".list_sent"))


@blueprint.post("/sok")
@allow(Role.REFERRER)
def search() -> ResponseReturnValue:
    """Search all my agency's referrals by name, national number or reference."""
    text = request.form.get("q", "").strip()[:100]
    if not text:
        return redirect(url_for(".list_sent"))
    with web.transaction() as session:
        page = referrals.list_sent(session, by=current_staff(), now=now(), text=text)
        lines = [_line(session, row) for row in page.rows]
    return render_template("referral/sending/list.html", lines=lines, q=text, filters=[], more=None)


# --- one referral ----------------------------------------------------------------------------------------------


@blueprint.get("/<uuid:referral>")
@allow(Role.REFERRER)
def show(referral: UUID) -> ResponseReturnValue:
    """Show where a referral stands: who has it, what happens now, by which date, and what I may do."""
    turn = turn_of(referral)
    with web.transaction() as session:
        case = referrals.show(session, turn)
        if case.standing.status is Status.DRAFT:
            return redirect(url_for(".write", referral=referral))
        return render_template("referral/sending/show.html", **tracking(session, case, turn.now))


@blueprint.get("/<uuid:referral>/vedlegg/<uuid:attachment>")
@allow(Role.REFERRER)
def attachment(referral: UUID, attachment: UUID) -> ResponseReturnValue:
    """Give a file of the referral; that is logged."""
    with web.transaction() as session:
        about, data = referrals.attachment(session, turn_of(referral), AttachmentId(attachment))
    answer = Response(data, content_type=about.content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=about.title)
    return answer


def turn_of(referral: UUID, seen: Version | None = None) -> Turn:
    """Return who acts on which referral now, at the referrer's side."""
    return Turn(referral=ReferralId(referral), by=current_staff(), now=now(), side=Side.REFERRER, seen=seen)


def tracking(session: Session, case: Case, at: datetime) -> dict[str, object]:
    """Return everything the tracking page shows of a case."""
    standing = case.standing
    scene = scenes.scene_of(session, standing, Side.REFERRER, now=at, delivery=case.delivery)
    hidden_until = refusal_shown_from(standing)
    places = names.of_authors(session, (entry.author for entry in case.history))
    to = service_or_none(session, case)
    return {
        "case": case,
        "standing": standing,
        "scene": scene,
        "label": words.label(scene),
        "banner": words.banner(scene, case.next),
        "steps": words.timeline(scene),
        "sections": words.sections(case.content, local_date(at)),
        "history": [words.happened(entry, places, is_paper=scene.is_paper) for entry in reversed(case.history)],
        "may_copy": may_copy(case),
        "sent_on_by": sent_on_by(session, case),
        "delivery": deliveries.steps_of(case.delivery, infected=case.infected),
        "outcome": words.outcome_texts(standing.outcome),
        "attachment_url": attachment_url(case),
        "responsible": scene.place if holder(standing.status) is Side.RECEIVER else scene.referrer,
        "to": to,
        "receiver": None if to is None else addressbook.standing_of(session, to, today=local_date(at)),
        "undo_seconds": undo_seconds(case, at),
        "acts": acts_of(case, at),
        "told": told.open_now(case),
        "may_answer": Act.ANSWER in case.acts and bool(unanswered(case)),
        "questions": unanswered(case),
        "pending": [(ACTS_BY_KIND[each.kind], each) for each in standing.pending if each.kind in ACTS_BY_KIND],
        "patient_label": words.label(_patients(session, case, at)),
        "patient_waits_until": hidden_until if hidden_until is not None and hidden_until > at else None,
        "is_refused": isinstance(standing.outcome, Refusal),
        "done": DONE.get(request.args.get("gjort", "")),
    }


DONE: Final = {page.slug: page.done for page in ACTS}
ACTS_BY_KIND: Final = {page.kind: page for page in ACTS if page.kind is not None}


def undo_time() -> timedelta:
    """Return for how long a sending can be undone at this node."""
    settings: Settings = current_app.extensions["handover.settings"]
    return timedelta(seconds=settings.undo_seconds)


def attachment_url(case: Case) -> Callable[[AttachmentId], str]:
    """Return what gives the address of a file of this case."""
    return lambda file: url_for(".attachment", referral=case.standing.referral, attachment=file)


def acts_of(case: Case, at: datetime) -> list[ActPage]:
    """Return what the referrer may do now, beside answering, as links."""
    if undo_seconds(case, at):
        return []
    open_now = [page for page in ACTS if page.is_link and page.act in case.acts and not _asked_already(case, page)]
    return [page for page in open_now if page.act is not Act.RETRACT or not case.standing.undelivered]


def may_copy(case: Case) -> bool:
    """Whether the texts may be taken to a new draft: the referral is over, or never arrived."""
    return case.standing.status in ENDED or case.standing.undelivered


def sent_on_by(session: Session, case: Case) -> str:
    """Return the service that sent the referral on to the one that holds it; empty on the first leg."""
    standing = case.standing
    before = standing.holders[: max(0, standing.version.leg - 1)]
    return names.of_party(session, before[-1]) if before else ""


def unanswered(case: Case) -> tuple[Question, ...]:
    """Return the questions no answer is on its way for."""
    on_the_way = {question for each in case.standing.pending for question in each.questions}
    return tuple(each for each in case.standing.questions if each.id not in on_the_way)


def undo_seconds(case: Case, at: datetime) -> int:
    """Return for how many seconds the sending can still be undone; 0 when it has left."""
    is_sent = case.standing.status is Status.SENT
    return case.delivery.undo_seconds(at) if is_sent and case.delivery is not None else 0


def service_or_none(session: Session, case: Case) -> Service | None:
    """Return the service that holds the referral, or is to receive it, as the directory has it."""
    holder = case.standing.holder
    if holder is None or not holder.service:
        return None
    try:
        return directory.service_of(session, holder.service)
    except NotFound:
        return None


def _asked_already(case: Case, page: ActPage) -> bool:
    return page.is_once and any(each.kind is page.kind for each in case.standing.pending)


def _patients(session: Session, case: Case, at: datetime) -> words.Scene:
    return scenes.scene_of(session, for_patient(case.standing, at), Side.PATIENT, now=at, delivery=case.delivery)


def _line(session: Session, row: CaseRow) -> Line:
    state = _state(row)
    is_draft = row.status is Status.DRAFT
    place = names.of_party(session, row.holder, row.counterpart)
    ask = "" if row.step is None or is_draft else words.asked_of(row.step, place=place)
    return Line(
        row=row,
        url=url_for(".write" if is_draft else ".show", referral=row.referral),
        name=row.name or _("Uten navn"),
        place=place,
        tag=words.TAGS[state],
        tone=words.TONES[state],
        ask=ask,
        days=date_of_step(row) if ask else _days(row),
        is_late=row.is_overdue or row.is_undelivered,
    )


def _days(row: CaseRow) -> str:
    return "" if row.days_left is None else dates.working_days_left(row.days_left)


def _state(row: CaseRow) -> words.State:
    if row.is_undelivered:
        return words.Turned.UNDELIVERED
    return words.Turned.OVERDUE if row.days_left is not None and row.days_left < 0 else row.status


def _wanted() -> SentFilter:
    try:
        return SentFilter(request.args.get("vis", SentFilter.OPEN.value))
    except ValueError:
        return SentFilter.OPEN


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    at, _sep, last = text.partition("_")
    try:
        return datetime.fromisoformat(at), UUID(last)
    except ValueError:
        return None


def _cursor_text(cursor: tuple[datetime, UUID]) -> str:
    return f"{cursor[0].isoformat()}_{cursor[1]}"
