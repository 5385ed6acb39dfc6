"""All of the staff's pages of threads on one blueprint."""

from handover.message.pages import beginning, listing, mistakes, reading, writing
from handover.message.pages.desk import blueprint

__all__ = ["beginning", "blueprint", "listing", "mistakes", "reading", "writing"]
