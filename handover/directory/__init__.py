"""The address book: agencies, services, endpoints and public keys, all of them signed."""
