"""Measures the exchange beside a floor of its own, in one run."""
