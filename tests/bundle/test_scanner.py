"""The files of a handover are looked through for viruses at both ends; it is taken in whole, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from handover.actors import Staff
from handover.bundle import service
from handover.bundle.lifecycle import Status
from handover.bundle.model import Mark
from handover.exchange import scanning
from handover.exchange.clamd import Clamd
from handover.exchange.lifecycle import State
from handover.exchange.scanning import Held, Scanner
from tests.bundle.meeting import DOCUMENTS, PDF, Meeting, together
from tests.exchange.clamav import Clamav, clamav
from tests.exchange.documents import EICAR, pdf
from tests.referral.nodes import INGRID, PER, Town
from tests.referral.visiting import reader, register_everybody, words_of

SICK = pdf(body=EICAR)


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[Clamav]:
    """A running scanner."""
    with clamav(f"unix:{tmp_path}/clamd") as running:
        yield running


def scans(town: Town, at: Staff, scanner: Clamav) -> None:
    """Let somebody's node have the scanner."""
    town.node_of(at.agency).db.provide(Scanner, Scanner(Clamd(scanner.address)))


def sent_with(town: Town, data: bytes) -> Meeting:
    """Send a handover with a file, as if nobody had looked at it when it was attached."""
    register_everybody(town)
    met = together(town)
    met.do(service.mark, met.do(service.attach, DOCUMENTS, "Plan.pdf", data), Mark.TRAVELS)
    met.say_yes(by=met.patient)
    met.do(service.send)
    town.settle()
    return met


def held(town: Town, at: Staff) -> Held:
    """Return what waits for the scanner at somebody's node."""
    with town.node_of(at.agency).db.reading() as session:
        return scanning.what_waits(session, at.agency)


def words_at(town: Town, who: Staff, address: str) -> str:
    """Return the words of a page that somebody opens."""
    return words_of(reader(town, who).open(address))


def test_a_clean_file_is_looked_through_at_both_ends(two_nodes: Town, scanner: Clamav) -> None:
    scans(two_nodes, PER, scanner)
    scans(two_nodes, INGRID, scanner)
    met = sent_with(two_nodes, PDF)
    assert scanner.looked_at == [PDF, PDF]
    assert met.see().standing.status is Status.RECEIVED


@pytest.mark.parametrize("where", [PER, INGRID], ids=["sender", "receiver"])
def test_while_the_scanner_is_silent_a_handover_waits_whole(
    two_nodes: Town, scanner: Clamav, where: Staff
) -> None:
    scans(two_nodes, where, scanner)
    scanner.stop()
    met = sent_with(two_nodes, PDF)
    assert met.see().standing.status is Status.SENT, "the sender is responsible"
    assert held(two_nodes, where) == (Held(leaving=1) if where is PER else Held(came=1))
    scanner.start()
    two_nodes.pass_time(minutes=10)
    two_nodes.work()
    two_nodes.settle()
    assert set(scanner.looked_at) == {PDF}
    assert met.see().standing.status is Status.RECEIVED
    assert held(two_nodes, where) == Held()


@pytest.mark.parametrize(
    ("where", "is_late"),
    [(PER, False), (INGRID, False), (INGRID, True)],
    ids=["sender", "receiver", "receiver-later"],
)
def test_a_virus_stops_the_handover_names_the_file_to_its_sender_and_tells_the_receiver(
    two_nodes: Town, scanner: Clamav, where: Staff, is_late: bool
) -> None:
    scans(two_nodes, where, scanner)
    if is_late:
        scanner.stop()
    met = sent_with(two_nodes, SICK)
    if is_late:
        scanner.start()
        two_nodes.pass_time(minutes=10)
        two_nodes.work()
        two_nodes.settle()
    case = met.see()
    assert case.delivery is not None and case.delivery.state is State.REFUSED
    assert case.standing.status is Status.SENT, "the sender is responsible"
    shown = words_at(two_nodes, PER, f"/overforinger/{met.handover}")
    assert "Stoppet: det er virus i «Plan.pdf»" in shown
    assert "Ikke levert: «Plan.pdf»" in words_at(two_nodes, PER, "/oppgaver")
    told = words_at(two_nodes, INGRID, "/oppgaver")
    if where is PER:
        assert "Du har ingen oppgaver" in told, "nothing came"
    else:
        assert "En sak til dere ble ikke tatt imot: det er virus i et dokument" in told
        assert ", Fjordheim kommune" in told
        assert "Plan.pdf" not in told, "of what was refused nothing is here"
