"""What leaves the pages for people's own hands: PDF, calendar files, e-mail and SMS without content."""
