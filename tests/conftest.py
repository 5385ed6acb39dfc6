"""What every test may use: a clean clock and id source, and databases of both kinds."""

import os

os.environ.setdefault("HANDOVER_MODE", "test")
