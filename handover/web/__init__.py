"""The edge of a node: request transaction, error mapping, page shell, templates, translations."""
