"""Simple formatting: blank lines part paragraphs, `- ` begins a point, `**` makes words strong."""

import re
from collections.abc import Iterator
from typing import Final

from markupsafe import Markup, escape

_STRONG: Final = re.compile(r"\*\*(\S(?:[^\n]*?\S)?)\*\*")
_POINT: Final = "- "


def formatted(text: str) -> Markup:
    """Return what somebody wrote as HTML; nothing of it is taken as markup but the three signs."""
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return Markup("").join(part for block in blocks if block for part in _block(block.split("\n")))


def plain(text: str) -> str:
    """Return what somebody wrote without the signs that make words strong."""
    return _STRONG.sub(r"\1", text.replace("\r\n", "\n").strip())


def _block(lines: list[str]) -> Iterator[Markup]:
    """Yield a block's paragraphs and lists, in their order."""
    run: list[str] = []
    for line in lines:
        if run and line.startswith(_POINT) != run[-1].startswith(_POINT):
            yield _run(run)
            run = []
        run.append(line)
    yield _run(run)


def _run(lines: list[str]) -> Markup:
    if lines[0].startswith(_POINT):
        points = (Markup("<li>{}</li>").format(_strong(line.removeprefix(_POINT))) for line in lines)
        return Markup('<ul class="ds-list">{}</ul>').format(Markup("").join(points))
    return Markup("<p>{}</p>").format(Markup("<br>").join(_strong(line) for line in lines))


def _strong(line: str) -> Markup:
    return Markup(_STRONG.sub(r"<strong>\1</strong>", str(escape(line))))  # noqa: S704 - escaped first
