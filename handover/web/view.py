"""A page that is chosen inside a transaction and drawn after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import render_template


@dataclass(frozen=True)
class View:
    """A page, ready to be put together when the transaction is over."""

    template: str
    """Its path among the templates."""
    values: Mapping[str, Any] = field(repr=False)

    def render(self) -> str:
        """Return the page."""
        return render_template(self.template, **self.values)
