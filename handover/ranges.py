"""Queries over ranges of an index: cost follows what is shown, not what is stored (DESIGN section 7)."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Subquery, func, select, union
from sqlalchemy.orm import Session

MOST_PARTS: Final = 100
"""Of one statement; SQLite takes 500."""


def union_of(parts: Sequence[Select[Any]]) -> Subquery:
    """Return the rows of all parts, each part limited for itself and each row once; at least one part."""
    if len(parts) > MOST_PARTS:
        some = [parts[start : start + MOST_PARTS] for start in range(0, len(parts), MOST_PARTS)]
        return union_of([select(union_of(each)) for each in some])
    if len(parts) == 1:  # a union of one query would be that query, with every row it repeats
        return select(parts[0].subquery()).distinct().subquery()
    return union(*(select(part.subquery()) for part in parts)).subquery()


def each_value(session: Session, column: ColumnElement[Any], *where: ColumnElement[bool]) -> Iterator[Any]:
    """Yield every value of a column in an index that begins with what `where` fixes: one step for each value."""
    first = select(func.min(column)).where(*where)
    value = session.scalar(first)
    while value is not None:
        yield value
        value = session.scalar(first.where(column > value))
