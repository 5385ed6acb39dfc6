"""The demo starts from nothing, checks itself over two real nodes, and leaves nothing running."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from stdnum.no import fodselsnummer

from handover import workdays
from handover.app import create_app
from handover.demo import community, handed, processes, run, story, tasks, threads, walk
from handover.demo.people import patients
from handover.message.writing import checked_file
from tests.conftest import OpenDatabase, open_sqlite
from tests.referral.nodes import Town, town


@pytest.fixture
def nodes(open_sqlite: OpenDatabase) -> Iterator[Town]:
    """Two nodes on SQLite."""
    made = town(open_sqlite)
    yield made
    made.close()


__all__ = ["open_sqlite"]


def _five_free_ports() -> int:
    for first in range(21_000, 29_000, 7):
        try:
            for port in range(first, first + 5):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no five free ports in a row")


def _falls_silent(ports: Sequence[int], *, seconds: float = 10) -> bool:
    """Whether no port answers, soon: a child of a process that was killed may outlive it by a moment."""
    ends = monotonic() + seconds
    while any(_answers(port) for port in ports):
        if monotonic() > ends:
            return False
        sleep(0.1)
    return True


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_newcomer_gets_two_checked_nodes_and_nothing_stays_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _five_free_ports()

    run.run(tmp_path / "demo", first, stay=False, every=9)

    said = capsys.readouterr().out
    assert "was acknowledged in" in said
    assert "Tone Berg" in said
    assert _falls_silent(range(first, first + 5)), "something of the demo still answers"


def test_a_node_that_listens_before_it_can_answer_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What granian does: the port is open while the application is still being loaded."""
    monkeypatch.setattr(processes, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as door:
        Thread(target=_load_then_answer, args=(door,), daemon=True).start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}/health/ready"
        processes.Processes(tmp_path).await_ready("a-web", url, seconds=20)


def _load_then_answer(door: socket.socket) -> None:
    sleep(0.5)
    while door.fileno() >= 0:
        with suppress(OSError), door.accept()[0] as asked:
            asked.recv(4096)
            asked.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


NUMBERS = [each.number for each in patients()] + [each.number for each in community.STAFF]


def test_every_person_of_the_demo_is_synthetic() -> None:
    for number in NUMBERS:
        assert 81 <= int(number[2:4]) <= 92, "the month of a synthetic number is the month + 80"
        assert fodselsnummer.calc_check_digit1(number) + fodselsnummer.calc_check_digit2(number) == number[9:]


def test_nobody_in_the_demo_shares_a_number() -> None:
    assert len(set(NUMBERS)) == len(NUMBERS)


def test_the_story_tells_about_sixty_referrals() -> None:
    assert 55 <= len(list(story._cases())) <= 70


def test_the_story_hands_over_in_both_directions_within_an_agency_and_to_nav() -> None:
    ways = [way for _who, _ago, way, _steps in handed.told()]
    assert {handed.TO_CLINIC, handed.TO_PSYCHOLOGIST, handed.BETWEEN_UNITS, handed.TO_NAV} <= set(ways)
    assert 15 <= len(ways) <= 25


def test_every_patient_who_is_told_what_to_try_has_something_to_see() -> None:
    told = {who for who, _ago, _way, _steps in handed.told()}
    assert set(tasks.TRY_AS_PATIENT) - {0} <= told


def test_everybody_who_is_told_what_to_try_works_there_and_each_task_is_one_short_line() -> None:
    assert set(tasks.TRY) <= {each.key for each in community.STAFF}
    every = [*tasks.TRY.values(), *(what for _at, what in tasks.TRY_AS_PATIENT.values())]
    assert all(1 <= len(each) <= 3 for each in every)
    assert all(len(str(task)) <= 80 for each in every for task in each)


@pytest.mark.parametrize("started", [datetime(2026, 11, day, 8, tzinfo=UTC) for day in range(20, 24)], ids=str)
def test_the_story_leaves_threads_unopened_for_three_and_six_working_days_on_any_day(started: datetime) -> None:
    found = {
        workdays.working_days_between(workdays.local_date(at), workdays.local_date(started))
        for at, _ in threads.schedule(started)
    }
    assert {0, 3, 6} <= found
    assert all(at < started for at, _ in threads.schedule(started))


def test_every_paper_of_the_story_is_a_document_that_may_be_attached() -> None:
    said = [act for *_rest, steps in threads.told() for _days, act in steps if isinstance(act, threads.Say)]
    papers = [each.attach for each in said if each.attach]
    assert papers
    assert all(
        checked_file(f"{each}.pdf", threads.paper(each)).content_type == "application/pdf" for each in papers
    )


def test_whoever_chooses_a_person_reads_where_they_work_and_at_which_address(tmp_path: Path) -> None:
    ground = run.Places(tmp_path, 18_000).ground()
    staff = {each.name: each.place for each in run.staff_personas(ground)}
    assert staff["Aksel Lie"] == f"{community.NAMES[community.NAV]}, {ground.urls['a']}"
    assert staff["Stein Aune"] == f"{community.NAMES[community.DPS]}, {ground.urls['b']}"
    assert [each.place for each in run.citizen_personas(ground)][2] == ground.urls["b"]


@pytest.mark.parametrize(
    ("tag", "said"), [("nb", "Demoen fylles"), ("nn", "Demoen blir fylt"), ("en", "being filled")]
)
def test_whoever_opens_a_page_before_the_demo_is_ready_is_told_so(nodes: Town, tag: str, said: str) -> None:
    app = create_app(nodes.dps)
    app.before_request(walk.say_that_it_is_being_filled)
    page = app.test_client().get(f"/?lang={tag}", headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert said in page.text
    assert "Logg inn" not in page.text
    machine = app.test_client().get("/health/ready", headers={"Accept": "*/*"})
    assert machine.status_code == 200
