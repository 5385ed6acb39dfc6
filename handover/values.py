"""Frozen values to plain JSON and back by their types alone, so that they can be sealed and read again.

Understands dataclasses, tuples, enumerations, dates, instants, UUIDs, bytes, named tuples with `parse`, optional
values and unions of dataclasses (marked with their class name). Unknown keys are ignored, so that an older
version of the code can read what a newer one wrote.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

Value = TypeVar("Value")
_KIND = "_kind"


def dump(value: object) -> bytes:
    """Return the value as UTF-8 JSON."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")).encode()


def load(kind: type[Value], raw: bytes) -> Value:
    """Read back what `dump` wrote as that type. Raises ValueError, KeyError or TypeError on anything else."""
    made: Value = _maker(kind)(json.loads(raw))
    return made


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        plain = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {_KIND: type(value).__name__, **plain}
    if isinstance(value, tuple):
        return str(value) if hasattr(value, "parse") else [_plain(item) for item in value]
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _maker(kind: Any) -> Callable[[Any], Any]:
    return _cached_maker(kind)


@cache
def _cached_maker(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, NewType):
        return _maker(kind.__supertype__)
    origin = get_origin(kind)
    if origin in {Union, UnionType}:
        return _union(get_args(kind))
    if origin is tuple:
        item = _maker(get_args(kind)[0])
        return lambda raw: tuple(item(part) for part in raw)
    if is_dataclass(kind):
        return _dataclass(kind)
    if hasattr(kind, "parse"):
        return lambda raw: kind.parse(raw)
    return _SIMPLE.get(kind) or (kind if issubclass(kind, Enum) else _same)


def _same(raw: Any) -> Any:
    return raw


_SIMPLE: dict[Any, Callable[[Any], Any]] = {
    UUID: UUID,
    bytes: b64decode,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def _union(kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    made = [kind for kind in kinds if kind is not NoneType]
    if len(made) == 1:
        only = _maker(made[0])
        return lambda raw: None if raw is None else only(raw)
    by_name = {kind.__name__: _maker(kind) for kind in made}
    return lambda raw: None if raw is None else by_name[raw[_KIND]](raw)


def _dataclass(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    makers = [(field.name, _maker(hints[field.name]), _has_default(field)) for field in fields(kind)]

    def make(raw: dict[str, Any]) -> Any:
        return kind(**{name: maker(raw[name]) for name, maker, optional in makers if name in raw or not optional})

    return make


def _has_default(field: "Field[Any]") -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING
