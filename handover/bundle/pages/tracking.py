"""The sender follows a handover: where it is, who is responsible, what was asked, and what may be done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import allow
from handover.access.guard import note_refusal
from handover.bundle import document
from handover.bundle import service as handovers
from handover.bundle.lifecycle import AT_SENDER, Act, Status
from handover.bundle.pages import putting_away
from handover.bundle.pages.desk import MOVED, SENDERS, blueprint, turn_of, undo_time
from handover.bundle.pages.sight import sight_of
from handover.bundle.service import Case, Turn
from handover.bundle.steps import TELLS_TRUSTED, untold
from handover.bundle.words import history as told
from handover.bundle.words.document import shown
from handover.bundle.words.timeline import timeline
from handover.directory import names
from handover.errors import Conflict, HandoverError, Invalid
from handover.exchange import words as deliveries
from handover.web.errors import sentence_for
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Sentence, Text
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l

Do = Callable[[Session, Turn, str], object]


@dataclass(frozen=True, kw_only=True)
class ActPage:
    """Something the sender may do, on a page of its own that says what follows from it."""

    slug: str
    act: Act
    link: Sentence
    lead: Sentence
    button: Sentence
    done: Sentence
    do: Do
    label: Sentence | None = None
    """Of the text it takes; None: it takes none."""
    field: str = "text"
    empty: Sentence | None = None


PAGES: Final = (
    ActPage(
        slug="beskjed",
        act=Act.NOTE_TO_RECEIVER,
        link=_l("Skriv til mottakeren"),
        lead=_l(
            "Mottakeren og pasienten kan lese det du skriver. Ikke skriv noe som pasienten lar bli igjen her."
        ),
        label=_l("Beskjeden din"),
        button=_l("Send beskjeden"),
        done=_l("Beskjeden er sendt."),
        empty=_l("Skriv det du vil si."),
        do=handovers.note_to_receiver,
    ),
    ActPage(
        slug="avslutt",
        act=Act.CLOSE,
        link=_l("Avslutt hos oss"),
        lead=_l("Overføringen blir liggende her, og pasienten kan fortsatt lese den."),
        label=_l("Hvem som følger opp nå"),
        field="follow_up",
        button=_l("Avslutt overføringen"),
        done=_l("Overføringen er avsluttet."),
        empty=_l("Skriv hvem som følger opp pasienten nå."),
        do=handovers.close,
    ),
    ActPage(
        slug="oppgi",
        act=Act.GIVE_UP,
        link=_l("Gi opp sendingen"),
        lead=_l("Overføringen går tilbake til dere. Pasienten må si ja på nytt før den kan sendes."),
        label=_l("Hvorfor"),
        field="reason",
        button=_l("Gi opp sendingen"),
        done=_l("Sendingen er gitt opp. Overføringen er tilbake hos dere."),
        empty=_l("Skriv hvorfor."),
        do=handovers.give_up,
    ),
    ActPage(
        slug="trekk",
        act=Act.WITHDRAW,
        link=_l("Trekk tilbake, slik pasienten ønsker"),
        lead=_l(
            "Bare pasienten bestemmer dette. Er den sendt, får mottakeren beskjed og må svare på hva de har gjort."
        ),
        button=_l("Pasienten trekker overføringen"),
        done=_l("Overføringen er trukket tilbake."),
        do=lambda session, turn, _text: handovers.withdraw(session, turn),
    ),
    ActPage(
        slug="gjenapne",
        act=Act.REOPEN,
        link=_l("Ta opp igjen, slik pasienten ønsker"),
        lead=_l("Det pasienten har valgt, står slik det var. Pasienten må si ja på nytt før noe sendes."),
        button=_l("Pasienten vil gå videre"),
        done=_l("Overføringen er tatt opp igjen."),
        do=lambda session, turn, _text: handovers.reopen(session, turn),
    ),
)
BY_SLUG: Final = {page.slug: page for page in PAGES}
_SLUG: Final = f"<any({','.join(BY_SLUG)}):slug>"
DONE: Final[dict[str, Text]] = {
    **{page.slug: page.done for page in PAGES},
    "ja": _l("Pasienten har sagt ja. Nå kan du sende overføringen."),
    "mer": _l("Pasienten har sagt ja til en ting til, og den er på vei til mottakeren."),
    "sagt-fra": _l("Det er skrevet inn, og pasienten kan lese det."),
    "angret": _l("Sendingen er angret. Ingenting er sendt."),
    "utsatt": putting_away.DONE,
}


# --- pages -----------------------------------------------------------------------------------------------------


@blueprint.get("/<uuid:handover>")
@allow(*SENDERS)
def show(handover: UUID) -> ResponseReturnValue:
    """Show where a handover stands; before the yes, the page it is written on."""
    turn = turn_of(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if case.standing.status in AT_SENDER and case.standing.status is not Status.APPROVED:
            return redirect(url_for(".write", handover=handover))
        return tracking_page(session, case, turn)


@blueprint.get("/<uuid:handover>/sendt")
@allow(*SENDERS)
def sent_document(handover: UUID) -> ResponseReturnValue:
    """Show what was sent, from the same bytes."""
    turn = turn_of(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if case.standing.sent_at is None:
            return redirect(url_for(".show", handover=handover))
        frozen = handovers.document_of(session, turn)
        return render_template(
            "bundle/desk/sent.html",
            standing=case.standing,
            sight=sight_of(session, case, turn),
            shown=shown(document.read(frozen.document)),
            file_url=lambda file: url_for(".file", handover=handover, file_id=case.file_id(file)),
        )


@blueprint.get(f"/<uuid:handover>/{_SLUG}")
@allow(*SENDERS)
def form(handover: UUID, slug: str) -> ResponseReturnValue:
    """Show what follows from an act before it is done, or where the handover stands when it isn't open now."""
    page, turn = BY_SLUG[slug], turn_of(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        if page.act not in case.acts:
            said = _("Det går ikke an å gjøre dette slik overføringen står nå. Ingenting er endret.")
            return tracking_page(session, case, turn, problem=said), MOVED
        return _form_page(case, page, Form())


@blueprint.post(f"/<uuid:handover>/{_SLUG}")
@allow(*SENDERS)
def do(handover: UUID, slug: str) -> ResponseReturnValue:
    """Do it once, and show where the handover stands; refused, the page keeps every text."""
    page, turn = BY_SLUG[slug], turn_of(handover)
    text = request.form.get(page.field, "")
    try:
        with web.transaction() as session:
            page.do(session, turn, text)
    except Invalid as refused:
        note_refusal(refused)
        problem = Invalid(refused.stable_code, fields={page.field: ["required"]})
        filled = Form.refused(request.form, problem, {"required": page.empty or sentence_for(refused)})
        with web.transaction() as session:
            return _form_page(handovers.case_of(session, turn), page, filled), REFUSED
    except Conflict as moved:
        return moved_page(turn, moved, kept=text)
    return redirect(url_for(".show", handover=handover, gjort=slug))


@blueprint.post("/<uuid:handover>/send")
@allow(*SENDERS)
def send(handover: UUID) -> ResponseReturnValue:
    """Send just what the patient said yes to; what is missing is said."""
    return _then_show(turn_of(handover), lambda session, turn: handovers.send(session, turn, undo=undo_time()))


@blueprint.post("/<uuid:handover>/angre")
@allow(*SENDERS)
def undo(handover: UUID) -> ResponseReturnValue:
    """Take back what has not left yet; the patient's yes stands."""
    return _then_show(turn_of(handover), handovers.undo_send, done="angret")


@blueprint.post("/<uuid:handover>/send-igjen")
@allow(*SENDERS)
def send_again(handover: UUID) -> ResponseReturnValue:
    """Send the same document again after it did not arrive."""
    return _then_show(
        turn_of(handover), lambda session, turn: handovers.send_again(session, turn, undo=undo_time())
    )


@blueprint.post("/<uuid:handover>/utsett")
@allow(*SENDERS)
def put_away(handover: UUID) -> ResponseReturnValue:
    """Put it away until a day, never past its date."""
    turn = turn_of(handover)

    def again(session: Session, case: Case) -> str:
        return tracking_page(session, case, turn, problem=putting_away.NOT_THAT_DAY)

    return putting_away.put_away(turn, again, then=url_for(".show", handover=handover, gjort="utsatt"))


def tracking_page(session: Session, case: Case, turn: Turn, *, problem: Text = "", kept: str = "") -> str:
    """Return the page that shows where a handover stands."""
    standing = case.standing
    sight = sight_of(session, case, turn)
    places = names.of_authors(session, (entry.author for entry in case.history))
    happened = [told.happened(entry, places) for entry in reversed(case.history)]
    return render_template(
        "bundle/desk/show.html",
        **putting_away.shown(session, case, turn),
        case=case,
        standing=standing,
        sight=sight,
        steps=timeline(sight.scene),
        said=[line for line in happened if line.entry.act in _SAID],
        history=happened,
        meeting=told.meeting_texts(standing.meeting),
        take_over=told.take_over_texts(standing.take_over),
        decline=told.decline_texts(standing.decline, _latest(case, Act.DECLINE)),
        withdrawal=told.withdrawal_texts(standing.withdrawal),
        acts=_links(case),
        trusted=told.trusted_of(standing),
        must_tell=standing.status in TELLS_TRUSTED and bool(untold(standing)),
        delivery=deliveries.steps_of(case.delivery, infected=case.infected),
        undo_seconds=undo_seconds(case, turn.now),
        was_sent=standing.sent_at is not None,
        may_copy=handovers.may_copy(standing),
        patient_sees=sight_of(session, case, turn),
        problem=problem,
        kept=kept,
        done=DONE.get(request.args.get("gjort", "")),
    )


def undo_seconds(case: Case, at: datetime) -> int:
    """Return for how many seconds the sending can still be undone; 0 when it has left."""
    is_sent = case.standing.status is Status.SENT
    return case.delivery.undo_seconds(at) if is_sent and case.delivery is not None else 0


def moved_page(turn: Turn, moved: HandoverError, *, kept: str = "") -> ResponseReturnValue:
    """Return where the handover stands, with one plain sentence; nothing was changed, no text is lost."""
    return tracking_page_of(turn, moved, kept=kept), MOVED


def tracking_page_of(turn: Turn, moved: HandoverError, *, kept: str = "") -> str:
    """Return the page that shows where a handover stands, after something was refused; `kept` is given back."""
    note_refusal(moved)
    said = sentence_for(moved) or _("Overføringen har endret seg siden du åpnet siden. Ingenting er endret nå.")
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
        return tracking_page(session, case, turn, problem=said, kept=kept)


_SAID: Final = frozenset({Act.ASK, Act.NOTE_TO_SENDER, Act.NOTE_TO_RECEIVER})


def _then_show(turn: Turn, do: Callable[[Session, Turn], Any], *, done: str | None = None) -> ResponseReturnValue:
    try:
        with web.transaction() as session:
            do(session, turn)
    except (Conflict, Invalid) as refused:
        return moved_page(turn, refused)
    return redirect(url_for(".show", handover=turn.handover, gjort=done))


def _form_page(case: Case, page: ActPage, filled: Form) -> str:
    return render_template("bundle/desk/act.html", standing=case.standing, page=page, form=filled)


def _latest(case: Case, act: Act) -> datetime | None:
    return next((entry.at for entry in reversed(case.history) if entry.act is act), None)


def _links(case: Case) -> list[ActPage]:
    return [page for page in PAGES if page.act in case.acts]
