"""Looks for viruses in attachments, where a scanner is configured: before they leave, before they are taken in.

Nothing passes that was not looked at. While the scanner is silent a message with attachments waits: at its sender
in the queue, at its receiver as one that came and is not taken in yet; the worker asks again. An infected one ends
there. The scanner is never asked inside a writing transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from handover.db import Database, provided
from handover.exchange import blob_store, blobs, fhir, store
from handover.exchange.clamd import Clamd, ScannerSilent
from handover.exchange.model import INFECTED, SCANNER_SILENT, UNSCANNED, Fault, SealedBlob, Side
from handover.fhir.problem import Problem, ProblemCode
from handover.ids import AgencyId

INFECTED_FAULT: Final = Fault(Side.SEND, INFECTED)
SILENT_FAULT: Final = Fault(Side.SEND, SCANNER_SILENT)

log = structlog.get_logger(__name__)

Fetch = Callable[[Session, SealedBlob], bytes]


@dataclass(frozen=True)
class Scanner:
    """The node's virus scanner. Reached by `provided(session, Scanner)`; without one nothing is looked at."""

    clamd: Clamd | None = None


class Infected(Exception):
    """Attachments hold a virus: a problem for each, with its path."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(INFECTED)
        self.problems = problems


@dataclass(frozen=True)
class Held:
    """How many of an agency's messages wait until their documents can be looked through."""

    leaving: int = 0
    came: int = 0


def held(session: Session, agency: AgencyId) -> Held:
    """Return what waits for the scanner; nothing where none is configured."""
    if provided(session, Scanner).clamd is None:
        return Held()
    return Held(*store.count_held(session, agency, fault=SCANNER_SILENT, outcome=UNSCANNED))


def is_infected(db: Database, data: bytes) -> bool:
    """Return whether a file that somebody hands in holds a virus; while the scanner is silent nobody knows yet."""
    clamd = _clamd(db)
    try:
        return clamd is not None and clamd.virus_in(data) is not None
    except ScannerSilent as silent:
        log.warning("exchange.scanner-silent", error=str(silent))
        return False


def check_leaving(db: Database, sender: AgencyId, bundle: dict[str, Any]) -> None:
    """Look through the attachments of a message that is to leave. Raises Infected or ScannerSilent."""
    _look_through(db, bundle, lambda session, blob: blob_store.ciphertext(session, sender, blob.sha256))


def check_coming(db: Database, receiver: AgencyId, sender: AgencyId, bundle: dict[str, Any]) -> None:
    """Look through the attachments of a message that came. Raises Infected, ScannerSilent or BlobMissing."""
    _look_through(db, bundle, lambda session, blob: blob_store.parts(session, receiver, sender, blob.sha256))


def _look_through(db: Database, bundle: dict[str, Any], fetch: Fetch) -> None:
    clamd = _clamd(db)
    found = [] if clamd is None else fhir.blobs_in(bundle)
    problems = []
    for number, (path, blob) in enumerate(found, start=1):
        with db.reading() as session:
            ciphertext = fetch(session, blob)
        if clamd is not None and _virus(clamd, blob, ciphertext) is not None:
            said = f"document {number} of {len(found)} holds a virus"
            problems.append(Problem(path, ProblemCode.INFECTED, said))
    if problems:
        raise Infected(tuple(problems))


def _virus(clamd: Clamd, blob: SealedBlob, ciphertext: bytes) -> str | None:
    """Return what is in one attachment; one that is not what the message says is the product's to refuse."""
    try:
        return clamd.virus_in(blobs.opened(blob, ciphertext))
    except blobs.BlobDiffers:
        return None
    except ScannerSilent as silent:
        log.warning("exchange.scanner-silent", error=str(silent))
        raise


def _clamd(db: Database) -> Clamd | None:
    with db.reading() as session:
        return provided(session, Scanner).clamd
