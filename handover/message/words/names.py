"""What subjects, priorities and the marks of a message are called."""

from collections.abc import Mapping
from typing import Final

from handover.message.lifecycle import Status
from handover.message.model import By, Priority, Reason, Subject
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l

SUBJECTS: Final[Mapping[Subject, Sentence]] = {
    Subject.COORDINATION: _l("Samarbeid"),
    Subject.PLAN: _l("Plan"),
    Subject.MEDICINES: _l("Medisiner"),
    Subject.WORK: _l("Arbeid og ytelser"),
    Subject.HOUSING: _l("Bolig"),
    Subject.APPOINTMENT: _l("Time eller avtale"),
    Subject.DISCHARGE: _l("Utskriving"),
    Subject.CASE: _l("Om en henvisning eller overføring"),
    Subject.QUESTION: _l("Spørsmål uten pasient"),
    Subject.ANONYMOUS: _l("Anonym sak"),
}
PRIORITIES: Final[Mapping[Priority, Sentence]] = {
    Priority.ORDINARY: _l("Vanlig"),
    Priority.SOON: _l("Ønsker svar snart"),
}
HASTE: Final[Mapping[Priority, Sentence]] = {
    Priority.ORDINARY: _l("Når det passer dem"),
    Priority.SOON: _l("Snart"),
}
"""The same as the writer is asked for it."""
WAYS: Final[Mapping[By, Sentence]] = {
    By.PHONE: _l("Telefon"),
    By.VIDEO: _l("Video"),
}
REASONS: Final[Mapping[Reason, Sentence]] = {
    Reason.RECEIVER: _l("Feil mottaker"),
    Reason.PATIENT: _l("Feil pasient"),
    Reason.CONTENT: _l("Feil i teksten eller et dokument"),
    Reason.EARLY: _l("Sendt for tidlig"),
    Reason.OTHER: _l("Noe annet"),
}
MARKS: Final[Mapping[Status, Sentence]] = {
    Status.DRAFT: _l("Utkast"),
    Status.RETRACT_ASKED: _l("Trekkes tilbake"),
    Status.RETRACTED: _l("Trukket tilbake"),
}
"""Of messages that are more than sent or received."""
