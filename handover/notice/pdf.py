"""Prints text as tagged PDF (PDF/UA-1, ISO 14289) with the fonts that typst carries: no system library needed.

What people wrote is handed over as data, never as markup. typst is imported when the first page is printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import orjson


@dataclass(frozen=True, kw_only=True)
class Block:
    """One piece of a paper: a heading (level 1-3), a text, a text in somebody's own words, or facts."""

    kind: str
    """`heading`, `text`, `own-words`, `facts`, `strong`."""
    text: str = field(default="", repr=False)
    level: int = 1
    pairs: Sequence[tuple[str, str]] = field(default=(), repr=False)
    """Terms and texts of facts."""
    lang: str = ""
    """The language of this piece where it is another one than the paper's."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Something to print. The title stands in the file's metadata: nothing about a person."""

    title: str
    lang: str
    """`nb`, `nn` or `en`."""
    page_of: str
    """Such as `Side {page} av {pages}`."""
    blocks: Sequence[Block] = field(repr=False)


def printed(paper: Paper) -> bytes:
    """Return the paper as PDF; equal papers give equal bytes.

    A text with a sign that no font here has (rare scripts, emoji) is printed all the same, tagged, but the file
    does not claim PDF/UA, which forbids it.
    """
    import typst

    inputs = {"paper": orjson.dumps(_plain(paper)).decode()}
    try:
        return typst.compile(
            _template(), format="pdf", sys_inputs=inputs, ignore_system_fonts=True, pdf_standards="ua-1"
        )
    except typst.TypstError:
        return typst.compile(_template(), format="pdf", sys_inputs=inputs, ignore_system_fonts=True)


def _plain(paper: Paper) -> dict[str, object]:
    return {
        "title": paper.title,
        "lang": paper.lang,
        "page_of": paper.page_of,
        "blocks": [
            {
                "kind": block.kind,
                "text": block.text.replace("\r\n", "\n").replace("\r", "\n"),
                "level": block.level,
                "pairs": [list(pair) for pair in block.pairs if pair[1].strip()],
                "lang": block.lang or paper.lang,
            }
            for block in paper.blocks
        ],
    }


@cache
def _template() -> bytes:
    return files("handover").joinpath("notice", "paper.typ").read_bytes()
