"""The printed lifecycle in docs/ is current."""

from pathlib import Path

from handover.message.picture import page

DOCUMENT = Path(__file__).parents[2] / "docs" / "lifecycle-message.md"


def test_a_reader_of_the_docs_sees_the_table_the_code_obeys() -> None:
    assert DOCUMENT.read_text("utf-8") == page(), "python -m handover.message.picture > docs/lifecycle-message.md"
