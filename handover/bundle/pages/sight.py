"""What stands at the top of every page of a handover: who has it, what happens now, by when, and must I act."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from handover.actors import Patient
from handover.bundle.lifecycle import Side
from handover.bundle.scenes import scene_of
from handover.bundle.service import Case, Turn
from handover.bundle.words.banner import banner
from handover.bundle.words.baton import BatonShown, baton_of
from handover.bundle.words.scene import Scene
from handover.bundle.words.states import Label, label
from handover.web.parts import NextStep


@dataclass(frozen=True, kw_only=True)
class Sight:
    """The names of both ends, who is responsible, and the answer at the top."""

    scene: Scene
    sender: str
    """The service that writes, and is responsible until somebody has taken over."""
    place: str
    """The service it is for; empty before one is chosen."""
    clinician: str
    label: Label
    banner: NextStep
    baton: BatonShown


def sight_of(session: Session, case: Case, turn: Turn, *, in_meeting: bool = False) -> Sight:
    """Return what the top of the page says to this reader; in a meeting it speaks to the patient."""
    reader = Side.PATIENT if in_meeting or isinstance(turn.by, Patient) else Side.SENDER
    scene = scene_of(session, case.standing, reader, now=turn.now, delivery=case.delivery)
    return Sight(
        scene=scene,
        sender=scene.sender,
        place=scene.place,
        clinician=case.standing.clinician.name,
        label=label(scene),
        banner=banner(scene),
        baton=baton_of(scene),
    )
