"""The tag of every state and the sentence under it, for sender, receiver and patient (WORDS.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handover.bundle.lifecycle import Side, Status
from handover.bundle.model import Done
from handover.bundle.steps import is_later_than_agreed
from handover.bundle.words.scene import Scene
from handover.web.i18n import Sentence, gettext
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Tone


class Turned(StrEnum):
    """What is shown instead of a status when that alone would say too little."""

    REOPENED = "reopened"
    """Taken up again by the patient after a withdrawal or a decline."""
    LATE = "late"
    """Nothing heard in time; the machines still try."""
    UNDELIVERED = "undelivered"
    """The machines have given up."""
    WITHDRAWING = "withdrawing"
    """The patient took it back, and the receiver's node has not answered yet."""
    NEVER_CAME = "never-came"
    """Taken back, and the receiver's node has answered that it had not come."""
    OVERDUE = "overdue"
    """The receiver's next step is past its date."""
    TAKES_OVER = "takes-over"
    """Signed, from a day that has not come."""
    TAKES_OVER_LATE = "takes-over-late"
    """Signed, from a day that is later than agreed."""


State = Status | Turned


@dataclass(frozen=True)
class Label:
    """What is shown of a state: the words carry the meaning, the tone only helps the eye."""

    tag: str
    tone: Tone
    sentence: str
    state: State


_S, _T = Status, Turned
_SEN, _REC, _PAT = Side.SENDER, Side.RECEIVER, Side.PATIENT

TONES: Final[Mapping[State, Tone]] = {
    **dict.fromkeys(Status, Tone.INFO),
    **dict.fromkeys((_S.DRAFT, _S.WITH_PATIENT, _S.PAUSED, _S.CLOSED, _S.WITHDRAWN), Tone.NEUTRAL),
    **dict.fromkeys((_S.APPROVED, _S.TAKEN_OVER), Tone.SUCCESS),
    **dict.fromkeys((_S.DECLINED, _S.WITHDRAWAL_NOTIFIED, _S.WITHDRAWAL_ANSWERED), Tone.WARNING),
    **dict.fromkeys(Turned, Tone.WARNING),
    _T.REOPENED: Tone.NEUTRAL,
    _T.UNDELIVERED: Tone.DANGER,
    _T.NEVER_CAME: Tone.NEUTRAL,
    _T.OVERDUE: Tone.DANGER,
    _T.TAKES_OVER: Tone.SUCCESS,
}
_TOGETHER: Final = _l("Utkast sammen med pasienten")
_WITHDRAWN: Final = _l("Trukket tilbake")
TAGS: Final[Mapping[State, Sentence]] = {
    _S.DRAFT: _TOGETHER,
    _S.WITH_PATIENT: _TOGETHER,
    _S.PAUSED: _l("Satt på vent av pasienten"),
    _S.APPROVED: _l("Pasienten har sagt ja"),
    _S.SENT: _l("Sendt til %(place)s"),
    _S.RECEIVED: _l("Kommet fram"),
    _S.OPENED: _l("Åpnet av %(name)s"),
    _S.MEETING_PLANNED: _l("Møte er avtalt %(meeting_day)s"),
    _S.MEETING_HELD: _l("Møtet er holdt"),
    _S.TAKEN_OVER: _l("%(person)s har tatt over ansvaret"),
    _S.CLOSED: _l("Avsluttet"),
    _S.DECLINED: _l("%(place)s tar ikke over"),
    _S.WITHDRAWN: _WITHDRAWN,
    _S.WITHDRAWAL_NOTIFIED: _l("Trukket tilbake, venter svar"),
    _S.WITHDRAWAL_ANSWERED: _l("Trukket tilbake, besvart"),
    _T.REOPENED: _l("Tatt opp igjen"),
    _T.LATE: _l("Ikke kommet fram ennå"),
    _T.UNDELIVERED: _l("Kom ikke fram"),
    _T.WITHDRAWING: _l("Blir trukket tilbake"),
    _T.NEVER_CAME: _l("Trukket tilbake, kom aldri fram"),
    _T.OVERDUE: _l("Fristen er ute"),
    _T.TAKES_OVER: _l("%(person)s tar over %(from_day)s"),
    _T.TAKES_OVER_LATE: _l("%(person)s tar over %(from_day)s, senere enn avtalt"),
}
_PATIENTS_TAGS: Final[Mapping[State, Sentence]] = {
    _S.DRAFT: _l("Vi skriver den sammen"),
    _S.WITH_PATIENT: _l("Vi skriver den sammen"),
    _S.PAUSED: _l("Du har satt den på vent"),
    _S.APPROVED: _l("Du har sagt ja"),
}

_DRAFT: Final = _l("Ikke sendt ennå. Pasienten bestemmer hva som blir med.")
_YOUR_DRAFT: Final = _l("Ikke sendt ennå. Du bestemmer hva som blir med.")
_HELD: Final = _l("Møtet ble holdt %(held)s. %(place)s skal skrive inn når de tar over.")
_TAKEN: Final = _l("%(person)s ved %(place)s har ansvaret fra %(from_day)s. Første time er %(appointment)s.")
_TAKES: Final = _l("%(sender)s har ansvaret til og med dagen før. Første time er %(appointment)s.")
_TAKES_LATE: Final = _l(
    "Avtalt var senest %(agreed)s. %(sender)s har ansvaret til og med dagen før. Første time er %(appointment)s."
)
_PLANNED: Final = _l("Overføringsmøtet er %(meeting)s.")
_DECLINED: Final = _l("%(decliner)s ved %(place)s har svart at de ikke tar over. Les hvorfor.")
_CLOSED: Final = _l("Overføringen er avsluttet hos %(sender)s.")
_NOTIFIED: Final = _l("%(place)s har fått beskjed, og skal svare på hva de har gjort med den, senest %(due)s.")
_ANSWERED: Final = _l("%(answerer)s ved %(place)s svarte %(answered)s på hva de har gjort med den.")

SENTENCES: Final[Mapping[tuple[State, Side], Sentence]] = {
    (_S.DRAFT, _SEN): _DRAFT,
    (_S.DRAFT, _PAT): _YOUR_DRAFT,
    (_S.WITH_PATIENT, _SEN): _DRAFT,
    (_S.WITH_PATIENT, _PAT): _YOUR_DRAFT,
    (_S.PAUSED, _SEN): _l("Ingenting sendes før pasienten vil gå videre."),
    (_S.PAUSED, _PAT): _l("Ingenting sendes før du vil gå videre."),
    (_S.APPROVED, _SEN): _l("Klar til å sendes til %(place)s."),
    (_S.APPROVED, _PAT): _l("%(sender)s kan sende den til %(place)s."),
    (_S.SENT, _SEN): _l("Vi har sendt overføringen til %(place)s."),
    (_S.SENT, _PAT): _l("%(sender)s har sendt overføringen til %(place)s."),
    (_S.RECEIVED, _SEN): _l("%(place)s har fått overføringen. De skal åpne den senest %(due)s."),
    (_S.RECEIVED, _REC): _l("Overføringen er kommet fra %(sender)s. Åpne den senest %(due)s."),
    (_S.RECEIVED, _PAT): _l("%(place)s har fått overføringen. De skal åpne den senest %(due)s."),
    (_S.OPENED, _SEN): _l("%(name)s ved %(place)s åpnet overføringen %(opened)s."),
    (_S.OPENED, _REC): _l("%(name)s åpnet overføringen %(opened)s. Å lese er ikke å ta over."),
    (_S.OPENED, _PAT): _l("%(name)s ved %(place)s åpnet overføringen %(opened)s."),
    (_S.MEETING_PLANNED, _SEN): _PLANNED,
    (_S.MEETING_PLANNED, _REC): _PLANNED,
    (_S.MEETING_PLANNED, _PAT): _PLANNED,
    (_S.MEETING_HELD, _SEN): _HELD,
    (_S.MEETING_HELD, _REC): _l("Møtet ble holdt %(held)s. Skriv inn når dere tar over ansvaret."),
    (_S.MEETING_HELD, _PAT): _HELD,
    (_S.TAKEN_OVER, _SEN): _TAKEN,
    (_S.TAKEN_OVER, _REC): _TAKEN,
    (_S.TAKEN_OVER, _PAT): _TAKEN,
    (_T.TAKES_OVER, _SEN): _TAKES,
    (_T.TAKES_OVER, _REC): _TAKES,
    (_T.TAKES_OVER, _PAT): _TAKES,
    (_T.TAKES_OVER_LATE, _SEN): _TAKES_LATE,
    (_T.TAKES_OVER_LATE, _REC): _TAKES_LATE,
    (_T.TAKES_OVER_LATE, _PAT): _TAKES_LATE,
    (_S.CLOSED, _SEN): _CLOSED,
    (_S.CLOSED, _REC): _CLOSED,
    (_S.CLOSED, _PAT): _CLOSED,
    (_S.DECLINED, _SEN): _DECLINED,
    (_S.DECLINED, _REC): _l("%(decliner)s har svart at vi ikke tar over."),
    (_S.DECLINED, _PAT): _DECLINED,
    (_S.WITHDRAWN, _SEN): _l("Pasienten trakk overføringen tilbake %(withdrawn)s. Ingenting ble sendt."),
    (_S.WITHDRAWN, _PAT): _l("Du trakk overføringen tilbake %(withdrawn)s. Ingenting ble sendt."),
    (_S.WITHDRAWAL_NOTIFIED, _SEN): _NOTIFIED,
    (_S.WITHDRAWAL_NOTIFIED, _REC): _l(
        "Pasienten trakk overføringen tilbake %(withdrawn)s. Svar på hva dere har gjort med den, senest %(due)s."
    ),
    (_S.WITHDRAWAL_NOTIFIED, _PAT): _NOTIFIED,
    (_S.WITHDRAWAL_ANSWERED, _SEN): _ANSWERED,
    (_S.WITHDRAWAL_ANSWERED, _REC): _l("Vi har svart på hva vi har gjort med den."),
    (_S.WITHDRAWAL_ANSWERED, _PAT): _ANSWERED,
    (_T.REOPENED, _SEN): _l("Pasienten vil gå videre. Et nytt ja trengs før noe sendes."),
    (_T.REOPENED, _PAT): _l("Du vil gå videre. Ingenting sendes før du sier ja på nytt."),
    (_T.LATE, _SEN): _l("Vi prøver igjen til %(give_up)s. Ring %(phone)s hvis det haster."),
    (_T.LATE, _PAT): _l("%(sender)s prøver igjen til %(give_up)s."),
    (_T.UNDELIVERED, _SEN): _l("Vi har sluttet å prøve. Telefonen til %(place)s er %(phone)s."),
    (_T.UNDELIVERED, _PAT): _l("%(sender)s har fått beskjed og skal ordne det."),
    (_T.WITHDRAWING, _SEN): _l("Pasienten trakk overføringen tilbake %(withdrawn)s. %(place)s får beskjed."),
    (_T.WITHDRAWING, _PAT): _l("Du trakk overføringen tilbake %(withdrawn)s. %(place)s får beskjed."),
    (_T.NEVER_CAME, _SEN): _l(
        "Overføringen kom aldri fram til %(place)s. Kommer den senere, blir ingenting av den tatt vare på."
    ),
    (_T.NEVER_CAME, _PAT): _l(
        "Overføringen kom aldri fram til %(place)s. Kommer den senere, blir ingenting av den tatt vare på."
    ),
    (_T.OVERDUE, _SEN): _l("%(place)s skulle gjort neste steg senest %(due)s. Se hva du kan gjøre."),
    (_T.OVERDUE, _REC): _l("Vi skulle gjort neste steg senest %(due)s. Gjør det nå, og si fra til %(sender)s."),
    (_T.OVERDUE, _PAT): _l("%(place)s skulle gjort neste steg senest %(due)s. Se hva du kan gjøre."),
}
"""What no receiver ever has a copy of has no form for it."""

DONE: Final[Mapping[Done, Sentence]] = {
    Done.DELETED: _l("Slettet. Vi har ikke lenger noe av det som sto i overføringen."),
    Done.KEPT: _l("Beholdt, fordi vi må."),
    Done.USED: _l("Allerede brukt."),
    Done.NOT_RECEIVED: _l("Den kom aldri fram. Kommer den senere, blir ingenting av den tatt vare på."),
}


def label(scene: Scene) -> Label:
    """Return the tag and sentence for this reader now; total over every status and the sides that have it."""
    state, named = state_of(scene), scene.parameters()
    tag = TAGS[state] if scene.reader is not _PAT else _PATIENTS_TAGS.get(state, TAGS[state])
    said = SENTENCES.get((state, scene.reader)) or SENTENCES[(state, _SEN)]
    return Label(
        tag=gettext(tag.bokmaal, **named),
        tone=TONES[state],
        sentence=gettext(said.bokmaal, **named),
        state=state,
    )


def state_of(scene: Scene) -> State:
    """Return what is shown: the status, or what has gone otherwise than it should."""
    standing = scene.standing
    if standing.is_withdrawal_pending():
        return Turned.WITHDRAWING
    if standing.status is Status.SENT and (standing.undelivered or scene.is_late):
        return Turned.UNDELIVERED if standing.undelivered else Turned.LATE
    if standing.status is Status.WITHDRAWAL_ANSWERED and standing.never_came:
        return Turned.NEVER_CAME
    if standing.status is Status.WITH_PATIENT and standing.version.round > 1:
        return Turned.REOPENED
    if standing.status is Status.TAKEN_OVER and scene.is_with_sender:
        return Turned.TAKES_OVER_LATE if is_later_than_agreed(standing) else Turned.TAKES_OVER
    return Turned.OVERDUE if scene.is_overdue else standing.status
