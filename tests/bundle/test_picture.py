"""The documentation of the lifecycle is the table."""

from pathlib import Path

from handover.bundle.picture import page

DOCUMENT = Path(__file__).parents[2] / "docs" / "lifecycle-handover.md"


def test_the_page_in_the_documentation_is_printed_from_the_table() -> None:
    assert DOCUMENT.read_text("utf-8") == page(), "python -m handover.bundle.picture > docs/lifecycle-handover.md"
