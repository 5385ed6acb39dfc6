"""How a message that was sent on came here: by whom, at which service, and when."""

from collections.abc import Mapping

from handover.actors import Author, Party
from handover.ids import ServiceId
from handover.message.model import Message
from handover.web import dates
from handover.web.i18n import Text
from handover.web.i18n import gettext as _


def party_of(by: Author) -> Party:
    """Return where somebody works who sent a message on; of an unknown service, its agency is named alone."""
    return Party(by.agency, by.service or ServiceId(""))


def ways(message: Message, places: Mapping[Party, str]) -> tuple[Text, ...]:
    """Return one sentence for each time that a message was sent on, in order; none where its author sent it."""
    return tuple(
        _(
            "Sendt videre av %(name)s, %(place)s, %(moment)s.",
            name=each.by.name,
            place=places[party_of(each.by)],
            moment=dates.moment(each.at),
        )
        for each in message.hops
    )
