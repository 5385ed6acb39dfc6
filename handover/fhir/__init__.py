"""FHIR R4: the validator, its tables, and what every slice's fhir.py shares."""
