"""What a team shares: owner, read, done, internal notes, ready texts, tasks for a person."""
