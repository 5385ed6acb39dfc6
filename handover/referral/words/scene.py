"""What the words need to know: where the referral stands, who reads, what people call the places, and the time."""

from dataclasses import dataclass, field
from datetime import datetime

from handover.exchange.lifecycle import State as DeliveryState
from handover.exchange.model import Delivery
from handover.referral.deadlines import working_days_left
from handover.referral.lifecycle import UNASSESSED, Side, Status
from handover.referral.model import Acceptance, Completion, Withdrawal
from handover.referral.standing import Channel, Standing
from handover.web import dates
from handover.web.i18n import unbroken


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One copy of a referral as one reader sees it now. Give the patient `standing.for_patient`'s copy."""

    standing: Standing
    reader: Side
    """Referrer, receiver or patient."""
    now: datetime
    place: str
    """What people call the service that holds the referral (or is to receive it)."""
    referrer: str
    """What people call the service that referred."""
    next_place: str = ""
    """Where it is being sent on to."""
    phone: str = ""
    """Of the service that holds it."""
    patient: str = field(default="", repr=False)
    delivery: Delivery | None = None
    """How far the latest request came, where this copy knows."""

    @property
    def days_left(self) -> int | None:
        """Working days until the assessment is due; None when it is assessed, ended, or has not arrived."""
        deadline = self.standing.deadline
        if deadline is None or not self.awaits_assessment:
            return None
        return working_days_left(deadline.last_day, self.now)

    @property
    def awaits_assessment(self) -> bool:
        """Whether the clock of the assessment still runs."""
        standing = self.standing
        waits = standing.status in UNASSESSED or standing.status is Status.REDIRECTED
        asked_back = standing.status is Status.WITHDRAWAL_REQUESTED
        return (waits or asked_back) and standing.assessed_at is None

    @property
    def is_overdue(self) -> bool:
        """Whether the deadline of the assessment has passed without an answer."""
        deadline = self.standing.deadline
        return self.awaits_assessment and deadline is not None and deadline.passes_at <= self.now

    @property
    def is_late(self) -> bool:
        """Whether the referral has left and nothing was heard in time (the machines still try)."""
        return self.standing.status is Status.SENT and self.delivery is not None and self.delivery.late

    @property
    def is_held_back(self) -> bool:
        """Whether the message was stopped here before it left, by the patient's choice."""
        return self.delivery is not None and self.delivery.state is DeliveryState.STOPPED

    @property
    def is_paper(self) -> bool:
        """Whether the referral went by post."""
        return self.standing.channel is Channel.PAPER

    def parameters(self) -> dict[str, str]:
        """Return every name and date a sentence may ask for, in the reader's language."""
        standing, outcome = self.standing, self.standing.outcome
        return {
            "place": self.place,
            "next_place": self.next_place,
            "referrer": self.referrer,
            "phone": unbroken(self.phone),
            "assessor": standing.assessor or self.place,
            "changed": dates.day(standing.changed_at),
            "deadline": "" if standing.deadline is None else dates.day(standing.deadline.last_day),
            "latest_start": dates.day(outcome.latest_start) if isinstance(outcome, Acceptance) else "",
            "who": _withdrawn_by(self),
            "follow_up": outcome.follow_up.strip(" .") if isinstance(outcome, Completion) else "",
            "appointment": "" if standing.appointment is None else dates.moment(standing.appointment.start),
            "appointment_place": "" if standing.appointment is None else standing.appointment.place,
            "started": "" if standing.started_on is None else dates.day(standing.started_on),
            "give_up": _give_up(self.delivery),
        }


def _withdrawn_by(scene: Scene) -> str:
    standing = scene.standing
    known = standing.outcome if isinstance(standing.outcome, Withdrawal) else standing.withdrawal
    return scene.referrer if known is None else known.by


def _give_up(delivery: Delivery | None) -> str:
    if delivery is None or delivery.expires_at is None:
        return ""
    return dates.moment(delivery.expires_at)
