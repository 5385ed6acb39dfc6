"""Threads between services: a simple way to leave a message, NAV included (DESIGN sections 2 and 3)."""
