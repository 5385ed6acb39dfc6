"""The scanner is asked over a real socket, of either kind, and silence is never taken for a clean file."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from handover.config import REQUIRED, from_environment
from handover.errors import Invalid
from handover.exchange.clamd import Clamd, ScannerSilent
from tests.exchange.clamav import Clamav, clamav
from tests.exchange.documents import EICAR, pdf


@pytest.fixture(params=["unix", "tcp"])
def scanner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clamav]:
    """A running scanner."""
    with clamav(f"unix:{tmp_path}/clamd" if request.param == "unix" else "tcp:127.0.0.1:0") as running:
        yield running


def test_a_scanner_that_runs_answers_and_finds_what_it_knows(scanner: Clamav) -> None:
    asked = Clamd(scanner.address)
    asked.ping()
    assert asked.virus_in(pdf() + bytes(3_000_000)) is None
    assert asked.virus_in(pdf(body=EICAR)) == "Eicar-Test-Signature"
    assert asked.virus_in(b"") is None
    assert [len(each) for each in scanner.looked_at] == [len(pdf()) + 3_000_000, len(pdf(body=EICAR)), 0]


def test_a_file_too_large_for_the_scanner_was_not_looked_at(scanner: Clamav) -> None:
    scanner.limit = 1000
    with pytest.raises(ScannerSilent):
        Clamd(scanner.address).virus_in(bytes(1001))


def test_a_scanner_that_does_not_run_is_silent(scanner: Clamav) -> None:
    scanner.stop()
    with pytest.raises(ScannerSilent):
        Clamd(scanner.address).virus_in(b"x")
    with pytest.raises(ScannerSilent):
        Clamd(scanner.address).ping()


@pytest.mark.parametrize("answer", [b"", b"stream: ", b"stream: OK and more\0", b"\xff\xfe\0", b"PONG\0"])
def test_an_odd_answer_is_silence(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_say, args=(listening, answer), daemon=True)
        thread.start()
        with pytest.raises(ScannerSilent):
            Clamd(f"tcp:127.0.0.1:{listening.getsockname()[1]}").virus_in(b"x")
        thread.join(10)


def _say(listening: socket.socket, answer: bytes) -> None:
    caller, _ = listening.accept()
    with caller:
        caller.recv(4096)
        caller.sendall(answer)


@pytest.mark.parametrize("address", ["tcp:10.0.0.5:3310", "tcp:clamav.example:3310", "/run/clamd", "unix:"])
def test_documents_never_go_to_a_scanner_over_a_network(address: str) -> None:
    settings = dict.fromkeys(REQUIRED, "x") | {"HANDOVER_CLAMD": address}
    with pytest.raises(Invalid) as refused:
        from_environment(settings)
    assert list(refused.value.fields) == ["HANDOVER_CLAMD"]


def test_a_node_without_a_scanner_says_so_by_having_none() -> None:
    settings = dict.fromkeys(REQUIRED, "x")
    assert from_environment(settings).clamd is None
    assert from_environment(settings | {"HANDOVER_CLAMD": "unix:/run/clamd"}).clamd == "unix:/run/clamd"
