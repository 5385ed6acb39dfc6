"""One walk through a log: recompute every hash, open every entry, and compare with what the rows say."""

from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from handover.audit import model
from handover.audit.model import Finding
from handover.audit.store import AnyRow
from handover.ids import AgencyId, PersonId
from handover.keys.errors import SealBroken
from handover.keys.vault import Vault

TABLE: Final = "audit_entry"
COLUMN: Final = "sealed"


class Walk:
    """Collects findings while rows go by in order of place."""

    def __init__(self, vault: Vault, agency: AgencyId) -> None:
        self.findings: list[Finding] = []
        self.rows = 0
        self.chain = model.genesis(agency)
        self._vault = vault
        self._agency = agency
        self._persons: dict[PersonId, tuple[int, bytes]] = {}

    def step(self, row: AnyRow) -> None:
        """Check the next placed row: its place, its link, its content."""
        self.rows += 1
        if row.place != self.rows:
            self._find("row-missing" if row.place > self.rows else "row-extra", row.place)
            self.rows = row.place
        self.chain = model.link(self.chain, row.leaf)
        if row.chain != self.chain:
            self._find("chain-broken", row.place)
            self.chain = row.chain or self.chain
        self.check_content(row)
        for person in model.unpack(row.persons):
            seq, tail = self._persons.get(person) or (0, model.person_genesis(self._agency, person))
            self._persons[person] = (seq + 1, model.person_link(tail, row.leaf))

    def check_content(self, row: AnyRow) -> None:
        """Check that a row opens, hashes to its leaf, and that its plain columns say what was sealed."""
        try:
            entry = self._vault.open(self._agency, TABLE, COLUMN, row.id.hex, row.sealed)
        except SealBroken:
            self._find("content-unreadable", row.place)
            return
        if model.leaf(row.salt, entry) != row.leaf:
            self._find("leaf-changed", row.place)
        elif _plain(row) != _sealed(entry):
            self._find("row-changed", row.place)

    def check_head(self, place: int, chain: bytes, *, seal_holds: bool) -> None:
        """Check that the log ends where its head says."""
        if (place, chain) != (self.rows, self.chain):
            self._find("end-missing", self.rows)
        if not seal_holds:
            self._find("head-changed", place)

    def check_persons(self, links: Iterable[AnyRow]) -> None:
        """Check that every person's own log holds exactly the entries that name them, in order."""
        seen: dict[PersonId, tuple[int, bytes]] = {}
        for row in links:
            person = PersonId(row.person)
            seq, tail = seen.get(person) or (0, model.person_genesis(self._agency, person))
            expected = model.person_link(tail, row.leaf or b"")
            if (row.patient_seq, row.chain) != (seq + 1, expected):
                self._find("person-log-broken")
            seen[person] = (seq + 1, expected)
        if seen != self._persons:
            self._find("person-log-differs")

    def _find(self, code: str, place: int | None = None) -> None:
        self.findings.append(Finding(code=code, place=place))


def _plain(row: AnyRow) -> Mapping[str, object]:
    return {
        "id": row.id.hex,
        "agency": row.agency,
        "at": model.spelt(row.at),
        "event": row.event,
        "outcome": row.outcome,
        "staff": None if row.staff is None else row.staff.hex,
        "persons": [person.hex for person in model.unpack(row.persons)],
        "subject": row.subject,
    }


def _sealed(entry: bytes) -> Mapping[str, object]:
    said = orjson.loads(entry)
    plain = {name: said[name] for name in ("id", "agency", "at", "event", "outcome", "persons", "subject")}
    return {**plain, "staff": said["who"].get("id")}
