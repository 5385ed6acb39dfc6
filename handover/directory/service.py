"""The address book's use cases: look up, pull, publish. Nothing is ever trusted because it came first.

`open_book(db, anchors)` is called once when a node is put together. On the hot path (`signing_key`,
`encryption_key`) the answer comes from memory.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.orm import Session

from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event
from handover.db import Database, after_commit, provided
from handover.directory import documents, fetching, plain_words, store
from handover.directory.book import Book, Entry, Snapshot, find_statement_key
from handover.directory.model import (
    LIFETIME,
    PROFILE,
    Agency,
    Anchors,
    Directory,
    DirectoryExpired,
    DirectoryRefused,
    Kind,
    Offer,
    PublishedKey,
    Service,
    Statement,
    check_succession,
    check_times,
)
from handover.directory.plain_words import Wanted
from handover.directory.tables import StatementRow
from handover.errors import HandoverError, NotFound
from handover.ids import AgencyId, KeyId, ServiceId
from handover.keys.errors import EnvelopeRefused, Reason
from handover.keys.keyring import Keyring
from handover.keys.material import PublicEncryptionKey, PublicSigningKey
from handover.keys.vault import words

RENEW_BEFORE: Final = timedelta(days=4)
"""A statement with less life left than this is signed again."""
REFRESH_EVERY: Final = timedelta(minutes=1)
"""How often an unknown key may make this node ask the same agency again."""
PULL_EVERY: Final = timedelta(minutes=10)
"""How late a revocation may be noticed while everything works."""
PULL_AGAIN: Final = timedelta(minutes=1)
"""How soon a pull that was not believed, or reached nobody, is tried again."""
FETCHERS: Final = 8

Fetch = Callable[[str], bytes]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class BookState:
    """How fresh the node's copies are, for `handover check`, the operator's page and metrics."""

    version: int | None
    expires_at: datetime | None
    is_valid: bool
    pulled_at: datetime | None
    problem: str | None
    """Why the latest pull was not believed."""
    statement_problems: dict[AgencyId, str] = field(default_factory=dict)
    """By agency: why its latest statement was not believed, or that the one held has expired."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A service that a search fits."""

    service: Service
    agency: str
    """The agency's name."""
    offers: tuple[Offer, ...] = ()
    """Those of its offers that fit the whole search."""


def open_book(db: Database, anchors: Anchors) -> Book:
    """Provide the address book to every session of this database."""
    book = Book(anchors)
    db.provide(Book, book)
    return book


def agency(session: Session, wanted: AgencyId) -> Agency:
    """Return an agency of the community; raises NotFound('directory.no-agency')."""
    return _snapshot(session).known().agency(wanted)


def agencies(session: Session) -> list[Agency]:
    """Return the community's active agencies by name."""
    listed = _snapshot(session).known().agencies.values()
    return sorted((one for one in listed if one.is_active), key=lambda one: one.name)


def service_of(session: Session, wanted: ServiceId) -> Service:
    """Return a service by its HER-id; raises NotFound('directory.no-service')."""
    entry = _snapshot(session).services.get(wanted)
    if entry is None:
        raise NotFound("directory.no-service", service=wanted)
    return entry.service


def services_of(session: Session, wanted: AgencyId) -> list[Service]:
    """Return an agency's services by name (none while its statement is missing)."""
    statement = _snapshot(session).statements.get(wanted)
    return sorted(statement.services, key=lambda service: service.name) if statement else []


def find_services(
    session: Session, text: str = "", *, place: str | None = None, kind: Kind | None = None
) -> list[Service]:
    """Return services for which each word of `text` stands in name, agency or place; by agency and name.

    `place` and `kind` must be equal.
    """
    looked_for, wanted_place = words(text), words(place or "")
    found = [
        entry
        for entry in _snapshot(session).services.values()
        if entry.matches(looked_for)
        and (not wanted_place or words(entry.service.place) == wanted_place)
        and (kind is None or entry.service.kind == kind)
    ]
    found.sort(key=_by_name)
    return [entry.service for entry in found]


def search(session: Session, text: str) -> list[Hit]:
    """Return the services that a text in plain words fits, and which of their offers do.

    First those with every word in name, agency or place, then those with every word in what they say of
    themselves, then those where a word of the same meaning is; each by agency and name. An empty text finds all.
    """
    looked_for = plain_words.wanted(text)
    ranked = [
        (rank, entry)
        for entry in _snapshot(session).services.values()
        if (rank := _rank(entry, looked_for)) is not None
    ]
    ranked.sort(key=lambda each: (each[0], *_by_name(each[1])))
    return [
        Hit(
            service=entry.service,
            agency=entry.agency_name,
            offers=entry.fitting_offers(looked_for) if looked_for else (),
        )
        for _rank_, entry in ranked
    ]


def _rank(entry: Entry, looked_for: list[Wanted]) -> int | None:
    everything = entry.everything()
    if all(each.is_in(entry.words) for each in looked_for):
        return 0
    if all(each.is_in(everything) for each in looked_for):
        return 1
    return 2 if all(each.is_meant_in(everything) for each in looked_for) else None


def _by_name(entry: Entry) -> tuple[str, str]:
    return entry.agency_name, entry.service.name


def signing_key(session: Session, signer: AgencyId, kid: KeyId, *, at: datetime) -> PublicSigningKey:
    """Return the key that verifies what `signer` signed and we received at `at`; raises EnvelopeRefused."""
    directory = _snapshot(session).directory
    if directory is None:
        raise EnvelopeRefused(Reason.DIRECTORY_EXPIRED)
    return directory.signing_key(signer, kid, at=at)


def encryption_key(session: Session, receiver: AgencyId, *, at: datetime) -> PublicEncryptionKey:
    """Return the newest key to seal to; raises NotFound, DirectoryExpired or DirectoryRefused if there is none."""
    snapshot = _snapshot(session)
    directory = snapshot.known()
    if at >= directory.exp:
        raise DirectoryExpired
    listed = directory.agency(receiver)
    if not listed.is_active:
        raise NotFound("directory.agency-suspended", agency=receiver)
    if listed.min_profile != PROFILE:
        raise DirectoryRefused("directory.profile-too-new", agency=receiver)
    statement = snapshot.statements.get(receiver)
    if statement is None:
        raise NotFound("directory.no-statement", agency=receiver)
    return statement.encryption_key(at=at)


def state(session: Session, *, now: datetime) -> BookState:
    """Say how fresh the copies are and what was not believed lately."""
    row, snapshot = store.held_directory(session), _snapshot(session)
    problems = {AgencyId(found.agency): found.problem for found in store.statements(session) if found.problem}
    for one, statement in snapshot.statements.items():
        if now >= statement.exp:
            problems.setdefault(one, "directory.statement-expired")
    expires_at = snapshot.directory.exp if snapshot.directory else None
    return BookState(
        version=snapshot.directory.version if snapshot.directory else None,
        expires_at=expires_at,
        is_valid=expires_at is not None and now < expires_at,
        pulled_at=row.pulled_at if row else None,
        problem=row.problem if row else None,
        statement_problems=problems,
    )


def accept_directory(session: Session, jws: bytes, *, now: datetime) -> Directory:
    """Believe a directory signed by a pinned anchor, not expired, not older than the one held; keep it."""
    book, row = provided(session, Book), store.directory_row(session)
    offered = book.read(jws)
    check_times(iat=offered.iat, exp=offered.exp, now=now)
    is_same = row.jws == jws
    check_succession(held=row.version, offered=offered.version, same=is_same)
    row.version, row.jws, row.pulled_at, row.tried_at, row.problem = offered.version, jws, now, now, None
    if not is_same:
        _changed(session)
    return offered


def accept_statement(session: Session, jws: bytes, *, agency: AgencyId, now: datetime) -> Statement:
    """Believe an agency's statement, signed by a key listed now, not older than the one held; keep it."""
    directory, row = _current_directory(session), store.statement_row(session, agency)
    offered = documents.read_statement(jws, agency, lambda kid: directory.signing_key(agency, kid, at=now))
    check_times(iat=offered.iat, exp=offered.exp, now=now)
    held = _held_statement(row.jws, agency, directory)
    if held is not None:
        held_at, offered_at = int(held.iat.timestamp()), int(offered.iat.timestamp())
        check_succession(held=held_at, offered=offered_at, same=row.jws == jws)
    _keep(session, row, jws, now)
    return offered


def publish_statement(session: Session, agency: AgencyId, services: Sequence[Service], *, now: datetime) -> bytes:
    """Sign and keep what a hosted agency says of itself, with its encryption keys; return it as served."""
    held, former = provided(session, Keyring).of(agency), _own_statement(session, agency)
    keys = tuple(PublishedKey(key=key.public, published_at=key.created_at) for key in held.enc)
    # Others take only a later second than the one they have; two changes within one second must both count.
    iat = max(now, former.iat + timedelta(seconds=1)) if former else now
    statement = Statement(agency=agency, iat=iat, exp=now + LIFETIME, keys=keys, services=tuple(services))
    jws = documents.sign_statement(statement, signer=held.sig)
    _keep(session, store.statement_row(session, agency), jws, now)
    machine = Machine(agency=agency, name="directory")
    audit.record(session, event=Event.STATEMENT_PUBLISH, actor=machine, agency=agency, now=now)
    return jws


def confirm_service(session: Session, wanted: ServiceId, *, on: date, now: datetime) -> None:
    """Say that a hosted agency's entry for a service is still right, and publish that."""
    agency_of_it = service_of(session, wanted).agency
    amend_service(session, agency_of_it, wanted, lambda former: replace(former, confirmed_on=on), now=now)


def amend_service(
    session: Session, hosted: AgencyId, wanted: ServiceId, amend: Callable[[Service], Service], *, now: datetime
) -> tuple[Service, Service]:
    """Publish what `amend` makes of the entry as it is this very moment; return it before and after.

    Two who change different things of one agency follow each other. Raises NotFound('directory.no-service').
    """
    store.locked_statement(session, hosted)
    statement = _own_statement(session, hosted)
    former = next((each for each in statement.services if each.id == wanted), None) if statement else None
    if former is None:
        raise NotFound("directory.no-service", service=wanted)
    amended = amend(former)
    if amended != former:
        change_service(session, amended, now=now)
    return former, amended


def change_service(session: Session, changed: Service, *, now: datetime) -> None:
    """Publish a hosted agency's statement with this service in place of the one with the same id (or added)."""
    store.locked_statement(session, changed.agency)
    former = _own_statement(session, changed.agency)
    others = [service for service in former.services if service.id != changed.id] if former else []
    publish_statement(session, changed.agency, [*others, changed], now=now)


def renew_statements(session: Session, *, now: datetime) -> list[AgencyId]:
    """Sign again the hosted agencies' statements that are missing, expire soon or lack a new key; return whose."""
    renewed = []
    for one in provided(session, Keyring).agencies:
        former = _own_statement(session, one)
        if former is None or former.exp - now < RENEW_BEFORE or _lacks_a_key(session, former):
            publish_statement(session, one, former.services if former else (), now=now)
            renewed.append(one)
    return renewed


def statement_jws(session: Session, hosted: AgencyId) -> bytes:
    """Return a hosted agency's statement as served to other nodes; raises NotFound."""
    jws = store.statement_jws(session, hosted) if hosted in provided(session, Keyring).agencies else None
    if jws is None:
        raise NotFound("directory.no-statement", agency=hosted)
    return jws


def directory_jws(session: Session) -> bytes:
    """Return the last good directory; raises NotFound before the first pull."""
    row = store.held_directory(session)
    if row is None or row.jws is None:
        raise NotFound("directory.none")
    return row.jws


def pull(
    db: Database,
    source: str,
    *,
    now: datetime,
    hosted: Iterable[AgencyId] | None = None,
    fetch: Fetch | None = None,
) -> BookState:
    """Pull the directory, then the statements of all agencies but the hosted ones (default: those of the keyring).

    What is not believed leaves the last good copy in place, and is told in the state returned.
    """
    fetch = fetch or _fetch_documents
    _pull_directory(db, source, fetch, now)
    with db.reading() as session:
        directory = _snapshot(session).directory
        own = set(provided(session, Keyring).agencies if hosted is None else hosted)
    if directory is not None:
        others = [one for one in directory.agencies.values() if one.is_active and one.id not in own]
        _pull_statements(db, others, fetch, now)
    with db.transaction() as session:
        return state(session, now=now)


def keep_fresh(db: Database, source: str, *, now: datetime, fetch: Fetch | None = None) -> bool:
    """Renew the hosted agencies' statements and pull, when it is time; the worker calls this every minute or so.

    Returns whether it pulled. Goes over HTTP outside every transaction and may take as long as the slowest node.
    """
    with db.transaction() as session:
        renew_statements(session, now=now)
        row = store.directory_row(session)
        wait = PULL_AGAIN if row.problem else PULL_EVERY
        if row.tried_at is not None and row.tried_at <= now < row.tried_at + wait:
            return False
        row.tried_at = now
    pull(db, source, now=now, fetch=fetch)
    return True


def refresh(db: Database, wanted: AgencyId, source: str, *, now: datetime, fetch: Fetch | None = None) -> bool:
    """Pull the directory and one agency's statement because a key was unknown; at most once a minute per agency.

    Returns whether it asked; if so, look the key up again.
    """
    fetch = fetch or _fetch_documents
    with db.transaction() as session:
        row = store.statement_row(session, wanted)
        if row.tried_at is not None and row.tried_at <= now < row.tried_at + REFRESH_EVERY:
            return False
        row.tried_at = now
        hosted = wanted in provided(session, Keyring).agencies
    _pull_directory(db, source, fetch, now)
    with db.reading() as session:
        directory = _snapshot(session).directory
    listed = directory.agencies.get(wanted) if directory else None
    if listed is not None and listed.is_active and not hosted:
        _pull_statements(db, [listed], fetch, now)
    return True


def _pull_directory(db: Database, source: str, fetch: Fetch, now: datetime) -> None:
    try:
        jws = fetch(source)
        with db.transaction() as session:
            accept_directory(session, jws, now=now)
    except HandoverError as refused:
        log.warning("directory.not-believed", code=refused.stable_code)
        with db.transaction() as session:
            row = store.directory_row(session)
            row.tried_at, row.problem = now, refused.stable_code


def _pull_statements(db: Database, wanted: Iterable[Agency], fetch: Fetch, now: datetime) -> None:
    def get(one: Agency) -> tuple[AgencyId, bytes | str]:
        try:
            return one.id, fetch(fetching.statement_url(one.endpoint, one.id))
        except HandoverError as refused:
            return one.id, refused.stable_code

    with ThreadPoolExecutor(FETCHERS) as pool:
        fetched = list(pool.map(get, wanted))
    with db.transaction() as session:
        for one, found in fetched:
            _keep_statement(session, one, found, now)


def _keep_statement(session: Session, one: AgencyId, found: bytes | str, now: datetime) -> None:
    code = found if isinstance(found, str) else None
    if isinstance(found, bytes):
        try:
            accept_statement(session, found, agency=one, now=now)
        except HandoverError as refused:
            code = refused.stable_code
    if code is not None:
        log.warning("directory.statement-not-believed", agency=one, code=code)
        row = store.statement_row(session, one)
        row.tried_at, row.problem = now, code


def _fetch_documents(source: str) -> bytes:
    return fetching.fetch(source, limit=documents.MAX_DIRECTORY_BYTES)


def _snapshot(session: Session) -> Snapshot:
    return provided(session, Book).snapshot(session)


def _current_directory(session: Session) -> Directory:
    """Read the directory of this very transaction, which may have just accepted it."""
    jws = store.directory_row(session).jws
    if jws is None:
        raise DirectoryExpired("directory.none")
    return provided(session, Book).read(jws)


def _own_statement(session: Session, hosted: AgencyId) -> Statement | None:
    """Read what a hosted agency said last, even if a key it was signed with was revoked since: it is ours."""
    jws = store.statement_jws(session, hosted)
    own = provided(session, Keyring).signer(hosted).public
    directory = _snapshot(session).directory
    listed = directory.agencies.get(hosted) if directory else None
    keys = {own.kid: own, **{key.key.kid: key.key for key in (listed.keys if listed else ())}}
    if jws is None:
        return None
    try:
        return documents.read_statement(jws, hosted, lambda kid: keys[kid])
    except (HandoverError, KeyError):
        log.error("directory.own-statement-unreadable", agency=hosted)
        return None


def _lacks_a_key(session: Session, statement: Statement) -> bool:
    held = {key.kid for key in provided(session, Keyring).of(statement.agency).enc}
    return held != {key.key.kid for key in statement.keys}


def _held_statement(jws: bytes | None, agency: AgencyId, directory: Directory) -> Statement | None:
    """Read the statement held, if it is still believed: one signed by a revoked key holds nobody back."""
    if jws is None:
        return None
    try:
        return documents.read_statement(jws, agency, lambda kid: find_statement_key(directory, agency, kid))
    except HandoverError:
        return None


def _keep(session: Session, row: StatementRow, jws: bytes, now: datetime) -> None:
    is_same = row.jws == jws
    row.jws, row.pulled_at, row.tried_at, row.problem = jws, now, now, None
    if not is_same:
        _changed(session)


def _changed(session: Session) -> None:
    store.touch(session)
    after_commit(session, provided(session, Book).forget)
