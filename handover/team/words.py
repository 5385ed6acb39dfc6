"""What a page says of a team's rules."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from handover.access import service as access
from handover.errors import Invalid
from handover.ids import AgencyId
from handover.team import standing_in
from handover.team.blanks import Unfilled
from handover.team.model import Place
from handover.team.standing_in import Passed
from handover.web.i18n import Text
from handover.web.i18n import gettext as _


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
