"""`make demo`: sets everything up, walks it to now, starts two nodes, checks itself, and says whom to be.

Two nodes as real processes (web and worker each), and the persona provider in this one. Ctrl-C stops all of it.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Final

from rich.console import Console
from rich.progress import Progress
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from handover import clock, logs
from handover.access import service as access
from handover.access.wiring import CALLBACK
from handover.actors import Role
from handover.demo import reported, story, tasks, threads, told
from handover.demo.community import DPS, HOSTED, INTAKE, MUNICIPALITY, NAMES, STAFF, DemoStaff
from handover.demo.ground import Ground
from handover.demo.people import patients
from handover.demo.processes import Processes
from handover.demo.provider import Client, Persona, PersonaProvider, create_provider_app
from handover.demo.walk import Quiet, Walk, walking
from handover.ids import ReferralId
from handover.referral import service as referral
from handover.referral import store
from handover.referral.lifecycle import Side
from handover.web.i18n import lazy_gettext as _l

DAYS: Final = 90
NODES: Final = ("a", "b")
FOLDER: Final = Path("build/demo")
FIRST_PORT: Final = 8401
CHECK_SECONDS: Final = 30.0
STRIDE: Final = timedelta(days=2)
CLOSED: Final = "c"


@dataclass(frozen=True)
class Places:
    """Where the demo lies and at which ports it answers."""

    root: Path
    first_port: int

    def url(self, offset: int) -> str:
        """Return the address `offset` ports after the first."""
        return f"http://127.0.0.1:{self.first_port + offset}"

    def ground(self) -> Ground:
        """Return the ground with its addresses: nodes a, b and the closed c, then the two logins."""
        urls = {name: self.url(offset) for offset, name in enumerate(HOSTED)}
        return Ground(self.root, urls, {"staff": self.url(len(urls)), "citizen": self.url(len(urls) + 1)})


def run(root: Path = FOLDER, first_port: int = FIRST_PORT, *, stay: bool = True, every: int = 1) -> None:
    """Run the demo until Ctrl-C, or until it has checked itself; tell only every n-th referral (tests)."""
    os.environ["HANDOVER_MODE"] = "demo"
    console = Console()
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    ground = Places(root.resolve(), first_port).ground()
    with _logging_to(root.parent / "demo.log"):
        _seed(ground, console, every)
        processes = Processes(ground.root / "logs")
        with _login(ground):
            try:
                _start(processes, ground)
                took = self_check(ground)
                _say(console, ground, took)
                while stay:
                    processes.check()
                    time.sleep(0.5)
            except KeyboardInterrupt:
                console.print("Stopping.")
            finally:
                processes.stop()


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    with path.open("w") as log:
        logs.configure(log)
        try:
            yield
        finally:
            logs.configure()


def _seed(ground: Ground, console: Console, every: int) -> None:
    now = datetime.now(UTC)
    closing = now - timedelta(days=2)
    console.print(
        "Filling the demo with two nodes, people and cases. It takes some minutes; wait for the list of names."
    )
    what = f"Walking two nodes from {DAYS} days ago to now"
    with (
        Progress(console=console, transient=True) as progress,
        walking(ground, now - timedelta(days=DAYS + 1)) as walk,
    ):
        for at, step in progress.track(story.schedule(now, every=every), description=what):
            _through(walk, at, closing)
            step(walk)
            walk.settle()
        _through(walk, now, closing)
        reported.tell(walk)
        threads.tell_leaders(walk)
        walk.settle()
    for name, wisher in (("a", told.first_patient), ("b", told.ida)):
        node = ground.open(name)
        who = wisher(node)
        if who is not None:
            told.let_be_told(node, ground.notices(name), who, now=now)
        told.let_patients_look(node, now=now)
        node.db.engine.dispose()


def _through(walk: Walk, at: datetime, closing: datetime) -> None:
    """Go there in steps of at most two days, so that keys, directory and sweeps keep their pace.

    At `closing` the neighbour's node stops answering; what is sent there afterwards waits.
    """
    while at - clock.now() > STRIDE:
        walk.to(clock.now() + STRIDE)
        walk.settle()
    if at >= closing:
        walk.close(CLOSED)
    walk.to(max(at, clock.now()))


def _start(processes: Processes, ground: Ground) -> None:
    for name in NODES:
        env = ground.environment(name)
        port = ground.urls[name].rsplit(":", 1)[1]
        web = ("granian", "--interface", "wsgi", "--runtime-mode", "st", "--blocking-threads", "8")
        at = ("--host", "127.0.0.1", "--port", port, "--no-access-log")
        processes.start(f"{name}-web", (sys.executable, "-m", *web, *at, "wsgi:app"), env)
        processes.start(f"{name}-worker", (sys.executable, "-m", "handover", "worker"), env)
    for name in NODES:
        processes.await_ready(f"{name}-web", f"{ground.urls[name]}/health/ready")


@contextmanager
def _login(ground: Ground) -> Iterator[None]:
    """Serve the two persona providers, each in a thread of this process."""
    clients = [_client(ground, name) for name in NODES]
    servers = []
    for style, kind, personas in (
        ("helseid", "staff", staff_personas(ground)),
        ("idporten", "citizen", citizen_personas(ground)),
    ):
        provider = PersonaProvider(issuer=ground.issuers[kind], style=style, personas=personas, clients=clients)
        port = int(ground.issuers[kind].rsplit(":", 1)[1])
        app = create_provider_app(provider)
        server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
        Thread(target=server.serve_forever, daemon=True, name=kind).start()
        servers.append(server)
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _client(ground: Ground, name: str) -> Client:
    node = ground.open(name)
    jwk = node.keyring.of(HOSTED[name][0]).client.jwk()
    node.db.engine.dispose()
    return Client(id=f"node-{name}", jwk=jwk, redirect_uris=(ground.urls[name] + CALLBACK,))


def staff_personas(ground: Ground) -> Sequence[Persona]:
    """Return the staff of the demo as its login offers them, each with agency and address."""
    return [
        Persona(
            key=each.key,
            name=each.name,
            number=each.number,
            role=each.title,
            place=f"{NAMES[each.agency]}, {ground.urls[_node_of(each)]}",
            try_this=tasks.TRY.get(each.key, ()),
            hpr=each.hpr,
        )
        for each in STAFF
    ]


def citizen_personas(ground: Ground) -> Sequence[Persona]:
    """Return the patients as the login offers them, with where they have something to see."""
    return [
        Persona(
            key=f"p{index}",
            name=f"{each.given} {each.family}",
            number=each.number,
            role=_l("pasient"),
            place=", ".join(url for node, url in ground.urls.items() if node.upper() in _seen_at(index)),
            try_this=tasks.TRY_AS_PATIENT.get(index, ("", ()))[1],
        )
        for index, each in enumerate(patients())
    ]


def _node_of(person: DemoStaff) -> str:
    return next(node for node, agencies in HOSTED.items() if person.agency in agencies)


def _seen_at(index: int) -> Sequence[str]:
    """Return the nodes, as the first screen names them, where a patient has something to try."""
    return tasks.TRY_AS_PATIENT.get(index, ("", ()))[0].split(" or ")


def self_check(ground: Ground) -> float:
    """Send a referral at node A and read it at node B; returns the seconds it took. Raises TimeoutError."""
    sender, receiver = ground.open("a").db, ground.open("b").db
    began = time.monotonic()
    with sender.transaction() as session:
        sent = _send_one(session)
    while time.monotonic() - began < CHECK_SECONDS:
        with receiver.reading() as session:
            if _has_arrived(session, sent):
                return time.monotonic() - began
        time.sleep(0.05)
    raise TimeoutError("the self-check's referral did not arrive; see the logs in the demo's folder")


def _send_one(session: Session) -> ReferralId:
    now, person = clock.now(), next(each for each in STAFF if each.key == "tone")
    by = next(each for each in access.everyone(session, MUNICIPALITY) if each.name == person.name)
    case = story.Case(patients()[0], "tone", INTAKE)
    home = story.HOME["tone"]
    draft = referral.create_draft(session, by=by, service=home, now=now, content=story.content(case), to=INTAKE)
    turn = referral.Turn(referral=draft.standing.referral, by=by, now=now, side=Side.REFERRER)
    referral.send(session, turn, undo=timedelta())
    return turn.referral


def _has_arrived(session: Session, sent: ReferralId) -> bool:
    by = next(each for each in access.everyone(session, DPS) if each.has(Role.INTAKE, INTAKE))
    try:
        store.find(session, sent, side=Side.RECEIVER, by=by)
    except referral.ReferralNotFound:
        return False
    return True


def _say(console: Console, ground: Ground, took: float) -> None:
    console.print(f"A referral went from node A to node B and was acknowledged in {took:.1f} seconds.")
    console.print("Log in as one of these; begin with a message, a referral or a handover.")
    for each in tasks.guide(ground.urls):
        console.print(each)
    console.print()
    for name in NODES:
        console.print(f"What node {name.upper()} would send by e-mail and SMS: {ground.notices(name)}")
    console.print(f"All people are made up. Ctrl-C stops everything; logs lie in {ground.root / 'logs'}.")
