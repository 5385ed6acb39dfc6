"""«Drøftet uten navn»: cases that were linked to me on my yes, who was told, until when, and what was read."""

from collections.abc import Sequence
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
from handover.message.service import PatientCase, Told
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
    at: datetime
    told: Sequence[Knows]


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
        at=max(each.since for each in case.told),
        told=[_knows(session, each) for each in case.told],
    )


def _knows(session: Session, told: Told) -> Knows:
    said = _("Vet at saken gjelder deg (siden %(day)s).", day=dates.short_day(told.since))
    if told.ended_at is not None and told.is_confirmed:
        said = _("Visste at saken gjaldt deg til %(day)s. Den er uten navn der igjen.", day=_day(told.ended_at))
    elif told.ended_at is not None:
        said = _(
            "Fikk beskjed %(day)s om å glemme at saken gjaldt deg. Vi venter på bekreftelse.",
            day=_day(told.ended_at),
        )
    return Knows(
        name=names.of_party(session, told.party),
        sentence=said,
        is_open=told.ended_at is None,
        read=[
            _(
                "%(name)s leste meldingen fra %(written)s, %(opened)s.",
                name=", ".join(filter(None, (opened.by, opened.title))),
                written=dates.short_day(written),
                opened=dates.moment(opened.at),
            )
            for written, opened in told.read
        ],
    )


def _day(at: datetime) -> str:
    return dates.short_day(at)
