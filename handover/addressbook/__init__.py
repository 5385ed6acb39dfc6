"""The address book for people: find a service, keep its entry right, say that one is wrong."""
