"""How much is asked of a member of the staff, for the title of the tab: one number, and nothing about anybody.

Counted is what their own services ask of them (what is theirs, and what nobody has taken) and their tasks.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from handover.actors import Role, Staff
from handover.bundle import cases as handed
from handover.bundle.lifecycle import Side as HandoverSide
from handover.bundle.steps import OWNERS
from handover.bundle.steps import Step as HandoverStep
from handover.bundle.store import ROLES as HANDOVER_ROLES
from handover.directory import service as directory
from handover.ids import ServiceId
from handover.message import service as messages
from handover.message.steps import IS_OURS
from handover.message.steps import Step as ThreadStep
from handover.message.store import WRITERS
from handover.referral import cases as referred
from handover.referral.lifecycle import Side
from handover.referral.steps import Step, steps_of_receiver
from handover.referral.store import ROLES
from handover.team import service as team
from handover.team.service import Asks

_REFERRER: Final = (
    Step.MEND_DELIVERY,
    Step.CALL_ABOUT_PAPER,
    Step.ANSWER,
    Step.HELP_AFTER_REFUSAL,
    Step.READ_OUTCOME,
)
_WRITING: Final = frozenset({HandoverStep.FINISH_DRAFT, HandoverStep.MARK_TOGETHER})
"""What somebody has begun themselves asks nothing of them."""


def _steps(side: HandoverSide) -> tuple[str, ...]:
    return tuple(step.value for step, owner in OWNERS.items() if owner is side and step not in _WRITING)


ASKS: Final[Mapping[str, tuple[tuple[Role, ...], tuple[str, ...]]]] = {
    referred.WORK[Side.REFERRER]: (tuple(ROLES[Side.REFERRER]), tuple(step.value for step in _REFERRER)),
    referred.WORK[Side.RECEIVER]: (
        tuple(ROLES[Side.RECEIVER]),
        tuple(step.value for step in steps_of_receiver(waiting=False)),
    ),
    **{
        handed.WORK[side]: (tuple(HANDOVER_ROLES[side]), _steps(side))
        for side in (HandoverSide.SENDER, HandoverSide.RECEIVER)
    },
    messages.WORK: (
        WRITERS,
        tuple(step.value for step in ThreadStep if IS_OURS[step] and step is not ThreadStep.FINISH_DRAFT),
    ),
}
"""Kind of work -> who does it, and the steps at which it asks something of them."""


def asked_of(session: Session, staff: Staff) -> int:
    """Return how much is asked of somebody; at most `team.MOST_ASKED`."""
    services = [each.id for each in directory.services_of(session, staff.agency)]
    return team.count_asked(session, staff, _asks(staff, services))


def asked_at(session: Session, staff: Staff, service: ServiceId) -> int:
    """Return how much work at one service is somebody's, or nobody's: their part of `asked_of` without tasks."""
    return team.count_work(session, staff, _asks(staff, [service]))


def _asks(staff: Staff, services: Sequence[ServiceId]) -> list[Asks]:
    wanted = (
        Asks(kind, tuple(at for at in services if any(staff.has(role, at) for role in roles)), steps)
        for kind, (roles, steps) in ASKS.items()
    )
    return [each for each in wanted if each.services]
