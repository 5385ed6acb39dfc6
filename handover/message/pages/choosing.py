"""What several forms ask: about what and whom a thread is, and which services may be chosen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
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
from handover.message.pages.origins import may_be_shown
from handover.message.service import About, Thread
from handover.message.words.names import SUBJECTS
from handover.person import numbers
from handover.person.alike import ANOTHER, KnownAlready, OtherBirthDate, alike, namesakes
from handover.person.model import Identity
from handover.person.service import Person, has_odd_birth_date
from handover.web.forms import Fields, Sent
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l

_SAME_DAY: Final = _l(
    "Vi kjenner noen med samme navn og fødselsdato. Er det samme person, blir det pasienten har valgt før, fulgt."
)
_OTHER_DAY: Final = _l("Vi har noen med samme navn, men en annen fødselsdato. Mente du en av disse?")
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


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Who a typed patient may be: choices of a form, and why they are asked."""

    choices: list[tuple[str, str]]
    hint: Text


def who_may_be(session: Session, by: Staff, sent: Sent, refused: HandoverError | None) -> Alike | None:
    """Return who the typed patient may be, where that must be said; whoever is shown is in the log."""
    if not isinstance(refused, KnownAlready | OtherBirthDate):
        return None
    typed = _patient(Fields(sent), sent)
    is_other_day = isinstance(refused, OtherBirthDate)
    found = _shown_namesakes(session, by, typed) if is_other_day else alike(session, by.agency, typed)
    audit.record(
        session,
        event=Logged.PERSON_SEARCH,
        actor=by,
        agency=by.agency,
        persons=[each.id for each in found],
        now=now(),
    )
    return Alike(choices=who_of(found), hint=_OTHER_DAY if is_other_day else _SAME_DAY)


def meant(
    session: Session, by: Staff, about: About, of_case: Person | None = None
) -> tuple[About, PersonId | None]:
    """Return what a thread is about with the patient that was meant, and as whom they are known already.

    Raises OtherBirthDate where the reader's services know that name with another birth date, and nobody has said
    if it is the same person: a birth date typed wrong would make another patient of the same name.
    """
    patient = about.patient
    if patient is None or about.same == ANOTHER:
        return about, None
    if of_case is not None and patient == of_case.identity:
        return about, of_case.id
    found = () if alike(session, by.agency, patient) else _shown_namesakes(session, by, patient)
    chosen = next((each for each in found if each.id == about.same), None)
    if found and chosen is None:
        raise OtherBirthDate(fields={"same": ["other-birth-date"]})
    return (about, None) if chosen is None else (replace(about, patient=chosen.identity), chosen.id)


def meant_instead(session: Session, by: Staff, about: About, thread: Thread) -> About:
    """Return what a thread is to be about instead, as `meant` does; whom it is about already is not asked for."""
    who = thread.standing.person
    held = None if who is None or thread.patient is None else Person(who, thread.patient)
    return meant(session, by, about, held)[0]


def _shown_namesakes(session: Session, by: Staff, patient: Identity) -> Sequence[Person]:
    return may_be_shown(session, by, namesakes(session, by.agency, patient))


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
    patient = Identity(
        given=fields.line("given"),
        family=fields.line("family"),
        birth_date=fields.day("birth_date"),
        number=None if checked is None else checked.number,
    )
    is_typed = "birth_date" not in fields.problems
    if is_typed and has_odd_birth_date(patient) and sent.get("is_checked") != "yes":
        fields.refuse("is_checked", "odd-birth-date")
    return patient
