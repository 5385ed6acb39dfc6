"""What the words need to know: where the handover stands, who reads, what people call the places, and the time."""

from dataclasses import dataclass
from datetime import datetime

from handover.bundle.lifecycle import AT_SENDER, Side, Status
from handover.bundle.standing import Baton, Standing, baton
from handover.bundle.steps import BESIDE, NextStep, expected, next_step, takes_over_by
from handover.exchange.model import Delivery
from handover.web import dates
from handover.web.i18n import unbroken
from handover.workdays import local_date, rules_on, working_days_between


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One copy of a handover as one reader sees it now. Give the patient `standing.for_patient`'s copy."""

    standing: Standing
    reader: Side
    """Sender, receiver or patient."""
    now: datetime
    sender: str
    """What people call the service that hands over."""
    place: str
    """What people call the service that is to take over; empty in a draft to nobody."""
    phone: str = ""
    """Of the receiving service."""
    sender_phone: str = ""
    delivery: Delivery | None = None
    """How far the document came, where this copy knows."""

    @property
    def baton(self) -> Baton:
        """Who is responsible now."""
        return baton(self.standing, self.now)

    @property
    def holder(self) -> str:
        """What people call the service that is responsible now."""
        return self.sender if self.is_with_sender else self.place

    @property
    def is_with_sender(self) -> bool:
        """Whether the sender is responsible now."""
        return self.baton.holder == self.standing.sender

    @property
    def step(self) -> NextStep | None:
        """What must happen next."""
        return next_step(self.standing)

    @property
    def is_overdue(self) -> bool:
        """Whether the receiver's next step is past its date; what the sender owes meanwhile does not hide it."""
        step = self._of_receiver
        has_left = self.standing.status not in {*AT_SENDER, Status.SENT}
        return step is not None and has_left and step.side is Side.RECEIVER and step.due_at <= self.now

    @property
    def _of_receiver(self) -> NextStep | None:
        step = self.step
        return expected(self.standing) if step is not None and step.step in BESIDE else step

    @property
    def is_late(self) -> bool:
        """Whether the document has left and nothing was heard in time (the machines still try)."""
        return self.standing.status is Status.SENT and self.delivery is not None and self.delivery.late

    def parameters(self) -> dict[str, str]:
        """Return every name and date a sentence may ask for, in the reader's language."""
        standing, step = self.standing, self.step
        meeting, taken = standing.meeting, standing.take_over
        said = self._of_receiver if self.is_overdue else step
        due = None if said is None else _last_day(said.due_at)
        agreed = takes_over_by(standing)
        return {
            "place": self.place,
            "sender": self.sender,
            "phone": unbroken(self.phone),
            "sender_phone": unbroken(self.sender_phone),
            "clinician": standing.clinician.name,
            "name": standing.opened.by if standing.opened else self.place,
            "opened": dates.day(standing.opened.at) if standing.opened else "",
            "changed": dates.day(standing.changed_at),
            "meeting": dates.moment(meeting.start) if meeting else "",
            "meeting_day": dates.day(meeting.start) if meeting else "",
            "held": dates.day(meeting.held_on) if meeting and meeting.held_on else "",
            "person": taken.person if taken else self.place,
            "from_day": dates.day(taken.from_date) if taken else "",
            "appointment": dates.moment(taken.first_appointment.start) if taken else "",
            "decliner": standing.decline.person if standing.decline else self.place,
            "withdrawn": dates.day(standing.withdrawn_at or standing.changed_at),
            "answerer": standing.withdrawal.person if standing.withdrawal else self.place,
            "answered": dates.day(standing.withdrawal.at) if standing.withdrawal else "",
            "due": dates.day(due) if due else "",
            "agreed": "" if agreed is None else dates.day(_last_day(agreed)),
            "left": "" if due is None else dates.working_days_left(_working_days(due, self.now)),
            "give_up": _give_up(self.delivery),
        }


def _last_day(due_at: datetime) -> datetime:
    """Return an instant on the last day of a step: dates end at the midnight after it."""
    return datetime.fromtimestamp(due_at.timestamp() - 1, due_at.tzinfo)


def _working_days(due: datetime, now: datetime) -> int:
    today = local_date(now)
    rules = rules_on(today)
    return working_days_between(today, local_date(due), rules.breach_week, rules.days_off)


def _give_up(delivery: Delivery | None) -> str:
    return "" if delivery is None or delivery.expires_at is None else dates.moment(delivery.expires_at)
