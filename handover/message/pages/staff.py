"""All of the staff's pages of threads on one blueprint."""

from handover.message.pages import (
    addressing,
    beginning,
    cases,
    linking,
    listing,
    mistakes,
    openness,
    paper,
    reading,
    sharing,
    talking,
    teamwork,
    writing,
)
from handover.message.pages.desk import blueprint

__all__ = [
    "addressing",
    "beginning",
    "blueprint",
    "cases",
    "linking",
    "listing",
    "mistakes",
    "openness",
    "paper",
    "reading",
    "sharing",
    "talking",
    "teamwork",
    "writing",
]
