"""What happened with a thread at one service, line by line."""

from collections.abc import Mapping, Sequence
from typing import Final

from handover.exchange.files import File
from handover.ids import AgencyId, CommunicationId
from handover.message.model import Doing, Entry
from handover.message.words.names import REASONS
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Happened

DOINGS: Final[Mapping[Doing, Sentence]] = {
    Doing.WRITE: _l("Et utkast ble lagret"),
    Doing.DISCARD: _l("Et utkast ble slettet"),
    Doing.SEND: _l("En melding ble sendt"),
    Doing.UNDO_SEND: _l("Sendingen ble angret"),
    Doing.SEND_AGAIN: _l("En melding ble sendt på nytt"),
    Doing.RETRACT: _l("En melding ble trukket tilbake"),
    Doing.TELL_OF_RETRACTION: _l("Andre fikk beskjed om at en melding er trukket tilbake"),
    Doing.CONFIRM_RETRACTION: _l("Lederen bekreftet at en melding er skjult"),
    Doing.OPEN: _l("Tråden ble åpnet"),
    Doing.CHOOSE: _l("Et tidspunkt ble valgt"),
    Doing.TAKE: _l("Tråden fikk ny ansvarlig, eller ble gitt tilbake"),
    Doing.DONE: _l("Tråden ble merket som ferdig"),
    Doing.WAIT_ON: _l("Svarene som var kommet, ble sett på. De andre svarene ventes fortsatt"),
    Doing.OBSERVE: _l("Lederen begynte eller sluttet å følge tråden"),
    Doing.RECEIVE: _l("En melding kom"),
    Doing.RECEIVE_STATUS: _l("Mottakeren åpnet eller skjulte en melding, eller valgte en tid"),
    Doing.RECEIVE_RETRACTION: _l("Avsenderen trakk en melding tilbake"),
    Doing.RECEIVE_DOCUMENT: _l("Et dokument kom etter viruskontrollen"),
    Doing.REFUSE_DOCUMENT: _l("Et dokument ble ikke tatt imot: det er virus i det"),
    Doing.GIVE_UP_DOCUMENT: _l("Et dokument ble ikke tatt imot: det kunne ikke sjekkes for virus"),
    Doing.TELL_LEADER: _l("Lederen fikk beskjed om at en melding ikke er åpnet"),
    Doing.JUSTIFY: _l("Noe som kunne ligne en identitet, ble begrunnet"),
    Doing.LINK: _l("Saken ble koblet til pasienten"),
    Doing.UNLINK: _l("Koblingen til pasienten ble tatt bort"),
    Doing.RECEIVE_LINK: _l("Saken ble koblet til en pasient"),
    Doing.RECEIVE_UNLINK: _l("Saken ble anonym igjen"),
}

Files = Mapping[CommunicationId, Sequence[File]]
"""The documents of the messages that the reader may see."""


def happened(entry: Entry, places: Mapping[AgencyId, str], files: Files) -> Happened[Entry]:
    """Return one line: what, when, who, the reason where there is one, and the document while it may be named."""
    who = _("Systemet") if entry.by is None else entry.by.at(places[entry.by.agency])
    told = (
        (_("Hvorfor"), "" if entry.reason is None else str(REASONS[entry.reason])),
        (_("Forklaring"), entry.text),
        (_("Dokument"), _title(entry, files)),
    )
    texts = tuple((label, text) for label, text in told if text)
    return Happened(what=str(DOINGS[entry.doing]), at=entry.at, who=who, texts=texts, entry=entry)


def _title(entry: Entry, files: Files) -> str:
    """Return what the document of a line is called; empty where its message is gone, or not for the reader."""
    named = () if entry.message is None else files.get(entry.message, ())
    return next((each.name for each in named if each.sha256 == entry.document), "")
