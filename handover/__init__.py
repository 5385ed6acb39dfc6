"""Handover: referrals, messages and handovers between agencies, where nothing ends in silence."""
