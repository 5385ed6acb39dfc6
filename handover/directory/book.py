"""The address book in memory: parsed and verified once, shared by all threads, replaced when the copies change.

Other processes of the node notice a change within `CHECK_EVERY` seconds; the one that made it, at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import structlog
from sqlalchemy.orm import Session

from handover.directory import documents, store
from handover.directory.model import (
    Anchors,
    Directory,
    DirectoryExpired,
    DirectoryRefused,
    Offer,
    Service,
    Statement,
)
from handover.directory.plain_words import Wanted
from handover.errors import HandoverError
from handover.ids import AgencyId, KeyId, ServiceId
from handover.keys.errors import EnvelopeRefused
from handover.keys.material import PublicSigningKey
from handover.keys.vault import words

CHECK_EVERY: Final = 0.5
"""Seconds between looks at the database's mark: how late a revocation may take effect in another process."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Entry:
    """One service with the words it is found by."""

    service: Service
    agency_name: str
    words: frozenset[str] = field(repr=False)
    """Of name, agency and place."""
    takes: frozenset[str] = field(repr=False)
    offers: Mapping[str, frozenset[str]] = field(repr=False)
    """By the offer's id."""

    def matches(self, wanted: list[str]) -> bool:
        """Whether every wanted word stands in one of the entry's words ("psykolog" in "kommunepsykolog")."""
        return all(any(part in word for word in self.words) for part in wanted)

    def everything(self) -> frozenset[str]:
        """Return every word the service may be found by."""
        return self.words.union(self.takes, *self.offers.values())

    def fitting_offers(self, wanted: list[Wanted]) -> tuple[Offer, ...]:
        """Return the offers in which every wanted word is meant."""
        return tuple(
            offer
            for offer in self.service.offers
            if all(each.is_meant_in(self.offers[offer.id]) for each in wanted)
        )


@dataclass(frozen=True)
class Snapshot:
    """Everything the node believes at one revision. Times are checked by whoever asks."""

    directory: Directory | None
    statements: Mapping[AgencyId, Statement]
    services: Mapping[ServiceId, Entry]

    def known(self) -> Directory:
        """Return the directory; raises DirectoryExpired('directory.none') before the first pull."""
        if self.directory is None:
            raise DirectoryExpired("directory.none")
        return self.directory


class Book:
    """The node's address book; reached as `provided(session, Book)`."""

    def __init__(self, anchors: Anchors) -> None:
        self.anchors = anchors
        self._held: tuple[str | None, Snapshot] | None = None
        self._last: tuple[bytes, Directory] | None = None
        self._checked = float("-inf")
        self._changes = 0

    def snapshot(self, session: Session) -> Snapshot:
        """Return what is believed now, reading the copies again only when their mark changed."""
        held, changes = self._held, self._changes
        if held is not None and monotonic() - self._checked < CHECK_EVERY:
            return held[1]
        revision = store.revision(session)
        if held is None or held[0] != revision:
            held = (revision, self._read(session))
            self._held = held
        if changes == self._changes:  # else something changed while we read: look again next time
            self._checked = monotonic()
        return held[1]

    def read(self, jws: bytes) -> Directory:
        """Verify and read a directory; the last one at once, for each statement of a pull is judged by it.

        Raises what `documents.read_directory` does.
        """
        last = self._last
        if last is None or last[0] != jws:
            last = self._last = jws, documents.read_directory(jws, self.anchors)
        return last[1]

    def forget(self) -> None:
        """Look at the database's mark before the next answer."""
        self._changes += 1
        self._checked = float("-inf")

    def _read(self, session: Session) -> Snapshot:
        held = store.held_directory(session)
        directory = self._believed(held.jws if held else None)
        if directory is None:
            return Snapshot(None, {}, {})
        statements = {}
        for row in store.statements(session):
            statement = _believed_statement(row.jws, AgencyId(row.agency), directory)
            if statement is not None:
                statements[statement.agency] = statement
        entries = [_entry(service, directory) for found in statements.values() for service in found.services]
        return Snapshot(directory, statements, {entry.service.id: entry for entry in entries})

    def _believed(self, jws: bytes | None) -> Directory | None:
        if jws is None:
            return None
        try:
            return self.read(jws)
        except HandoverError as refused:
            log.error("directory.copy-not-believed", code=refused.stable_code)
            return None


def find_statement_key(directory: Directory, agency: AgencyId, kid: KeyId) -> PublicSigningKey:
    """Return a key listed for the agency, whatever its dates: those are checked when the statement is accepted."""
    for listed in directory.agency(agency).keys:
        if listed.key.kid == kid and listed.revoked_at is None:
            return listed.key
    raise DirectoryRefused("directory.unknown-signer", agency=agency)


def _believed_statement(jws: bytes | None, agency: AgencyId, directory: Directory) -> Statement | None:
    listed = directory.agencies.get(agency)
    if jws is None or listed is None or not listed.is_active:
        return None
    try:
        return documents.read_statement(jws, agency, lambda kid: find_statement_key(directory, agency, kid))
    except (DirectoryRefused, EnvelopeRefused) as refused:
        log.error("directory.statement-not-believed", agency=agency, code=refused.stable_code)
        return None


def _entry(service: Service, directory: Directory) -> Entry:
    agency_name = directory.agency(service.agency).name
    return Entry(
        service,
        agency_name,
        frozenset(words(f"{service.name} {agency_name} {service.place}")),
        frozenset(words(f"{service.takes} {service.target_group}")),
        {
            offer.id: frozenset(words(f"{offer.title} {offer.for_whom} {offer.how} {offer.words}"))
            for offer in service.offers
        },
    )
