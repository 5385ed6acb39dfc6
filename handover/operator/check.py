"""`handover check`: is this node able to do its work? One plain sentence for each thing looked at.

Each look is a function from what it needs to a finding; one that cannot be made is itself a bad finding, so that a
broken part never hides the others.
"""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import requests
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from handover import migrations
from handover.audit import service as audit
from handover.config import Settings
from handover.db import Database
from handover.directory import service as directory
from handover.errors import HandoverError
from handover.exchange import operations as exchange
from handover.exchange.clamd import Clamd, ScannerSilent
from handover.ids import AgencyId
from handover.inquiry import service as inquiry
from handover.keys import files, keyring, passphrase
from handover.keys.files import KeyFile
from handover.keys.lifecycle import KeyState, Use
from handover.notice import senders
from handover.notice.model import Channel
from handover.notice.senders import TryLater
from handover.operator import service
from handover.operator.model import Finding, Verdict, Vitals, spoken

SKEW_WARNING: Final = timedelta(seconds=30)
SKEW_BAD: Final = timedelta(minutes=4)
"""Other nodes refuse what is signed more than five minutes in the future."""
ENCRYPTION_KEY_AGE: Final = timedelta(days=8)
"""A new one every week (CRYPTO.md), and a day's grace."""
DIRECTORY_WARNING: Final = timedelta(days=2)
DISK_WARNING_MB: Final = 2_000
DISK_BAD_MB: Final = 200
LOG_WARNING: Final = 1_000
"""Rows waiting for their place: more means that the sequencer stands still."""
LOG_AT_ONCE: Final = 50_000
"""A longer log is walked through only when asked to be thorough."""

WAYS: Final = {Channel.EMAIL: ("e-mail", "HANDOVER_SMTP_HOST"), Channel.SMS: ("SMS", "HANDOVER_SMS_URL")}
"""What each way to people is called, and the setting that says it is used."""
CLOCKS: Final = {
    "from-the-future": "{} says that our messages are from the future: its clock is behind, or ours is ahead."
    " Nothing arrives there until they agree.",
    "answer.from-the-future": "The answers of {} are dated in the future: its clock is ahead, or ours is behind."
    " They count only once that time has come.",
    "expired": "{} says that our messages have expired: its clock is probably many hours ahead.",
}
"""By the code that a waiting message was last refused with: what it says of two clocks."""


def database(db: Database) -> Iterator[Finding]:
    """Can the database be written to, and does it have this program's tables?"""
    try:
        migrations.require_current(db)
        with db.transaction() as session:
            session.execute(text("select 1"))
    except HandoverError as outdated:
        yield Finding("database", Verdict.BAD, str(outdated))
        return
    except (SQLAlchemyError, TimeoutError) as failed:
        kind = type(getattr(failed, "orig", None) or failed).__name__
        yield Finding("database", Verdict.BAD, f"The database cannot be written to ({kind}).")
        return
    yield Finding("database", Verdict.FINE, f"The database answers and is at version {migrations.found(db)}.")


def keys(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Can the key files be read by this node, and by nobody else?"""
    try:
        found = [file for file in files.listing(settings.keys_dir) if file.owner in settings.agencies]
        keyring.load(
            settings.keys_dir,
            passphrase.from_systemd(settings.environment or {}) or passphrase.from_file(settings.passphrase_file),
            agencies=settings.agencies,
            allow_published=settings.mode == "test",
        )
    except HandoverError as refused:
        about = ", ".join(f"{name} {value}" for name, value in refused.details.items())
        fields = ", ".join(getattr(refused, "fields", {}))
        told = "; ".join(part for part in (refused.stable_code, about, fields) if part)
        yield Finding("keys", Verdict.BAD, f"The keys cannot be used ({told}).")
        return
    yield Finding("keys", Verdict.FINE, f"{len(found)} key files are readable by this node only, and open.")
    for agency in settings.agencies:
        yield from _encryption_key(agency, [file for file in found if file.owner == agency], now)


def _encryption_key(agency: AgencyId, held: Sequence[KeyFile], now: datetime) -> Iterator[Finding]:
    made = [f.created_at for f in held if f.use is Use.ENCRYPTION and f.state is KeyState.ACTIVE]
    if made and now - max(made) > ENCRYPTION_KEY_AGE:
        age = spoken(now - max(made))
        yield Finding(
            "keys",
            Verdict.WARNING,
            f"{agency}: the encryption key is {age} old; a new one is due every week. Run: handover keys new"
            f" --agency {agency} --use {Use.ENCRYPTION.value}",
        )


def directory_state(session: Session, now: datetime) -> Iterator[Finding]:
    """Is the signed directory held, valid, and are the agencies' statements believed?"""
    held = directory.state(session, now=now)
    if held.expires_at is None:
        yield Finding("directory", Verdict.BAD, "No directory is held. Run: handover directory pull")
    elif not held.is_valid:
        since = spoken(now - held.expires_at)
        yield Finding("directory", Verdict.BAD, f"The directory expired {since} ago: nothing can be sent.")
    else:
        left = held.expires_at - now
        verdict = Verdict.WARNING if left < DIRECTORY_WARNING else Verdict.FINE
        yield Finding(
            "directory", verdict, f"Version {held.version} of the directory is valid for {spoken(left)} more."
        )
    if held.problem:
        yield Finding("directory", Verdict.WARNING, f"The latest pull was not believed: {held.problem}.")
    for agency, problem in sorted(held.statement_problems.items()):
        yield Finding("directory", Verdict.WARNING, f"The statement of {agency} was not believed: {problem}.")


def clock_skew(settings: Settings, session: Session, now: datetime) -> Iterator[Finding]:
    """Does this machine's clock agree with the database server's and with whoever serves the directory?"""
    seen = [("the database server", _database_time(session)), ("the directory's server", _web_time(settings))]
    compared = [(name, there - now) for name, there in seen if there is not None]
    if not compared:
        yield Finding("clock", Verdict.FINE, "There is no other clock to compare this machine's with.")
    for name, difference in compared:
        off = abs(difference)
        verdict = Verdict.BAD if off > SKEW_BAD else Verdict.WARNING if off > SKEW_WARNING else Verdict.FINE
        yield Finding("clock", verdict, f"This machine's clock differs by {spoken(off)} from that of {name}.")


def clocks_of_others(session: Session, agency: AgencyId, now: datetime) -> Iterator[Finding]:
    """Does what waits tell of an agency whose clock is hours ahead of ours or behind?"""
    waiting = exchange.waiting(session, agency, now=now)
    told = {(each.receiver, each.last_error.code) for each in waiting if each.last_error is not None}
    for receiver, code in sorted(told):
        if code in CLOCKS:
            yield Finding("clock", Verdict.WARNING, f"{agency}: {CLOCKS[code].format(receiver)} ({code})")


def worker(session: Session, now: datetime) -> Iterator[Finding]:
    """Does a worker run?"""
    last = service.last_beat(session, service.WORKER)
    if last is None:
        yield Finding("worker", Verdict.BAD, "No worker has run for a day: nothing is sent. Run: handover worker")
    elif now - last > service.SILENT_AFTER:
        since = spoken(now - last)
        yield Finding("worker", Verdict.BAD, f"The last worker fell silent {since} ago: nothing is sent.")
    else:
        yield Finding("worker", Verdict.FINE, "A worker is running.")


def scanner(settings: Settings, vitals: Sequence[Vitals]) -> Iterator[Finding]:
    """Does the virus scanner answer, and does anything wait for it? Without one there is nothing to look at."""
    if settings.clamd is None:
        return
    waiting = sum(each.unscanned for each in vitals)
    try:
        Clamd(settings.clamd).ping()
    except ScannerSilent as silent:
        said = f"The virus scanner does not answer ({silent}): {waiting} messages with documents wait."
        yield Finding("scanner", Verdict.BAD, said)
        return
    if waiting:
        said = f"The virus scanner answers, and {waiting} messages with documents have not been tried again yet."
        yield Finding("scanner", Verdict.WARNING, said)
    else:
        yield Finding("scanner", Verdict.FINE, "The virus scanner answers, and nothing waits for it.")


def notices(settings: Settings) -> Iterator[Finding]:
    """Can people be told by e-mail and SMS? A way that is not configured is named with its first setting."""
    ways = senders.of_settings(settings.mail, settings.sms, settings.notices_dir)
    for channel, (name, setting) in WAYS.items():
        sender = ways.by_channel.get(channel)
        if sender is None:
            said = f"Nobody is told by {name}: {setting} is not set."
            yield Finding("notices", Verdict.FINE, said)
            continue
        try:
            sender.reach()
        except TryLater as failed:
            said = f"Notices by {name} can't be sent now ({failed.code}): they wait, and are given up in the end."
            yield Finding("notices", Verdict.BAD, said)
        else:
            yield Finding("notices", Verdict.FINE, f"Notices by {name} can be sent.")


def disk(settings: Settings) -> Iterator[Finding]:
    """Is there room where the database lies? (PostgreSQL's own disk is its server's to watch.)"""
    path = Path(settings.database_url.removeprefix("sqlite:///")).parent
    if not settings.database_url.startswith("sqlite"):
        path = settings.keys_dir
    try:
        free = shutil.disk_usage(path).free // 1_000_000
    except OSError:
        yield Finding("disk", Verdict.BAD, "The folder of the database cannot be read.")
        return
    verdict = Verdict.BAD if free < DISK_BAD_MB else Verdict.WARNING if free < DISK_WARNING_MB else Verdict.FINE
    yield Finding("disk", verdict, f"{free:,} MB are free on the disk.")


def deliveries(vitals: Sequence[Vitals], now: datetime) -> Iterator[Finding]:
    """Is anything overdue on its way to others?"""
    for each in vitals:
        since = min((at for at in (each.oldest_unsent, each.oldest_unacknowledged) if at), default=None)
        if each.late:
            waited = spoken(now - since) if since else "a while"
            yield Finding(
                "deliveries",
                Verdict.WARNING,
                f"{each.agency}: {each.late} deliveries are late; the oldest has waited {waited}.",
            )
        else:
            yield Finding("deliveries", Verdict.FINE, f"{each.agency}: no delivery is late.")
        if each.unlogged > LOG_WARNING:
            yield Finding(
                "log", Verdict.WARNING, f"{each.agency}: {each.unlogged} rows of the log wait for their place."
            )


def inquiries(session: Session, agency: AgencyId, now: datetime) -> Iterator[Finding]:
    """Have patients who asked been answered?"""
    late = inquiry.count_overdue(session, agency, now=now)
    if late:
        what = "question" if late == 1 else "questions"
        sentence = f"{agency}: {late} {what} from patients should have been answered."
        yield Finding("questions", Verdict.WARNING, sentence)


def log(session: Session, agency: AgencyId, *, thorough: bool) -> Iterator[Finding]:
    """Is the log whole?"""
    length = audit.count_placed(session, agency)
    if length > LOG_AT_ONCE and not thorough:
        yield Finding(
            "log", Verdict.FINE, f"{agency}: the log has {length:,} rows; --thorough looks through all of them."
        )
        return
    seen = audit.verify(session, agency)
    if seen.whole:
        yield Finding("log", Verdict.FINE, f"{agency}: the log is whole, {seen.rows:,} rows.")
    for finding in seen.findings[:5]:
        where = f"at place {finding.place}" if finding.place else "as a whole"
        yield Finding("log", Verdict.BAD, f"{agency}: the log {where} is not what was written ({finding.code}).")


def examine(db: Database, settings: Settings, *, now: datetime, thorough: bool = False) -> Iterator[Finding]:
    """Look at everything a node with readable keys needs; stop at a database that cannot be used."""
    found = list(database(db))
    yield from found
    yield from disk(settings)
    if any(each.verdict is Verdict.BAD for each in found):
        return
    with db.reading() as session:
        yield from directory_state(session, now)
        yield from clock_skew(settings, session, now)
        yield from worker(session, now)
        vitals = service.vitals(session, settings.agencies, late_after=settings.late_after, now=now)
        yield from deliveries(vitals, now)
        yield from scanner(settings, vitals)
        yield from notices(settings)
        for agency in settings.agencies:
            yield from clocks_of_others(session, agency, now)
            yield from inquiries(session, agency, now)
            yield from log(session, agency, thorough=thorough)


def _database_time(session: Session) -> datetime | None:
    if session.get_bind().dialect.name != "postgresql":
        return None  # SQLite has no clock but ours
    there: datetime = session.execute(text("select clock_timestamp()")).scalar_one()
    return there


def _web_time(settings: Settings) -> datetime | None:
    if not settings.directory_source.startswith(("http://", "https://")):
        return None
    try:
        answer = requests.head(settings.directory_source, timeout=5, allow_redirects=False)
        return parsedate_to_datetime(answer.headers["Date"]).replace(tzinfo=UTC)  # HTTP dates are always GMT
    except (requests.RequestException, KeyError, ValueError):
        return None
