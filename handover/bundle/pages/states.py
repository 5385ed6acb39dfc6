"""The tag of every status of a handover in a list, at most four words (WORDS.md)."""

from collections.abc import Mapping
from typing import Final

from handover.bundle.lifecycle import Side, Status
from handover.bundle.standing import Standing
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Tone

_S: Final = Status
TAGS: Final[Mapping[Status, tuple[Sentence, Tone]]] = {
    _S.DRAFT: (_l("Utkast"), Tone.NEUTRAL),
    _S.WITH_PATIENT: (_l("Skrives med pasienten"), Tone.INFO),
    _S.PAUSED: (_l("Satt på vent"), Tone.WARNING),
    _S.APPROVED: (_l("Pasienten har sagt ja"), Tone.SUCCESS),
    _S.SENT: (_l("Sendt"), Tone.INFO),
    _S.RECEIVED: (_l("Kommet fram"), Tone.INFO),
    _S.OPENED: (_l("Åpnet"), Tone.INFO),
    _S.MEETING_PLANNED: (_l("Møte er avtalt"), Tone.INFO),
    _S.MEETING_HELD: (_l("Møtet er holdt"), Tone.INFO),
    _S.TAKEN_OVER: (_l("Ansvaret er tatt over"), Tone.SUCCESS),
    _S.CLOSED: (_l("Avsluttet"), Tone.NEUTRAL),
    _S.DECLINED: (_l("Ikke tatt over"), Tone.WARNING),
    _S.WITHDRAWN: (_l("Trukket tilbake"), Tone.NEUTRAL),
    _S.WITHDRAWAL_NOTIFIED: (_l("Trukket, venter på svar"), Tone.WARNING),
    _S.WITHDRAWAL_ANSWERED: (_l("Trukket tilbake"), Tone.NEUTRAL),
}
_PATIENTS: Final[Mapping[Status, Sentence]] = {
    _S.WITH_PATIENT: _l("Vi skriver den sammen"),
    _S.PAUSED: _l("Du har satt den på vent"),
    _S.APPROVED: _l("Du har sagt ja"),
}
UNDELIVERED: Final = (_l("Kom ikke fram"), Tone.DANGER)


def tag_of(standing: Standing, reader: Side) -> tuple[Sentence, Tone]:
    """Return the tag and its tone; what did not arrive says so."""
    if standing.undelivered and standing.status is Status.SENT:
        return UNDELIVERED
    text, tone = TAGS[standing.status]
    return (_PATIENTS.get(standing.status, text) if reader is Side.PATIENT else text), tone
