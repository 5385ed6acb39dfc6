"""Turns received bytes into a dict, strictly: size, depth, UTF-8, duplicate members, control characters."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from handover.fhir.problem import FhirInvalid, Problem, ProblemCode

MAX_BYTES: Final = 1024 * 1024
"""Bytes of one message (CRYPTO.md: messages up to 1 MiB)."""
MAX_DEPTH: Final = 254
"""Objects and arrays inside each other: where orjson stops writing (it stops reading at 1024, without harm)."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ESCAPED_CONTROLS: Final = (b"\\u00", b"\\b", b"\\f")
_DELETE: Final = b"\x7f"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9]{0,63}")


def parse(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`. Raises FhirInvalid for anything that two readers could read differently."""
    if len(raw) > MAX_BYTES:
        raise FhirInvalid([Problem("", ProblemCode.TOO_LARGE)])
    document = _decoded(raw)
    if not isinstance(document, dict):
        raise FhirInvalid([Problem("", ProblemCode.NOT_AN_OBJECT)])
    problems = [*_duplicates(raw, document), *_controls(raw, document)]
    if problems:
        raise FhirInvalid(problems)
    return document


def safe_name(name: object) -> str:
    """Return a member name as it may stand in a path; a stranger's odd name may say anything and becomes `?`."""
    return name if isinstance(name, str) and _NAME.fullmatch(name) else "?"


def _decoded(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as odd:
        deep = "depth limit" in str(odd)
        code = ProblemCode.TOO_DEEP if deep else ProblemCode.NOT_JSON if _is_utf8(raw) else ProblemCode.NOT_UTF8
        raise FhirInvalid([Problem("", code)]) from None


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _written_back(document: dict[str, Any]) -> bytes:
    """Return the document as orjson writes it, which it does only to a depth of MAX_DEPTH."""
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:
        raise FhirInvalid([Problem("", ProblemCode.TOO_DEEP)]) from None


def _duplicates(raw: bytes, document: dict[str, Any]) -> list[Problem]:
    """Return a problem for every member that occurs twice.

    Bytes that orjson writes back alike cannot hold one: only other writers' messages pay for the slow reader."""
    if _written_back(document) == raw:
        return []
    repeated: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        known = dict(members)
        if len(known) != len(members):
            names = [name for name, _ in members]
            known = {"\0": sorted({name for name in names if names.count(name) > 1}), **known}
            repeated.extend(known["\0"])
        return known

    tree = json.loads(raw, object_pairs_hook=pairs)
    if not repeated:
        return []
    return [
        Problem(f"{path}.{safe_name(name)}".lstrip("."), ProblemCode.DUPLICATE_KEY)
        for path, node in _objects(tree, str(document.get("resourceType", "")))
        for name in node.get("\0", ())
    ]


def _controls(raw: bytes, document: dict[str, Any]) -> list[Problem]:
    escapes = b"\\" in raw  # one byte is found ten times as fast as several
    if _DELETE not in raw and not (escapes and any(written in raw for written in _ESCAPED_CONTROLS)):
        return []
    return [
        Problem(f"{path}.{safe_name(name)}".lstrip("."), ProblemCode.CONTROL_CHARACTER)
        for path, node in _objects(document, str(document.get("resourceType", "")))
        for name, value in node.items()
        for text in (value if isinstance(value, list) else [value, name])
        if isinstance(text, str) and _CONTROL.search(text)
    ]


def _objects(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        yield path, node
        for name, child in node.items():
            yield from _objects(child, f"{path}.{safe_name(name)}" if path else safe_name(name))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _objects(child, f"{path}[{index}]")
