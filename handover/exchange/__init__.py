"""The post office: outgoing, incoming, acknowledgements, retries, blobs (DESIGN rules 1-4)."""
