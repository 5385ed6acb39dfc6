"""A closed list of events, append-only and tamper-evident (DESIGN rule 18)."""
