"""One function per use case of a handover: what the pages, the API, `app.py` and the exchange call.

Acts take a `Turn` (who, which handover, when, at which side, the version the page showed). Everything runs in the
caller's transaction. Refusals: `Stale`, `StalePreview`, `ItemChanged` and the lifecycle's own for what the state
forbids, `Incomplete` and other `Invalid` for what is missing, `HandoverNotFound` for what is not there or not
yours.
"""

from handover.bundle.cases import Stale, Turn
from handover.bundle.freezing import (
    NothingTravels,
    StalePreview,
    TooMuch,
    approve,
    preview,
    take_back_yes,
)
from handover.bundle.importing import Lender
from handover.bundle.marking import (
    add_own_item,
    allow_clinician,
    mark,
    pause,
    resume,
    set_wishes,
    write_own_words,
)
from handover.bundle.reading import Case, Listed, case_of, document_of, file_of, mine, my_handovers, show
from handover.bundle.store import HandoverNotFound, Stored
from handover.bundle.writing import (
    BadFile,
    BadItem,
    BadReceiver,
    ItemNotFound,
    TooYoung,
    add_item,
    attach,
    bring_in,
    choose_receiver,
    importable,
    invite,
    remove_item,
    save_item,
    set_take_over_by,
    start,
)

__all__ = [
    "BadFile",
    "BadItem",
    "BadReceiver",
    "Case",
    "HandoverNotFound",
    "ItemNotFound",
    "Lender",
    "Listed",
    "NothingTravels",
    "Stale",
    "StalePreview",
    "Stored",
    "TooMuch",
    "TooYoung",
    "Turn",
    "add_item",
    "add_own_item",
    "allow_clinician",
    "approve",
    "attach",
    "bring_in",
    "case_of",
    "choose_receiver",
    "document_of",
    "file_of",
    "importable",
    "invite",
    "mark",
    "mine",
    "my_handovers",
    "pause",
    "preview",
    "remove_item",
    "resume",
    "save_item",
    "set_take_over_by",
    "set_wishes",
    "show",
    "start",
    "take_back_yes",
    "write_own_words",
]
