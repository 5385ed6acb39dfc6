"""All of the referrer's pages on one blueprint: the list and the case, drafts, what comes after sending, paper."""

from handover.referral.pages import asking, paper, telling, writing
from handover.referral.pages.sending import blueprint

__all__ = ["asking", "blueprint", "paper", "telling", "writing"]
