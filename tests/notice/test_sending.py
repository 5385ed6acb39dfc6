"""What leaves: by real servers, never in a transaction, never twice for one cause, and given up visibly."""

import json
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from ssl import create_default_context
from uuid import UUID

import pytest
from sqlalchemy import select

from handover.audit.model import Event
from handover.audit.tables import AuditEntry
from handover.config import Mail, Sms
from handover.db import Database, provided
from handover.keys.keyring import Keyring
from handover.keys.vault import Vault
from handover.notice import courier, service, words
from handover.notice.model import BACKOFF, LEASE, Channel, NoticeId, Purpose, State, Wishes, staff
from handover.notice.senders import Files, Gateway, Letter, Smtp, TryLater, Undeliverable, Ways, of_settings
from handover.notice.tables import NoticeCauseRow, OutgoingNoticeRow
from handover.team import noticing
from handover.web.i18n import LANGUAGES
from tests.builders import DPS, MUNICIPALITY
from tests.notice.people import Pigeonhole, give_pigeonhole, send, wish_staff
from tests.notice.post import PASSWORD, USER, sms_gateway, smtp_server
from tests.referral.conftest import any_nodes, open_postgres, open_sqlite, two_nodes
from tests.referral.nodes import OLA, PER, Town
from tests.referral.visiting import register_everybody

__all__ = ["any_nodes", "open_postgres", "open_sqlite", "two_nodes"]
PERS = "per@example.org"
LETTER = Letter(id=NoticeId(UUID(int=7)), address="o@example.org", subject="Æ", text="Noe nytt.")


@pytest.fixture
def told(two_nodes: Town) -> tuple[Town, Pigeonhole]:
    """Per wishes to be told by e-mail."""
    register_everybody(two_nodes)
    hole = give_pigeonhole(two_nodes.kommune)
    wish_staff(two_nodes, PER, PERS)
    return two_nodes, hole


def tell(town: Town, cause: str, *, now: datetime | None = None, not_before: datetime | None = None) -> None:
    at = now or town.now
    with town.kommune.db.transaction() as session:
        service.tell(session, staff(MUNICIPALITY, PER.id), cause, now=at, not_before=not_before)


# --- real servers ----------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it knows no TLS from the first byte
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_email_goes_over_tls_to_a_real_server_and_says_nothing_of_anybody(
    tmp_path: Path, security: str
) -> None:
    with smtp_server(tmp_path, security) as box:
        mail = Mail(
            host="127.0.0.1",
            port=box.port,
            security=security,
            sender="varsel@example.org",
            user=USER,
            password=PASSWORD,
        )
        sender = Smtp(mail, create_default_context(cafile=str(box.certificate)))
        sender.reach()
        assert box.taken == []
        sender.send(LETTER)
        assert box.was_secure == [True]
        (read,) = box.taken
        assert read["To"] == "o@example.org"
        assert read["Subject"] == "Æ"
        assert read["Message-ID"] == f"<{LETTER.id}@example.org>"
        assert read["Auto-Submitted"] == "auto-generated"
        assert read.get_content().strip() == "Noe nytt."
        with pytest.raises(TryLater, match=r"^smtp\."):
            Smtp(replace(mail, password="wrong"), sender._tls).send(LETTER)
        with pytest.raises(TryLater, match="sslcertverificationerror"):
            Smtp(mail).send(LETTER)
        with pytest.raises(TryLater, match=r"^smtp\."):
            Smtp(replace(mail, password="wrong"), sender._tls).reach()
        box.answers = ["550 no such mailbox o@example.org", "451 later o@example.org"]
        with pytest.raises(Undeliverable) as gone:
            sender.send(LETTER)
        with pytest.raises(TryLater) as later:
            sender.send(LETTER)
        assert (gone.value.code, later.value.code) == ("smtp.550", "smtp.451")
    with pytest.raises(TryLater, match="connectionrefusederror"):
        sender.send(LETTER)


def test_an_sms_goes_to_the_gateway_with_the_token_and_a_reference() -> None:
    sms = replace(LETTER, address="+4791234567")
    with sms_gateway() as box:
        sender = Gateway(Sms(url=box.url, sender="Overgang", token="secret"))
        sender.send(sms)
        assert box.taken == [
            {
                "sender": "Overgang",
                "message": "Noe nytt.",
                "recipients": [{"msisdn": 4791234567}],
                "userref": str(sms.id),
            }
        ]
        assert box.tokens == ["Token secret"]
        box.answers = [422, 503, 401]
        with pytest.raises(Undeliverable, match=r"^sms\.422$"):
            sender.send(sms)
        for code in (503, 401):
            with pytest.raises(TryLater, match=rf"^sms\.{code}$"):
                sender.send(sms)
    with pytest.raises(TryLater, match=r"^sms\.connectionerror$"):
        sender.send(sms)


def test_the_demo_writes_files_named_by_number_only_and_the_same_notice_once(tmp_path: Path) -> None:
    ways = of_settings(None, None, tmp_path / "varsler")
    assert ways.channels == (Channel.EMAIL, Channel.SMS)
    other = replace(LETTER, id=NoticeId(UUID(int=8)))
    for letter in (LETTER, other, LETTER):
        ways.by_channel[Channel.EMAIL].send(letter)
    assert sorted(file.name for file in (tmp_path / "varsler").iterdir()) == ["0001.txt", "0002.txt"]
    assert "Noe nytt." in (tmp_path / "varsler" / "0002.txt").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", Purpose)
def test_a_notice_has_no_link_no_place_and_fits_one_sms(language: str, purpose: Purpose) -> None:
    said = words.of(purpose, language, code="123456")
    assert len(said.text) <= 160
    for forbidden in ("http", "www", "/", ".no", "DPS", "NAV", "kommune", "psyk", "helse", "pasient", "%"):
        assert forbidden.lower() not in f"{said.subject} {said.text}".lower()
    assert ("123456" in said.text) is (purpose is Purpose.CODE)


def test_the_words_of_a_notice_are_in_three_languages() -> None:
    assert len({words.of(Purpose.NEWS, language).text for language in LANGUAGES}) == len(LANGUAGES)


# --- once, and not lost ----------------------------------------------------------------------------------------


def test_a_cause_tells_once_and_several_share_one_notice_until_it_leaves(told: tuple[Town, Pigeonhole]) -> None:
    town, hole = told
    for cause in ("a", "b", "a"):
        tell(town, cause)
    assert send(town.kommune, town.now) == 1
    tell(town, "b")
    send(town.kommune, town.now)
    assert hole.news(PERS) == 1
    tell(town, "c")
    send(town.kommune, town.now)
    assert hole.news(PERS) == 2


def test_what_is_rolled_back_is_never_told(told: tuple[Town, Pigeonhole]) -> None:
    town, hole = told
    with pytest.raises(RuntimeError), town.kommune.db.transaction() as session:
        service.tell(session, staff(MUNICIPALITY, PER.id), "a", now=town.now)
        raise RuntimeError
    assert send(town.kommune, town.now) == 0
    assert hole.letters == []


def test_a_notice_for_later_does_not_leave_with_an_earlier_one_and_can_be_brought_forward(
    told: tuple[Town, Pigeonhole],
) -> None:
    town, hole = told
    noon = town.now + timedelta(hours=4)
    tell(town, "open")
    tell(town, "hidden", not_before=noon)
    send(town.kommune, town.now)
    assert hole.news(PERS) == 1
    tell(town, "hidden", not_before=town.now + timedelta(hours=1))
    send(town.kommune, town.now + timedelta(minutes=59))
    assert hole.news(PERS) == 1
    send(town.kommune, town.now + timedelta(hours=1))
    send(town.kommune, noon)
    assert hole.news(PERS) == 2


def test_outside_the_hours_a_notice_waits_and_a_retry_waits_too(two_nodes: Town) -> None:
    town = two_nodes
    register_everybody(town)
    hole = give_pigeonhole(town.kommune)
    wish_staff(town, PER, PERS, first_hour=9, last_hour=16)
    night = town.now.replace(hour=22)
    tell(town, "a", now=night)
    assert send(town.kommune, night + timedelta(hours=9, minutes=59)) == 0
    hole.fails = [TryLater("smtp.451")] * len(BACKOFF)
    at = night + timedelta(hours=10)  # nine in Norway
    send(town.kommune, at)
    for wait in BACKOFF[:5]:
        at += wait
        send(town.kommune, at)
    left = len(hole.fails)
    assert left
    send(town.kommune, at + timedelta(hours=6))  # night again
    assert len(hole.fails) == left
    hole.fails = []
    send(town.kommune, night + timedelta(hours=34))
    assert hole.news(PERS) == 1


def test_a_notice_is_tried_again_and_given_up_where_those_who_run_the_node_see_it(
    told: tuple[Town, Pigeonhole],
) -> None:
    town, hole = told
    tell(town, "a")
    hole.fails = [TryLater("smtp.451") for _ in range(len(BACKOFF) + 1)]
    at = town.now
    for wait in (timedelta(), *BACKOFF):
        at += wait
        assert send(town.kommune, at) == 1
        assert send(town.kommune, at) == 0
    with town.kommune.db.transaction() as session:
        (lost,) = service.given_up(session, MUNICIPALITY)
        assert (lost.error, lost.attempts, lost.channel) == ("smtp.451", len(BACKOFF) + 1, Channel.EMAIL)
        assert service.given_up(session, DPS) == ()
        assert service.count_given_up(session, MUNICIPALITY) == 1
        assert service.chosen(session, staff(MUNICIPALITY, PER.id), now=at).has_failed
        with pytest.raises(service.NoticeNotFound):
            service.try_again(session, DPS, lost.id, by=OLA, now=at)
        service.try_again(session, MUNICIPALITY, lost.id, by=PER, now=at)
    send(town.kommune, at)
    assert hole.news(PERS) == 1


def test_an_address_that_is_gone_is_given_up_at_once(told: tuple[Town, Pigeonhole]) -> None:
    town, hole = told
    tell(town, "a")
    hole.fails = [Undeliverable("smtp.550")]
    send(town.kommune, town.now)
    with town.kommune.db.reading() as session:
        assert [each.error for each in service.given_up(session, MUNICIPALITY)] == ["smtp.550"]


def test_a_fault_of_the_sender_loses_nothing(told: tuple[Town, Pigeonhole]) -> None:
    town, hole = told
    tell(town, "a")
    hole.fails = [ValueError("per@example.org")]
    send(town.kommune, town.now)
    send(town.kommune, town.now + BACKOFF[0])
    assert hole.news(PERS) == 1


def test_a_worker_that_dies_after_sending_sends_the_same_id_again_and_no_other(
    told: tuple[Town, Pigeonhole], tmp_path: Path
) -> None:
    town, _hole = told
    tell(town, "a")
    files = Files(tmp_path, Channel.EMAIL)

    class Dies:
        def send(self, letter: Letter) -> None:
            files.send(letter)
            raise SystemExit

        def reach(self) -> None:
            """Be there."""

    with pytest.raises(SystemExit):
        courier.send_due(town.kommune.db, Ways({Channel.EMAIL: Dies()}), MUNICIPALITY, lambda: town.now)
    ways = Ways({Channel.EMAIL: files})
    assert courier.send_due(town.kommune.db, ways, MUNICIPALITY, lambda: town.now) == 0
    late = town.now + LEASE
    assert courier.send_due(town.kommune.db, ways, MUNICIPALITY, lambda: late) == 1
    assert [file.name for file in tmp_path.glob("*.txt")] == ["0001.txt"]


def test_a_worker_killed_at_any_instant_loses_no_notice_and_makes_no_second_one(
    told: tuple[Town, Pigeonhole], tmp_path: Path
) -> None:
    town, _hole = told
    at = town.now
    for round_ in range(4):
        tell(town, f"cause {round_}", now=at)
        for is_after in (False, True):
            _send_and_be_killed(town, tmp_path, at, is_after=is_after)
            at += LEASE
        courier.send_due(town.kommune.db, _into(tmp_path), MUNICIPALITY, lambda now=at: now)  # type: ignore[misc]
        assert len(list(tmp_path.glob("*.txt"))) == round_ + 1
    with town.kommune.db.reading() as session:
        assert service.waiting(session, MUNICIPALITY) == ()


def _into(folder: Path) -> Ways:
    return Ways({Channel.EMAIL: Files(folder, Channel.EMAIL)})


def _send_and_be_killed(town: Town, folder: Path, at: datetime, *, is_after: bool) -> None:
    """Send in a process of its own that kill -9 ends just before, or just after, the file is written."""
    child = os.fork()
    if child:
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == SIGKILL
        return
    db = Database(str(town.kommune.db.engine.url))
    with town.kommune.db.reading() as session:
        for kind in (Vault, Keyring):
            db.provide(kind, provided(session, kind))

    class Killed:
        def send(self, letter: Letter) -> None:
            if is_after:
                Files(folder, Channel.EMAIL).send(letter)
            os.kill(os.getpid(), SIGKILL)

        def reach(self) -> None:
            """Be there."""

    courier.send_due(db, Ways({Channel.EMAIL: Killed()}), MUNICIPALITY, lambda: at)
    os._exit(1)


def test_what_is_long_past_is_forgotten(told: tuple[Town, Pigeonhole]) -> None:
    town, _hole = told
    tell(town, "a")
    send(town.kommune, town.now)
    noticing.pass_on(town.kommune.db, MUNICIPALITY, now=town.now + timedelta(days=401))
    with town.kommune.db.reading() as session:
        assert session.scalars(select(OutgoingNoticeRow.id)).all() == []
        assert session.scalars(select(NoticeCauseRow.cause)).all() == []


def test_who_no_longer_wishes_it_is_not_told_of_what_waits(told: tuple[Town, Pigeonhole]) -> None:
    town, hole = told
    tell(town, "a")
    with town.kommune.db.transaction() as session:
        service.choose(session, [staff(MUNICIPALITY, PER.id)], Wishes(), by=PER, now=town.now)
    assert send(town.kommune, town.now) == 0
    with town.kommune.db.reading() as session:
        states = session.scalars(select(OutgoingNoticeRow.state).where(OutgoingNoticeRow.purpose == "news"))
        assert list(states) == [State.DROPPED.value]
    assert hole.letters == []


def test_a_node_without_a_way_out_keeps_the_notice_until_it_gives_up(told: tuple[Town, Pigeonhole]) -> None:
    town, _hole = told
    tell(town, "a")
    town.kommune.db.provide(Ways, Ways())
    send(town.kommune, town.now)
    with town.kommune.db.reading() as session:
        (waits,) = service.waiting(session, MUNICIPALITY)
    assert waits.error == "notice.no-way-out"


def test_sending_is_in_the_log_without_the_address(told: tuple[Town, Pigeonhole]) -> None:
    town, _hole = told
    tell(town, "a")
    send(town.kommune, town.now)
    with town.kommune.db.reading() as session:
        events = [
            row.event for row in session.scalars(select(AuditEntry).where(AuditEntry.agency == MUNICIPALITY))
        ]
        sealed = session.execute(select(OutgoingNoticeRow.__table__)).mappings().all()
    assert {Event.NOTICE_CHOOSE.value, Event.NOTICE_CONFIRM.value, Event.NOTICE_SEND.value} <= set(events)
    assert PERS not in json.dumps([dict(row) for row in sealed], default=repr)


def test_notices_are_told_and_sent_on_both_databases(any_nodes: Town) -> None:
    register_everybody(any_nodes)
    hole = give_pigeonhole(any_nodes.kommune)
    wish_staff(any_nodes, PER, PERS, daily_at=9)
    for cause in ("a", "b", "a"):
        tell(any_nodes, cause)
    tell(any_nodes, "c", not_before=any_nodes.now + timedelta(days=1))
    for day in range(3):
        send(any_nodes.kommune, any_nodes.now + timedelta(days=day))
    assert hole.news(PERS) == 2
