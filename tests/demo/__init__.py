"""The demo: what a newcomer runs first."""
