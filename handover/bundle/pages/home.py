"""The patient at home: my handovers, what goes along and what stays, the preview and the yes. Phone first.

The pages after sending are the `patient` slice's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import current_patient, patients_only
from handover.bundle import service as handovers
from handover.bundle.lifecycle import AT_SENDER, Side
from handover.bundle.pages import marking
from handover.bundle.pages import preview as previewing
from handover.bundle.pages.desk import REFUSALS, as_download
from handover.bundle.scenes import scene_of
from handover.bundle.service import Listed, Turn
from handover.bundle.words.states import Label, label
from handover.clock import now
from handover.config import Settings
from handover.directory import names
from handover.ids import AgencyId, HandoverId, ItemId
from handover.web.errors import explain, show_present_state_at
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item

blueprint = Blueprint("my_handovers", __name__, url_prefix="/mine-overforinger")
add_menu_item(
    blueprint,
    MenuItem(endpoint="my_handovers.listed", text=_l("Mine overføringer"), order=20, for_patients=True),
)
show_present_state_at(blueprint, "my_handovers.show")
explain(blueprint, REFUSALS)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One handover in the patient's list."""

    url: str
    """Empty where this node only received it: the pages are at the node where it was written."""
    sender: str
    place: str
    label: Label
    changed_at: datetime
    is_mine_to_do: bool
    """The patient can still choose what goes along."""


def turn_of(handover: UUID) -> Turn:
    """Return which of the patient's own handovers this is about, now."""
    return Turn(handover=HandoverId(handover), by=current_patient(), now=now(), side=Side.PATIENT)


@blueprint.get("")
@patients_only
def listed() -> ResponseReturnValue:
    """Show the patient's handovers, those that wait for a choice first."""
    at = now()
    with web.transaction() as session:
        found = handovers.my_handovers(session, _agencies(), current_patient(), now=at)
        lines = _lines(session, found, at)
    lines.sort(key=lambda line: not line.is_mine_to_do)
    return render_template("bundle/home/list.html", lines=lines)


@blueprint.get("/<uuid:handover>")
@patients_only
def show(handover: UUID) -> ResponseReturnValue:
    """Lead to where the handover stands: to the cards, or to what happened after sending."""
    turn = turn_of(handover)
    with web.transaction() as session:
        case = handovers.case_of(session, turn)
    if case.standing.status in AT_SENDER:
        return redirect(url_for(".mark", handover=handover, gjort=request.args.get("gjort")))
    return redirect(f"{blueprint.url_prefix}/{handover}/sendt")  # `patient.afterwards`


@blueprint.get("/<uuid:handover>/fil/<file_id>")
@patients_only
def file(handover: UUID, file_id: str) -> ResponseReturnValue:
    """Give a document of an item; that is logged."""
    with web.transaction() as session:
        about, data = handovers.file_of(session, turn_of(handover), file_id)
    return as_download(about.name, about.content_type, data)


@blueprint.post("/<uuid:handover>/merk/<uuid:item>/tillat")
@patients_only
def allow_clinician(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Let the clinician see something I wrote, or no longer."""
    turn, allowed = turn_of(handover), request.form.get("allowed") == "yes"
    return marking.act(
        turn,
        lambda session: handovers.allow_clinician(session, turn, ItemId(item), allowed=allowed),
        lagret=str(item),
        _anchor=f"punkt-{item}",
    )


@blueprint.post("/<uuid:handover>/merk/<uuid:item>/fjern")
@patients_only
def remove_own(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Take away something I wrote."""
    turn = turn_of(handover)
    return marking.act(turn, lambda session: handovers.remove_item(session, turn, ItemId(item)), gjort="fjernet")


@blueprint.get("/<uuid:handover>/merk")
@patients_only
def mark(handover: UUID) -> ResponseReturnValue:
    """Show every card."""
    return marking.page(turn_of(handover))


@blueprint.post("/<uuid:handover>/merk/<uuid:item>")
@patients_only
def keep_card(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Save one card."""
    return marking.keep_card(turn_of(handover), item)


@blueprint.post("/<uuid:handover>/merk/<uuid:item>/lagre")
@patients_only
def autosave_card(handover: UUID, item: UUID) -> ResponseReturnValue:
    """Save one card as it stands."""
    return marking.autosave_card(turn_of(handover), item)


@blueprint.post("/<uuid:handover>/egne")
@patients_only
def add_own(handover: UUID) -> ResponseReturnValue:
    """Begin something of my own; the clinician is shown it only where I say so."""
    return marking.add_own(turn_of(handover))


@blueprint.post("/<uuid:handover>/onsker")
@patients_only
def set_wishes(handover: UUID) -> ResponseReturnValue:
    """Save what I want around the handover."""
    return marking.set_wishes(turn_of(handover))


@blueprint.post("/<uuid:handover>/onsker/lagre")
@patients_only
def autosave_wishes(handover: UUID) -> ResponseReturnValue:
    """Save the wishes as they stand."""
    return marking.autosave_wishes(turn_of(handover))


@blueprint.post("/<uuid:handover>/vent")
@patients_only
def pause(handover: UUID) -> ResponseReturnValue:
    """Put the whole handover on hold."""
    turn = turn_of(handover)
    return marking.act(turn, lambda session: handovers.pause(session, turn), gjort="satt-pa-vent")


@blueprint.post("/<uuid:handover>/videre")
@patients_only
def resume(handover: UUID) -> ResponseReturnValue:
    """Go on with a handover that was on hold."""
    turn = turn_of(handover)
    return marking.act(turn, lambda session: handovers.resume(session, turn), gjort="gar-videre")


@blueprint.get("/<uuid:handover>/se-over")
@patients_only
def preview(handover: UUID) -> ResponseReturnValue:
    """Show exactly what the receiver will see."""
    return previewing.page(turn_of(handover))


@blueprint.get("/<uuid:handover>/ja")
@patients_only
def yes(handover: UUID) -> ResponseReturnValue:
    """Ask for the yes."""
    return previewing.yes_page(turn_of(handover))


@blueprint.post("/<uuid:handover>/ja")
@patients_only
def say_yes(handover: UUID) -> ResponseReturnValue:
    """Say yes to what was shown."""
    return previewing.say_yes(turn_of(handover))


@blueprint.post("/<uuid:handover>/ta-tilbake-ja")
@patients_only
def take_back_yes(handover: UUID) -> ResponseReturnValue:
    """Take the yes back."""
    turn = turn_of(handover)
    return marking.act(turn, lambda session: handovers.take_back_yes(session, turn), gjort="tatt-tilbake")


def _lines(session: Session, found: Iterable[Listed], at: datetime) -> list[Line]:
    return [
        Line(
            url=url_for(".show", handover=each.standing.handover) if each.standing.side is Side.SENDER else "",
            sender=names.of_party(session, each.standing.sender),
            place=names.of_party(session, each.standing.receiver),
            label=label(scene_of(session, each.standing, Side.PATIENT, now=at)),
            changed_at=each.updated_at,
            is_mine_to_do=each.standing.side is Side.SENDER and each.standing.status in AT_SENDER,
        )
        for each in found
    ]


def _agencies() -> tuple[AgencyId, ...]:
    return cast(Settings, current_app.extensions["handover.settings"]).agencies
