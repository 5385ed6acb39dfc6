"""A row of a team's work, for a stock."""

from typing import Any

from handover.ids import AgencyId, ServiceId


def item(
    home: tuple[AgencyId, ServiceId],
    kind: str,
    subject: Any,
    step: str | None,
    *,
    due: Any,
    at: Any,
    owner: Any = None,
) -> dict[str, Any]:
    """Return the next step of a case that last changed `at`; None is closed work. Ids and instants as stored."""
    agency, service = home
    return {
        "agency": agency,
        "service": service,
        "kind": kind,
        "subject": subject,
        "next_step": step or "closed",
        "due_at": due,
        "owner": owner,
        "passed_from": None,
        "is_given_back": False,
        "touched_at": at,
        "is_open": step is not None,
        "snoozed_until": None,
        "created_at": at,
        "done_at": at if step is None else None,
        "done_by": None,
    }
