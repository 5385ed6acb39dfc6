"""Tells whether a narrative is the harmless XHTML that FHIR allows (R4 2.27): closed lists of what may occur."""

from typing import Final
from xml.parsers import expat

_XHTML: Final = "http://www.w3.org/1999/xhtml"
_ELEMENTS: Final = """
a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5
h6 hr i img kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul
var
"""
_ATTRIBUTES: Final = """
abbr align alt axis border cellhalign cellpadding cellspacing cellvalign char charoff class colspan
dir frame headers height href id lang longdesc name nowrap rel rev rowspan rules scope span src
start style summary title type valign value width xml:lang
"""
_ALLOWED_ELEMENTS: Final = frozenset(_ELEMENTS.split())
_ALLOWED_ATTRIBUTES: Final = frozenset(_ATTRIBUTES.split())
_LINKS: Final = ("http://", "https://", "mailto:", "tel:", "#")
_PICTURES: Final = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "#")


class _Unsafe(Exception):
    """Something that a narrative must not hold."""


def is_safe(div: object) -> bool:
    """Tell whether `div` is one XHTML div with text or a picture, and no script, form, event, style URL or DTD."""
    if not isinstance(div, str):
        return False
    parser, seen = expat.ParserCreate(namespace_separator=" "), _Seen()
    parser.StartElementHandler = seen.start
    parser.EndElementHandler = seen.end
    parser.CharacterDataHandler = seen.text
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(div, True)
    except (_Unsafe, expat.ExpatError):
        return False
    return seen.content


def _refuse(*_: object) -> None:
    raise _Unsafe


class _Seen:
    """What stands in the div so far."""

    def __init__(self) -> None:
        self.content = False
        self.depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.partition(" ")
        if namespace != _XHTML or tag not in _ALLOWED_ELEMENTS or (self.depth == 0 and tag != "div"):
            raise _Unsafe
        for attribute, value in attributes.items():
            _check_attribute(
                tag, attribute.replace("http://www.w3.org/XML/1998/namespace ", "xml:"), value.strip().lower()
            )
        self.depth += 1
        self.content = self.content or tag == "img"

    def end(self, _: str) -> None:
        self.depth -= 1

    def text(self, text: str) -> None:
        self.content = self.content or not text.isspace()


def _check_attribute(tag: str, attribute: str, value: str) -> None:
    if attribute not in _ALLOWED_ATTRIBUTES:
        raise _Unsafe
    if attribute == "href" and not value.startswith(_LINKS):
        raise _Unsafe
    if attribute in {"src", "longdesc"} and not value.startswith(_PICTURES):
        raise _Unsafe
    if attribute == "style" and any(bad in value for bad in ("url", "expression", "javascript", "@import", "\\")):
        raise _Unsafe
    if attribute in {"src", "href"} and tag not in {"a", "img"}:
        raise _Unsafe
