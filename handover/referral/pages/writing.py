"""The referrer's drafts: begin, write (kept on the server), choose the recipient, look it over, send."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from handover import web
from handover.access import allow, current_staff
from handover.access.guard import note_refusal
from handover.actors import Role, Staff
from handover.addressbook import service as addressbook
from handover.addressbook.pages.ways import Begin, Errand, Way, add_lately, add_way
from handover.clock import now
from handover.consent.model import MayNotTravel
from handover.consent.words import obstacle_sentence
from handover.directory import names
from handover.directory import service as directory
from handover.directory.model import Service
from handover.errors import Conflict, Invalid, NotFound
from handover.exchange.files import BadFile
from handover.exchange.handed_in import HandedIn, named
from handover.ids import PersonId, ReferralId, ServiceId
from handover.message.pages.origins import Opening, Origin, add_origin
from handover.moves import MoveNotAllowed
from handover.person import age
from handover.person.age import TooYoung, refuse_under_age
from handover.referral import schema, sharing, words
from handover.referral import service as referrals
from handover.referral.lifecycle import Side, Status
from handover.referral.model import AttachmentId, ReferralContent
from handover.referral.pages.asking import FILE_SENTENCES, moved_page
from handover.referral.pages.sending import attachment_url, blueprint, may_copy, turn_of, undo_time
from handover.referral.service import Case, StaleDraft, TakesNoReferrals, Turn
from handover.referral.store import known_to
from handover.web.forms import REFUSED, Form
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import local_date

_MOVED: Final = 409
SENTENCES: Final[dict[str, Text]] = {
    "to.required": _l("Velg hvem henvisningen skal til."),
    "to.takes-no-referrals": _l("Tjenesten tar ikke imot henvisninger nå. Velg en annen."),
    "to.closed": _l("Tjenesten er stengt nå. Velg en annen. Det du har skrevet, er lagret."),
    "given.required": _l("Skriv fornavnet til pasienten."),
    "family.required": _l("Skriv etternavnet til pasienten."),
    "birth_date.required": _l("Skriv fødselsdatoen til pasienten."),
    **age.SENTENCES,
    "problem.required": _l("Skriv hva problemet er."),
    "consent.required": _l("Velg om pasienten har sagt ja til henvisningen."),
    "wish_text.required": _l("Skriv hva som ønskes."),
    "code.required": _l("Skriv koden, eller tøm raden."),
    "code.syntax": _l("Skriv koden slik den står i kodeverket, for eksempel F41.1 eller P76."),
    "name.required": _l("Skriv navnet, eller tøm raden."),
    "trusted_name.required": _l("Skriv navnet på tillitspersonen."),
    "referrer_phone.required": _l(
        "Telefonnummeret ditt mangler. Be den som styrer tilgangene hos dere legge det inn."
    ),
    "patient.required": _l("Skriv hvem pasienten er."),
    **FILE_SENTENCES,
}
WARNINGS: Final[dict[str, Sentence]] = {
    "number.missing": _l("Fødselsnummer mangler. Mottakeren må finne ut hvem pasienten er."),
    "number.check-digits": _l("Kontrollsifrene i fødselsnummeret stemmer ikke. Sjekk at det er skrevet riktig."),
    "number.birth-date": _l("Fødselsdatoen passer ikke til fødselsnummeret. Sjekk at begge er riktige."),
    "number.date": _l("Fødselsnummeret begynner ikke med en gyldig dato. Sjekk at det er skrevet riktig."),
    "number.length": _l("Fødselsnummeret har feil lengde. Sjekk at det er skrevet riktig."),
    "number.not-digits": _l("Fødselsnummeret skal bare ha siffer. Sjekk at det er skrevet riktig."),
}
LABELS: Final[dict[str, Sentence]] = {
    "given": _l("Fornavn"),
    "family": _l("Etternavn"),
    "birth_date": _l("Fødselsdato"),
    "number": _l("Fødselsnummer eller D-nummer"),
    "phone": _l("Telefon"),
    "street": _l("Gateadresse"),
    "postal_code": _l("Postnummer"),
    "city": _l("Poststed"),
    "to": _l("Mottaker"),
    "urgency": _l("Hvor raskt trengs hjelpen?"),
    "wish": _l("Hva ønskes?"),
    "wish_text": _l("Mer om hva som ønskes"),
    "problem": _l("Hva er problemet?"),
    "history": _l("Sykehistorie og tidligere behandling"),
    "functioning": _l("Hvordan fungerer hverdagen?"),
    "medications": _l("Medisiner"),
    "risk": _l("Risiko"),
    "network": _l("Nettverk"),
    "consent": _l("Har pasienten sagt ja til henvisningen?"),
    "consent_text": _l("Mer om pasientens ja"),
    "wished_contact": _l("Ønsket kontaktperson hos mottakeren"),
    "can_join": _l("Jeg kan være med på første time"),
    "interpreter": _l("Tolk"),
    "interpreter_text": _l("Mer om tolk"),
    "diagnoses": _l("Diagnoser"),
    "next_of_kin": _l("Pårørende"),
    "helpers": _l("Andre som hjelper"),
    "trusted_name": _l("Tillitsperson"),
}
"""What the fields are called, wherever two texts are set side by side."""


KNOWN_ALREADY: Final = _l(
    "Vi kjenner noen med samme navn og fødselsdato. Gå til «Se hva pasienten har valgt om deling», og si om det er"
    " samme person. Da blir det pasienten har valgt før, fulgt."
)
"""What keeps a draft about somebody without a number from being sent until somebody has said who it is."""


@dataclass(frozen=True, kw_only=True)
class Differing:
    """A field in which two writers' texts differ."""

    label: str
    mine: str = field(repr=False)
    theirs: str = field(repr=False)


def _way(staff: Staff, service: Service, today: date, errand: Errand) -> Begin | None:
    """Offer a referrer to begin a referral to the service, or to choose it for the draft that looks for one."""
    if not (staff.has(Role.REFERRER) and service.takes_referrals and service.is_open_on(today)):
        return None
    if errand.draft is not None:
        text = _l("Velg %(service)s", service=service.name)
        return Begin(text=text, url=url_for("sending.choose_recipient", referral=errand.draft), field="til")
    text = _l("Skriv henvisning til %(service)s", service=service.name)
    return Begin(text=text, url=url_for("sending.begin"), field="til")


add_way(
    blueprint,
    Way(
        order=20,
        what="henvisning",
        offer=_way,
        draft_url=lambda draft: url_for("sending.write", referral=draft),
    ),
)
add_lately(blueprint, referrals.written_to)


def _patient_at(side: Side) -> Callable[[Session, Opening], PersonId | None]:
    """Return what opens a referral on that side, so that a message about its patient can begin there."""

    def opens(session: Session, opening: Opening) -> PersonId | None:
        turn = Turn(referral=ReferralId(opening.case), by=opening.by, now=opening.now, side=side, at=opening.at)
        return referrals.patient_of(session, turn)

    return opens


add_origin(blueprint, Origin(kind="henvisning", opens=_patient_at(Side.REFERRER), knows=known_to))
add_origin(blueprint, Origin(kind="mottatt", opens=_patient_at(Side.RECEIVER), knows=known_to))

# --- begin -----------------------------------------------------------------------------------------------------


@blueprint.get("/ny")
@allow(Role.REFERRER)
def begin_with() -> ResponseReturnValue:
    """Lead to the address book: a referral begins with whom it is for."""
    return redirect(url_for("addressbook.find"))


@blueprint.post("/ny")
@allow(Role.REFERRER)
def begin() -> ResponseReturnValue:
    """Begin a draft to a service; who works at several services is asked which one refers."""
    by, to = current_staff(), ServiceId(request.form.get("til", ""))
    with web.transaction() as session:
        receiver = directory.service_of(session, to)
        homes = my_services(session, by)
        chosen = request.form.get("fra") or (homes[0].id if len(homes) == 1 else "")
        if not chosen:
            return render_template("referral/sending/from.html", homes=homes, to=receiver)
        stored = referrals.create_draft(session, by=by, service=ServiceId(chosen), now=now(), to=to)
    return redirect(url_for(".write", referral=stored.standing.referral))


@blueprint.post("/<uuid:referral>/kopi")
@allow(Role.REFERRER)
def copy(referral: UUID) -> ResponseReturnValue:
    """Begin a new draft with the texts of a referral that is over or never arrived; its files do not follow."""
    turn = turn_of(referral)
    with web.transaction() as session:
        case = referrals.show(session, turn)
        if not may_copy(case):
            raise MoveNotAllowed(status=case.standing.status.value, act="copy")
        stored = referrals.create_draft(
            session,
            by=turn.by,
            service=case.standing.home.service,
            now=turn.now,
            content=replace(case.content, attachments=()),
        )
    return redirect(url_for(".write", referral=stored.standing.referral))


@blueprint.post("/<uuid:referral>/mottaker")
@allow(Role.REFERRER)
def choose_recipient(referral: UUID) -> ResponseReturnValue:
    """Send an existing draft to another service; the rest of it stays as it is."""
    turn, to = turn_of(referral), ServiceId(request.form.get("til", ""))
    with web.transaction() as session:
        case = referrals.show(session, turn)
        referrals.save_draft(session, turn, case.content, to=to, revision=case.revision)
    return redirect(url_for(".write", referral=referral))


# --- write -----------------------------------------------------------------------------------------------------


@blueprint.get("/<uuid:referral>/skriv")
@allow(Role.REFERRER)
def write(referral: UUID) -> ResponseReturnValue:
    """Show a draft as it was kept; with `sjekk` also everything that keeps it from being sent."""
    turn = turn_of(referral)
    with web.transaction() as session:
        case = referrals.show(session, turn)
        if case.standing.status is not Status.DRAFT:
            return redirect(url_for(".show", referral=referral))
        filled = _filled(case)
        if "sjekk" in request.args:
            missing = _problems(session, case, turn.now)
            filled = Form(filled.values, Form.refused(_NONE, missing, _sentences(missing)).errors)
        if obstacle := _obstacle(session, case, turn.now):
            filled = Form(filled.values, {**filled.errors, "to": obstacle})
        return _write_page(session, case, filled)


@blueprint.post("/<uuid:referral>/skriv")
@allow(Role.REFERRER)
def keep(referral: UUID) -> ResponseReturnValue:
    """Keep the draft, then go where the button led: on writing, to files, to the recipient, or to the preview."""
    turn = turn_of(referral)
    wanted = request.form.get("act", "save")
    handed = HandedIn(request.files.getlist("attachments"))
    try:
        _save(turn)
        _change_files(turn, wanted, handed)
    except StaleDraft as stale:
        return _stale_page(turn, stale), _MOVED
    except Invalid as refused:
        return _refused_page(turn, refused), REFUSED
    except Conflict as moved:
        return moved_page(turn, moved), _MOVED
    return redirect(_next_page(turn, wanted))


@blueprint.post("/<uuid:referral>/lagre")
@allow(Role.REFERRER)
def autosave(referral: UUID) -> ResponseReturnValue:
    """Keep what is being written; answers with the revision the next save names. Odd fields wait."""
    turn = turn_of(referral)
    try:
        revision = _save(turn)
    except (Invalid, Conflict) as refused:
        note_refusal(refused)
        return Response(status=_MOVED)
    return Response(status=204, headers={"X-Revision": str(revision)})


@blueprint.post("/<uuid:referral>/slett")
@allow(Role.REFERRER)
def discard(referral: UUID) -> ResponseReturnValue:
    """Remove a draft that was never sent."""
    turn = turn_of(referral)
    try:
        with web.transaction() as session:
            referrals.discard_draft(session, turn)
    except Conflict as moved:
        return moved_page(turn, moved), _MOVED
    return redirect(url_for(".list_sent"))


# --- see and send ----------------------------------------------------------------------------------------------


@blueprint.get("/<uuid:referral>/se-over")
@allow(Role.REFERRER)
def preview(referral: UUID) -> ResponseReturnValue:
    """Show the referral as the receiver will see it, with what looks odd, before it is sent."""
    turn = turn_of(referral)
    with web.transaction() as session:
        case = referrals.show(session, turn)
        if case.standing.status is not Status.DRAFT:
            return redirect(url_for(".show", referral=referral))
        if _problems(session, case, turn.now).fields or _obstacle(session, case, turn.now):
            return redirect(url_for(".write", referral=referral, sjekk=1))
        to = _recipient(session, case)
        return render_template(
            "referral/sending/preview.html",
            case=case,
            standing=case.standing,
            to=to,
            to_name=names.of_party(session, case.standing.holder),
            from_name=names.of_party(session, case.standing.home),
            sections=words.sections(case.content, local_date(turn.now)),
            warnings=_warnings(case.content),
            attachment_url=attachment_url(case),
            undo_seconds=int(undo_time().total_seconds()),
        )


@blueprint.post("/<uuid:referral>/send")
@allow(Role.REFERRER)
def send(referral: UUID) -> ResponseReturnValue:
    """Send exactly what was previewed: a draft that changed since is shown again instead."""
    turn = turn_of(referral)
    try:
        with web.transaction() as session:
            case = referrals.show(session, turn)
            if case.standing.status is Status.DRAFT and request.form.get("revision") != str(case.revision):
                raise StaleDraft
            referrals.send(session, turn, undo=undo_time())
    except StaleDraft as stale:
        note_refusal(stale)
        return redirect(url_for(".preview", referral=referral, endret=1))
    except Invalid as refused:
        return _refused_page(turn, refused, sent=False), REFUSED
    except MayNotTravel as forbidden:
        note_refusal(forbidden)
        return redirect(url_for(".write", referral=referral, sjekk=1))
    except Conflict as moved:
        return moved_page(turn, moved), _MOVED
    return redirect(url_for(".show", referral=referral))


def my_services(session: Session, by: Staff) -> list[Service]:
    """Return the services the staff member may refer from, by name."""
    held = by.services(Role.REFERRER)
    return [each for each in directory.services_of(session, by.agency) if None in held or each.id in held]


_NONE: Final[MultiDict[str, str]] = MultiDict()


def _save(turn: Turn) -> int:
    """Keep the form as a draft; the same text twice is no conflict. Returns the new revision."""
    written = schema.read(request.form)
    text = request.form.get("revision", "")
    revision = int(text) if text.isascii() and text.isdecimal() else -1
    try:
        with web.transaction() as session:
            return referrals.save_draft(session, turn, written.content, to=written.to, revision=revision).revision
    except StaleDraft:
        with web.transaction() as session:
            case = referrals.show(session, turn)
            if _differences(written, case):
                raise
            return case.revision
    except NotFound as gone:
        if gone.stable_code != "directory.no-service":
            raise
        raise TakesNoReferrals(fields={"to": ["takes-no-referrals"]}) from None


def _differences(written: schema.Written, case: Case) -> dict[str, tuple[str, str]]:
    typed = schema.values(written.content, service=None, to=written.to)
    return schema.differences(typed, _filled(case).values)


def _change_files(turn: Turn, wanted: str, handed: HandedIn) -> None:
    with web.transaction() as session:
        handed.keep(lambda name, data: referrals.add_attachment(session, turn, name, data))
        verb, _sep, attachment = wanted.partition(":")
        if verb == "remove":
            referrals.remove_attachment(session, turn, AttachmentId(UUID(attachment)))
    handed.check()


def _next_page(turn: Turn, wanted: str) -> str:
    referral = turn.referral
    if wanted == "preview":
        return url_for(".preview", referral=referral)
    if wanted == "recipient":
        return url_for("addressbook.find", utkast=referral)
    anchor = "vedlegg" if wanted == "upload" or wanted.startswith("remove:") else None
    anchor = wanted.removeprefix("rows:") if wanted.startswith("rows:") else anchor
    return url_for(".write", referral=referral, gjort="lagret", _anchor=anchor)


def _filled(case: Case) -> Form:
    return Form(schema.values(case.content, service=None, to=_to(case)))


def _to(case: Case) -> ServiceId | None:
    return case.standing.holder.service if case.standing.holder else None


def _problems(session: Session, case: Case, at: datetime) -> Invalid:
    found = schema.problems(case.content, _to(case))
    to = _recipient(session, case)
    if to is not None and not to.is_open_on(local_date(at)):
        found["to"] = ["closed"]
    if case.content.patient is not None:
        try:
            refuse_under_age(case.content.patient.birth_date, at)
        except TooYoung as young:
            found |= young.fields
    return Invalid("referral.incomplete", fields=found)


def _obstacle(session: Session, case: Case, at: datetime) -> Text:
    """Return what keeps the draft from its receiver: who the patient is, or what they chose; else nothing."""
    standing = case.standing
    if sharing.is_unsettled(session, standing, case.content):
        return KNOWN_ALREADY
    refused = sharing.obstacle(
        session, standing.home, case.content, _to(case), now=at, person_known=standing.person
    )
    return "" if refused is None else obstacle_sentence(refused)


def _warnings(content: ReferralContent) -> list[Sentence]:
    return [WARNINGS[code] for code in schema.number_warnings(content) if code in WARNINGS]


def _recipient(session: Session, case: Case) -> Service | None:
    to = _to(case)
    try:
        return None if to is None else directory.service_of(session, to)
    except NotFound:
        return None


def _sentences(refused: Invalid) -> dict[str, Text]:
    """Return a sentence for each refused field; rows share those of their part (`diagnoses-0-code` -> `code`)."""
    found = dict(SENTENCES)
    for name, codes in refused.fields.items():
        part = name.rsplit("-", 1)[-1]
        found |= {f"{name}.{code}": SENTENCES[f"{part}.{code}"] for code in codes if f"{part}.{code}" in SENTENCES}
    return found


def _refused_page(turn: Turn, refused: Invalid, *, sent: bool = True) -> str:
    """Return the form with everything that was typed and a sentence for each field (`sent`: the form was)."""
    why = refused
    if isinstance(refused, TakesNoReferrals | BadFile) or not sent:
        refused = Invalid(refused.stable_code, fields=_own_names(refused.fields))
    with web.transaction() as session:
        case = referrals.show(session, turn)
        filled = Form.refused(request.form, refused, _sentences(refused))
        filled = named(filled, "attachments", why, FILE_SENTENCES)
        return _write_page(session, case, filled if sent else Form(_filled(case).values, filled.errors))


def _own_names(fields: dict[str, list[str]]) -> dict[str, list[str]]:
    return {("attachments" if name == "file" else name): codes for name, codes in fields.items()}


def _stale_page(turn: Turn, stale: StaleDraft) -> str:
    """Return the form with the writer's text, and what somebody else has kept meanwhile beside it."""
    note_refusal(stale)
    with web.transaction() as session:
        case = referrals.show(session, turn)
        pairs = _differences(schema.read(request.form), case)
        differing = [Differing(label=_label(name), mine=pair[0], theirs=pair[1]) for name, pair in pairs.items()]
        return _write_page(session, case, Form.sent(request.form), differing=differing)


def _label(name: str) -> str:
    group = name.split("-")[0]
    known = LABELS.get(name) or LABELS.get(group) or LABELS.get("trusted_name" if "trusted" in name else "")
    return str(known or name)


def _write_page(session: Session, case: Case, filled: Form, differing: list[Differing] | None = None) -> str:
    to = _recipient(session, case)
    return render_template(
        "referral/sending/write.html",
        case=case,
        standing=case.standing,
        form=filled,
        differing=differing or [],
        to=to,
        receiver=None if to is None else addressbook.standing_of(session, to, today=local_date(now())),
        to_name=names.of_party(session, case.standing.holder),
        from_name=names.of_party(session, case.standing.home),
        rows={group: schema.rows_of(filled.values, group) for group in schema.ROWS},
        warnings=_warnings(case.content) if case.content.patient else [],
        labels=LABELS,
        urgencies=[(code.value, text) for code, text in words.URGENCIES.items() if code.value != "0"],
        wishes=words.choices("wishes"),
        consents=words.choices("consents"),
        systems=[(code.value, text) for code, text in words.CODE_SYSTEMS.items()],
        interpreters=words.choices("interpreter_languages"),
        done=request.args.get("gjort", ""),
    )
