"""The lines of a patient's log about a handover, in sentences: who, where, what; and what they did themselves."""

from collections.abc import Mapping
from typing import Final

from handover.audit.model import Entry, Event
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l

_STAFF: Final[Mapping[Event, Sentence]] = {
    Event.HANDOVER_READ: _l("%(name)s ved %(place)s leste overføringen."),
    Event.HANDOVER_OPEN: _l("%(name)s ved %(place)s åpnet overføringen for første gang."),
    Event.HANDOVER_DOCUMENT_READ: _l("%(name)s ved %(place)s leste dokumentet i overføringen."),
    Event.HANDOVER_PREVIEW: _l("%(name)s ved %(place)s så over overføringen før den går."),
    Event.HANDOVER_LIST: _l("%(name)s ved %(place)s så en liste der overføringen din står."),
    Event.HANDOVER_START: _l("%(name)s ved %(place)s begynte på overføringen."),
    Event.HANDOVER_COPY: _l("%(name)s ved %(place)s begynte på overføringen med den forrige som utgangspunkt."),
    Event.HANDOVER_WRITE: _l("%(name)s ved %(place)s skrev i overføringen."),
    Event.HANDOVER_INVITE: _l("%(name)s ved %(place)s inviterte deg til å skrive sammen."),
    Event.HANDOVER_SEND: _l("%(name)s ved %(place)s sendte overføringen."),
    Event.HANDOVER_UNDO_SEND: _l("%(name)s ved %(place)s angret sendingen før noe hadde gått."),
    Event.HANDOVER_SEND_AGAIN: _l("%(name)s ved %(place)s sendte den samme overføringen på nytt."),
    Event.HANDOVER_GIVE_UP: _l("%(name)s ved %(place)s ga opp sendingen fordi den ikke kom fram."),
    Event.HANDOVER_NOTE_TO_RECEIVER: _l("%(name)s ved %(place)s skrev til den som har fått overføringen."),
    Event.HANDOVER_TELL_TRUSTED: _l("%(name)s ved %(place)s noterte om en du stoler på, har fått beskjed."),
    Event.HANDOVER_CLOSE: _l("%(name)s ved %(place)s avsluttet overføringen hos seg."),
    Event.HANDOVER_MARK: _l("%(name)s ved %(place)s merket hva som blir med, slik du sa."),
    Event.HANDOVER_WRITE_OWN_WORDS: _l("%(name)s ved %(place)s skrev dine ord for deg."),
    Event.HANDOVER_PAUSE: _l("%(name)s ved %(place)s satte overføringen på vent, slik du sa."),
    Event.HANDOVER_RESUME: _l("%(name)s ved %(place)s tok opp igjen overføringen, slik du sa."),
    Event.HANDOVER_APPROVE: _l("%(name)s ved %(place)s skrev ned at du sa ja."),
    Event.HANDOVER_TAKE_BACK_YES: _l("%(name)s ved %(place)s skrev ned at du tok tilbake ditt ja."),
    Event.HANDOVER_RELEASE_MORE: _l("%(name)s ved %(place)s sendte noe mer, slik du sa."),
    Event.HANDOVER_WITHDRAW: _l("%(name)s ved %(place)s trakk overføringen tilbake, slik du sa."),
    Event.HANDOVER_REOPEN: _l("%(name)s ved %(place)s åpnet overføringen igjen, slik du sa."),
    Event.HANDOVER_TAKE: _l("%(name)s ved %(place)s følger opp overføringen der."),
    Event.HANDOVER_ASK: _l("%(name)s ved %(place)s spurte avsenderen om noe."),
    Event.HANDOVER_PLAN_MEETING: _l("%(name)s ved %(place)s avtalte et møte."),
    Event.HANDOVER_CANCEL_MEETING: _l("%(name)s ved %(place)s avlyste møtet."),
    Event.HANDOVER_HOLD_MEETING: _l("%(name)s ved %(place)s noterte at møtet er holdt."),
    Event.HANDOVER_TAKE_OVER: _l("%(name)s ved %(place)s tok over ansvaret."),
    Event.HANDOVER_DECLINE: _l("%(name)s ved %(place)s sa nei til å ta over."),
    Event.HANDOVER_ANSWER_WITHDRAWAL: _l(
        "%(name)s ved %(place)s svarte på hva som er gjort med det du trakk tilbake."
    ),
    Event.HANDOVER_NOTE_TO_SENDER: _l("%(name)s ved %(place)s skrev til avsenderen."),
}
"""What is the patient's to do was done on the patient's word."""
_YOU: Final[Mapping[Event, Sentence]] = {
    Event.HANDOVER_READ: _l("Du leste overføringen selv."),
    Event.HANDOVER_LIST: _l("Du så listen over overføringene dine."),
    Event.HANDOVER_PREVIEW: _l("Du så hva mottakeren vil se."),
    Event.HANDOVER_DOCUMENT_READ: _l("Du leste dokumentet som ble sendt."),
    Event.HANDOVER_MARK: _l("Du merket hva som blir med."),
    Event.HANDOVER_WRITE_OWN_WORDS: _l("Du skrev med egne ord."),
    Event.HANDOVER_PAUSE: _l("Du satte overføringen på vent."),
    Event.HANDOVER_RESUME: _l("Du tok opp igjen overføringen."),
    Event.HANDOVER_APPROVE: _l("Du sa ja til overføringen."),
    Event.HANDOVER_TAKE_BACK_YES: _l("Du tok tilbake ditt ja."),
    Event.HANDOVER_RELEASE_MORE: _l("Du lot noe mer bli med."),
    Event.HANDOVER_WITHDRAW: _l("Du trakk overføringen tilbake."),
    Event.HANDOVER_REOPEN: _l("Du åpnet overføringen igjen."),
}
_MACHINE: Final[Mapping[Event, Sentence]] = {
    Event.HANDOVER_ARRIVE: _l("Overføringen kom fram."),
    Event.HANDOVER_YES_LAPSED: _l("Noe som blir med, ble endret. Derfor gjelder ikke ditt ja lenger."),
    Event.HANDOVER_RECEIVE: _l("Overføringen kom inn til %(place)s."),
    Event.HANDOVER_RECEIVE_STATUS: _l("Nytt om overføringen kom inn til %(place)s."),
    Event.HANDOVER_RECEIVE_WITHDRAWAL: _l("%(place)s fikk beskjed om at du har trukket overføringen tilbake."),
    Event.HANDOVER_WITHDRAW: _l("Mottakeren ble bedt om å si hva som er gjort med det du trakk tilbake."),
}
SHOWN: Final = frozenset({*_STAFF, *_YOU, *_MACHINE})
"""Events that a patient's log has a sentence for; a yellow note is the service's own."""


def sentence(entry: Entry, place: str) -> str | None:
    """Return what a line of the log says to the patient, or None where it says nothing. `place`: the agency."""
    table = {"staff": _STAFF, "patient": _YOU, "machine": _MACHINE}.get(entry.who.kind, {})
    said = table.get(entry.event)
    return None if said is None else _(said.bokmaal, name=entry.who.name, place=place)
