"""What a referrer may do with a referral that was sent: one line for each act that is a form with a text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from handover.referral import service as referrals
from handover.referral.lifecycle import Act
from handover.referral.model import UpdateKind
from handover.referral.service import Stored, Turn
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l

File = tuple[str, bytes]
Perform = Callable[[Session, Turn, str, tuple[File, ...]], Stored]


@dataclass(frozen=True, kw_only=True)
class ActPage:
    """An act of the referrer, its form and its words."""

    slug: str
    """Of the address."""
    act: Act
    perform: Perform
    link: Sentence
    """On the referral's page."""
    heading: Sentence
    lead: Sentence
    """What happens when it is done."""
    label: Sentence
    """Of the text field."""
    empty: Sentence
    """What to say when nothing was written."""
    button: Sentence
    done: Sentence
    """Said on the referral's page afterwards."""
    waits: Sentence | None = None
    """Said until the receiver's system has taken it in."""
    field: str = "text"
    kind: UpdateKind | None = None
    takes_files: bool = False
    is_link: bool = True
    """Whether it stands in the list of what may be done (answering stands by the question)."""
    is_once: bool = False
    is_grave: bool = False


ACTS: Final[tuple[ActPage, ...]] = (
    ActPage(
        slug="svar",
        act=Act.ANSWER,
        kind=UpdateKind.ANSWER,
        perform=lambda session, turn, text, files: referrals.answer(session, turn, text, files),
        field="answer",
        takes_files=True,
        is_link=False,
        link=_l("Svar på spørsmålet"),
        heading=_l("Svar på spørsmål fra mottakeren"),
        lead=_l(
            "Svaret blir en del av henvisningen. Fristen for vurderingen løper videre til mottakeren har svart."
        ),
        label=_l("Svaret ditt"),
        empty=_l("Skriv svaret på spørsmålet."),
        button=_l("Send svaret"),
        done=_l("Svaret er sendt."),
        waits=_l("Svaret ditt er på vei til mottakeren."),
    ),
    ActPage(
        slug="opplysninger",
        act=Act.SUPPLEMENT,
        kind=UpdateKind.SUPPLEMENT,
        perform=lambda session, turn, text, files: referrals.supplement(session, turn, text, files),
        takes_files=True,
        link=_l("Legg til opplysninger"),
        heading=_l("Legg til opplysninger"),
        lead=_l("Opplysningene blir en del av henvisningen. Pasienten kan også lese dem."),
        label=_l("Hva mottakeren bør vite i tillegg"),
        empty=_l("Skriv hva mottakeren bør vite."),
        button=_l("Send opplysningene"),
        done=_l("Opplysningene er sendt."),
        waits=_l("Opplysningene dine er på vei til mottakeren."),
    ),
    ActPage(
        slug="beskjed",
        act=Act.NOTE_TO_RECEIVER,
        kind=UpdateKind.NOTE,
        perform=lambda session, turn, text, _files: referrals.note_to_receiver(session, turn, text),
        link=_l("Skriv en beskjed"),
        heading=_l("Skriv en beskjed til mottakeren"),
        lead=_l(
            "Beskjeden går til alle som arbeider med henvisningen hos mottakeren. Pasienten kan også lese den."
        ),
        label=_l("Beskjeden"),
        empty=_l("Skriv beskjeden."),
        button=_l("Send beskjeden"),
        done=_l("Beskjeden er sendt."),
        waits=_l("Beskjeden din er på vei til mottakeren."),
    ),
    ActPage(
        slug="trekk",
        act=Act.REQUEST_WITHDRAWAL,
        kind=UpdateKind.WITHDRAWAL,
        perform=lambda session, turn, text, _files: referrals.request_withdrawal(session, turn, text),
        field="reason",
        is_once=True,
        is_grave=True,
        link=_l("Be om å trekke henvisningen"),
        heading=_l("Be om å trekke henvisningen"),
        lead=_l(
            "Henvisningen gjelder til mottakeren har bekreftet. Mottakeren kan også svare på den i stedet. "
            "Snakk med pasienten først."
        ),
        label=_l("Hvorfor henvisningen skal trekkes"),
        empty=_l("Skriv hvorfor henvisningen skal trekkes."),
        button=_l("Be om å trekke henvisningen"),
        done=_l("Du har bedt om å trekke henvisningen."),
        waits=_l("Ønsket om å trekke henvisningen er på vei til mottakeren."),
    ),
    ActPage(
        slug="feilsendt",
        act=Act.RETRACT,
        kind=UpdateKind.RETRACTION,
        perform=lambda session, turn, text, _files: referrals.retract(session, turn, text),
        field="reason",
        is_once=True,
        is_grave=True,
        link=_l("Den ble sendt ved en feil"),
        heading=_l("Trekk en henvisning som ble sendt ved en feil"),
        lead=_l(
            "Det går så lenge ingen hos mottakeren har åpnet henvisningen, for eksempel når den gjelder "
            "feil person eller gikk til feil sted. Har noen åpnet den, må du be om å trekke den."
        ),
        label=_l("Hva som var feil"),
        empty=_l("Skriv hva som var feil."),
        button=_l("Trekk henvisningen"),
        done=_l("Du har trukket henvisningen fordi den ble sendt ved en feil."),
        waits=_l("Beskjeden om at henvisningen ble sendt ved en feil, er på vei til mottakeren."),
    ),
    ActPage(
        slug="avslutt",
        act=Act.GIVE_UP,
        perform=lambda session, turn, text, _files: referrals.give_up(session, turn, text),
        field="reason",
        is_grave=True,
        link=_l("Avslutt henvisningen"),
        heading=_l("Avslutt en henvisning som ikke kom fram"),
        lead=_l("Mottakeren har ikke fått henvisningen. Pasienten ser at den er avsluttet."),
        label=_l("Hvorfor den avsluttes, og hva som skjer med pasienten nå"),
        empty=_l("Skriv hvorfor henvisningen avsluttes."),
        button=_l("Avslutt henvisningen"),
        done=_l("Henvisningen er avsluttet."),
    ),
)
BY_SLUG: Final = {page.slug: page for page in ACTS}
