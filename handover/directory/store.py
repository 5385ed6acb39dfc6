"""Reads and writes the last good copies. The directory is the node's own and no agency's: all may read it."""

from collections.abc import Iterable
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from handover.directory.tables import DirectoryRow, StatementRow
from handover.ids import AgencyId
from handover.prepared import Prepared

_ONLY = 1
_REVISION = Prepared(select(DirectoryRow.revision).where(DirectoryRow.id == _ONLY))


def revision(session: Session) -> str | None:
    """Return the mark of the present copies; another one means that something changed."""
    return next((row.revision for row in _REVISION.all(session, {})), None)


def held_directory(session: Session) -> DirectoryRow | None:
    """Return the node's directory row, if anything was ever pulled or published."""
    return session.get(DirectoryRow, _ONLY)


def directory_row(session: Session) -> DirectoryRow:
    """Return the node's directory row, made empty the first time."""
    row = session.get(DirectoryRow, _ONLY)
    if row is None:
        row = DirectoryRow(id=_ONLY, revision=uuid4().hex)
        session.add(row)
        session.flush()
    return row


def statement_row(session: Session, agency: AgencyId) -> StatementRow:
    """Return the agency's statement row, made empty the first time."""
    row = session.get(StatementRow, agency)
    if row is None:
        row = StatementRow(agency=agency)
        session.add(row)
        session.flush()
    return row


def locked_statement(session: Session, agency: AgencyId) -> None:
    """Hold back everybody else who wants to change what the agency says of itself, until this transaction ends."""
    session.execute(select(StatementRow.agency).where(StatementRow.agency == agency).with_for_update())


def statement_jws(session: Session, agency: AgencyId) -> bytes | None:
    """Return the agency's statement as signed, if there is one."""
    return session.execute(select(StatementRow.jws).where(StatementRow.agency == agency)).scalar()


def statements(session: Session) -> Iterable[StatementRow]:
    """Return every statement row, by agency."""
    return session.scalars(select(StatementRow).order_by(StatementRow.agency))


def touch(session: Session) -> None:
    """Give the copies a new mark, so that every process reads them anew."""
    directory_row(session).revision = uuid4().hex
    session.flush()
