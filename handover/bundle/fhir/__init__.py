"""Maps what a handover says to FHIR and back: the resources of its document, and its three messages."""
