"""One function per use case of a thread: what the pages, the API, `app.py` and the exchange call.

Acts take a `Turn` (who, in which thread, when, at which service, the state the page showed). Everything runs in
the caller's transaction. Refusals: `Stale` and the lifecycle's own for what the state forbids, `Invalid` ones with
their codes for what is missing or too much, `consent.service`'s for what the patient's choices forbid,
`ThreadNotFound` and `NoSuchMessage` for what is not there or not yours.
"""

from handover.message.anonymity import MAX_WHY, Finding, Identifying, NotInACase
from handover.message.answering import begin_answer, is_untaken
from handover.message.cases import WORK, Stale, Turn
from handover.message.deciding import (
    StillUnopened,
    choose_slot,
    confirm_retraction,
    done,
    observe,
    open_,
    snooze,
    take,
    tell_leaders,
)
from handover.message.following import is_told_of, on_delivery
from handover.message.forwarding import add_member, forward
from handover.message.guarding import NothingThere, findings, is_anonymous, justify
from handover.message.joining import LASTS, Yes, bonds_of, choice_changed, end_expired, link, unlink
from handover.message.linking import AlreadyLinked, NoOneToTell, NotLinked, NotTheirs
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
    count_drafts,
    counts,
    drafts,
    file_of,
    mine,
    search,
    show,
    take_out,
    thread_of,
    work,
)
from handover.message.scope import BadPurpose, BadReceiver, purpose_of
from handover.message.sending import may_still_go, retract, send, send_again, send_anew, undo_send
from handover.message.speaking import AlreadyChosen, NotOffered
from handover.message.standing import NoSuchMessage
from handover.message.store import ThreadNotFound
from handover.message.told import PatientCase, Told, my_cases
from handover.message.wiring import register
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
    attach,
    change_about,
    detach,
    discard,
    preview,
    reply,
    save_draft,
    start_draft,
)

__all__ = [
    "LASTS",
    "MAX_WHY",
    "WORK",
    "About",
    "AlreadyChosen",
    "AlreadyLinked",
    "AlreadySent",
    "BadPurpose",
    "BadReceiver",
    "Begun",
    "Finding",
    "Identifying",
    "KeptFrom",
    "Listed",
    "Needed",
    "NoOneToTell",
    "NoSuchMessage",
    "NotInACase",
    "NotLinked",
    "NotOffered",
    "NotTheirs",
    "NothingThere",
    "OtherPatient",
    "PatientBasis",
    "PatientCase",
    "PatientMessage",
    "PatientThread",
    "Seen",
    "Stale",
    "StillUnopened",
    "Thread",
    "ThreadNotFound",
    "ThreadRow",
    "Told",
    "Turn",
    "Yes",
    "add_member",
    "attach",
    "begin_answer",
    "bonds_of",
    "change_about",
    "choice_changed",
    "choose_slot",
    "confirm_retraction",
    "count_drafts",
    "counted",
    "counts",
    "detach",
    "discard",
    "done",
    "drafts",
    "end_expired",
    "file_of",
    "findings",
    "forward",
    "is_anonymous",
    "is_told_of",
    "is_untaken",
    "justify",
    "kept_from",
    "link",
    "list_closed",
    "may_still_go",
    "mine",
    "my_cases",
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
    "snooze",
    "start_draft",
    "take",
    "take_out",
    "tell_leaders",
    "thread_of",
    "undo_send",
    "unlink",
    "who_opened",
    "work",
    "work_news",
]
