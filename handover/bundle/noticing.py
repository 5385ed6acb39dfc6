"""Who is told that a handover has moved: the patient, when the page shows it (rule 14), and who works with it."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Actor, Patient
from handover.bundle.lifecycle import Act, Side, Status
from handover.bundle.standing import Standing, decline_shown_from
from handover.bundle.steps import next_step
from handover.notice import service as notice
from handover.notice.model import Watch, patient
from handover.team import noticing as team
from handover.team.model import Place

MUST_REACH: Final = {
    Side.SENDER: frozenset({Act.INVITE, Act.YES_LAPSED}),
    Side.RECEIVER: frozenset({Act.PLAN_MEETING, Act.CANCEL_MEETING}),
}
"""What the patient must hear of some way: unopened for some days, the service whose act it is writes or calls."""
TOLD_PATIENT: Final = frozenset(
    {
        Act.INVITE,
        Act.YES_LAPSED,
        Act.ARRIVE,
        Act.PLAN_MEETING,
        Act.CANCEL_MEETING,
        Act.TAKE_OVER,
        Act.DECLINE,
        Act.ANSWER_WITHDRAWAL,
    }
)
_HERE_ONLY: Final = frozenset({Act.INVITE, Act.YES_LAPSED})
"""Acts before anything is sent: no other copy counts them."""
_TOLD_SENDER: Final = frozenset({Status.MEETING_PLANNED})
"""News to the sender although nothing is asked of them."""


def tell_patient(session: Session, after: Standing, place: Place, act: Act, *, by: Actor, now: datetime) -> None:
    """Tell the patient that there is something new, unless they did it; once, whichever copies are at this node.

    A decline is told when the patient is shown it; when the sender reads it, that is sooner.
    """
    if act not in TOLD_PATIENT or isinstance(by, Patient):
        return
    when = after.changed_at.isoformat() if act in _HERE_ONLY else ""
    must_reach = act in MUST_REACH[after.side]
    notice.tell(
        session,
        patient(after.home.agency, after.person),
        f"handover/{after.handover}/{act.value}/{after.version}/{when}",
        now=now,
        not_before=decline_shown_from(after),
        watch=Watch(service=place.service, subject=place.subject, subject_kind=place.kind) if must_reach else None,
    )


def tell_staff(session: Session, standing: Standing, place: Place, *, by: Actor, now: datetime) -> None:
    """Tell whoever works with the handover, where something is asked of them or a meeting is planned."""
    step = next_step(standing)
    is_asked = step is not None and step.side is standing.side
    if is_asked or (standing.side is Side.SENDER and standing.status in _TOLD_SENDER):
        team.tell(session, place, owner=standing.owner, by=by, now=now)
