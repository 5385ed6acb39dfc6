"""What patients may read of the agency's messages, by subject: seen and changed by those who decide it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow, current_staff
from handover.clock import now
from handover.message import openness
from handover.message.openness import DECIDE
from handover.message.pages.desk import blueprint
from handover.message.words.names import SUBJECTS
from handover.web.forms import Form
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item

add_menu_item(
    blueprint,
    MenuItem(
        endpoint="messages.patients_reading", text=_l("Pasientens innsyn"), order=60, roles=frozenset(DECIDE)
    ),
)


@blueprint.get("/innsyn")
@allow(*DECIDE)
def patients_reading() -> ResponseReturnValue:
    """Show under which subjects patients read what the agency writes."""
    by = current_staff()
    with web.reading() as session:
        held = openness.decided(session, by.agency)
    return render_template(
        "message/openness.html",
        form=Form.of({"subjects": [each.value for each, is_open in held.items() if is_open]}),
        subjects=[(each.value, SUBJECTS[each]) for each in held],
        may_decide=openness.may_decide(by),
        done=bool(request.args.get("gjort")),
    )


@blueprint.post("/innsyn")
@allow(*DECIDE)
def let_patients_read() -> ResponseReturnValue:
    """Keep what patients may read of what the agency writes from now on."""
    chosen = set(request.form.getlist("subjects"))
    wanted = {each: each.value in chosen for each in openness.SUBJECTS}
    with web.transaction() as session:
        openness.decide(session, wanted, by=current_staff(), now=now())
    return redirect(url_for(".patients_reading", gjort="lagret"))
