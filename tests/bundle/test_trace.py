"""What stays at the origin is nowhere else: not on the wire, not in the receiver's database, not in a log."""

import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import structlog

from handover import logs, migrations
from handover.bundle import service
from handover.bundle.model import Content, Mark
from handover.db import provided
from handover.exchange import store as post_office
from handover.ids import AgencyId
from handover.keys import hm1
from handover.keys.vault import Vault
from handover.operator import proof
from tests.builders import DPS, MUNICIPALITY
from tests.bundle.meeting import EVENTS, PDF, Meeting, together
from tests.referral.nodes import INGRID, Town

CANARY = "Kanarifugl"
"""In every text that stays, in no other."""


def written(town: Town) -> Meeting:
    """Write a handover with canaries in everything that stays."""
    met = together(town)
    met.add("Må få sove", marked=Mark.TRAVELS)
    met.add(f"{CANARY} 1", topic=EVENTS, marked=Mark.STAYS)
    met.add(f"{CANARY} 2", marked=Mark.UNDECIDED, own_words=f"{CANARY} 3")
    file = met.do(service.attach, "documents", f"{CANARY} 4.pdf", PDF + CANARY.encode())
    met.do(service.mark, file, Mark.STAYS)
    mine = Content(topic=EVENTS, own_words=f"{CANARY} 5", title=f"{CANARY} 6")
    met.at_home(service.add_own_item, mine, clinician_may_see=False)
    return met


def payloads(town: Town) -> list[bytes]:
    """Return the signed payload of every message that lay ready to leave the municipality."""
    with town.kommune.db.reading() as session:
        rows = session.execute(post_office.CONTENT.select()).all()
        vault = provided(session, Vault)
        opened = [
            vault.open(AgencyId(row.agency), "exchange_outgoing_content", "jws", row.message, row.jws)
            for row in rows
        ]
    return [hm1.reread_message(jws, aud=DPS).payload for jws in opened]


@pytest.fixture
def log_lines() -> Iterator[StringIO]:
    """Everything that is logged."""
    before = (logging.getLogger().handlers, logging.getLogger().level)
    lines = StringIO()
    logs.configure(lines, level=logging.DEBUG)
    yield lines
    structlog.reset_defaults()
    logging.getLogger().handlers, logging.getLogger().level = before


def unsealed(town: Town) -> bytes:
    """Return everything that is sealed in the DPS' database, opened."""
    found = []
    with town.dps.db.reading() as session:
        vault = provided(session, Vault)
        for seal in proof.SEALS:
            table = migrations.all_tables().tables[seal.table]
            for row in session.execute(table.select().where(table.c[seal.column].is_not(None))).mappings():
                names = [row[name].hex if seal.is_hex else str(row[name]) for name in seal.row]
                place = "|".join(names)
                found.append(vault.open(AgencyId(row["agency"]), seal.table, seal.column, place, row[seal.column]))
    return b"\n".join(found)


def test_what_stays_is_in_no_payload_no_log_and_not_at_the_receiver(two_nodes: Town, log_lines: StringIO) -> None:
    met = written(two_nodes)
    ids = [str(item.id) for item in met.see(by=met.patient).items]
    met.say_yes(by=met.patient)
    met.do(service.send)
    two_nodes.settle()
    received = met.there(INGRID, service.document_of)
    case = met.there(INGRID, service.case_of)
    left = b"".join(payloads(two_nodes)) + received.document
    engine = two_nodes.dps.db.engine
    assert engine.url.database is not None
    stored = b"".join(
        path.read_bytes() for path in Path(engine.url.database).parent.glob(f"{Path(engine.url.database).name}*")
    )
    stored += unsealed(two_nodes)
    assert "Må få sove".encode() in unsealed(two_nodes)
    for secret in (CANARY, *ids):
        assert secret.encode() not in left
        assert secret.encode() not in stored
        assert secret not in log_lines.getvalue()
        assert secret not in repr(case)
    assert "Må få sove".encode() in received.document


def test_two_handovers_that_differ_in_what_stays_leave_messages_of_one_size(two_nodes: Town) -> None:
    met = written(two_nodes)
    bare = together(two_nodes)
    bare.add("Må få sove", marked=Mark.TRAVELS)
    for each in (met, bare):
        each.say_yes(by=each.patient)
        each.do(service.send)
    first, second = payloads(two_nodes)
    assert len(first) == len(second)
    with two_nodes.kommune.db.reading() as session:
        sizes = {row.blobs for row in session.execute(post_office.OUTGOING.select())}
    assert sizes == {0}
    assert MUNICIPALITY in first.decode()
