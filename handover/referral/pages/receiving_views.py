"""What the receiver's pages show: everything is looked up in the transaction, and put on the page after it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from flask import url_for
from sqlalchemy.orm import Session

from handover.access import service as access
from handover.actors import Role, Staff
from handover.addressbook import service as addressbook
from handover.addressbook.model import Standing
from handover.clock import local
from handover.consent.words import obstacle_sentence
from handover.directory import names
from handover.directory import service as directory
from handover.directory.model import Service
from handover.referral import scenes, sharing, words
from handover.referral.cases import place_of
from handover.referral.deadlines import Deadline, latest_start_for_young, refusal_shown_at
from handover.referral.lifecycle import Act, Side, Status
from handover.referral.model import Acceptance, Appointment, Attachment, Entry, Party, Refusal, Urgency
from handover.referral.pages import acts
from handover.referral.pages.acts import BY_ACT, PAGES, ActPage
from handover.referral.pages.lateness import why_overdue
from handover.referral.service import Case, Turn
from handover.referral.steps import Step
from handover.referral.store import ROLES
from handover.referral.words import Label
from handover.team import service as team
from handover.team.words import Ready, kept, ready_in
from handover.web import dates
from handover.web.forms import CONTROLS, Form, Sent
from handover.web.i18n import Text, language
from handover.web.i18n import gettext as _
from handover.web.parts import Happened, Pairs
from handover.web.view import View
from handover.workdays import local_date

_SAID: Final = frozenset(
    {
        Act.ASK,
        Act.ANSWER,
        Act.ANSWER_PART,
        Act.SUPPLEMENT,
        Act.NOTE_TO_RECEIVER,
        Act.NOTE_TO_REFERRER,
        Act.REQUEST_WITHDRAWAL,
    }
)
"""What the two sides have said to each other after the referral."""
_FIRST: Final[Mapping[Status, tuple[Act, ...]]] = {
    Status.RECEIVED: (Act.TAKE, Act.ASSIGN),
    Status.ASSESSING: (Act.ACCEPT, Act.REJECT, Act.ASK, Act.REDIRECT),
    Status.INFO_REQUESTED: (Act.ACCEPT, Act.REJECT, Act.ASK, Act.REDIRECT),
    Status.ACCEPTED: (Act.SCHEDULE, Act.START),
    Status.SCHEDULED: (Act.START, Act.NO_SHOW, Act.RESCHEDULE, Act.CANCEL_APPOINTMENT),
    Status.STARTED: (Act.COMPLETE,),
    Status.WITHDRAWAL_REQUESTED: (Act.CONFIRM_WITHDRAWAL, Act.ACCEPT, Act.REJECT),
}
"""What stands at the top of a case in each status; the rest of what is open now stands further down."""
_MAX_SERVICES: Final = 12
_INSTANT: Final = timedelta(seconds=1)
"""Dates fall due at the midnight after them; an instant before is the last day in time."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """An outcome as the referrer and the patient will read it, before it is sent."""

    for_referrer: Label
    for_patient: Label
    texts: Pairs = field(repr=False)
    patient_sees: str
    """When the patient will see it (DESIGN rule 14)."""
    digest: str
    """Of the fields that were shown; other fields need a new look."""


@dataclass(frozen=True)
class Elsewhere:
    """Another service a case may be sent on to, and what people call it."""

    service: Service
    name: str
    place: Standing
    """Whether it is open, and its entry confirmed."""
    obstacle: Text = ""
    """Why the patient's choices forbid it, where they do."""


def case_page(
    session: Session,
    turn: Turn,
    case: Case,
    *,
    done: str = "",
    notice: Text = "",
    unsaved: Iterable[str] = (),
) -> View:
    """Return the page of a case: who has it, what must be done by when, what was said, what was written."""
    common = _common(session, turn, case)
    lines = _lines(session, case)
    return View(
        "referral/receiving/case.html",
        {
            **common,
            "sections": words.sections(case.content, local_date(turn.now)),
            "urgency": _urgency(case),
            "file_url": lambda file: _file_url(case, file),
            "outcome_texts": words.outcome_texts(case.standing.outcome),
            "banner": words.banner(common["scene"], case.next),
            "kept": kept(session, place_of(case.standing)),
            "steps": words.timeline(common["scene"]),
            "reasons": why_overdue(case),
            "first_acts": _first_acts(case, turn.by),
            "other_acts": _other_acts(case, turn.by),
            "conversation": [line for line in lines if line.entry.act in _SAID],
            "log": lines[::-1],
            "done": done,
            "notice": notice,
            "unsaved": [text for text in unsaved if text.strip()],
        },
    )


def form_page(
    session: Session,
    turn: Turn,
    case: Case,
    page: ActPage,
    form: Form,
    *,
    preview: Preview | None = None,
    notice: Text = "",
) -> View:
    """Return the page of one act's form."""
    values = {
        **_common(session, turn, case),
        "page": page,
        "form": form,
        "preview": preview,
        "notice": notice,
        "ready": _ready_texts(session, case, page),
        "young_start": _young_start(case),
    }
    if page.act is Act.ASSIGN:
        values["colleagues"] = _colleagues(session, case)
    if page.act is Act.REDIRECT:
        values["services"] = _services(session, turn, case, form.value("search"))
    return View(f"referral/receiving/{page.template}.html", values)


def known(session: Session, turn: Turn, case: Case, page: ActPage) -> dict[str, object]:
    """Return what a form is filled with from the start."""
    standing = case.standing
    if page.act in {Act.ACCEPT, Act.REJECT}:
        texts = _ready_texts(session, case, page).get("complaint", [])
        complaint = texts[0].text if texts else ""
        return {"assessor": turn.by.name, "assessor_phone": turn.by.phone, "complaint": complaint}
    if page.act is Act.RESCHEDULE and standing.appointment is not None:
        return _appointment_fields(standing.appointment)
    if page.act in {Act.SCHEDULE, Act.RESCHEDULE}:
        return {"with_whom": standing.assessor, "phone": names.phone_of(session, standing.home), "minutes": 60}
    if page.act is Act.START and standing.appointment is not None:
        return {"started_on": f"{local(standing.appointment.start):%d.%m.%Y}"}
    return {}


def with_ready_text(session: Session, turn: Turn, page: ActPage, form: Form, wish: str) -> Form:
    """Return the form with a ready text added to the field it was asked for; as it was for any other wish."""
    parts = wish.split(":")
    if len(parts) != 3 or parts[0] != "insert" or not parts[2].isdecimal():
        return form
    name, index = parts[1], int(parts[2])
    kind = page.ready_texts.get(name, "-")
    found = team.ready_texts(session, turn.by.agency, turn.at, kind) if turn.at else ()
    texts = ready_in(found, language())
    if index >= len(texts):
        return form
    written = form.value(name).rstrip()
    text = _filled(session, turn, texts[index].text)
    added = f"{written}\n\n{text}" if written else text
    return Form({**form.values, name: [added]}, form.errors)


def preview(turn: Turn, case: Case, page: ActPage, sent: Sent, session: Session) -> Preview:
    """Return an outcome as both will read it."""
    outcome: Acceptance | Refusal = acts.acceptance(sent) if page.act is Act.ACCEPT else acts.refusal(sent)
    status = Status.ACCEPTED if page.act is Act.ACCEPT else Status.REJECTED
    after = replace(case.standing, status=status, outcome=outcome, decided_at=turn.now, assessed_at=turn.now)
    scene = replace(scenes.scene_of(session, case.standing, Side.RECEIVER, now=turn.now), standing=after)
    return Preview(
        for_referrer=words.label(replace(scene, reader=Side.REFERRER)),
        for_patient=words.label(replace(scene, reader=Side.PATIENT)),
        texts=words.outcome_texts(outcome),
        patient_sees=_patient_sees(case, turn, status),
        digest=digest_of(sent),
    )


def digest_of(sent: Sent) -> str:
    """Return a digest of what was typed in a form."""
    typed = sorted(
        (name, text.replace("\r\n", "\n").strip()) for name, text in sent.items() if name not in CONTROLS
    )
    return hashlib.sha256(repr(typed).encode()).hexdigest()


def _common(session: Session, turn: Turn, case: Case) -> dict[str, Any]:
    scene = scenes.scene_of(session, case.standing, Side.RECEIVER, now=turn.now)
    return {
        "case": case,
        "standing": case.standing,
        "content": case.content,
        "patient": case.content.patient,
        "home": case.standing.home.service,
        "act_url": lambda slug: _act_url(case, slug),
        "may_hand_over": case.standing.status in _TREATED and _may_hand_over(turn.by, case),
        "scene": scene,
        "label": words.label(scene),
        "clock": _clock(case),
        "is_mine": case.standing.owner == turn.by.id,
    }


def _clock(case: Case) -> str:
    """Return the date everything turns on now: the answer's, or the next step's."""
    if case.days_left is not None and case.deadline is not None:
        day, left = dates.day(case.deadline.last_day), dates.working_days_left(case.days_left)
        return _("Svar senest %(day)s (%(left)s).", day=day, left=left)
    if case.next is None:
        return ""
    if case.next.step is Step.HOLD_FIRST_APPOINTMENT:
        return _("Første time er %(moment)s.", moment=dates.moment(case.next.due_at))
    return _("Senest %(day)s.", day=dates.day(case.next.due_at - _INSTANT))


def _first_acts(case: Case, reader: Staff) -> list[ActPage]:
    wanted = [BY_ACT[act] for act in _FIRST.get(case.standing.status, ())]
    return [page for page in wanted if _is_offered(page, case, reader)]


def _other_acts(case: Case, reader: Staff) -> list[ActPage]:
    elsewhere = {page.slug for page in _first_acts(case, reader)} | {BY_ACT[Act.INTERNAL_NOTE].slug}
    return [page for page in PAGES if page.slug not in elsewhere and _is_offered(page, case, reader)]


def _is_offered(page: ActPage, case: Case, reader: Staff) -> bool:
    """Whether the case allows it now, and it is not the reader's already."""
    is_theirs = page.act is Act.TAKE and case.standing.owner == reader.id
    return acts.is_open(page, case) and not is_theirs


def _lines(session: Session, case: Case) -> list[Happened[Entry]]:
    places = names.of_authors(session, (entry.author for entry in case.history))
    return [words.happened(entry, places) for entry in case.history]


_TREATED: Final = frozenset({Status.ACCEPTED, Status.SCHEDULED, Status.STARTED, Status.COMPLETED})
"""A case in which a handover to the next one may be begun."""


def _may_hand_over(by: Staff, case: Case) -> bool:
    roles = (Role.CLINICIAN, Role.CASEWORKER, Role.REFERRER)
    return case.content.patient is not None and any(by.has(role, case.standing.home.service) for role in roles)


def _ready_texts(session: Session, case: Case, page: ActPage) -> dict[str, list[Ready]]:
    home = case.standing.home
    return {
        name: ready_in(team.ready_texts(session, home.agency, home.service, kind), language())
        for name, kind in page.ready_texts.items()
    }


def _filled(session: Session, turn: Turn, text: str) -> str:
    """Return a ready text with the service's name where it asks for it."""
    if turn.at is None or "{place}" not in text:
        return text
    return text.replace("{place}", directory.service_of(session, turn.at).name)


def _colleagues(session: Session, case: Case) -> list[tuple[str, str]]:
    home = case.standing.home
    everybody = access.holders(session, home.agency, *ROLES[Side.RECEIVER], service=home.service)
    others = (each for each in everybody if each.id != case.standing.owner)
    return [(str(each.id), ", ".join(filter(None, (each.name, each.title)))) for each in others]


def _services(session: Session, turn: Turn, case: Case, text: str) -> list[Elsewhere]:
    found = [hit.service for hit in directory.search(session, text)]
    home = case.standing.home.service
    takers = [each for each in found if _may_go_to(each) and each.id != home]
    return [
        Elsewhere(
            each,
            names.of_party(session, Party(each.agency, each.id)),
            addressbook.standing_of(session, each, today=local_date(turn.now)),
            _obstacle(session, turn, case, each),
        )
        for each in takers[:_MAX_SERVICES]
    ]


def _obstacle(session: Session, turn: Turn, case: Case, to: Service) -> Text:
    refused = sharing.obstacle(session, case.standing.home, case.content, to.id, now=turn.now)
    return "" if refused is None else obstacle_sentence(refused)


def _may_go_to(service: Service) -> bool:
    """Whether a referral may be sent on there: to other than health services only with a consent of its own."""
    return service.takes_referrals and service.is_health


def _urgency(case: Case) -> Text:
    urgency = case.content.urgency
    return "" if urgency is Urgency.ORDINARY else words.URGENCIES[urgency]


def _act_url(case: Case, slug: str) -> str:
    standing = case.standing
    return url_for("receiving.act", service=standing.home.service, referral=standing.referral, slug=slug)


def _file_url(case: Case, file: Attachment) -> str:
    home, referral = case.standing.home.service, case.standing.referral
    return url_for("receiving.attachment", service=home, referral=referral, attachment=file.id)


def _young_start(case: Case) -> str:
    patient, received = case.content.patient, case.standing.seniority_on or case.standing.received_at
    if patient is None or received is None:
        return ""
    day = latest_start_for_young(patient.birth_date, received)
    return "" if day is None else dates.day(day)


def _patient_sees(case: Case, turn: Turn, status: Status) -> str:
    deadline: Deadline | None = case.deadline
    if status is not Status.REJECTED or deadline is None:
        return _("Pasienten ser svaret med en gang.")
    latest = refusal_shown_at(
        decided_at=turn.now,
        deadline=deadline,
        opened_by_referrer_at=None,
        referred_by_professional=case.standing.by_professional,
    )
    if latest <= turn.now:
        return _("Pasienten ser svaret med en gang.")
    return _(
        "Pasienten ser svaret når henviseren har åpnet det, men senest %(moment)s.", moment=dates.moment(latest)
    )


def _appointment_fields(appointment: Appointment) -> dict[str, object]:
    start: datetime = local(appointment.start)
    return {
        "day": f"{start:%d.%m.%Y}",
        "clock": f"{start:%H.%M}",
        "minutes": appointment.minutes,
        "place": appointment.place,
        "with_whom": appointment.with_whom,
        "phone": appointment.phone,
        "companions": appointment.companions,
        "practical": appointment.practical,
    }
