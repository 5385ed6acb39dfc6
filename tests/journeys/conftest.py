"""A region of three nodes, on each kind of database."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.conftest import OpenDatabase
from tests.journeys.region import Region, region


@pytest.fixture
def town(open_any: OpenDatabase, tmp_path: Path) -> Iterator[Region]:
    """Three nodes, on each kind of database."""
    handlers, level, hook = logging.getLogger().handlers, logging.getLogger().level, sys.excepthook
    made = region(open_any, tmp_path)
    yield made
    made.close()
    logging.getLogger().handlers, sys.excepthook = handlers, hook
    logging.getLogger().setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
