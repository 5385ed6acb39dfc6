"""The log: whole, ordered, and readable by the patient."""
