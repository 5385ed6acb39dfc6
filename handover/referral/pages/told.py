"""What the receiver of a paper referral may have told by letter or phone, one form for each.

On paper there is one copy, and whoever keeps it records both sides (`Guard.PAPER`).
"""

from dataclasses import dataclass
from typing import Final

from handover.referral.lifecycle import Act, Status
from handover.referral.pages import acts
from handover.referral.service import Case
from handover.referral.standing import Channel
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l


@dataclass(frozen=True)
class Field:
    """One field of what was told."""

    name: str
    label: Sentence
    kind: str = "text"
    """`text`, `textarea`, `day`, `clock` or `tel`: the macro that shows it."""
    is_optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something the receiver decides, as the referrer writes it down; `slug` as in the receiver's own pages."""

    slug: str
    title: Sentence
    fields: tuple[Field, ...] = ()

    @property
    def act(self) -> Act | None:
        """The act of the lifecycle."""
        return acts.BY_SLUG[self.slug].act


_ASSESSOR: Final = (
    Field("complaint", _l("Hvordan pasienten kan klage"), "textarea"),
    Field("assessor", _l("Vurdert av")),
    Field("assessor_phone", _l("Telefon til den som har vurdert"), "tel"),
)
_APPOINTMENT: Final = (
    Field("day", _l("Dag"), "day"),
    Field("clock", _l("Klokkeslett"), "clock"),
    Field("minutes", _l("Hvor lenge timen varer, i minutter")),
    Field("place", _l("Sted")),
    Field("with_whom", _l("Hvem pasienten møter")),
    Field("phone", _l("Telefon pasienten kan ringe"), "tel"),
)
TOLD: Final = (
    Told(
        slug="rett",
        title=_l("Pasienten har fått rett til behandling"),
        fields=(
            Field("latest_start", _l("Behandlingen starter senest"), "day"),
            Field("next_step", _l("Hva som skjer videre"), "textarea"),
            Field("reason", _l("Begrunnelse"), "textarea", is_optional=True),
            *_ASSESSOR,
        ),
    ),
    Told(
        slug="ikke-rett",
        title=_l("Pasienten har ikke fått rett til behandling der"),
        fields=(
            Field("reason", _l("Hvorfor"), "textarea"),
            Field("advice", _l("Hva mottakeren råder til nå"), "textarea"),
            *_ASSESSOR,
        ),
    ),
    Told(slug="time", title=_l("Første time er satt"), fields=_APPOINTMENT),
    Told(slug="flytt-time", title=_l("Timen er flyttet"), fields=_APPOINTMENT),
    Told(
        slug="start",
        title=_l("Behandlingen har startet"),
        fields=(Field("started_on", _l("Dagen behandlingen startet"), "day"),),
    ),
    Told(
        slug="avslutt",
        title=_l("Behandlingen er avsluttet"),
        fields=(
            Field("outcome", _l("Hva behandlingen førte til"), "textarea"),
            Field("follow_up", _l("Hvem som følger opp")),
        ),
    ),
    Told(slug="bekreft-trukket", title=_l("Mottakeren har trukket henvisningen")),
)
BY_SLUG: Final = {told.slug: told for told in TOLD}


def open_now(case: Case) -> list[Told]:
    """Return what may be written down now; nothing where the receiver speaks for itself."""
    if case.standing.channel is not Channel.PAPER:
        return []
    return [told for told in TOLD if _is_open(told, case)]


def _is_open(told: Told, case: Case) -> bool:
    if case.standing.status is Status.RECEIVED:
        return told.act in {Act.ACCEPT, Act.REJECT}
    return told.act in case.acts
