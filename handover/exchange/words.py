"""What the machines did with a message, for who sent it (rule 5): never mixed with what people decided."""

from collections.abc import Mapping, Sequence
from typing import Final

from handover.exchange.lifecycle import OPEN, State
from handover.exchange.model import SCANNER_SILENT, Delivery
from handover.fhir.problem import ProblemCode
from handover.web import dates
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Pairs

DELIVERIES: Final[Mapping[State, Sentence]] = {
    State.QUEUED: _l("Lagt i kø her"),
    State.SENT: _l("Sendt herfra"),
    State.DELIVERED: _l("Kommet fram til mottakerens system"),
    State.ACKNOWLEDGED: _l("Tatt imot av mottakerens system"),
    State.REFUSED: _l("Ikke tatt imot av mottakerens system"),
    State.EXPIRED: _l("Ikke noe svar, og vi sluttet å prøve"),
    State.CANCELLED: _l("Angret før den gikk"),
    State.STOPPED: _l("Stoppet her"),
}


FILES: Final[Mapping[str, Sentence]] = {
    "type": _l("Dokumenter må være PDF, JPEG eller PNG."),
    "other-type": _l("Filen er av en annen type enn navnet sier. Gi den riktig navn, og prøv igjen."),
    "too-large": _l("Dokumentene kan være høyst 25 MB til sammen."),
    "too-many": _l("Det er for mange dokumenter."),
    "empty": _l("Filen er tom."),
    "encrypted": _l("PDF-filen er låst med passord. Legg ved en som ikke er låst."),
    "infected": _l("Det er virus i filen. Den er ikke lagret. Si fra til dem som drifter datamaskinen din."),
}
"""Why a file that was handed in is not kept, by code."""
WAITS_FOR_SCANNER: Final = _l(
    "Venter her: vedleggene er ikke sjekket for virus ennå. Vi prøver igjen av oss selv."
)


def steps_of(delivery: Delivery | None, *, infected: Sequence[str] = ()) -> Pairs:
    """Return when the machines did what, line by line (`parts.facts`); nothing where nothing was sent.

    `infected`: titles of the documents that ended it (`exchange.service.infected_in`), for who may read them.
    """
    if delivery is None:
        return ()
    told = [
        (dates.upfirst(dates.moment(each.at)), _step(delivery, each.state, infected)) for each in delivery.history
    ]
    if waits_for_scanner(delivery):
        told.append((_("Nå"), str(WAITS_FOR_SCANNER)))
    return tuple(told)


def waits_for_scanner(delivery: Delivery) -> bool:
    """Whether a message has not left because nobody could look for viruses in its documents."""
    return (
        delivery.state in OPEN and delivery.last_error is not None and delivery.last_error.code == SCANNER_SILENT
    )


def is_infected(delivery: Delivery) -> bool:
    """Whether a message ended, here or at its receiver, because of a virus in its documents."""
    return delivery.state is State.REFUSED and any(
        problem.code is ProblemCode.INFECTED for problem in delivery.problems
    )


def stopped_as_infected(titles: Sequence[str]) -> str:
    """Return that a message ended because of a virus, and in which of its documents where that is known."""
    if not titles:
        return _("Stoppet: det er virus i et vedlegg. Meldingen er ikke tatt imot.")
    named = ", ".join(f"«{each}»" for each in titles)
    return _("Stoppet: det er virus i %(names)s. Meldingen er ikke tatt imot.", names=named)


def _step(delivery: Delivery, state: State, infected: Sequence[str]) -> str:
    if state is State.REFUSED and is_infected(delivery):
        return stopped_as_infected(infected)
    return str(DELIVERIES[state])
