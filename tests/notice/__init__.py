"""Notices: hours and days, what leaves and what does not, wishes and codes, who is told of what."""
