"""What the coded choices of a referral are called."""

from collections.abc import Mapping
from typing import Final

from handover.exchange.lifecycle import State as DeliveryState
from handover.referral.model import CodeSystem, Consent, Urgency, Wish
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l

URGENCIES: Final[Mapping[Urgency, Sentence]] = {
    Urgency.ORDINARY: _l("Vanlig"),
    Urgency.URGENT: _l("Raskere enn vanlig"),
    Urgency.IMMEDIATE: _l("Med en gang"),
}
WISHES: Final[Mapping[Wish, Sentence]] = {
    Wish.ASSESSMENT_AND_TREATMENT: _l("Vurdering og behandling"),
    Wish.ADVICE: _l("Råd til oss som følger opp pasienten"),
    Wish.OTHER: _l("Noe annet"),
}
CONSENTS: Final[Mapping[Consent, Sentence]] = {
    Consent.GIVEN: _l("Pasienten har sagt ja til henvisningen"),
    Consent.NOT_NEEDED: _l("Loven krever ikke at pasienten sier ja"),
    Consent.ANSWERS_REQUEST: _l("Henvisningen svarer på noe mottakeren har bedt om"),
    Consent.NOT_GIVEN: _l("Pasienten har ikke sagt ja"),
}
CODE_SYSTEMS: Final[Mapping[CodeSystem, Sentence]] = {
    CodeSystem.ICD_10: _l("ICD-10"),
    CodeSystem.ICPC_2: _l("ICPC-2"),
}
LANGUAGES: Final[Mapping[str, Sentence]] = {
    "ar": _l("Arabisk"),
    "fa": _l("Persisk"),
    "so": _l("Somali"),
    "ti": _l("Tigrinja"),
    "uk": _l("Ukrainsk"),
    "pl": _l("Polsk"),
    "lt": _l("Litauisk"),
    "en": _l("Engelsk"),
    "se": _l("Nordsamisk"),
    "sgn-NO": _l("Norsk tegnspråk"),
}
"""Languages one may need an interpreter for, by BCP 47 code; others are written in the text beside."""

DELIVERIES: Final[Mapping[DeliveryState, Sentence]] = {
    DeliveryState.QUEUED: _l("Lagt i kø her"),
    DeliveryState.SENT: _l("Sendt herfra"),
    DeliveryState.DELIVERED: _l("Kommet fram til mottakerens system"),
    DeliveryState.ACKNOWLEDGED: _l("Tatt imot av mottakerens system"),
    DeliveryState.REFUSED: _l("Ikke tatt imot av mottakerens system"),
    DeliveryState.EXPIRED: _l("Ikke noe svar, og vi sluttet å prøve"),
    DeliveryState.CANCELLED: _l("Angret før den gikk"),
    DeliveryState.STOPPED: _l("Stoppet her"),
}
"""What the machines did with a message (rule 5): never mixed with what people decided."""
