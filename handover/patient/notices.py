"""«Mine varsler»: how every agency of this node that knows the patient tells them that there is something new."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover.access import patients_only
from handover.notice.model import Recipient, patient
from handover.notice.pages import Desk, confirm_desk, save_desk, show_desk
from handover.patient import asking
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item

blueprint = Blueprint("my_notices", __name__, url_prefix="/mine-varsler")
add_menu_item(
    blueprint, MenuItem(endpoint="my_notices.show", text=_l("Mine varsler"), order=40, for_patients=True)
)


def _me(session: Session) -> list[Recipient]:
    return [patient(agency, person) for agency, person in asking.owners(session).items()]


DESK = Desk(name="my_notices", them=_me, is_staffs=False)


@blueprint.get("")
@patients_only
def show() -> ResponseReturnValue:
    """Show how I am told."""
    return show_desk(DESK)


@blueprint.post("")
@patients_only
def save() -> ResponseReturnValue:
    """Keep how I want to be told; a new address gets a code."""
    return save_desk(DESK)


@blueprint.post("/kode")
@patients_only
def confirm() -> ResponseReturnValue:
    """Use my new address, now that its code has come back."""
    return confirm_desk(DESK)
