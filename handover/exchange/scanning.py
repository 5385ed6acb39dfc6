"""Looks for viruses in attachments, where a scanner is configured: before they leave, before they are taken in.

Nothing passes that was not looked at. While the scanner is silent a message with attachments waits at its sender;
at its receiver its documents do, or the whole of it, as its product wants (`wiring.Product`), and the worker asks
again. The scanner is never asked inside a writing transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from handover.db import Database, provided
from handover.exchange import blob_store, blobs, fhir, held, store
from handover.exchange.blobs import BlobDiffers
from handover.exchange.clamd import Clamd, CouldNotLook, ScannerSilent
from handover.exchange.model import INFECTED, SCANNER_SILENT, UNSCANNED, Fault, Look, SealedBlob, Side
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


class Looker:
    """Asks the node's scanner of one document after the other, and of none any more once it did not answer."""

    def __init__(self, db: Database) -> None:
        with db.reading() as session:
            self._clamd = provided(session, Scanner).clamd
        self._is_silent = False

    @property
    def is_there(self) -> bool:
        """Whether the node has a scanner; without one everything is clean."""
        return self._clamd is not None

    def look(self, content: bytes) -> Look:
        """Return what a document is."""
        if self._clamd is None:
            return Look.CLEAN
        if self._is_silent:
            return Look.UNSCANNED
        try:
            return Look.CLEAN if self._clamd.virus_in(content) is None else Look.INFECTED
        except ScannerSilent as silent:
            self._is_silent = not isinstance(silent, CouldNotLook)
            log.warning("exchange.scanner-silent", error=str(silent))
            return Look.UNSCANNED


class Infected(Exception):
    """Attachments hold a virus: a problem for each, with its path."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(INFECTED)
        self.problems = problems


@dataclass(frozen=True)
class Looked:
    """What the scanner makes of one attachment of a message, `number` of `of`."""

    path: str
    blob: SealedBlob
    look: Look
    number: int
    of: int


Looks = tuple[Looked, ...] | None
"""None without a scanner."""


@dataclass(frozen=True)
class Held:
    """What of an agency's waits until its documents can be looked through."""

    leaving: int = 0
    """Messages."""
    came: int = 0
    """Messages that are not taken in yet."""
    documents: int = 0
    """Documents whose messages are here already."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.leaving + self.came + self.documents


def what_waits(session: Session, agency: AgencyId) -> Held:
    """Return what waits for the scanner; nothing where none is configured."""
    if provided(session, Scanner).clamd is None:
        return Held()
    leaving, came = store.count_held(session, agency, fault=SCANNER_SILENT, outcome=UNSCANNED)
    return Held(leaving, came, held.count(session, agency))


def is_infected(db: Database, data: bytes) -> bool:
    """Return whether a file that somebody hands in holds a virus; while the scanner is silent nobody knows yet."""
    return Looker(db).look(data) is Look.INFECTED


def check_leaving(db: Database, sender: AgencyId, bundle: dict[str, Any]) -> None:
    """Look through the attachments of a message that is to leave. Raises Infected or ScannerSilent."""
    found = _look_through(db, bundle, lambda session, blob: blob_store.ciphertext(session, sender, blob.sha256))
    if infected := problems_of(found):
        raise Infected(infected)
    if is_unscanned(found):
        raise ScannerSilent


def look_coming(db: Database, receiver: AgencyId, sender: AgencyId, bundle: dict[str, Any]) -> Looks:
    """Return what the scanner makes of the attachments of a message that came.

    Raises BlobMissing where one has not wholly come.
    """
    return _look_through(
        db, bundle, lambda session, blob: blob_store.parts(session, receiver, sender, blob.sha256)
    )


def problems_of(looked: Looks) -> tuple[Problem, ...]:
    """Return a problem for each attachment that holds a virus: where it stands, and never what it is called."""
    return tuple(
        Problem(each.path, ProblemCode.INFECTED, f"document {each.number} of {each.of} holds a virus")
        for each in looked or ()
        if each.look is Look.INFECTED
    )


def is_unscanned(looked: Looks) -> bool:
    """Whether an attachment was not looked at."""
    return any(each.look is Look.UNSCANNED for each in looked or ())


def by_name(looked: Looks) -> dict[str, Look] | None:
    """Return what the scanner makes of each blob, by its name (`Received.looks`)."""
    return None if looked is None else {each.blob.sha256: each.look for each in looked}


def _look_through(db: Database, bundle: dict[str, Any], fetch: Fetch) -> Looks:
    looker = Looker(db)
    return tuple(_each_looked(db, looker, fhir.blobs_in(bundle), fetch)) if looker.is_there else None


def _each_looked(
    db: Database, looker: Looker, found: Sequence[tuple[str, SealedBlob]], fetch: Fetch
) -> Iterator[Looked]:
    for number, (path, blob) in enumerate(found, start=1):
        with db.reading() as session:
            ciphertext = fetch(session, blob)
        try:
            look = looker.look(blobs.opened(blob, ciphertext))
        except BlobDiffers:  # not what the message says: the product's to refuse
            look = Look.CLEAN
        yield Looked(path, blob, look, number, len(found))
