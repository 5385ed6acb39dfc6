"""The answer at the top of a thread: what happens now, by which date, and must the reader act."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from handover.message.steps import NextStep, Step
from handover.web import dates, parts
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Tone

SENTENCES: Final[Mapping[Step, Sentence]] = {
    Step.MEND_DELIVERY: _l("En melding kom ikke fram. Send den på nytt, eller ring mottakeren."),
    Step.CONFIRM_RETRACTION: _l(
        "Avsenderen har trukket en melding tilbake. Lederen må bekrefte at den er skjult."
    ),
    Step.READ: _l("Dere har en melding som ikke er åpnet."),
    Step.CHOOSE_TIME: _l("Dere er bedt om å velge et tidspunkt for en samtale."),
    Step.TALK: _l("Dere har avtalt en samtale. Trykk «Ferdig for teamet» når dere har snakket sammen."),
    Step.ANSWER: _l("Meldingen venter på svar fra dere."),
    Step.FINISH_DRAFT: _l("Et utkast er ikke sendt ennå."),
    Step.AWAIT_ARRIVAL: _l("Meldingen er sendt, men ikke kommet fram ennå."),
    Step.AWAIT_RETRACTION: _l("Dere har trukket en melding tilbake. Mottakeren har ikke svart på det ennå."),
    Step.AWAIT_OPENING: _l("Meldingen er kommet fram. Mottakeren har ikke åpnet den ennå."),
    Step.AWAIT_CHOICE: _l("Dere venter på at mottakeren velger et tidspunkt."),
    Step.AWAIT_ANSWER: _l("Dere venter på svar."),
}
UNREAD: Final = _l("Ulest")
UNREAD_ANSWER: Final = _l("Ulest svar")
"""Unread, and it answers a message of the reader's own service."""
TAGS: Final[Mapping[Step, Sentence]] = {
    Step.MEND_DELIVERY: _l("Kom ikke fram"),
    Step.CONFIRM_RETRACTION: _l("Må bekreftes"),
    Step.READ: UNREAD,
    Step.CHOOSE_TIME: _l("Velg tidspunkt"),
    Step.TALK: _l("Samtale er avtalt"),
    Step.ANSWER: _l("Venter på dere"),
    Step.FINISH_DRAFT: _l("Utkast"),
    Step.AWAIT_ARRIVAL: _l("På vei"),
    Step.AWAIT_RETRACTION: _l("Trekkes tilbake"),
    Step.AWAIT_OPENING: _l("Kommet fram"),
    Step.AWAIT_CHOICE: _l("Venter på svar"),
    Step.AWAIT_ANSWER: _l("Venter på svar"),
}
LEAVES_SOON: Final = _l("Meldingen sendes når tiden til å angre er ute.")
NOTHING_LEFT: Final = _l("Ingenting gjenstår i denne tråden.")


def banner(
    step: NextStep | None, *, now: datetime, can_undo: bool = False, waits_too: bool = False
) -> parts.NextStep:
    """Return what the top of a thread's page says; `can_undo`: a message waits so that it can still be undone;
    `waits_too`: somebody who was asked has not answered, whatever comes first.
    """
    if can_undo and step is not None and step.step is Step.AWAIT_ARRIVAL:
        return parts.NextStep(now=LEAVES_SOON, act=_l("Dere trenger ikke å gjøre noe nå."))
    if step is None:
        return parts.NextStep(now=NOTHING_LEFT, act=_l("Svar når du vil."))
    return parts.NextStep(
        now=SENTENCES[step.step],
        by=due(step, now=now),
        act=_act(step, now, waits_too=waits_too),
        must_act=step.is_ours,
        is_late=is_late(step, now),
    )


def tag(step: NextStep | None, *, is_answer: bool = False) -> Sentence:
    """Return at most four words for a list. `is_answer`: what is unread answers a message of ours."""
    if step is None:
        return _l("Ferdig")
    return UNREAD_ANSWER if step.step is Step.READ and is_answer else TAGS[step.step]


def news(step: NextStep | None, *, is_unread: bool, is_answer: bool) -> Sentence | None:
    """Return how a list marks what its reader has not seen; None where the tag of the step says so already."""
    if not is_unread or (step is not None and step.step is Step.READ):
        return None
    return UNREAD_ANSWER if is_answer else UNREAD


def tone(step: NextStep | None, now: datetime) -> Tone:
    """Return how the tag of a list looks."""
    if step is None:
        return Tone.NEUTRAL
    if is_late(step, now) or step.step is Step.MEND_DELIVERY:
        return Tone.DANGER
    return Tone.WARNING if step.is_ours else Tone.INFO


def due(step: NextStep, *, now: datetime) -> str:
    """Return by when the step is, or should have been, done; what others must do is only waited for."""
    day = dates.short_day(step.due_at - timedelta(seconds=1))
    if step.is_own_date and step.step is Step.READ:
        return _("Skulle vært åpnet %(day)s", day=day) if is_late(step, now) else _("Åpnes innen %(day)s", day=day)
    if step.is_own_date and step.step is Step.ANSWER:
        return (
            _("Skulle vært besvart %(day)s", day=day) if is_late(step, now) else _("Svar innen %(day)s", day=day)
        )
    if not step.is_ours:
        return _("Var ventet %(day)s", day=day) if is_late(step, now) else _("Ventes innen %(day)s", day=day)
    return _("Skulle vært gjort %(day)s", day=day) if is_late(step, now) else _("Innen %(day)s", day=day)


def _act(step: NextStep, now: datetime, *, waits_too: bool) -> Sentence:
    if step.step is Step.ANSWER and waits_too:
        return _l("Svar, eller velg «Vent på de andre svarene» når det ikke trengs noe svar.")
    if step.step is Step.ANSWER:
        return _l("Svar, eller velg «Ferdig for teamet» når det ikke trengs noe svar.")
    if step.step is Step.CONFIRM_RETRACTION:
        return _l("En leder bekrefter det under «Meldinger», lenger ned på siden.")
    if step.is_ours:
        return _l("Dere må gjøre noe.")
    if is_late(step, now):
        return _l("Ring mottakeren. Nummeret står under «Hvem er med».")
    return _l("Dere trenger ikke å gjøre noe nå.")


def is_late(step: NextStep, now: datetime) -> bool:
    """Whether the date of a step has passed."""
    return step.due_at < now
