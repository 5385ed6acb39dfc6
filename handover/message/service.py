"""One function per use case of a thread: what the pages, the API, `app.py` and the exchange call.

Acts take a `Turn` (who, in which thread, when, at which service, the state the page showed). Everything runs in
the caller's transaction. Refusals: `Stale` and the lifecycle's own for what the state forbids, `Invalid` ones with
their codes for what is missing or too much, `consent.service`'s for what the patient's choices forbid,
`ThreadNotFound` and `NoSuchMessage` for what is not there or not yours.
"""

from handover.message.cases import WORK, Stale, Turn
from handover.message.deciding import (
    StillUnopened,
    choose_slot,
    confirm_retraction,
    done,
    observe,
    open_,
    take,
    tell_leaders,
)
from handover.message.following import is_told_of, on_delivery
from handover.message.patients import (
    PatientBasis,
    PatientMessage,
    PatientThread,
    my_thread,
    my_threads,
    who_opened,
)
from handover.message.permits import KeptFrom, Needed, kept_from, permit_needed
from handover.message.reading import (
    Listed,
    Seen,
    Thread,
    counts,
    file_of,
    mine,
    search,
    show,
    thread_of,
    work,
)
from handover.message.receiving import register
from handover.message.scope import BadPurpose, BadReceiver, purpose_of
from handover.message.sending import may_still_go, retract, send, send_again, send_anew, undo_send
from handover.message.speaking import AlreadyChosen, NotOffered
from handover.message.standing import NoSuchMessage
from handover.message.store import ThreadNotFound
from handover.message.worklists import (
    ThreadRow,
    counted,
    list_closed,
    open_work,
    search_work,
    work_news,
)
from handover.message.writing import (
    About,
    AlreadySent,
    Begun,
    OtherPatient,
    add_member,
    attach,
    change_about,
    detach,
    discard,
    forward,
    preview,
    reply,
    save_draft,
    start_draft,
)

__all__ = [
    "WORK",
    "About",
    "AlreadyChosen",
    "AlreadySent",
    "BadPurpose",
    "BadReceiver",
    "Begun",
    "KeptFrom",
    "Listed",
    "Needed",
    "NoSuchMessage",
    "NotOffered",
    "OtherPatient",
    "PatientBasis",
    "PatientMessage",
    "PatientThread",
    "Seen",
    "Stale",
    "StillUnopened",
    "Thread",
    "ThreadNotFound",
    "ThreadRow",
    "Turn",
    "add_member",
    "attach",
    "change_about",
    "choose_slot",
    "confirm_retraction",
    "counted",
    "counts",
    "detach",
    "discard",
    "done",
    "file_of",
    "forward",
    "is_told_of",
    "kept_from",
    "list_closed",
    "may_still_go",
    "mine",
    "my_thread",
    "my_threads",
    "observe",
    "on_delivery",
    "open_",
    "open_work",
    "permit_needed",
    "preview",
    "purpose_of",
    "register",
    "reply",
    "retract",
    "save_draft",
    "search",
    "search_work",
    "send",
    "send_again",
    "send_anew",
    "show",
    "start_draft",
    "take",
    "tell_leaders",
    "thread_of",
    "undo_send",
    "who_opened",
    "work",
    "work_news",
]
