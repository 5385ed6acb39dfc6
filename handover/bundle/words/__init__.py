"""What a handover says on the screen, in the reader's language."""

from handover.bundle.words.banner import asked_of, banner
from handover.bundle.words.baton import BatonShown, baton_of
from handover.bundle.words.history import ACTS, happened
from handover.bundle.words.scene import Scene
from handover.bundle.words.states import Label, Turned, label, state_of
from handover.bundle.words.timeline import receipts, timeline

__all__ = [
    "ACTS",
    "BatonShown",
    "Label",
    "Scene",
    "Turned",
    "asked_of",
    "banner",
    "baton_of",
    "happened",
    "label",
    "receipts",
    "state_of",
    "timeline",
]
