"""Pasientens møte: the handover bundle in which the patient decides what travels (DESIGN §3)."""
