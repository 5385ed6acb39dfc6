"""What was done to keys and directory from the command line: written down beside the keys, logged later.

Keys are made before there is a database, and an anchor lives on a machine without one; so each act is one line of
a file first. The worker takes the lines in, each once, into the log of the agency they are about (else of the
node's first).
"""

import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event, Record
from handover.db import Database
from handover.ids import AgencyId, new_uuid
from handover.operator import store

NAME: Final = "journal.jsonl"
_MODE: Final = 0o600


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act."""

    id: UUID
    at: datetime
    event: Event
    owner: str
    """The agency, or the community of an anchor; empty where the act is the whole node's."""
    subject: str
    """A key id, a version: what it was done to."""
    by: str
    """The account on the machine that gave the command."""


def note(folder: Path, event: Event, *, owner: str, subject: str, now: datetime) -> None:
    """Write one act down, and have it on the disk before the command says that it is done."""
    line = {
        "id": str(new_uuid()),
        "at": now.isoformat(),
        "event": event.value,
        "owner": owner,
        "subject": subject,
        "by": getpass.getuser(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _MODE)
    try:
        os.write(handle, orjson.dumps(line) + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)


def acts(folder: Path) -> tuple[Act, ...]:
    """Return what is written down, the oldest first; a line that a power cut left half is none."""
    file = folder / NAME
    lines = file.read_bytes().split(b"\n")[:-1] if file.exists() else []
    return tuple(_act(orjson.loads(line)) for line in lines if line.endswith(b"}"))


def take_in(db: Database, folder: Path, agencies: Sequence[AgencyId], *, now: datetime) -> int:
    """Log what has been written down since the last time; returns how many acts. Safe to kill and to run twice."""
    written = acts(folder)
    with db.reading() as session:
        taken = store.journal_taken(session, [act.id for act in written])
    fresh = [act for act in written if act.id not in taken]
    if fresh:
        with db.transaction() as session:
            _log(session, fresh, agencies)
            store.take_acts(session, [act.id for act in fresh], now=now)
    return len(fresh)


def _log(session: Session, fresh: Sequence[Act], agencies: Sequence[AgencyId]) -> None:
    audit.record_many(
        session,
        [
            Record(
                event=act.event,
                agency=agency,
                at=act.at,
                actor=Machine(agency=agency, name="handover"),
                subject=act.subject[:80],
                detail={"by": act.by, "owner": act.owner},
            )
            for act in fresh
            for agency in [next((each for each in agencies if each == act.owner), agencies[0])]
        ],
    )


def _act(line: dict[str, str]) -> Act:
    return Act(
        id=UUID(line["id"]),
        at=datetime.fromisoformat(line["at"]),
        event=Event(line["event"]),
        owner=line["owner"],
        subject=line["subject"],
        by=line["by"],
    )
