"""Agencies, services, endpoints, public keys: one signed list, and each agency's own statement."""
