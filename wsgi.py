"""The node as a WSGI application, configured by its environment: `granian --interface wsgi wsgi:app`."""

import os

from handover.app import create_app, create_node
from handover.config import from_environment

app = create_app(create_node(from_environment(os.environ)))
