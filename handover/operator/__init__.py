"""Deliveries, keys, people: what the operator and the security officer look after."""
