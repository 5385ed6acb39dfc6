"""Our copy of the published vectors is the published one (where that lies beside the repository)."""

import json
from pathlib import Path

import pytest

from handover.keys import hpke
from tests.keys.test_vectors import vectors

PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "jose-hpke-pq-vectors.json"


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published file is not beside the repository")
def test_our_copy_is_what_was_published() -> None:
    published = json.loads(PUBLISHED.read_text())

    assert vectors() == [vector for vector in published if vector["alg"] == hpke.ALGORITHM]
