"""What the acts, fields and reports of the address book are called on the screen."""

from collections.abc import Mapping
from typing import Final

from handover.addressbook.model import Act, Outcome, Part
from handover.web.i18n import Sentence, language
from handover.web.i18n import lazy_gettext as _l

__all__ = ["ACTS", "DONE", "FIELDS", "OUTCOMES", "PARTS", "SENTENCES", "language"]

ACTS: Final[Mapping[Act, Sentence]] = {
    Act.CONFIRMED: _l("Bekreftet opplysningene"),
    Act.CHANGED: _l("Endret opplysningene"),
    Act.PAUSED: _l("Stengte for en tid"),
    Act.REOPENED: _l("Åpnet igjen"),
    Act.OFFER_SAVED: _l("Skrev om et tilbud"),
    Act.OFFER_REMOVED: _l("Tok bort et tilbud"),
}
FIELDS: Final[Mapping[str, Sentence]] = {
    "phone": _l("Telefon"),
    "opening_hours": _l("Åpent"),
    "target_group": _l("For hvem"),
    "takes": _l("Tar imot"),
    "pause": _l("Stengt"),
    "offers": _l("Tilbud"),
}
PARTS: Final[Mapping[Part, Sentence]] = {
    Part.PHONE: _l("Telefonnummeret"),
    Part.OPENING_HOURS: _l("Åpningstiden"),
    Part.TAKES: _l("Hva tjenesten tar imot"),
    Part.TARGET_GROUP: _l("Hvem tjenesten er for"),
    Part.OFFERS: _l("Et tilbud"),
    Part.CLOSED: _l("Tjenesten er stengt eller lagt ned"),
    Part.NAME: _l("Navnet"),
    Part.OTHER: _l("Noe annet"),
}
OUTCOMES: Final[Mapping[Outcome, Sentence]] = {
    Outcome.MENDED: _l("Rettet"),
    Outcome.STANDS: _l("Det stemmer som det står"),
}
DONE: Final[Mapping[str, Sentence]] = {
    "bekreftet": _l("Takk. Alle ser nå at opplysningene er bekreftet i dag."),
    "lagret": _l("Endringen er lagret, og alle i samarbeidet får se den."),
    "stengt": _l("Tjenesten er satt som stengt. De som velger den, får se hva de kan gjøre i stedet."),
    "apnet": _l("Tjenesten er ikke lenger satt som stengt."),
    "meldt": _l("Takk. Meldingen er på vei til dem som eier opplysningene."),
}
SENTENCES: Final[Mapping[str, Sentence]] = {
    "national-number": _l("Her står det noe som ser ut som et fødselsnummer. Ta det bort."),
    "last.before-first": _l("Siste dag må være etter første dag."),
    "last.is-over": _l("Siste dag har vært. Skriv en dag som kommer, eller la feltet stå tomt."),
    "last.date": _l("Skriv siste dag som dag, måned og år, eller la feltet stå tomt."),
    "instead.itself": _l("Velg en annen tjeneste enn den som stenger."),
    "instead.choice": _l("Velg en tjeneste fra listen."),
    "advice.no-alternative": _l("Velg en annen tjeneste, eller skriv hva folk kan gjøre i stedet."),
    "part.choice": _l("Velg hva som er feil."),
    "outcome.choice": _l("Velg hva dere har gjort."),
}
"""What to say for the codes of this slice's refusals."""
