"""What a handover says on the screen, in the reader's language."""
