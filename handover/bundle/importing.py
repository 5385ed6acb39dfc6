"""What a handover may borrow from other products, learnt from above: `app.py` fills it in (DESIGN section 6)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from handover.actors import Staff
from handover.bundle.model import Importable
from handover.ids import PersonId, ReferralId


def _nothing(_session: Session, _by: Staff, _about: PersonId, _now: datetime) -> tuple[Importable, ...]:
    return ()


def _no_bytes(_session: Session, _by: Staff, key: str) -> bytes:
    raise KeyError(key)


def _nobody(_session: Session, _by: Staff, _referral: ReferralId) -> PersonId | None:
    return None


@dataclass(frozen=True)
class Lender:
    """Texts and documents about a person that a clinician already sees here. Reached by `provided`."""

    texts: Callable[[Session, Staff, PersonId, datetime], tuple[Importable, ...]] = _nothing
    data: Callable[[Session, Staff, str], bytes] = _no_bytes
    """The bytes of a document, by its key; raises NotFound for what that clinician does not see."""
    patient: Callable[[Session, Staff, ReferralId], PersonId | None] = _nobody
    """Whom a referral that this clinician may read is about; None for any other, there or not."""
