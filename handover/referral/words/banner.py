"""The answer at the top of every page: who has it, what happens now, by which date, and must the reader act."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handover.referral.lifecycle import Side, Status
from handover.referral.steps import NextStep, Step
from handover.referral.words.scene import Scene
from handover.referral.words.states import State, Turned, label, state_of
from handover.web import dates, parts
from handover.web.i18n import Sentence, gettext
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l

_S, _T = Status, Turned
_REF, _REC, _PAT = Side.REFERRER, Side.RECEIVER, Side.PATIENT


@dataclass(frozen=True)
class Ask:
    """What the reader is asked to do; `must` when nothing goes on without it."""

    sentence: Sentence
    must: bool = False


HEADLINES: Final[Mapping[State, Sentence]] = {
    _S.DRAFT: _l("Henvisningen er ikke sendt"),
    _S.SENT: _l("Henvisningen er på vei til %(place)s"),
    _S.RECEIVED: _l("%(place)s har fått henvisningen"),
    _S.ASSESSING: _l("%(place)s vurderer henvisningen"),
    _S.INFO_REQUESTED: _l("%(place)s har spurt %(referrer)s om mer"),
    _S.ACCEPTED: _l("Pasienten har rett til behandling hos %(place)s"),
    _S.SCHEDULED: _l("Første time er satt hos %(place)s"),
    _S.STARTED: _l("Behandlingen er i gang hos %(place)s"),
    _S.COMPLETED: _l("Behandlingen er avsluttet"),
    _S.REJECTED: _l("Ikke rett til behandling hos %(place)s"),
    _S.REDIRECTING: _l("%(place)s sender henvisningen videre til %(next_place)s"),
    _S.REDIRECTED: _l("%(place)s har henvisningen nå"),
    _S.WITHDRAWAL_REQUESTED: _l("%(place)s skal svare på om henvisningen trekkes"),
    _S.WITHDRAWN: _l("Henvisningen er trukket tilbake"),
    _S.ENTERED_IN_ERROR: _l("Henvisningen ble sendt ved en feil"),
    _T.LATE: _l("Henvisningen har ikke kommet fram til %(place)s ennå"),
    _T.UNDELIVERED: _l("Henvisningen kom ikke fram til %(place)s"),
    _T.HELD_BACK: _l("Henvisningen til %(place)s er ikke sendt"),
    _T.GIVEN_UP: _l("Henvisningen kom aldri fram til %(place)s"),
    _T.OVERDUE: _l("%(place)s har ikke svart i tide"),
    _T.ON_PAPER: _l("Henvisningen er sendt til %(place)s med posten"),
}
_OWN_HEADLINES: Final[Mapping[tuple[State, Side], Sentence]] = {
    (_S.INFO_REQUESTED, _REF): _l("%(place)s trenger svar fra dere"),
    (_S.RECEIVED, _REC): _l("Ingen har tatt henvisningen ennå"),
    (_S.ASSESSING, _REC): _l("%(assessor)s vurderer henvisningen"),
    (_S.INFO_REQUESTED, _REC): _l("Vi venter på svar fra %(referrer)s"),
    (_S.REDIRECTING, _REC): _l("Vi sender henvisningen videre til %(next_place)s"),
    (_S.WITHDRAWAL_REQUESTED, _REC): _l("%(referrer)s ber om å trekke henvisningen"),
    (_T.OVERDUE, _REC): _l("Vi har ikke svart i tide"),
    (_S.ACCEPTED, _PAT): _l("Du har rett til behandling hos %(place)s"),
}

_NOTHING: Final = _l("Du trenger ikke å gjøre noe.")
_THEIRS: Final = _l("%(place)s har ansvaret nå. Du trenger ikke å gjøre noe.")
ASKS: Final[Mapping[Step, Ask]] = {
    Step.FINISH_DRAFT: Ask(_l("Skriv ferdig, se over og send."), must=True),
    Step.AWAIT_ARRIVAL: Ask(_l("Du trenger ikke å gjøre noe. Du får beskjed hvis den ikke kommer fram.")),
    Step.MEND_DELIVERY: Ask(_l("Du må ringe %(place)s. Send så på nytt, eller avslutt."), must=True),
    Step.CALL_ABOUT_PAPER: Ask(_l("Du må ringe %(place)s og spørre når den kom. Skriv inn dagen her."), must=True),
    Step.AWAIT_ASSESSMENT: Ask(_THEIRS),
    Step.ANSWER: Ask(_l("Du må svare. Fristen for vurderingen løper videre."), must=True),
    Step.AWAIT_APPOINTMENT: Ask(_l("%(place)s skal sette opp første time. Du trenger ikke å gjøre noe.")),
    Step.AWAIT_FIRST_APPOINTMENT: Ask(_NOTHING),
    Step.FOLLOW_TREATMENT: Ask(_THEIRS),
    Step.AWAIT_WITHDRAWAL: Ask(_l("Du trenger ikke å gjøre noe. Henvisningen gjelder til %(place)s har svart.")),
    Step.HELP_AFTER_REFUSAL: Ask(_l("Du må lese svaret og snakke med pasienten om hva dere gjør nå."), must=True),
    Step.READ_OUTCOME: Ask(_l("Les hvordan det gikk, og hvem som følger opp."), must=True),
    Step.TAKE: Ask(_l("Du må ta saken, eller gi den til en kollega."), must=True),
    Step.ASSESS: Ask(_l("Du må vurdere henvisningen."), must=True),
    Step.ASSESS_WITHOUT_ANSWER: Ask(_l("Fristen løper videre. Vurder med det dere har hvis svaret ikke kommer.")),
    Step.SCHEDULE: Ask(_l("Du må sette opp første time."), must=True),
    Step.HOLD_FIRST_APPOINTMENT: Ask(_l("Skriv inn hvordan det gikk etter timen.")),
    Step.REVIEW_TREATMENT: Ask(_l("Avslutt når behandlingen er ferdig, og skriv hvem som følger opp.")),
    Step.AWAIT_RECEIPT: Ask(_l("Dere har ansvaret til den nye tjenesten har fått henvisningen.")),
    Step.ANSWER_WITHDRAWAL: Ask(_l("Du må bekrefte, eller svare på henvisningen."), must=True),
}
_LATE: Final[Mapping[Side, Ask]] = {
    _REF: Ask(_l("Ring %(place)s på %(phone)s. Se hva mer du kan gjøre lenger ned."), must=True),
    _REC: Ask(_l("Du må svare nå, og si fra til den som henviste."), must=True),
    _PAT: Ask(_l("Du kan ringe %(place)s på %(phone)s. Se hva mer du kan gjøre lenger ned.")),
}
_HELD_BACK: Final = Ask(_l("Du må ringe pasienten. Send så på nytt, eller avslutt."), must=True)
_PATIENTS: Final[Mapping[State, Sentence]] = {
    _S.SCHEDULED: _l("Kom til timen, eller ring %(phone)s hvis du ikke kan komme."),
    _S.REJECTED: _l("Les svaret sammen med den som henviste deg. Du kan klage."),
}


def banner(scene: Scene, step: NextStep | None) -> parts.NextStep:
    """Return what stands at the top of the page; `step` is the next step of the reader's side (None: closed)."""
    state, named = state_of(scene), scene.parameters()
    headline = _OWN_HEADLINES.get((state, scene.reader), HEADLINES[state])
    ask = _ask(scene, state, step)
    is_due = step is not None and step.due_at <= scene.now and scene.reader is not _PAT
    return parts.NextStep(
        now=gettext(headline.bokmaal, **named),
        by=_by(scene, state, step),
        act=gettext(ask.sentence.bokmaal, **named) if ask else "",
        must_act=ask is not None and ask.must,
        is_late=state in {_T.OVERDUE, _T.UNDELIVERED} or is_due,
    )


def asked_of(step: Step, **named: str) -> str:
    """Return what that step asks of the reader, for a row of a list; nothing where others move."""
    ask = ASKS[step]
    return gettext(ask.sentence.bokmaal, **named) if ask.must else ""


def _ask(scene: Scene, state: State, step: NextStep | None) -> Ask | None:
    if state is _T.OVERDUE and not (step is not None and step.step is Step.ANSWER):
        return _LATE[scene.reader]
    if state is _T.HELD_BACK and scene.reader is _REF:
        return _HELD_BACK
    if scene.reader is _PAT:
        return Ask(_PATIENTS.get(state, _NOTHING))
    return Ask(_NOTHING) if step is None else ASKS[step.step]


def _by(scene: Scene, state: State, step: NextStep | None) -> str:
    if scene.days_left is not None and scene.standing.deadline is not None:
        return _answer_by(scene, step)
    if state in {_S.REJECTED, _S.ENTERED_IN_ERROR}:
        return ""
    return dates.upfirst(label(scene).sentence)


def _answer_by(scene: Scene, step: NextStep | None) -> str:
    deadline, left = scene.standing.deadline, scene.days_left
    if deadline is None or left is None:
        return ""
    named = {"day": dates.day(deadline.last_day), "left": dates.working_days_left(left)}
    if step is not None and step.step is Step.ANSWER:
        named |= {"answer_by": dates.day(step.due_at)}
        return _("Svar helst senest %(answer_by)s. Vurderingen skal være ferdig %(day)s (%(left)s).", **named)
    if scene.is_overdue:
        return _("Svaret skulle kommet senest %(day)s (%(left)s).", **named)
    if scene.reader is _REC:
        return _("Svar senest %(day)s (%(left)s).", **named)
    return _("Svaret skal komme senest %(day)s (%(left)s).", **named)
