"""What the machines did with a message, for who sent it (rule 5): never mixed with what people decided."""

from collections.abc import Mapping
from typing import Final

from handover.exchange.lifecycle import State
from handover.exchange.model import Delivery
from handover.web import dates
from handover.web.i18n import Sentence
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


def steps_of(delivery: Delivery | None) -> Pairs:
    """Return when the machines did what, line by line (`parts.facts`); nothing where nothing was sent."""
    changes = () if delivery is None else delivery.history
    return tuple((dates.upfirst(dates.moment(each.at)), str(DELIVERIES[each.state])) for each in changes)
