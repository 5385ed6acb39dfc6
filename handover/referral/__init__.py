"""A referral: written, sent, assessed, answered, and never lost (DESIGN section 4)."""
