"""What a page says of a team's rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from handover.access import service as access
from handover.errors import Invalid
from handover.ids import AgencyId
from handover.team import standing_in
from handover.team.blanks import Unfilled
from handover.team.model import Place, ReadyText
from handover.team.standing_in import Passed
from handover.web.i18n import LANGUAGES, Sentence, Text
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l

SHIPPED: Final[Mapping[str, Sentence]] = {
    "Hvordan klage": _l("Hvordan klage"),
    "Innkalling kommer": _l("Innkalling kommer"),
    "Kan vi snakkes?": _l("Kan vi snakkes?"),
    "Kommunens tilbud passer bedre": _l("Kommunens tilbud passer bedre"),
    "Medisiner": _l("Medisiner"),
    "Møte": _l("Møte"),
    "Ny time": _l("Ny time"),
    "Riktigere tjeneste": _l("Riktigere tjeneste"),
    "Risiko": _l("Risiko"),
    "Svaret kommer": _l("Svaret kommer"),
    "Tidligere behandling": _l("Tidligere behandling"),
    "Videre oppfølging i kommunen": _l("Videre oppfølging i kommunen"),
}
"""The titles of the ready texts that came with the product; a service's own have the title it gave them."""


@dataclass(frozen=True)
class Ready:
    """A ready text as one reader gets it."""

    title: Text
    text: str
    instead: str
    """The language it is in where the reader's is lacking; else empty."""


def ready_in(texts: Iterable[ReadyText], tag: str) -> list[Ready]:
    """Return ready texts in the language of their reader, or in the nearest that there is."""
    return [_ready(each, each.as_read_in(tag), tag) for each in texts]


def title_of(text: ReadyText) -> Text:
    """Return what a ready text is called."""
    return SHIPPED.get(text.title, text.title)


def _ready(text: ReadyText, found: str, tag: str) -> Ready:
    return Ready(title_of(text), text.texts[found], "" if found == tag else LANGUAGES[found])


def blanks_sentences(refused: Invalid) -> Mapping[str, Text]:
    """Return a sentence for each field with blanks, which names them; none where something else is wrong."""
    if not isinstance(refused, Unfilled):
        return {}
    return {
        f"{name}.unfilled-blank": _("Fyll ut eller ta bort dette: %(blanks)s", blanks=", ".join(found))
        for name, found in refused.blanks.items()
    }


def kept(session: Session, place: Place) -> str:
    """Return who has a case in its owner's place, and why; empty where its owner has it, or nobody."""
    found = standing_in.passed(session, place.agency, [place.subject]).get((place.service, place.subject))
    return "" if found is None else keeper_sentence(session, place.agency, found)


def keeper_sentence(session: Session, agency: AgencyId, found: Passed) -> str:
    """Return who has a case in whose place, and why."""
    owner = access.staff_of(session, agency, found.passed_from).name
    if found.owner is not None:
        return _("%(name)s for %(absent)s", name=access.staff_of(session, agency, found.owner).name, absent=owner)
    if found.is_untouched:
        return _("Ingen har tatt denne. Den lå urørt hos %(absent)s", absent=owner)
    return _("Ingen har tatt denne. %(absent)s er borte", absent=owner)
