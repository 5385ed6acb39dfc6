"""Envelopes, signatures, key files and sealing at rest."""
