"""Group commit: concurrent requests of one process share a transaction, so that the disk is asked once for all.

On SQLite whoever comes first writes for everybody who came while the writer before was busy; each waits until the
common commit is durable. On PostgreSQL every request has its own transaction: the server groups commits itself.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from sqlalchemy.orm import Session

from handover.db import Database

Result = TypeVar("Result")
MOST_AT_ONCE: Final = 64


@dataclass
class _Job(Generic[Result]):
    work: Callable[[Session], Result]
    done: bool = False
    result: list[Result] = field(default_factory=list)
    error: BaseException | None = None


class Committer:
    """Runs pieces of work, each as if in a transaction of its own; one committer serves one process's node."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._is_grouping = db.engine.dialect.name == "sqlite"
        self._waiting: deque[_Job[object]] = deque()
        self._turn = threading.Lock()

    def run(self, work: Callable[[Session], Result]) -> Result:
        """Do `work` in a transaction and return its result once that is durable; raises what `work` raised."""
        if not self._is_grouping:
            with self._db.transaction() as session:
                return work(session)
        job: _Job[Result] = _Job(work)
        self._waiting.append(job)  # type: ignore[arg-type]
        with self._turn:
            if not job.done:
                self._write_all()
        if job.error is not None:
            raise job.error
        return job.result[0]

    def _write_all(self) -> None:
        jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
        if len(jobs) > 1 and self._together(jobs):
            return
        for job in jobs:
            self._alone(job)

    def _together(self, jobs: list[_Job[object]]) -> bool:
        try:
            with self._db.transaction() as session:
                results = [job.work(session) for job in jobs]
        except Exception:  # one of them spoilt it for all: each gets a transaction of its own, and its own error
            return False
        for job, result in zip(jobs, results, strict=True):
            job.result.append(result)
            job.done = True
        return True

    def _alone(self, job: _Job[object]) -> None:
        try:
            with self._db.transaction() as session:
                job.result.append(job.work(session))
        except Exception as error:
            job.error = error
        job.done = True
