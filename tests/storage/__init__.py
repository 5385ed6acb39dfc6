"""Storage: schema versions, backup and restore."""
