"""What several forms ask: about what and whom a thread is, and which services may be chosen."""

from collections.abc import Collection
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Party, Staff
from handover.directory import names
from handover.directory import service as directory
from handover.errors import Invalid
from handover.message.model import MAX_LINE, Subject
from handover.message.service import About
from handover.message.words.names import SUBJECTS
from handover.person import numbers
from handover.person.alike import alike
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
    session: Session,
    by: Staff,
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
    if is_typed and patient is not None and alike(session, by.agency, patient):
        raise Invalid("form.incomplete", fields={"number": ["known-already"]})
    return About(subject=subject, line=line, patient=patient)


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
