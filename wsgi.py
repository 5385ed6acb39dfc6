"""The node as a WSGI application, configured by its environment: `granian --interface wsgi wsgi:app`."""
