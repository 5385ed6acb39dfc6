"""What leaves the pages for people's own hands: PDF and calendar files. Later e-mail and SMS without content."""
