"""Tests are sentences; shared fixtures live in conftest.py, shared builders in builders.py."""
