"""The steps of a handover: the same for sender, receiver and patient, and the three receipts."""

from typing import Final

from handover.bundle.lifecycle import AT_SENDER, Status
from handover.bundle.words.scene import Scene
from handover.bundle.words.states import label
from handover.web import dates
from handover.web.i18n import gettext as _
from handover.web.parts import Step, StepState, step_state

_ENDED_EARLY: Final = frozenset(
    {Status.DECLINED, Status.WITHDRAWN, Status.WITHDRAWAL_NOTIFIED, Status.WITHDRAWAL_ANSWERED}
)
_TAKEN: Final = frozenset({Status.TAKEN_OVER, Status.CLOSED})


def timeline(scene: Scene) -> list[Step]:
    """Return the steps with what has happened, where the handover is now, and what comes."""
    standing = scene.standing
    steps = [_yes(scene), *receipts(scene), *_meeting(scene), _taken_over(scene)]
    if standing.status not in _ENDED_EARLY and not standing.is_withdrawal_pending():
        return steps
    said = label(scene)
    ended = Step(title=said.tag, state=StepState.NOW, detail=_ended(scene) or dates.upfirst(said.sentence))
    return [*(step for step in steps if step.state is StepState.DONE), ended]


def _ended(scene: Scene) -> str:
    """Return when a receiver answered that it does not take over, and who; other ends say so themselves."""
    standing = scene.standing
    is_declined = standing.status is Status.DECLINED and standing.decline is not None
    if not is_declined or standing.is_withdrawal_pending():
        return ""
    return dates.stamp(standing.changed_at, scene.parameters()["decliner"])


def receipts(scene: Scene) -> list[Step]:
    """Return the three receipts, each with its own word: Sendt, Kommet fram, Åpnet."""
    standing = scene.standing
    has_left = standing.status not in AT_SENDER and standing.sent_at is not None
    sent = Step(
        title=_("Sendt"),
        state=step_state(is_done=has_left, is_now=standing.status is Status.APPROVED),
        detail=dates.stamp(standing.sent_at, standing.clinician.name) if has_left else "",
    )
    arrived = Step(
        title=_arrival_title(scene),
        state=step_state(
            is_done=has_left and standing.received_at is not None, is_now=standing.status is Status.SENT
        ),
        detail=dates.upfirst(label(scene).sentence) if standing.status is Status.SENT else _arrival(scene),
    )
    return [sent, arrived, _opened(scene)]


def _yes(scene: Scene) -> Step:
    approval, status = scene.standing.approval, scene.standing.status
    is_written = status not in AT_SENDER or status is Status.APPROVED
    said_yes = approval is not None and is_written
    detail = dates.upfirst(dates.moment(approval.at)) if said_yes and approval is not None else ""
    return Step(
        title=_("Skrevet sammen, og ja fra pasienten"),
        state=step_state(is_done=is_written, is_now=not is_written),
        detail=detail,
    )


def _arrival_title(scene: Scene) -> str:
    if scene.standing.status is not Status.SENT:
        return _("Kommet fram til %(place)s", place=scene.place) if scene.place else _("Kommet fram")
    if scene.standing.undelivered or scene.is_late:
        return _("Kom ikke fram til %(place)s", place=scene.place)
    return _("På vei til %(place)s", place=scene.place)


def _arrival(scene: Scene) -> str:
    received_at = scene.standing.received_at
    return dates.stamp(received_at, _("kvittering fra mottakerens system")) if received_at else ""


def _opened(scene: Scene) -> Step:
    opened, waits = scene.standing.opened, scene.standing.status is Status.RECEIVED
    if opened is None:
        return Step(title=_("Ikke åpnet ennå") if waits else _("Åpnet"), state=step_state(is_now=waits))
    return Step(
        title=_("Åpnet av %(name)s", name=opened.by),
        state=StepState.DONE,
        detail=dates.stamp(opened.at, opened.title),
    )


def _meeting(scene: Scene) -> list[Step]:
    standing, meeting = scene.standing, scene.standing.meeting
    if not standing.wants_meeting:
        return []
    if standing.status is Status.MEETING_PLANNED and meeting is not None:
        detail = dates.upfirst(f"{dates.moment(meeting.start)}, {meeting.place or meeting.video}")
        return [Step(title=_("Overføringsmøte"), state=StepState.NOW, detail=detail)]
    held_on = None if meeting is None else meeting.held_on
    detail = "" if held_on is None else dates.upfirst(dates.day(held_on))
    is_held = held_on is not None or standing.status in {Status.MEETING_HELD, *_TAKEN}
    return [
        Step(
            title=_("Overføringsmøte"),
            state=step_state(is_done=is_held, is_now=standing.status is Status.OPENED),
            detail=detail,
        )
    ]


def _taken_over(scene: Scene) -> Step:
    standing = scene.standing
    taken = standing.take_over
    if taken is None or scene.is_with_sender:
        waits = standing.status is Status.MEETING_HELD or (
            standing.status is Status.OPENED and not standing.wants_meeting
        )
        detail = "" if taken is None else label(scene).tag
        return Step(
            title=_("Ansvaret tas over"), state=step_state(is_now=waits or taken is not None), detail=detail
        )
    detail = _(
        "Fra %(day)s. Første time %(appointment)s.",
        day=dates.day(taken.from_date),
        appointment=dates.moment(taken.first_appointment.start),
    )
    return Step(title=_("%(name)s har tatt over ansvaret", name=taken.person), state=StepState.DONE, detail=detail)
