"""May this travel to that agency, and on what basis: a pure rule and its store (DESIGN rule 15)."""
