"""The pages of the address book: for everybody who works here, for the owner of an entry, for who reports."""
