"""The tag of every state and the sentence under it: at most four words, then who acts and by when (WORDS.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handover.referral.lifecycle import Act, Side, Status
from handover.referral.words.scene import Scene
from handover.web.i18n import Sentence, gettext
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Tone


class Turned(StrEnum):
    """What is shown instead of a status when something has gone otherwise than it should."""

    LATE = "late"
    """Nothing heard in time; the machines still try."""
    UNDELIVERED = "undelivered"
    """The machines have given up."""
    HELD_BACK = "held-back"
    """The patient said no before it left."""
    GIVEN_UP = "given-up"
    """It never arrived, and the referrer closed it."""
    OVERDUE = "overdue"
    """The deadline of the assessment has passed."""
    ON_PAPER = "on-paper"
    """Sent by post, and nobody has said that it arrived."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """A tag and the whole sentence that stands under it."""

    tag: Sentence
    tone: Tone
    sentence: str
    turned: Turned | None = None


_S, _T = Status, Turned
State = Status | Turned

TAGS: Final[Mapping[State, Sentence]] = {
    _S.DRAFT: _l("Utkast"),
    _S.SENT: _l("Sendt"),
    _S.RECEIVED: _l("Kommet fram"),
    _S.ASSESSING: _l("Blir vurdert"),
    _S.INFO_REQUESTED: _l("Trenger svar fra henviser"),
    _S.ACCEPTED: _l("Rett til behandling"),
    _S.SCHEDULED: _l("Første time er satt"),
    _S.STARTED: _l("Behandlingen er i gang"),
    _S.COMPLETED: _l("Avsluttet"),
    _S.REJECTED: _l("Ikke rett til behandling her"),
    _S.REDIRECTING: _l("Sendes videre"),
    _S.REDIRECTED: _l("Sendt videre"),
    _S.WITHDRAWAL_REQUESTED: _l("Ønskes trukket tilbake"),
    _S.WITHDRAWN: _l("Trukket tilbake"),
    _S.ENTERED_IN_ERROR: _l("Sendt ved en feil"),
    _T.LATE: _l("Kom ikke fram"),
    _T.UNDELIVERED: _l("Kom ikke fram"),
    _T.HELD_BACK: _l("Stoppet av pasienten"),
    _T.GIVEN_UP: _l("Kom aldri fram"),
    _T.OVERDUE: _l("Fristen er ute"),
    _T.ON_PAPER: _l("Sendt på papir"),
}
TONES: Final[Mapping[State, Tone]] = {
    _S.DRAFT: Tone.NEUTRAL,
    _S.SENT: Tone.INFO,
    _S.RECEIVED: Tone.INFO,
    _S.ASSESSING: Tone.INFO,
    _S.INFO_REQUESTED: Tone.WARNING,
    _S.ACCEPTED: Tone.SUCCESS,
    _S.SCHEDULED: Tone.SUCCESS,
    _S.STARTED: Tone.SUCCESS,
    _S.COMPLETED: Tone.NEUTRAL,
    _S.REJECTED: Tone.NEUTRAL,
    _S.REDIRECTING: Tone.INFO,
    _S.REDIRECTED: Tone.INFO,
    _S.WITHDRAWAL_REQUESTED: Tone.WARNING,
    _S.WITHDRAWN: Tone.NEUTRAL,
    _S.ENTERED_IN_ERROR: Tone.NEUTRAL,
    _T.LATE: Tone.WARNING,
    _T.UNDELIVERED: Tone.DANGER,
    _T.HELD_BACK: Tone.WARNING,
    _T.GIVEN_UP: Tone.NEUTRAL,
    _T.OVERDUE: Tone.DANGER,
    _T.ON_PAPER: Tone.INFO,
}

_REF, _REC, _PAT = Side.REFERRER, Side.RECEIVER, Side.PATIENT
_ARRIVED: Final = _l("%(place)s har fått henvisningen. Svar senest %(deadline)s.")
_GIVEN_UP: Final = _l("Henvisningen kom aldri fram til %(place)s. Den er avsluttet.")
_WITHDRAWN: Final = _l("%(who)s trakk henvisningen %(changed)s.")
_STARTED: Final = _l("Siden %(started)s.")
_SCHEDULED: Final = _l("%(appointment)s, %(appointment_place)s.")
_COMPLETED: Final = _l("Behandlingen ble avsluttet %(changed)s. Følger opp videre: %(follow_up)s.")
_IN_ERROR: Final = _l("%(referrer)s trakk henvisningen fordi den ble sendt ved en feil.")

SENTENCES: Final[Mapping[tuple[State, Side], Sentence]] = {
    (_S.DRAFT, _REF): _l("Ikke sendt ennå."),
    (_S.SENT, _REF): _l("Vi har sendt henvisningen til %(place)s."),
    (_S.SENT, _PAT): _l("%(referrer)s har sendt henvisningen til %(place)s."),
    (_S.RECEIVED, _REF): _ARRIVED,
    (_S.RECEIVED, _REC): _l("Vi har fått henvisningen fra %(referrer)s. Svar senest %(deadline)s."),
    (_S.RECEIVED, _PAT): _ARRIVED,
    (_S.ASSESSING, _REF): _l("%(place)s vurderer henvisningen. Svar senest %(deadline)s."),
    (_S.ASSESSING, _REC): _l("%(assessor)s vurderer henvisningen. Svar senest %(deadline)s."),
    (_S.ASSESSING, _PAT): _l("%(place)s vurderer henvisningen. Svar senest %(deadline)s."),
    (_S.INFO_REQUESTED, _REF): _l("%(place)s har spurt om mer. Fristen løper videre."),
    (_S.INFO_REQUESTED, _REC): _l("Vi har spurt %(referrer)s om mer. Fristen løper videre."),
    (_S.INFO_REQUESTED, _PAT): _l("%(place)s har spurt %(referrer)s om mer. Fristen løper videre."),
    (_S.ACCEPTED, _REF): _l("Pasienten får hjelp. Den starter senest %(latest_start)s."),
    (_S.ACCEPTED, _REC): _l("Pasienten får hjelp. Den starter senest %(latest_start)s."),
    (_S.ACCEPTED, _PAT): _l("Du får hjelp. Den starter senest %(latest_start)s."),
    (_S.REJECTED, _REF): _l("Les hvorfor, hva %(place)s råder til, og hvordan pasienten klager."),
    (_S.REJECTED, _REC): _l("Vi har skrevet hvorfor, hva vi råder til, og hvordan pasienten klager."),
    (_S.REJECTED, _PAT): _l("Les hvorfor, hva %(place)s råder til, og hvordan du klager."),
    (_S.WITHDRAWAL_REQUESTED, _REF): _l(
        "Vi har bedt %(place)s om å trekke henvisningen. Den gjelder til %(place)s har svart."
    ),
    (_S.WITHDRAWAL_REQUESTED, _REC): _l("%(who)s ber om å trekke henvisningen. Den gjelder til vi har svart."),
    (_S.WITHDRAWAL_REQUESTED, _PAT): _l(
        "%(referrer)s har bedt %(place)s om å trekke henvisningen. Den gjelder til %(place)s har svart."
    ),
    (_S.WITHDRAWN, _REF): _WITHDRAWN,
    (_S.WITHDRAWN, _REC): _WITHDRAWN,
    (_S.WITHDRAWN, _PAT): _WITHDRAWN,
    (_S.REDIRECTING, _REF): _l(
        "%(place)s sender henvisningen til %(next_place)s, og har ansvaret til den er kommet fram dit."
    ),
    (_S.REDIRECTING, _REC): _l(
        "Vi sender henvisningen til %(next_place)s, og har ansvaret til den er kommet fram dit."
    ),
    (_S.REDIRECTING, _PAT): _l(
        "%(place)s sender henvisningen til %(next_place)s, og har ansvaret til den er kommet fram dit."
    ),
    (_S.REDIRECTED, _REF): _l("Nå hos %(place)s. Pasienten beholder plassen i køen."),
    (_S.REDIRECTED, _REC): _l("Nå hos %(place)s. Pasienten beholder plassen i køen."),
    (_S.REDIRECTED, _PAT): _l("Nå hos %(place)s. Du beholder plassen i køen."),
    (_S.SCHEDULED, _REF): _SCHEDULED,
    (_S.SCHEDULED, _REC): _SCHEDULED,
    (_S.SCHEDULED, _PAT): _SCHEDULED,
    (_S.STARTED, _REF): _STARTED,
    (_S.STARTED, _REC): _STARTED,
    (_S.STARTED, _PAT): _STARTED,
    (_S.COMPLETED, _REF): _COMPLETED,
    (_S.COMPLETED, _REC): _COMPLETED,
    (_S.COMPLETED, _PAT): _COMPLETED,
    (_S.ENTERED_IN_ERROR, _REF): _l("Vi trakk henvisningen fordi den ble sendt ved en feil."),
    (_S.ENTERED_IN_ERROR, _REC): _IN_ERROR,
    (_S.ENTERED_IN_ERROR, _PAT): _IN_ERROR,
    (_T.LATE, _REF): _l("Vi prøver igjen til %(give_up)s. Ring %(phone)s hvis det haster."),
    (_T.LATE, _PAT): _l("%(referrer)s prøver igjen til %(give_up)s."),
    (_T.UNDELIVERED, _REF): _l("Vi har sluttet å prøve. Telefonen til %(place)s er %(phone)s."),
    (_T.UNDELIVERED, _PAT): _l("%(referrer)s har fått beskjed og skal ordne det."),
    (_T.HELD_BACK, _REF): _l(
        "Pasienten har sagt nei til at noe sendes til %(place)s. Henvisningen har ikke gått."
    ),
    (_T.HELD_BACK, _PAT): _l("Du har sagt nei til at noe sendes til %(place)s. Henvisningen har ikke gått."),
    (_T.GIVEN_UP, _REF): _GIVEN_UP,
    (_T.GIVEN_UP, _PAT): _GIVEN_UP,
    (_T.OVERDUE, _REF): _l("%(place)s skulle svart %(deadline)s. Se hva du kan gjøre."),
    (_T.OVERDUE, _REC): _l("Vi skulle svart %(deadline)s. Svar nå, og si fra til henviseren."),
    (_T.OVERDUE, _PAT): _l("%(place)s skulle svart %(deadline)s. Se hva du kan gjøre."),
    (_T.ON_PAPER, _REF): _l("Vi har sendt henvisningen til %(place)s med posten. Ring og spør om den er kommet."),
    (_T.ON_PAPER, _PAT): _l("%(referrer)s har sendt henvisningen til %(place)s med posten."),
}


def label(scene: Scene) -> Label:
    """Return the tag and sentence for this reader now; total over every status and side."""
    state = state_of(scene)
    said = SENTENCES.get((state, scene.reader)) or SENTENCES[(state, Side.REFERRER)]
    return Label(
        tag=TAGS[state],
        tone=TONES[state],
        sentence=gettext(said.bokmaal, **scene.parameters()),
        turned=state if isinstance(state, Turned) else None,
    )


def state_of(scene: Scene) -> State:
    """Return what is shown: the status, or what has gone otherwise than it should."""
    standing = scene.standing
    if standing.status is Status.SENT:
        return _on_the_way(scene)
    if standing.status is Status.ENTERED_IN_ERROR and standing.last_act is Act.GIVE_UP:
        return Turned.GIVEN_UP
    return Turned.OVERDUE if scene.is_overdue else standing.status


def _on_the_way(scene: Scene) -> State:
    if scene.standing.undelivered:
        return Turned.HELD_BACK if scene.is_held_back else Turned.UNDELIVERED
    if scene.is_paper:
        return Turned.ON_PAPER
    return Turned.LATE if scene.is_late else Status.SENT
