"""The address book for people."""
