"""The node as a WSGI application, configured by its environment: `granian --interface wsgi wsgi:app`."""

import os

from handover import logs
from handover.app import collect_seldom, create_app, create_node
from handover.config import from_environment

logs.configure()
collect_seldom()
app = create_app(create_node(from_environment(os.environ)))
