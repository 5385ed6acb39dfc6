"""The versions of the schema, one file each, applied in the order of their numbers."""
