"""Meeting mode: one screen for clinician and patient. The clinician marks on the patient's word; the log says so.

Nothing of the patient list and no menu is on it. It is locked with the Escape key or a button (`access.lock`):
then only the clinician's own renewed login leads back (docs/decisions/login-and-sessions.md).
"""

from uuid import UUID

from flask.typing import ResponseReturnValue

from handover.access import allow
from handover.bundle import service as handovers
from handover.bundle.pages import marking
from handover.bundle.pages import preview as previewing
from handover.bundle.pages.desk import SENDERS, blueprint, turn_of


@blueprint.get("/<uuid:handover>/mote")
@allow(*SENDERS)
def mark(handover: UUID) -> ResponseReturnValue:
    """Show the cards, all at once or one at a time, large enough for two."""
    return marking.page(turn_of(handover))


@blueprint.post("/<uuid:handover>/merk/<uuid:item>")
@allow(*SENDERS)
def keep_card(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Save one card, on the patient's word."""
    return marking.keep_card(turn_of(handover), item)


@blueprint.post("/<uuid:handover>/merk/<uuid:item>/lagre")
@allow(*SENDERS)
def autosave_card(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Save one card as it stands."""
    return marking.autosave_card(turn_of(handover), item)


@blueprint.post("/<uuid:handover>/egne")
@allow(*SENDERS)
def add_own(handover: UUID) -> ResponseReturnValue:
    """Write down something of the patient's own, in the patient's words."""
    return marking.add_own(turn_of(handover))


@blueprint.post("/<uuid:handover>/onsker")
@allow(*SENDERS)
def set_wishes(handover: UUID) -> ResponseReturnValue:
    """Save what the patient wants around the handover."""
    return marking.set_wishes(turn_of(handover))


@blueprint.post("/<uuid:handover>/onsker/lagre")
@allow(*SENDERS)
def autosave_wishes(handover: UUID) -> ResponseReturnValue:
    """Save the wishes as they stand."""
    return marking.autosave_wishes(turn_of(handover))


@blueprint.post("/<uuid:handover>/vent")
@allow(*SENDERS)
def pause(handover: UUID) -> ResponseReturnValue:
    """Put the whole handover on hold, on the patient's word."""
    turn = turn_of(handover)
    return marking.act(turn, lambda session: handovers.pause(session, turn), gjort="satt-pa-vent")


@blueprint.post("/<uuid:handover>/videre")
@allow(*SENDERS)
def resume(handover: UUID) -> ResponseReturnValue:
    """Go on with a handover that was on hold."""
    turn = turn_of(handover)
    return marking.act(turn, lambda session: handovers.resume(session, turn), gjort="gar-videre")


@blueprint.get("/<uuid:handover>/se-over")
@allow(*SENDERS)
def preview(handover: UUID) -> ResponseReturnValue:
    """Show exactly what the receiver will see."""
    return previewing.page(turn_of(handover))


@blueprint.get("/<uuid:handover>/ja")
@allow(*SENDERS)
def yes(handover: UUID) -> ResponseReturnValue:
    """Ask for the patient's yes."""
    return previewing.yes_page(turn_of(handover))


@blueprint.post("/<uuid:handover>/ja")
@allow(*SENDERS)
def say_yes(handover: UUID) -> ResponseReturnValue:
    """Write down the patient's yes, on the patient's word."""
    return previewing.say_yes(turn_of(handover))


@blueprint.post("/<uuid:handover>/ta-tilbake-ja")
@allow(*SENDERS)
def take_back_yes(handover: UUID) -> ResponseReturnValue:
    """Take the yes back, on the patient's word."""
    turn = turn_of(handover)
    return marking.act(turn, lambda session: handovers.take_back_yes(session, turn), gjort="tatt-tilbake")
