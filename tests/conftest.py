"""What every test may use: a clean clock and id source, and a node's database."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HANDOVER_MODE", "test")

from handover import clock, ids
from handover.db import Base, Database


@pytest.fixture(autouse=True)
def _clean_clock_and_ids() -> Iterator[None]:
    yield
    clock.reset()
    ids.reset()


@pytest.fixture
def node_db(tmp_path: Path) -> Iterator[Database]:
    """One node's empty database with every imported slice's tables."""
    db = Database(f"sqlite:///{tmp_path / 'node.db'}")
    Base.metadata.create_all(db.engine)
    yield db
    db.engine.dispose()
