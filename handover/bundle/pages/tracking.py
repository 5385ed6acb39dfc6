"""Where a handover stands, and what the sender may do with it now."""

from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow
from handover.bundle import service as handovers
from handover.bundle.pages.desk import SENDERS, blueprint, turn_of


@blueprint.get("/<uuid:handover>")
@allow(*SENDERS)
def show(handover: UUID) -> ResponseReturnValue:
    """Show where the handover stands."""
    turn = turn_of(handover)
    with web.transaction() as session:
        handovers.case_of(session, turn)
    return redirect(url_for(".write", handover=handover))
