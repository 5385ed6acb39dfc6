"""Ready texts of a service: what its people write again and again."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow, current_staff
from handover.actors import Staff
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.clock import now
from handover.errors import Invalid, NotFound
from handover.ids import ServiceId
from handover.team import service as team
from handover.team.model import ReadyText, ReadyTextId
from handover.team.words import title_of
from handover.web.forms import REFUSED, Form
from handover.web.i18n import LANGUAGES, Sentence, Text
from handover.web.i18n import lazy_gettext as _l
from handover.worklist.desk import RECEIVERS, WORKERS, blueprint, service_of

TEXT_KINDS: Final[Mapping[str, Sentence]] = {
    "ask": _l("Spørsmål til henviser"),
    "reject": _l("Begrunnelse når det ikke er rett til behandling"),
    "advice": _l("Råd om hva som kan hjelpe nå"),
    "complaint": _l("Hvordan klage"),
    "next_step": _l("Hva som skjer videre"),
    "no_show": _l("Når pasienten ikke kom"),
    "redirect": _l("Hvorfor saken sendes videre"),
    "message": _l("Meldinger"),
}
_OF_MESSAGES: Final = "message"
"""The one kind that services use which take no referrals."""
_SENTENCES: Final[Mapping[str, Text]] = {
    "title.required": _l("Skriv en tittel."),
    "kind.choice": _l("Velg hva teksten brukes til."),
    "text_nb.required": _l("Skriv teksten på minst ett språk."),
}
_MAX_TEXT: Final = 4000
_MAX_TITLE: Final = 200


@blueprint.get("/arbeidsliste/<service>/tekster")
@allow(*WORKERS)
def texts(service: str) -> ResponseReturnValue:
    """Show a service's ready texts, each to be changed, and an empty one."""
    return _texts_page(ServiceId(service), Form())


@blueprint.post("/arbeidsliste/<service>/tekster")
@allow(*WORKERS)
def save_text(service: str) -> ResponseReturnValue:
    """Save one ready text, in one language or more; one that is emptied is taken away."""
    staff, wanted = current_staff(), ServiceId(service)
    try:
        text = _read_text(request.form, _kinds(staff, wanted))
        with web.transaction() as session:
            service_of(session, staff, wanted)
            made = team.save_text(session, wanted, text, by=staff, now=now())
            audit.record(
                session,
                event=Logged.TEXT_SAVE,
                actor=staff,
                agency=staff.agency,
                subject=made,
                service=wanted,
                now=now(),
            )
    except Invalid as refused:
        return _texts_page(wanted, Form.refused(request.form, refused, _SENTENCES)), REFUSED
    return redirect(url_for(".texts", service=service, gjort="tekst"))


def _texts_page(service: ServiceId, form: Form) -> str:
    with web.reading() as session:
        here = service_of(session, current_staff(), service)
        found = team.ready_texts(session, here.agency, service)
    return render_template(
        "worklist/texts.html",
        here=here,
        texts=found,
        kinds=_kinds(current_staff(), service),
        title_of=title_of,
        written_in=LANGUAGES,
        form=form,
        is_done=_is_done(),
    )


def _kinds(staff: Staff, service: ServiceId) -> Mapping[str, Sentence]:
    """Return what the texts of a service are used for by such staff."""
    if any(staff.has(role, service) for role in RECEIVERS):
        return TEXT_KINDS
    return {_OF_MESSAGES: TEXT_KINDS[_OF_MESSAGES]}


def _read_text(sent: Mapping[str, str], kinds: Mapping[str, Sentence]) -> ReadyText:
    title, kind = (sent.get(name, "").strip() for name in ("title", "kind"))
    written = {tag: sent.get(f"text_{tag}", "").strip() for tag in LANGUAGES}
    texts = {tag: text for tag, text in written.items() if text}
    checks = {
        "title": "required" if not title else "too-long" if len(title) > _MAX_TITLE else "",
        "kind": "" if kind in kinds else "choice",
        "text_nb": "required" if not texts and "id" not in sent else "",
    }
    checks |= {f"text_{tag}": "too-long" for tag, text in texts.items() if len(text) > _MAX_TEXT}
    problems = {name: [code] for name, code in checks.items() if code}
    if problems:
        raise Invalid("worklist.bad-text", fields=problems)
    return ReadyText(id=_text_id(sent.get("id", "")), kind=kind, title=title, texts=texts)


def _text_id(text: str) -> ReadyTextId | None:
    try:
        return ReadyTextId(UUID(text)) if text else None
    except ValueError:
        raise NotFound from None


def _is_done() -> bool:
    return request.args.get("gjort") == "tekst"
