"""The demo's processes: started together, watched, and stopped by process id when anything asks for the end."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import requests

GRACE_SECONDS: Final = 8.0
POLL_SECONDS: Final = 0.1
ANSWER_SECONDS: Final = 2.0
READY_SECONDS: Final = 90.0
"""A cold start on a busy machine takes long; a process that ends is seen at once."""


class ProcessEnded(RuntimeError):
    """A process ended that should have gone on; its log says why."""

    def __init__(self, name: str, log: Path) -> None:
        self.log = log
        super().__init__(f"{name} stopped by itself; its last words are in {log}")


@dataclass
class Processes:
    """A handful of child processes with a log file each under `logs`."""

    logs: Path
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a process in its own group, so that Ctrl-C reaches only us and we stop it in order."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                list(command), env={**os.environ, **env}, stdout=log, stderr=log, start_new_session=True
            )

    def await_ready(self, name: str, url: str, *, seconds: float = READY_SECONDS) -> None:
        """Wait until `url` answers 200. Raises ProcessEnded, or TimeoutError naming the process."""
        ends = time.monotonic() + seconds
        with requests.Session() as loopback:
            loopback.trust_env = False  # a proxy does not know this machine's own addresses
            while time.monotonic() < ends:
                self.check()
                if _is_ready(loopback, url):
                    return
                time.sleep(POLL_SECONDS)
        raise TimeoutError(f"{name} did not get ready in {seconds:.0f} seconds; see {self._log(name)}")

    def check(self) -> None:
        """Raise ProcessEnded when any process has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ProcessEnded(name, self._log(name))

    def stop(self) -> None:
        """Ask every process to end, wait, and kill what is left with all it started; safe to call twice."""
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        ends = time.monotonic() + GRACE_SECONDS
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, ends - time.monotonic()))
            with suppress(ProcessLookupError):  # nobody is left in its group
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._running.clear()

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def _is_ready(loopback: requests.Session, url: str) -> bool:
    """Whether a node answers 200; one that does not listen, or listens and is still loading, is not ready."""
    try:
        return loopback.get(url, timeout=ANSWER_SECONDS).status_code == 200
    except (requests.ConnectionError, requests.Timeout):
        return False
