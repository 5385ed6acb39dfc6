"""The staff's pages of threads between agencies: list and search, one thread, writing and sending."""
