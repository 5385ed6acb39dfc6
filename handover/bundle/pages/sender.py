"""All of the sending clinician's pages on one blueprint: list, writing, meeting, what comes after sending."""

from handover.bundle.pages import listing, meeting, recipient, supplement, tracking, trusted, writing
from handover.bundle.pages.desk import blueprint

__all__ = ["blueprint", "listing", "meeting", "recipient", "supplement", "tracking", "trusted", "writing"]
