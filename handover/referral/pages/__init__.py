"""The pages of a referral: `sending` for who writes and follows one, `receiving` for who assesses it."""
