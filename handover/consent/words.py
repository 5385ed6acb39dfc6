"""What a patient's choices are called, and what is said where they forbid something (klarspråk, WORDS.md)."""

from collections.abc import Mapping
from typing import Final

from handover.consent.model import MayNotTravel
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l

OBSTACLES: Final[Mapping[str, Sentence]] = {
    "consent.blocked": _l(
        "Pasienten har sagt nei til at dere sender noe dit. Snakk med pasienten, eller velg en annen mottaker."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
    "consent.no-permit": _l(
        "Mottakeren er ikke en helsetjeneste. Pasienten må si ja før dere kan sende noe dit."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
    "consent.permit-expired": _l(
        "Pasientens ja til denne mottakeren har gått ut. Spør pasienten om et nytt."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
    "consent.outside-scope": _l(
        "Pasientens ja gjelder ikke alt som står her. Ta det ut, eller spør pasienten."
        " Ingenting er sendt. Det du har skrevet, står her fortsatt."
    ),
}
"""By stable code: why something may not travel, and what to do; nothing was sent."""


def obstacle_sentence(refused: MayNotTravel) -> Sentence:
    """Return the plain sentence for a refusal of rule 15."""
    return OBSTACLES[refused.stable_code]
