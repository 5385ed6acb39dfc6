"""What a handover may begin from of a patient's referrals here: the one place that knows both products."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.bundle.model import (
    Details,
    Diagnosis,
    File,
    Importable,
    Medicine,
    PersonAround,
    Relation,
    TopicCode,
)
from handover.ids import PersonId
from handover.referral import service as referral
from handover.referral.service import Loan
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l

_TOPICS: Final[Mapping[str, tuple[str, Sentence]]] = {
    "problem": ("need-help-with", _l("Problemet")),
    "history": ("treatment", _l("Sykehistorie og tidligere behandling")),
    "functioning": ("practical", _l("Hvordan hverdagen fungerer")),
    "risk": ("free", _l("Risiko")),
    "network": ("free", _l("Nettverk")),
    "wish_text": ("plans", _l("Mer om hva som ønskes")),
    "medications": ("medicines", _l("Medisiner")),
    "diagnoses": ("diagnoses", _l("Diagnoser")),
    "trusted_person": ("people", _l("Tillitsperson")),
    "next_of_kin": ("people", _l("Pårørende")),
    "helpers": ("people", _l("Andre som hjelper")),
    "attachments": ("documents", _l("Vedlegg")),
}
"""By field of a referral: the topic it goes under, and what it is called there."""
_RELATIONS: Final = {
    "trusted_person": Relation.TRUSTED,
    "next_of_kin": Relation.NEXT_OF_KIN,
    "helpers": Relation.HELPER,
}


def offered(session: Session, by: Staff, about: PersonId, now: datetime) -> tuple[Importable, ...]:
    """Return what the person's referrals offer this clinician, each as the beginning of an item."""
    return tuple(_importable(loan) for loan in referral.lend(session, by, about, now=now))


def _importable(loan: Loan) -> Importable:
    topic, name = _TOPICS[loan.what]
    details = _details(loan)
    return Importable(
        key=loan.key,
        topic=TopicCode(topic),
        title=str(name),
        text=loan.text,
        details=details,
        file=_file(loan),
        written_at=loan.written_at,
    )


def _details(loan: Loan) -> Details | None:
    if loan.diagnosis is not None:
        said = loan.diagnosis
        return Diagnosis(system=said.system.value, code=said.code, text=said.text)
    if loan.contact is not None:
        who = loan.contact
        return PersonAround(relation=_RELATIONS[loan.what], name=who.name, role=who.relation, phone=who.phone)
    return Medicine(name=loan.text) if loan.what == "medications" else None


def _file(loan: Loan) -> File | None:
    held = loan.attachment
    if held is None:
        return None
    return File(name=held.title, content_type=held.content_type, length=held.length, sha256=held.sha256)
