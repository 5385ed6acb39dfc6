"""The patient as one agency knows them: identity, look-up, contact wishes."""
