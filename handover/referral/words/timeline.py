"""The steps of a referral: the same five to seven for referrer, receiver and patient, and the three receipts."""

from datetime import datetime

from handover.referral.lifecycle import ENDED, Status
from handover.referral.model import Appointment, AppointmentState
from handover.referral.words.scene import Scene
from handover.referral.words.states import label
from handover.web import dates
from handover.web.i18n import gettext as _
from handover.web.parts import Step, StepState, step_state

_ENDED_EARLY = frozenset({Status.WITHDRAWN, Status.ENTERED_IN_ERROR})


def timeline(scene: Scene) -> list[Step]:
    """Return the steps with what has happened, where the referral is now, and what comes."""
    status = scene.standing.status
    if status in _ENDED_EARLY:
        return [*_passed(scene), Step(title=label(scene).tag, state=StepState.NOW, detail=label(scene).sentence)]
    if status is Status.REJECTED:
        return [*_receipts(scene), *_assessed(scene)]
    return [*_receipts(scene), *_assessed(scene), *_treatment(scene)]


def receipts(scene: Scene) -> list[Step]:
    """Return the three receipts, each with its own word: Sendt, Kommet fram, Åpnet."""
    return _receipts(scene)


def _receipts(scene: Scene) -> list[Step]:
    standing = scene.standing
    opened = standing.opened
    sent = Step(
        title=_("Sendt"),
        state=step_state(is_done=standing.sent_at is not None, is_now=standing.status is Status.DRAFT),
        detail=dates.stamp(standing.sent_at, standing.author.name if standing.sent_at else ""),
    )
    arrived = Step(
        title=_arrival_title(scene),
        state=step_state(is_done=standing.received_at is not None, is_now=standing.status is Status.SENT),
        detail=label(scene).sentence if standing.status is Status.SENT else _arrival(scene),
    )
    if scene.is_paper:  # nobody tells when a letter is opened
        return [sent, arrived]
    waits = standing.status is Status.RECEIVED
    return [sent, arrived, _opened(scene, opened.by if opened else "", opened.at if opened else None, waits)]


def _arrival_title(scene: Scene) -> str:
    if scene.standing.status is not Status.SENT:
        return _("Kommet fram til %(place)s", place=scene.place)
    if scene.standing.undelivered or scene.is_late:
        return _("Kom ikke fram til %(place)s", place=scene.place)
    return _("På vei til %(place)s", place=scene.place)


def _opened(scene: Scene, by: str, at: datetime | None, waits: bool) -> Step:
    if at is None:
        title = _("Ikke åpnet ennå") if waits else _("Åpnet")
        return Step(
            title=title, state=step_state(is_done=not waits and scene.standing.version.number > 1, is_now=waits)
        )
    title = _("Åpnet av %(name)s", name=by) if by else _("Åpnet")
    return Step(title=title, state=StepState.DONE, detail=dates.stamp(at))


def _arrival(scene: Scene) -> str:
    at = scene.standing.received_at
    if at is None:
        return ""
    by = _("sagt av mottakeren") if scene.is_paper else _("kvittering fra mottakerens system")
    return dates.stamp(at, by)


def _assessed(scene: Scene) -> list[Step]:
    standing = scene.standing
    is_on = scene.awaits_assessment and (standing.status is not Status.RECEIVED or scene.is_paper)
    done = standing.assessed_at is not None or (
        standing.status in ENDED and standing.status is not Status.REDIRECTED
    )
    words = label(scene)
    assessing = Step(
        title=_("Blir vurdert"),
        state=step_state(is_done=done, is_now=is_on),
        detail=words.sentence if is_on else "",
    )
    if standing.status is Status.REJECTED:
        return [
            _done_assessing(scene, assessing),
            Step(title=words.tag, state=StepState.NOW, detail=words.sentence),
        ]
    detail = (
        dates.stamp(standing.decided_at or standing.assessed_at, standing.assessor) if done else _answer_by(scene)
    )
    title = _("Rett til behandling") if done else _("Svar")
    answered = Step(title=title, state=step_state(is_done=done), detail=detail)
    return [
        _done_assessing(scene, assessing),
        _now_if(answered, standing.status is Status.ACCEPTED, words.sentence),
    ]


def _done_assessing(scene: Scene, step: Step) -> Step:
    if step.state is not StepState.DONE:
        return step
    return Step(title=_("Vurdert"), state=StepState.DONE, detail=dates.stamp(scene.standing.assessed_at))


def _answer_by(scene: Scene) -> str:
    deadline = scene.standing.deadline
    return "" if deadline is None else _("Senest %(day)s", day=dates.day(deadline.last_day))


def _treatment(scene: Scene) -> list[Step]:
    standing, words = scene.standing, label(scene)
    started = standing.started_on is not None or standing.status is Status.COMPLETED
    first = Step(
        title=_("Første time"), state=step_state(is_done=started), detail=_appointment(standing.appointment)
    )
    treated = Step(
        title=_("Behandling"),
        state=step_state(is_done=standing.status is Status.COMPLETED, is_now=standing.status is Status.STARTED),
        detail=words.sentence if started else "",
    )
    return [_now_if(first, standing.status is Status.SCHEDULED, words.sentence), treated]


def _appointment(appointment: Appointment | None) -> str:
    if appointment is None or appointment.state is not AppointmentState.BOOKED:
        return ""
    return dates.upfirst(f"{dates.moment(appointment.start)}, {appointment.place}")


def _now_if(step: Step, is_now: bool, sentence: str) -> Step:
    return Step(title=step.title, state=StepState.NOW, detail=dates.upfirst(sentence)) if is_now else step


def _passed(scene: Scene) -> list[Step]:
    return [step for step in _receipts(scene) if step.state is StepState.DONE]
