"""All pages of a team's worklist on one blueprint."""

from handover.worklist import absent, pages, texts
from handover.worklist.desk import blueprint

__all__ = ["absent", "blueprint", "pages", "texts"]
