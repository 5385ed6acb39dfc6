"""The documentation of the lifecycle is the table."""

from pathlib import Path

from handover.referral.picture import page

DOCUMENT = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_the_page_in_the_documentation_is_printed_from_the_table() -> None:
    assert DOCUMENT.read_text("utf-8") == page(), "python -m handover.referral.picture > docs/lifecycle.md"
