"""One list for a team, sorted by the legal deadline."""
