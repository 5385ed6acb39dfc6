"""What several forms ask: about what and whom a thread is, and which services may be chosen."""

from collections.abc import Collection
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.actors import Party, Staff
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.clock import now
from handover.consent.words import who_of
from handover.directory import names
from handover.directory import service as directory
from handover.errors import HandoverError
from handover.ids import PersonId
from handover.message.model import MAX_LINE, Subject
from handover.message.service import About
from handover.message.words.names import SUBJECTS
from handover.person import numbers
from handover.person.alike import KnownAlready, alike
from handover.person.model import Identity
from handover.web.forms import Fields, Sent
from handover.web.i18n import Sentence

_PATIENT: Final = ("number", "given", "family", "birth_date")


def subject_choices(was: Subject = Subject.QUESTION) -> list[tuple[str, Sentence]]:
    """Return the subjects a form offers where a thread `was` about that: an anonymous case stays one."""
    is_anonymous = was is Subject.ANONYMOUS
    return [(code.value, text) for code, text in SUBJECTS.items() if (code is Subject.ANONYMOUS) is is_anonymous]


def service_choices(session: Session, *, today: date, without: Collection[Party] = ()) -> list[tuple[str, str]]:
    """Return the services that take messages today, by name, but for some."""
    found = (Party(each.agency, each.id) for each in directory.find_services(session) if each.is_open_on(today))
    return [(each.service, names.of_party(session, each)) for each in found if each not in without]


def about_of(
    sent: Sent,
    *,
    known: Identity | None = None,
    was: Subject = Subject.QUESTION,
) -> About:
    """Return what a thread is about: with no patient typed it is the one known, or nobody for a question.

    Raises Invalid with everything that must be put right.
    """
    fields = Fields(sent)
    line = fields.text("line", is_optional=True, at_most=MAX_LINE)
    subject = _subject(fields, sent, was)
    is_typed = any(sent.get(name, "").strip() for name in _PATIENT)
    patient = _patient(fields, sent) if is_typed else known if subject.is_about_a_patient else None
    fields.check()
    return About(subject=subject, line=line, patient=patient, same=_same(sent))


def who_may_be(session: Session, by: Staff, sent: Sent, refused: HandoverError | None) -> list[tuple[str, str]]:
    """Return who the typed patient may be, where that must be said; whoever is shown is in the log."""
    if not isinstance(refused, KnownAlready):
        return []
    found = alike(session, by.agency, _patient(Fields(sent), sent))
    audit.record(
        session,
        event=Logged.PERSON_SEARCH,
        actor=by,
        agency=by.agency,
        persons=[each.id for each in found],
        now=now(),
    )
    return who_of(found)


def _same(sent: Sent) -> PersonId | None:
    try:
        return PersonId(UUID(sent.get("same", "")))
    except ValueError:
        return None


def typed_patient(session: Session, by: Staff, fields: Fields, sent: Sent) -> Identity:
    """Return the patient that a form names for sure. Raises Invalid, also for one who may be known already."""
    patient = _patient(fields, sent)
    fields.check()
    if alike(session, by.agency, patient):
        fields.refuse("number", "known-already")
        fields.check()
    return patient


def _subject(fields: Fields, sent: Sent, was: Subject) -> Subject:
    wanted = sent.get("subject", "")
    if wanted not in {code for code, _ in subject_choices(was)}:
        fields.refuse("subject", "required")
        return was
    return Subject(wanted)


def _patient(fields: Fields, sent: Sent) -> Identity:
    number = sent.get("number", "").strip()
    checked = numbers.check(number) if number else None
    if checked is not None and checked.series is None:
        fields.refuse("number", "odd")
    return Identity(
        given=fields.line("given"),
        family=fields.line("family"),
        birth_date=fields.day("birth_date"),
        number=None if checked is None else checked.number,
    )
