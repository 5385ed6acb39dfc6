"""What pages say of identities in texts that are to name nobody, and of who knows whom a case is about."""

from collections.abc import Mapping
from typing import Final

from handover.consent.model import Reply, Request
from handover.message.anonymity import Kind
from handover.message.linking import Bond, Why
from handover.web import dates
from handover.web.i18n import Sentence, Text
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l

LOOKS_LIKE: Final[Mapping[Kind, Sentence]] = {
    Kind.NUMBER: _l("Ligner et fødselsnummer"),
    Kind.PHONE: _l("Ligner et telefonnummer"),
    Kind.EMAIL: _l("Ligner en e-postadresse"),
    Kind.ADDRESS: _l("Ligner en adresse"),
    Kind.DATE: _l("Ligner en fødselsdato"),
    Kind.NAME: _l("Ligner et navn"),
}
WHERE: Final[Mapping[str, Sentence]] = {
    "line": _l("I det saken heter"),
    "text": _l("I meldingen"),
    "wished_person": _l("I ønsket mottaker"),
    "where": _l("I forslaget til samtale"),
    "for": _l("I det som taler for"),
    "against": _l("I det som taler mot"),
    "file": _l("I navnet på et dokument"),
    "forwards": _l("I en melding som sendes videre"),
}


def place(where: str) -> Sentence:
    """Return in which field something stands."""
    return WHERE[where.partition("-")[0]]


def knows(bond: Bond | None) -> Text:
    """Return what a service knows of whom a case is about, in one sentence."""
    if bond is None or bond.since is None:
        return _("Vet ikke hvem saken gjelder.")
    if bond.is_open:
        return _("Vet hvem saken gjelder (siden %(day)s).", day=dates.short_day(bond.since))
    if bond.confirmed_at is not None:
        return _("Saken er anonym der igjen.")
    return _("Skal ikke lenger vite hvem saken gjelder. Vi venter på at det bekreftes.")


def answered(request: Request, place: str) -> Text:
    """Return what a patient was asked about a service, and what they said."""
    asked = dates.short_day(request.asked_at)
    if request.reply is Reply.YES and request.replied_at is not None:
        day = dates.short_day(request.replied_at)
        return _("%(place)s: Pasienten sa ja på sin egen side (%(day)s).", place=place, day=day)
    if request.reply is Reply.NO and request.replied_at is not None:
        day = dates.short_day(request.replied_at)
        return _("%(place)s: Pasienten sa nei (%(day)s).", place=place, day=day)
    return _("%(place)s: Pasienten er spurt (%(day)s), og har ikke svart.", place=place, day=asked)


def told(bond: Bond) -> Text:
    """Return what a service that was told knows now."""
    if bond.is_open and bond.since is not None:
        return _("Pasienten har sagt ja til at dere vet hvem saken gjelder.")
    if bond.why is Why.MISTAKE:
        return _("Saken ble koblet til en person ved en feil. Den er anonym igjen.")
    return _("Samtykket gjelder ikke lenger. Saken er anonym igjen hos dere.")
