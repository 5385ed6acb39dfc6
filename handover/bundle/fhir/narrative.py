"""The XHTML of a document's sections: people's texts, exactly and back again, and tables of labels and values.

A text that somebody wrote stands in its section's narrative and nowhere else: one line is one paragraph, so that
what a reader of any system sees is what was written, and what we read back is the same to the last space.
"""

from collections.abc import Iterable
from xml.parsers import expat
from xml.sax.saxutils import escape

from handover.fhir.entries import Json, written

_DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


class NotWords(ValueError):
    """A narrative that is not lines of text and nothing else."""


def words(text: str) -> Json:
    """Return the narrative of a text that is not blank; `text_of` reads it back."""
    return _narrative(_paragraph(line) for line in written(text).split("\n"))


def rows(values: Iterable[tuple[str, str]]) -> Json:
    """Return the narrative of labelled values, without those that are blank. At least one must not be."""
    return _narrative(
        f"<p><b>{_escaped(label)}:</b> {_escaped(written(text))}</p>" for label, text in values if written(text)
    )


def lines(texts: Iterable[str]) -> Json:
    """Return the narrative of sentences of our own."""
    return _narrative(_paragraph(text) for text in texts)


def text_of(narrative: Json) -> str:
    """Return the text that `words` was given. Raises NotWords for any other narrative."""
    reader = _Paragraphs()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(narrative["div"], True)
    except expat.ExpatError:
        raise NotWords from None
    return "\n".join(reader.lines)


class _Paragraphs:
    """The lines of a narrative: a div of paragraphs of plain text."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.open: list[str] = []

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        if self.open != [] and (tag != "p" or self.open != ["div"]):
            raise NotWords
        self.open.append(tag)
        if tag == "p":
            self.lines.append("")

    def end(self, _tag: str) -> None:
        self.open.pop()

    def text(self, text: str) -> None:
        if self.open[-1] != "p":
            raise NotWords
        self.lines[-1] += text


def _narrative(paragraphs: Iterable[str]) -> Json:
    return {"status": "generated", "div": f"{_DIV}{''.join(paragraphs)}</div>"}


def _paragraph(line: str) -> str:
    return f"<p>{_escaped(line)}</p>" if line else "<p/>"


def _escaped(text: str) -> str:
    """Return a text as XML keeps it; a bare carriage return would be read as a line feed."""
    return escape(text, {"\r": "&#13;"})
