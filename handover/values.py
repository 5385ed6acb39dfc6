"""Frozen values to plain JSON and back by their types alone, so that they can be sealed and read again.

Understands dataclasses, tuples of one type, enumerations, dates, instants, UUIDs, bytes, named tuples that parse,
optional values and unions of dataclasses (marked with their class name). What is None or empty, and is so unless
said otherwise, is left out. Unknown keys are ignored: older code can read what newer code wrote.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

Value = TypeVar("Value")
Convert = Callable[[Any], Any]
_KIND = "_kind"


def dump(value: object) -> bytes:
    """Return the value as UTF-8 JSON."""
    convert = _writer(type(value))
    return orjson.dumps(value if convert is None else convert(value))


def load(kind: type[Value], raw: bytes) -> Value:
    """Read back what `dump` wrote as that type. Raises ValueError, KeyError or TypeError on anything else."""
    made: Value = _reader(kind)(orjson.loads(raw))
    return made


def _writer(kind: Any) -> Convert | None:
    """Return what makes a value of that type plain; None for what is plain to JSON as it is."""
    return _cached_writer(kind)


@cache
def _cached_writer(kind: Any) -> Convert | None:
    if isinstance(kind, NewType):
        return _writer(kind.__supertype__)
    if get_origin(kind) in {Union, UnionType}:
        return _write_optional(get_args(kind))
    if get_origin(kind) is tuple:
        return _write_tuple(get_args(kind)[0])
    if is_dataclass(kind):
        return _write_dataclass(kind)
    if hasattr(kind, "parse"):
        return str
    return _encoded if kind is bytes else None


def _write_optional(kinds: tuple[Any, ...]) -> Convert | None:
    writers = {kind: _writer(kind) for kind in kinds if kind is not NoneType}
    if len(writers) > 1:  # a union of dataclasses: by what the value is
        return lambda value: None if value is None else _written(value)
    (only,) = writers.values()
    return None if only is None else lambda value: None if value is None else only(value)


def _written(value: object) -> object:
    convert = _writer(type(value))
    return value if convert is None else convert(value)


def _write_tuple(kind: Any) -> Convert | None:
    item = _writer(kind)
    return None if item is None else lambda value: [None if part is None else item(part) for part in value]


def _write_dataclass(kind: Any) -> Convert:
    hints = get_type_hints(kind)
    plan = [(field.name, _writer(hints[field.name]), _may_be_left_out(field)) for field in fields(kind)]
    name = kind.__name__

    def write(value: Any) -> dict[str, Any]:
        plain = {_KIND: name}
        for key, convert, may_be_left_out in plan:
            part = getattr(value, key)
            if may_be_left_out and (part is None or part == ()):
                continue
            plain[key] = part if convert is None else convert(part)
        return plain

    return write


def _may_be_left_out(field: "Field[Any]") -> bool:
    return field.default is None or field.default == ()


def _encoded(value: bytes) -> str:
    return b64encode(value).decode()


def _reader(kind: Any) -> Convert:
    """Return what makes a value of that type from plain JSON."""
    return _cached_reader(kind)


@cache
def _cached_reader(kind: Any) -> Convert:
    if isinstance(kind, NewType):
        return _reader(kind.__supertype__)
    if get_origin(kind) in {Union, UnionType}:
        return _read_optional(get_args(kind))
    if get_origin(kind) is tuple:
        item = _reader(get_args(kind)[0])
        return lambda raw: tuple(item(part) for part in raw)
    if is_dataclass(kind):
        return _read_dataclass(kind)
    if hasattr(kind, "parse"):
        return lambda raw: kind.parse(raw)
    return _SIMPLE.get(kind) or (kind if issubclass(kind, Enum) else _same)


def _same(raw: Any) -> Any:
    return raw


_SIMPLE: dict[Any, Convert] = {
    UUID: UUID,
    bytes: b64decode,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def _read_optional(kinds: tuple[Any, ...]) -> Convert:
    made = [kind for kind in kinds if kind is not NoneType]
    if len(made) == 1:
        only = _reader(made[0])
        return lambda raw: None if raw is None else only(raw)
    by_name = {kind.__name__: _reader(kind) for kind in made}
    return lambda raw: None if raw is None else by_name[raw[_KIND]](raw)


def _read_dataclass(kind: Any) -> Convert:
    hints = get_type_hints(kind)
    plan = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    required = {field.name for field in fields(kind) if not _has_default(field)}

    def read(raw: dict[str, Any]) -> Any:
        missing = required - raw.keys()
        if missing:
            raise KeyError(*sorted(missing))
        return kind(**{name: plan[name](part) for name, part in raw.items() if name in plan})

    return read


def _has_default(field: "Field[Any]") -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING
