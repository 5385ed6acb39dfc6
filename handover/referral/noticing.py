"""Who is told that a referral has moved: the patient, when the page shows it (rule 14), and who works with it."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Actor
from handover.notice import service as notice
from handover.notice.model import Watch, patient
from handover.referral.lifecycle import Act, Side
from handover.referral.standing import Standing, refusal_shown_from
from handover.referral.steps import Shelf, shelf_of
from handover.team import noticing as team
from handover.team.model import Place

MUST_REACH: Final = frozenset(
    {
        Act.ACCEPT,
        Act.REJECT,
        Act.SCHEDULE,
        Act.RESCHEDULE,
        Act.CANCEL_APPOINTMENT,
        Act.REDIRECT_ARRIVED,
        Act.COMPLETE,
    }
)
"""What the patient must hear of some way: unopened for some days, the service that decided it writes or calls."""
TOLD_PATIENT: Final = MUST_REACH | {
    Act.ARRIVE,
    Act.RECORD_ARRIVAL,
    Act.NO_SHOW,
    Act.START,
    Act.CONFIRM_WITHDRAWAL,
}
_TOLD_REFERRER: Final = frozenset({Act.ACCEPT, Act.SCHEDULE, Act.RESCHEDULE, Act.CANCEL_APPOINTMENT})
"""News to the referrer although nothing is asked of them."""


def tell_patient(
    session: Session, before: Standing | None, after: Standing, place: Place, *, now: datetime
) -> None:
    """Tell the patient that there is something new, once for each version, whichever copies are at this node.

    A refusal is told when the patient is shown it; when the referrer opens it, that is sooner.
    """
    is_new = before is None or after.version != before.version
    is_sooner = before is not None and after.outcome_opened_at != before.outcome_opened_at
    if after.person is None or after.last_act not in TOLD_PATIENT or not (is_new or is_sooner):
        return
    cause = f"referral/{after.referral}/{after.version}"
    must_reach = after.side is Side.RECEIVER and after.last_act in MUST_REACH
    notice.tell(
        session,
        patient(after.home.agency, after.person),
        cause,
        now=now,
        not_before=refusal_shown_from(after),
        watch=Watch(service=place.service, subject=place.subject, subject_kind=place.kind) if must_reach else None,
    )


def tell_staff(session: Session, standing: Standing, place: Place, *, by: Actor, now: datetime) -> None:
    """Tell whoever works with the referral, where something is asked of them or the outcome has come."""
    is_outcome = standing.side is Side.REFERRER and standing.last_act in _TOLD_REFERRER
    if shelf_of(standing) is Shelf.TO_DO or is_outcome:
        team.tell(session, place, owner=standing.owner, by=by, now=now)
