"""Proves that a restored database is whole: the rows are all there, every log holds, every seal opens."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from handover import migrations
from handover.audit import service as audit
from handover.db import Database, provided
from handover.ids import AgencyId
from handover.keys.errors import SealBroken
from handover.keys.vault import Vault
from handover.operator.backup import Manifest, count_rows, log_heads


@dataclass(frozen=True)
class Seal:
    """A sealed column, and the columns whose values, with bars between, name its row in the seal."""

    table: str
    column: str
    row: tuple[str, ...]

    @property
    def is_hex(self) -> bool:
        """The log names its rows by the 32 hex digits of their id."""
        return self.table == "audit_entry"


_COPY: Final = ("side", "service", "referral")
_HANDOVER: Final = ("side", "service", "handover")
_THREAD: Final = ("service", "thread")
SEALS: Final[tuple[Seal, ...]] = (
    Seal("audit_entry", "sealed", ("id",)),
    Seal("case_bond", "bond", ("service", "thread", "other_agency", "other_service")),
    Seal("consent_choice", "said", ("id",)),
    Seal("consent_request", "asked", ("id",)),
    Seal("directory_change", "change", ("id",)),
    Seal("directory_report", "report", ("side", "id")),
    Seal("directory_report", "answer", ("side", "id")),
    Seal("exchange_held_document", "blob", ("sender", "message", "sha256")),
    Seal("exchange_outgoing_content", "jws", ("message",)),
    Seal("exchange_incoming", "jws", ("sender", "message")),
    Seal("handover", "standing", _HANDOVER),
    Seal("handover_choices", "consent", ("handover", "sha256")),
    Seal("handover_document", "about", (*_HANDOVER, "sha256")),
    Seal("handover_document", "document", (*_HANDOVER, "sha256")),
    Seal("handover_file", "data", (*_HANDOVER, "name")),
    Seal("handover_history", "entry", (*_HANDOVER, "line")),
    Seal("handover_item", "item", ("handover", "id")),
    Seal("inquiry", "question", ("id",)),
    Seal("inquiry", "answer", ("id",)),
    Seal("internal_note", "note", ("id",)),
    Seal("notice_confirmation", "address", ("kind", "id")),
    Seal("notice_outgoing", "secret", ("id",)),
    Seal("notice_wishes", "address", ("kind", "id")),
    Seal("person", "identity", ("id",)),
    Seal("referral", "standing", _COPY),
    Seal("referral", "content", _COPY),
    Seal("referral_attachment", "about", (*_COPY, "id")),
    Seal("referral_attachment", "data", (*_COPY, "id")),
    Seal("referral_history", "entry", (*_COPY, "line")),
    Seal("staff", "about", ("id",)),
    Seal("task", "text", ("id",)),
    Seal("thread", "standing", _THREAD),
    Seal("thread_file", "data", (*_THREAD, "name")),
    Seal("thread_history", "entry", (*_THREAD, "line")),
    Seal("thread_message", "content", (*_THREAD, "message", "via")),
)
"""Every sealed column of the node; a test finds those that are missing here."""
ENDS_WITH_SESSION: Final = ("web_session", "identity")
"""Sealed too, but nothing is lost with it: whoever was signed in signs in again."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the restored database: a stable code, and where."""

    code: str
    where: str


def prove(db: Database, agencies: Iterable[AgencyId], manifest: Manifest | None = None) -> list[Fault]:
    """Return everything that is wrong; nothing, when the database is what the manifest says and opens."""
    with db.reading() as session:
        faults = [fault for agency in agencies for fault in _log_faults(session, agency)]
        faults += [fault for seal in SEALS for fault in _seal_faults(session, seal)]
        if manifest is not None:
            faults += _differences(session, manifest)
    return faults


def _log_faults(session: Session, agency: AgencyId) -> Iterator[Fault]:
    for finding in audit.verify(session, agency).findings:
        yield Fault(f"audit.{finding.code}", f"{agency}, place {finding.place or '-'}")


def _differences(session: Session, manifest: Manifest) -> Iterator[Fault]:
    present = count_rows(session.connection())
    for table in sorted(manifest.rows.keys() | present.keys()):
        if manifest.rows.get(table, 0) != present.get(table, 0):
            yield Fault("rows.differ", f"{table}: {present.get(table, 0)} of {manifest.rows.get(table, 0)}")
    if manifest.heads != log_heads(session.connection()):
        yield Fault("audit.heads-differ", "the logs end elsewhere than the manifest says")


def _seal_faults(session: Session, seal: Seal) -> Iterator[Fault]:
    vault = provided(session, Vault)
    table = migrations.all_tables().tables[seal.table]
    sealed = table.c[seal.column]
    query = select(table.c.agency, sealed, *(table.c[name] for name in seal.row)).where(sealed.is_not(None))
    for agency, value, *names in session.execute(query, execution_options={"yield_per": 1_000}):
        row = names[0].hex if seal.is_hex else "|".join(str(name) for name in names)
        try:
            vault.open(AgencyId(agency), seal.table, seal.column, row, value)
        except (SealBroken, KeyError):
            yield Fault("seal.broken", f"{seal.table}.{seal.column}, row {row}")


def unlisted(session: Session) -> Sequence[str]:
    """Return the columns that hold sealed values but are not on the list (tests)."""
    listed = {(seal.table, seal.column) for seal in SEALS} | {ENDS_WITH_SESSION}
    found = []
    for table in migrations.all_tables().sorted_tables:
        for column in table.columns:
            if (table.name, column.name) in listed:
                continue
            value = session.execute(select(column).where(column.is_not(None)).limit(1)).scalar()
            if isinstance(value, bytes) and value.startswith(b"\x01\x00\x01") and len(value) >= 31:
                found.append(f"{table.name}.{column.name}")
    return found
