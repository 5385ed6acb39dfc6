"""All pages of a team's worklist on one blueprint."""

from handover.worklist import pages, texts
from handover.worklist.desk import blueprint

__all__ = ["blueprint", "pages", "texts"]
