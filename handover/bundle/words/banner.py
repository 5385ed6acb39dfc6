"""The answer at the top of every page of a handover: what happens now, by which date, and must the reader act."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handover.bundle.lifecycle import Side, Status
from handover.bundle.steps import Step
from handover.bundle.words.scene import Scene
from handover.bundle.words.states import State, Turned, label, state_of
from handover.web import dates, parts
from handover.web.i18n import Sentence, gettext
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l

_S, _T = Status, Turned
_SEN, _REC, _PAT = Side.SENDER, Side.RECEIVER, Side.PATIENT


@dataclass(frozen=True)
class Ask:
    """What the reader is asked to do; `must` when nothing goes on without it."""

    sentence: Sentence
    must: bool = False


HEADLINES: Final[Mapping[State, Sentence]] = {
    _S.DRAFT: _l("Overføringen skrives hos %(sender)s"),
    _S.WITH_PATIENT: _l("Pasienten velger hva som blir med"),
    _S.PAUSED: _l("Overføringen er satt på vent"),
    _S.APPROVED: _l("Pasienten har sagt ja"),
    _S.SENT: _l("Overføringen er på vei til %(place)s"),
    _S.RECEIVED: _l("%(place)s har fått overføringen"),
    _S.OPENED: _l("%(place)s har åpnet overføringen"),
    _S.MEETING_PLANNED: _l("Overføringsmøtet er avtalt"),
    _S.MEETING_HELD: _l("Overføringsmøtet er holdt"),
    _S.TAKEN_OVER: _l("%(place)s har tatt over"),
    _S.CLOSED: _l("Overføringen er avsluttet"),
    _S.DECLINED: _l("%(place)s tar ikke over"),
    _S.WITHDRAWN: _l("Overføringen er trukket tilbake"),
    _S.WITHDRAWAL_NOTIFIED: _l("Overføringen er trukket tilbake"),
    _S.WITHDRAWAL_ANSWERED: _l("Overføringen er trukket tilbake"),
    _T.REOPENED: _l("Overføringen er tatt opp igjen"),
    _T.LATE: _l("Overføringen har ikke kommet fram til %(place)s ennå"),
    _T.UNDELIVERED: _l("Overføringen kom ikke fram til %(place)s"),
    _T.WITHDRAWING: _l("Overføringen blir trukket tilbake"),
    _T.NEVER_CAME: _l("Overføringen er trukket tilbake"),
    _T.OVERDUE: _l("%(place)s har ikke gjort neste steg i tide"),
    _T.TAKES_OVER: _l("%(place)s tar over %(from_day)s"),
    _T.TAKES_OVER_LATE: _l("%(place)s tar over senere enn avtalt, %(from_day)s"),
}
_OWN_HEADLINES: Final[Mapping[tuple[State, Side], Sentence]] = {
    (_S.WITH_PATIENT, _PAT): _l("Du velger hva som blir med"),
    (_S.PAUSED, _PAT): _l("Du har satt overføringen på vent"),
    (_S.APPROVED, _PAT): _l("Du har sagt ja"),
    (_S.RECEIVED, _REC): _l("Ingen her har åpnet overføringen ennå"),
    (_S.OPENED, _REC): _l("Overføringen er åpnet her"),
    (_S.TAKEN_OVER, _REC): _l("Vi har tatt over"),
    (_S.DECLINED, _REC): _l("Vi tar ikke over"),
    (_T.OVERDUE, _REC): _l("Vi har ikke gjort neste steg i tide"),
    (_T.TAKES_OVER, _REC): _l("Vi tar over %(from_day)s"),
    (_T.TAKES_OVER_LATE, _REC): _l("Vi tar over senere enn avtalt, %(from_day)s"),
}

_NOTHING: Final = _l("Du trenger ikke å gjøre noe.")
ASKS: Final[Mapping[tuple[Step, Side], Ask]] = {
    (Step.FINISH_DRAFT, _SEN): Ask(_l("Skriv sammen med pasienten, og inviter pasienten til å velge."), must=True),
    (Step.MARK_TOGETHER, _SEN): Ask(_l("Gå gjennom punktene sammen når pasienten vil.")),
    (Step.MARK_TOGETHER, _PAT): Ask(_l("Velg for hvert punkt, i ditt tempo. Du kan stoppe når du vil.")),
    (Step.ASK_ABOUT_PAUSE, _SEN): Ask(_l("Spør hvordan det går. Pasienten bestemmer om dere går videre.")),
    (Step.ASK_ABOUT_PAUSE, _PAT): Ask(_l("Gå videre når du vil. Du kan også la det ligge.")),
    (Step.SEND, _SEN): Ask(_l("Du må sende den."), must=True),
    (Step.AWAIT_ARRIVAL, _SEN): Ask(_l("Du trenger ikke å gjøre noe. Du får beskjed hvis den ikke kommer fram.")),
    (Step.MEND_DELIVERY, _SEN): Ask(_l("Du må ringe %(place)s på %(phone)s, og sende på nytt."), must=True),
    (Step.ANSWER_QUESTION, _SEN): Ask(_l("%(place)s har spurt om noe. Du må svare."), must=True),
    (Step.HELP_AFTER_DECLINE, _SEN): Ask(
        _l("Du må lese svaret, og snakke med pasienten om hva dere gjør nå."), must=True
    ),
    (Step.TELL_TRUSTED, _SEN): Ask(
        _l("Du må si fra til dem pasienten vil skal få vite at overføringen er sendt."), must=True
    ),
    (Step.CLOSE, _SEN): Ask(_l("Les hvem som tok over, og avslutt saken hos dere."), must=True),
    (Step.OPEN, _SEN): Ask(_NOTHING),
    (Step.OPEN, _REC): Ask(_l("Du må åpne og lese den."), must=True),
    (Step.READ_SUPPLEMENT, _REC): Ask(_l("Du må lese det som er kommet i tillegg."), must=True),
    (Step.PLAN_MEETING, _REC): Ask(_l("Du må avtale overføringsmøtet."), must=True),
    (Step.HOLD_MEETING, _REC): Ask(_l("Hold møtet, og skriv inn at det er holdt.")),
    (Step.TAKE_OVER, _REC): Ask(_l("Du må ta over ansvaret, eller svare at dere ikke tar over."), must=True),
    (Step.FIRST_DAY, _SEN): Ask(_l("Dere har ansvaret til den dagen. Ring %(place)s på %(phone)s om det haster.")),
    (Step.FIRST_DAY, _REC): Ask(_l("Dere har ansvaret fra %(from_day)s.")),
    (Step.ANSWER_WITHDRAWAL, _REC): Ask(_l("Du må svare på hva dere har gjort med den."), must=True),
}
_LATE: Final[Mapping[Side, Ask]] = {
    _SEN: Ask(_l("Dere har ansvaret fortsatt. Ring %(place)s på %(phone)s."), must=True),
    _REC: Ask(_l("Du må gjøre det nå, og si fra til %(sender)s på %(sender_phone)s."), must=True),
    _PAT: Ask(_l("Du kan ringe %(place)s på %(phone)s, eller spørre %(sender)s.")),
}
_LATE_AFTER: Final = Ask(_l("Ring %(place)s på %(phone)s."), must=True)
"""The same to a sender who is not responsible any longer."""
_PATIENTS: Final[Mapping[State, Sentence]] = {
    _S.DECLINED: _l("%(sender)s har ansvaret fortsatt, og snakker med deg om hva dere gjør nå."),
    _S.MEETING_PLANNED: _l("Kom til møtet, eller ring %(phone)s hvis tiden ikke passer."),
    _S.TAKEN_OVER: _l("Kom til timen, eller ring %(phone)s hvis du ikke kan komme."),
    _T.TAKES_OVER: _l("Kom til timen, eller ring %(phone)s hvis du ikke kan komme."),
    _T.TAKES_OVER_LATE: _l("Kom til timen, eller ring %(phone)s hvis du ikke kan komme."),
}


def banner(scene: Scene) -> parts.NextStep:
    """Return what stands at the top of the page."""
    state, named = state_of(scene), scene.parameters()
    headline = _OWN_HEADLINES.get((state, scene.reader), HEADLINES[state])
    ask = _ask(scene, state)
    return parts.NextStep(
        now=gettext(headline.bokmaal, **named),
        by=dates.upfirst(label(scene).sentence),
        act=_with_day(scene, gettext(ask.sentence.bokmaal, **named)),
        must_act=ask.must,
        is_late=state in {_T.OVERDUE, _T.UNDELIVERED, _T.TAKES_OVER_LATE},
    )


def asked_of(step: Step, reader: Side, **named: str) -> str:
    """Return what that step asks of the reader, for a row of a list; nothing where others move."""
    ask = ASKS.get((step, reader))
    return gettext(ask.sentence.bokmaal, **named) if ask is not None and ask.must else ""


def _ask(scene: Scene, state: State) -> Ask:
    step = scene.step
    is_own_move = step is not None and step.side is scene.reader
    if state is _T.OVERDUE and not (is_own_move and scene.reader is _SEN):
        return _late(scene)
    if scene.reader is _PAT and state in _PATIENTS:
        return Ask(_PATIENTS[state])
    return Ask(_NOTHING) if step is None else ASKS.get((step.step, scene.reader), Ask(_NOTHING))


def _late(scene: Scene) -> Ask:
    if scene.reader is _SEN and not scene.is_with_sender:
        return _LATE_AFTER
    return _LATE[scene.reader]


def _with_day(scene: Scene, ask: str) -> str:
    """Return what is asked, with the day by which the reader must have done it."""
    step = scene.step
    if step is None or step.side is not scene.reader or scene.reader is _PAT:
        return ask
    if step.step in {Step.AWAIT_ARRIVAL, Step.MEND_DELIVERY}:
        return ask
    named = scene.parameters()
    return _("%(ask)s Frist: %(due)s (%(left)s).", ask=ask, due=named["due"], left=named["left"])
