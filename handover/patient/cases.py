"""«Drøftet uten navn»: cases that were linked to me, who was told, until when and why, and what was read.

Those that were linked to me by mistake stand there too, without anything of the case.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from handover import web
from handover.access import current_patient, patients_only
from handover.clock import now
from handover.config import Settings
from handover.directory import names
from handover.message import service as messages
from handover.message.linking import Why
from handover.message.model import Opened
from handover.message.service import PatientCase, Told
from handover.patient.readings import Reading, by_day
from handover.patient.threads import reading
from handover.web import dates
from handover.web.i18n import Text
from handover.web.i18n import gettext as _

blueprint = Blueprint("my_cases", __name__, url_prefix="/mine-meldinger/uten-navn")


@dataclass(frozen=True, kw_only=True)
class Knows:
    """One service that was told, in the patient's words."""

    name: str
    sentence: Text
    is_open: bool
    read: Sequence[str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One case."""

    reference: str
    began: str
    is_mistake: bool
    may_be_again: bool
    """Whether a new yes opens it again."""
    told: Sequence[Knows]
    log: Sequence[Reading] = field(repr=False)
    """Who at the agencies here saw it while it was linked to me, a line for each day."""


@blueprint.get("")
@patients_only
def mine() -> ResponseReturnValue:
    """Show the cases that are or were linked to me, who was told, and what had been read there."""
    agencies = cast(Settings, current_app.extensions["handover.settings"]).agencies
    with web.transaction() as session:
        found = messages.my_cases(session, agencies, current_patient(), now=now())
        lines = [_line(session, each) for each in found]
    return render_template("patient/cases.html", lines=lines)


def _line(session: Session, case: PatientCase) -> Line:
    return Line(
        reference=case.reference,
        began=names.of_party(session, case.began),
        is_mistake=case.is_mistake,
        may_be_again=not case.is_mistake and any(each.ended_at is not None for each in case.told),
        told=[_knows(session, each) for each in case.told],
        log=by_day(session, (each for each in case.log if each.who.kind != "patient"), reading),
    )


def _knows(session: Session, told: Told) -> Knows:
    return Knows(
        name=names.of_party(session, told.party),
        sentence=" ".join(map(str, _said(told))),
        is_open=told.ended_at is None,
        read=[_read(told, written, opened) for written, opened in told.read],
    )


def _said(told: Told) -> Iterator[Text]:
    """Yield from when to when the service knew, why it does no more, and whether that is sure."""
    since = dates.day(told.since)
    if told.ended_at is None:
        yield _("Vet at saken gjelder deg (siden %(day)s).", day=since)
        return
    ended = dates.day(told.ended_at)
    if told.why is Why.MISTAKE:
        yield _(
            "Fikk vite at saken gjaldt deg %(since)s. Det var feil, og ble tatt bort %(day)s.",
            since=since,
            day=ended,
        )
    else:
        yield _("Visste at saken gjaldt deg fra %(since)s til %(day)s.", since=since, day=ended)
    if told.why is Why.WITHDRAWN:
        yield _("Ditt ja gjaldt ikke lenger.")
    if told.is_confirmed:
        yield _("De har bekreftet at den er uten navn hos dem igjen.")
    else:
        yield _("De har fått beskjed om å glemme det. Vi venter på bekreftelse.")


def _read(told: Told, written: datetime, opened: Opened) -> str:
    name, at = ", ".join(filter(None, (opened.by, opened.title))), dates.moment(opened.at)
    if told.why is Why.MISTAKE:
        return _("%(name)s åpnet saken %(opened)s.", name=name, opened=at)
    return _(
        "%(name)s leste meldingen fra %(written)s, %(opened)s.",
        name=name,
        written=dates.short_day(written),
        opened=at,
    )
