"""The node as a WSGI application (configuration from the environment)."""
