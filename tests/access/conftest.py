"""A running node with its login providers, and a browser to visit it with."""

from collections.abc import Iterator

import pytest

from tests.access.world import Browser, World, world


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all tests of a module."""
    with world(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture
def browser(shared_world: World) -> Browser:
    """A fresh browser."""
    return Browser(shared_world)
