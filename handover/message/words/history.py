"""What happened with a thread at one service, line by line."""

from collections.abc import Mapping
from typing import Final

from handover.ids import AgencyId
from handover.message.model import Doing, Entry
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
    Doing.OBSERVE: _l("Lederen begynte eller sluttet å følge tråden"),
    Doing.RECEIVE: _l("En melding kom"),
    Doing.RECEIVE_STATUS: _l("Mottakeren åpnet eller skjulte en melding, eller valgte en tid"),
    Doing.RECEIVE_RETRACTION: _l("Avsenderen trakk en melding tilbake"),
    Doing.RECEIVE_DOCUMENT: _l("Et dokument kom etter viruskontrollen"),
    Doing.REFUSE_DOCUMENT: _l("Et dokument ble ikke tatt imot: det er virus i det"),
    Doing.TELL_LEADER: _l("Lederen fikk beskjed om at en melding ikke er åpnet"),
    Doing.JUSTIFY: _l("Noe som kunne ligne en identitet, ble begrunnet"),
    Doing.LINK: _l("Saken ble koblet til pasienten"),
    Doing.UNLINK: _l("Koblingen til pasienten ble tatt bort"),
    Doing.RECEIVE_LINK: _l("Saken ble koblet til en pasient"),
    Doing.RECEIVE_UNLINK: _l("Saken ble anonym igjen"),
}

_OF_A_DOCUMENT: Final = frozenset({Doing.RECEIVE_DOCUMENT, Doing.REFUSE_DOCUMENT})


def happened(entry: Entry, places: Mapping[AgencyId, str]) -> Happened[Entry]:
    """Return one line: what, when, who, and the reason where there is one."""
    who = _("Systemet") if entry.by is None else entry.by.at(places[entry.by.agency])
    label = _("Dokument") if entry.doing in _OF_A_DOCUMENT else _("Hvorfor")
    texts = ((label, entry.text),) if entry.text else ()
    return Happened(what=str(DOINGS[entry.doing]), at=entry.at, who=who, texts=texts, entry=entry)
