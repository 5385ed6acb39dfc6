"""What a thread is sent for, said where its readers see no more than that: outside the health services."""

from sqlalchemy.orm import Session

from handover.consent.vocabulary import purpose_names
from handover.directory import service as directory
from handover.errors import NotFound
from handover.message.standing import Standing
from handover.web.i18n import language


def purpose_at(session: Session, standing: Standing) -> str:
    """Return the purpose of a thread where its home is no health service; empty elsewhere, or without one."""
    try:
        is_health = directory.service_of(session, standing.home.service).is_health
    except NotFound:
        is_health = False
    return "" if is_health else purpose_names(language()).get(standing.purpose, "")
