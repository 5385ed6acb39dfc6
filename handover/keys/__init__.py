"""All cryptography of the node: envelopes, signatures, key files, sealing at rest."""
