"""One row of a worklist in the reader's words: a referral, a handover or a thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session

from handover.bundle import scenes
from handover.bundle import words as handed_words
from handover.bundle.lifecycle import Side
from handover.bundle.service import WorkRow
from handover.clock import now
from handover.directory import names
from handover.ids import AgencyId, ServiceId
from handover.message.model import Priority
from handover.message.service import ThreadRow
from handover.message.words import banner
from handover.message.words.names import PRIORITIES, SUBJECTS
from handover.message.words.purpose import purpose_at
from handover.referral import words
from handover.referral.model import Urgency
from handover.referral.pages.lateness import due_words, time_left
from handover.referral.service import CaseRow
from handover.team import standing_in
from handover.team.standing_in import Passed
from handover.team.words import keeper_sentence
from handover.web.i18n import Sentence, Text
from handover.web.i18n import gettext as _
from handover.web.parts import Tone
from handover.worklist.model import Row


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of a list, in the reader's words."""

    url: str
    title: str = field(repr=False)
    """What kind of work it is, and about whom or what."""
    birth_year: int | None
    sender: str
    received_at: datetime | None
    tag: Text
    tone: Tone
    urgency: Text
    """Empty where the referral asks for the ordinary."""
    is_unread: bool
    news: Sentence | None = None
    """That the reader has not seen all of it, where the tag does not say so."""
    purpose: str = ""
    """What a message is sent for, where the service is no health service."""
    case: str = ""
    """From which case a message about its patient begins (`message.pages.origins`); empty: nobody is named."""
    name: str = field(default="", repr=False)
    is_late: bool
    time: str
    """How much time is left, or what is due when."""
    owner: str


def lines_of(session: Session, rows: Sequence[Row], *, agency: AgencyId) -> list[Line]:
    """Return rows of a worklist in the reader's words; who has them in an absent owner's place is said."""
    passed = standing_in.passed(session, agency, [row.cursor[1] for row in rows])
    return [_with_keeper(session, line_of(session, row), row, agency, passed) for row in rows]


def line_of(session: Session, row: Row) -> Line:
    """Return one row of a worklist in the reader's words."""
    if isinstance(row, CaseRow):
        return _referral(session, row)
    return _handover(session, row) if isinstance(row, WorkRow) else _thread(session, row)


def _with_keeper(
    session: Session, line: Line, row: Row, agency: AgencyId, passed: Mapping[tuple[ServiceId, UUID], Passed]
) -> Line:
    service = row.service if isinstance(row, CaseRow) else row.standing.home.service
    found = passed.get((service, row.cursor[1]))
    return line if found is None else replace(line, owner=keeper_sentence(session, agency, found))


def _handover(session: Session, row: WorkRow) -> Line:
    standing = row.standing
    is_received = standing.side is Side.RECEIVER
    scene = scenes.scene_of(session, standing, standing.side, now=now())
    label = handed_words.label(scene)
    url = (
        url_for("handovers_received.show", service=standing.home.service, handover=standing.handover)
        if is_received
        else url_for("handovers.show", handover=standing.handover)
    )
    return Line(
        url=url,
        title=_("Overføring: %(name)s", name=row.name),
        case=f"mottatt-overforing.{standing.home.service}.{standing.handover}"
        if is_received
        else f"overforing.{standing.handover}",
        name=row.name,
        birth_year=row.birth_year,
        sender=scene.sender if is_received else _("oss"),
        received_at=standing.received_at,
        tag=label.tag,
        tone=label.tone,
        urgency="",
        is_unread=row.is_unread,
        news=banner.UNREAD if row.is_unread else None,
        is_late=row.is_overdue,
        time="" if row.step is None else due_words(row.due_at, is_overdue=row.is_overdue),
        owner=row.owner_name,
    )


def _referral(session: Session, row: CaseRow) -> Line:
    return Line(
        url=url_for("receiving.show", service=row.service, referral=row.referral),
        title=_("Henvisning: %(name)s", name=row.name),
        case=f"mottatt.{row.service}.{row.referral}",
        name=row.name,
        birth_year=row.birth_year,
        sender=names.of_party(session, row.referrer, row.counterpart),
        received_at=row.received_at,
        tag=words.TAGS[row.status],
        tone=words.TONES[row.status],
        urgency="" if row.urgency == Urgency.ORDINARY.value else words.URGENCIES[Urgency(row.urgency)],
        is_unread=row.is_unread and row.step is not None,
        news=banner.UNREAD if row.is_unread and row.step is not None else None,
        is_late=row.is_overdue,
        time=time_left(row),
        owner=row.owner_name,
    )


def _thread(session: Session, row: ThreadRow) -> Line:
    standing, step = row.standing, row.step
    subject, line = SUBJECTS[standing.heading.subject], standing.heading.line
    about = f"{subject}: {line}" if line else str(subject)
    if row.patient is not None:
        about = f"{about} – {row.patient.name}"
    others = row.glance.latest if row.glance.latest not in {None, standing.home} else None
    return Line(
        url=url_for("messages.show", service=standing.home.service, thread=standing.thread),
        title=_("Melding: %(about)s", about=about),
        case="" if standing.named is None else f"melding.{standing.home.service}.{standing.thread}",
        name="" if row.patient is None else row.patient.name,
        birth_year=None if row.patient is None else row.patient.birth_date.year,
        sender=_("oss") if others is None else names.of_party(session, others),
        received_at=row.glance.arrived_at,
        tag=banner.tag(step, is_answer=row.is_answer),
        tone=banner.tone(step, now()),
        urgency=PRIORITIES[Priority.SOON] if row.glance.is_soon else "",
        is_unread=row.is_unread,
        news=banner.news(step, is_unread=row.is_unread, is_answer=row.is_answer),
        purpose=purpose_at(session, standing),
        is_late=row.is_overdue,
        time="" if step is None else banner.due(replace(step, due_at=row.due_at), now=now()),
        owner=row.owner_name,
    )
