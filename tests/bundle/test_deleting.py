"""When a receiver says "deleted", nothing the patient took back is left in any table there, early or late."""

from base64 import b64decode
from datetime import timedelta

import orjson
import pytest

from handover import migrations
from handover.bundle import service
from handover.bundle.lifecycle import Act, Status
from handover.bundle.model import Decline, Done, Mark, Wishes
from handover.bundle.service import Plan
from handover.db import provided
from handover.exchange import store as post_office
from handover.exchange.lifecycle import OPEN, State
from handover.ids import AgencyId
from handover.keys.vault import Vault
from handover.operator import proof
from tests.bundle.meeting import EVENTS, PDF, Meeting, sent, together
from tests.referral.nodes import DPS_NODE, INGRID, KOMMUNE_NODE, Town

BIRDS = ("Spurv", "Svale", "Trost", "Kråke", "Ugle", "Meis", "Ørn", "Linerle", "Stær", "Måke", "Hauk", "Gjøk")
"""A canary for each place where something of the patient's may lie."""
SPARROW, SWALLOW, THRUSH, CROW, OWL, TIT, EAGLE, WAGTAIL, STARLING, GULL, HAWK, CUCKOO = BIRDS


def everything(town: Town) -> str:
    """Return all that the receiver's database says: its bytes, every seal opened, every message and file read."""
    found = []
    with town.dps.db.reading() as session:
        vault = provided(session, Vault)
        for seal in proof.SEALS:
            table = migrations.all_tables().tables[seal.table]
            for row in session.execute(table.select().where(table.c[seal.column].is_not(None))).mappings():
                names = (row[name].hex if seal.is_hex else str(row[name]) for name in seal.row)
                agency = AgencyId(row["agency"])
                plain = vault.open(agency, seal.table, seal.column, "|".join(names), row[seal.column])
                found.append(opened(plain) if seal.column == "jws" else plain)
        for table in migrations.all_tables().sorted_tables:
            found += [repr(row).encode() for row in session.execute(table.select())]
    return b"\n".join(found).decode("utf-8", "replace")


def opened(jws: bytes) -> bytes:
    """Return what a signed message says, with the document inside it."""
    payload = b64decode(jws.split(b".")[1] + b"==", b"-_")
    resources = [entry["resource"] for entry in orjson.loads(payload)["entry"]]
    inside = [b64decode(each["data"]) for each in resources if each["resourceType"] == "Binary"]
    return b"\n".join((payload, *inside))


def birds(town: Town) -> set[str]:
    """Return which canaries the receiver's database knows."""
    said = everything(town)
    return {bird for bird in BIRDS if bird in said}


def do(met: Meeting, what: object, *args: object) -> None:
    """Do something at the receiver, and let its word arrive."""
    met.there(INGRID, what, *args)  # type: ignore[arg-type]
    met.town.settle()


def full(town: Town) -> Meeting:
    """Have a handover with a canary in everything that both sides can write about it."""
    met = together(town)
    met.add(SPARROW, marked=Mark.TRAVELS)
    met.do(
        service.mark, met.do(service.attach, "documents", f"{SWALLOW}.pdf", PDF + THRUSH.encode()), Mark.TRAVELS
    )
    later = met.add(CROW, topic=EVENTS, marked=Mark.STAYS)
    met.at_home(service.set_wishes, Wishes(note=OWL))
    met.say_yes(by=met.patient)
    met.do(service.send)
    town.settle()
    met.at_home(service.release_more, met.at_home(service.preview_supplement, later).sha256)
    town.settle()
    do(met, service.open_)
    do(met, service.ask, TIT)
    met.do(service.note_to_receiver, EAGLE)
    town.settle()
    do(met, service.note_to_sender, WAGTAIL)
    do(met, service.internal_note, STARLING)
    do(met, service.plan_meeting, Plan(start=town.now + timedelta(days=7), place=GULL, who_comes=HAWK))
    do(met, service.cancel_meeting, CUCKOO)
    return met


def delete(met: Meeting) -> None:
    """Let the receiver answer that all was deleted."""
    met.there(INGRID, service.answer_withdrawal, Done.DELETED, "", "Ingrid")


def test_what_was_deleted_is_in_no_table_of_the_receiver_and_that_it_came_is(any_nodes: Town) -> None:
    met = full(any_nodes)
    assert birds(any_nodes) == set(BIRDS)
    met.at_home(service.withdraw)
    any_nodes.settle()
    delete(met)
    any_nodes.settle()
    assert birds(any_nodes) == set()
    case = met.there(INGRID, service.case_of)
    assert {Act.ARRIVE, Act.ASK, Act.PLAN_MEETING, Act.CANCEL_MEETING} <= {entry.act for entry in case.history}
    with any_nodes.dps.db.reading() as session:
        rows = session.execute(post_office.INCOMING.select()).all()
        own = session.execute(post_office.OUTGOING.select()).all()
    assert all(row.acknowledgement and len(row.sha256) == 32 for row in (*rows, *own))
    assert met.see().standing.withdrawal == case.standing.withdrawal


def test_what_was_declined_and_deleted_leaves_no_reason(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.decline, Decline(reason=SPARROW, advice=SWALLOW, person="Ingrid", phone="55 00 00 03"))
    met.at_home(service.withdraw)
    two_nodes.settle()
    assert birds(two_nodes) == {SPARROW, SWALLOW}
    delete(met)
    two_nodes.settle()
    assert birds(two_nodes) == set()


def test_what_the_receiver_had_sent_and_is_on_its_way_is_forgotten_when_it_has_ended(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    met.at_home(service.withdraw)
    two_nodes.settle()
    two_nodes.wire.down.add(KOMMUNE_NODE)
    do(met, service.note_to_sender, SPARROW)
    delete(met)
    assert birds(two_nodes) == {SPARROW}, "it must still be delivered"
    two_nodes.wire.down.clear()
    two_nodes.pass_time(minutes=30)
    two_nodes.work()
    with two_nodes.dps.db.reading() as session:
        assert all(State(row.state) not in OPEN for row in session.execute(post_office.OUTGOING.select()))
    assert birds(two_nodes) == set()
    assert SPARROW in {entry.text for entry in met.see().history}, "the origin keeps its own"


@pytest.mark.parametrize("is_answered_first", [True, False])
def test_a_document_that_comes_after_it_was_taken_back_is_not_kept(
    two_nodes: Town, is_answered_first: bool
) -> None:
    met = together(two_nodes)
    met.add("Må få sove", marked=Mark.TRAVELS)
    later = met.add(SPARROW, topic=EVENTS, marked=Mark.STAYS)
    met.say_yes(by=met.patient)
    met.do(service.send)
    two_nodes.settle()
    two_nodes.wire.catch.add(DPS_NODE)
    met.at_home(service.release_more, met.at_home(service.preview_supplement, later).sha256)
    two_nodes.work_at(two_nodes.kommune)
    assert two_nodes.wire.caught
    met.at_home(service.withdraw)
    two_nodes.settle()
    if is_answered_first:
        delete(met)
    two_nodes.wire.bring_caught()
    assert birds(two_nodes) == set()
    if not is_answered_first:
        met.there(INGRID, service.answer_withdrawal, Done.KEPT, "Vi må.", "Ingrid")
    two_nodes.settle()
    assert birds(two_nodes) == set()
    assert met.see().standing.status is Status.WITHDRAWAL_ANSWERED


def test_a_note_that_comes_after_all_was_deleted_is_not_kept_not_even_after_a_new_yes(two_nodes: Town) -> None:
    met = sent(two_nodes)
    do(met, service.open_)
    for bird in (SPARROW, SWALLOW):
        two_nodes.wire.catch.add(DPS_NODE)
        met.do(service.note_to_receiver, bird)
        two_nodes.work_at(two_nodes.kommune)
    first, second = two_nodes.wire.caught
    met.at_home(service.withdraw)
    two_nodes.settle()
    two_nodes.wire.caught = []
    delete(met)
    two_nodes.settle()
    two_nodes.wire.caught = [first]
    two_nodes.wire.bring_caught()
    met.at_home(service.reopen)
    met.say_yes(by=met.patient)
    met.do(service.send)
    two_nodes.settle()
    two_nodes.wire.caught = [second]
    two_nodes.wire.bring_caught()
    assert birds(two_nodes) == set()
    notes = [e for e in met.there(INGRID, service.case_of).history if e.act is Act.NOTE_TO_RECEIVER]
    assert [entry.text for entry in notes] == ["", ""], "that they came is known"
