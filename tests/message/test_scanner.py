"""Documents are looked through for viruses at both ends, and nothing passes that was not looked at."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from handover.access.guard import CSRF_FIELD
from handover.actors import Staff
from handover.db import Base
from handover.exchange import crash, scanning, upkeep
from handover.exchange.clamd import Clamd
from handover.exchange.lifecycle import State
from handover.exchange.model import SealedBlob
from handover.exchange.scanning import Held, Scanner
from handover.exchange.tables import HeldDocument, IncomingBlob
from handover.fhir.problem import ProblemCode
from handover.message import cases, service
from handover.message.forwarding import DocumentsWait
from handover.message.model import Content, Reason
from handover.message.service import Begun
from handover.message.steps import Step
from handover.message.tables import ThreadFileRow
from handover.referral import service as referrals
from tests.builders import DPS, INTAKE, PSYCHOLOGIST
from tests.exchange.clamav import Clamav, clamav
from tests.exchange.documents import EICAR, pdf
from tests.message.desks import QUESTION as FORM
from tests.message.desks import at_desk, begun, here
from tests.message.nodes import PDF, QUESTION, Post
from tests.referral.nodes import INGRID, PER
from tests.referral.visiting import hidden, words_of

SICK = pdf(body=EICAR)


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[Clamav]:
    """A running scanner."""
    with clamav(f"unix:{tmp_path}/clamd") as running:
        yield running


def _scans(post: Post, by: Staff, scanner: Clamav) -> None:
    post.db(by).provide(Scanner, Scanner(Clamd(scanner.address)))


def _left(post: Post, data: bytes) -> Begun:
    """Let somebody leave a message with a document, as if nobody had looked at it when it was attached."""
    begun = post.begin(PER, [INTAKE], about=QUESTION)
    post.do(PER, begun, service.attach, begun.message, "plan.pdf", data)
    post.do(PER, begun, service.send, begun.message)
    post.town.settle()
    return begun


def _held(post: Post, by: Staff) -> Held:
    with post.db(by).reading() as session:
        return scanning.what_waits(session, by.agency)


def _page(post: Post, begun: Begun) -> TestResponse:
    return at_desk(post, PER).open(f"/meldinger/{PSYCHOLOGIST}/{begun.thread}")


def _seals_once(careless: pytest.MonkeyPatch) -> None:
    """Let a sender name the same blob in every message, as another system may."""
    seal = cases._sealed
    sealed: list[SealedBlob] = []

    def once(*wanted: Any) -> SealedBlob:
        sealed.extend([] if sealed else [seal(*wanted)])
        return sealed[0]

    careless.setattr(cases, "_sealed", once)


class Died(BaseException):
    """A worker died without a word."""


def _die() -> None:
    raise Died


def _place(begun: Begun) -> str:
    return f"/meldinger/{INTAKE}/{begun.thread}"


def _file(post: Post, begun: Begun) -> str:
    return f"{_place(begun)}/{begun.message}/dokument?nr=0"


def _history(post: Post, by: Staff, begun: Begun) -> list[str]:
    return [f"message.{each.doing.value}" for each in post.see(by, begun).history]


def _stored(post: Post, by: Staff, table: type[Base]) -> int:
    with post.db(by).reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _is_there(post: Post, begun: Begun) -> bool:
    try:
        return bool(post.texts(INGRID, begun))
    except service.ThreadNotFound:
        return False


def test_a_clean_document_is_looked_through_before_it_leaves_and_before_it_is_taken_in(
    post: Post, scanner: Clamav
) -> None:
    _scans(post, PER, scanner)
    _scans(post, INGRID, scanner)
    begun = _left(post, PDF)
    assert scanner.looked_at == [PDF, PDF]
    assert _is_there(post, begun)


def test_while_the_scanner_is_silent_a_document_waits_at_its_sender_who_sees_it(
    post: Post, scanner: Clamav
) -> None:
    _scans(post, PER, scanner)
    scanner.stop()
    begun = _left(post, PDF)
    plain = post.send(PER, [INTAKE], "Uten vedlegg", about=QUESTION)
    assert _is_there(post, plain), "what has no documents does not wait"
    assert not _is_there(post, begun)
    assert _held(post, PER) == Held(leaving=1)
    assert "ikke sjekket for virus ennå" in words_of(_page(post, begun))
    scanner.start()
    post.town.pass_time(minutes=10)
    post.town.work()
    assert _is_there(post, begun)
    assert _held(post, PER) == Held()


def test_while_the_scanner_is_silent_a_message_is_read_at_its_receiver_and_only_its_document_waits(
    post: Post, scanner: Clamav
) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop()
    begun = _left(post, PDF)
    assert post.texts(INGRID, begun) == ["Hei"]
    assert post.message(PER, begun).message.receipts[0].arrived_at is not None
    words = words_of(at_desk(post, INGRID).open(_place(begun)))
    assert "plan.pdf Venter på viruskontroll" in words
    assert at_desk(post, INGRID).open(_file(post, begun)).status_code == 404
    assert _held(post, INGRID) == Held(documents=1)
    assert "1 dokument venter på den" in words_of(at_desk(post, INGRID).open(f"/arbeidsliste/{INTAKE}"))
    post.town.pass_time(hours=25)
    upkeep.clear_blobs(post.db(INGRID), DPS, now=post.town.now)
    scanner.start()
    post.town.work()
    assert set(scanner.looked_at) == {PDF}
    assert _held(post, INGRID) == Held()
    assert "Venter på viruskontroll" not in words_of(at_desk(post, INGRID).open(_place(begun)))
    assert at_desk(post, INGRID).open(_file(post, begun)).data == PDF
    assert "message.receive-document" in _history(post, INGRID, begun)


def test_a_document_that_comes_after_its_thread_was_put_away_opens_it_again(post: Post, scanner: Clamav) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop()
    begun = _left(post, PDF)
    post.do(INGRID, begun, service.open_)
    post.do(INGRID, begun, service.done)
    assert post.step(INGRID, begun) is None
    scanner.start()
    post.town.settle()
    assert post.step(INGRID, begun) is Step.ANSWER


def test_a_worker_that_dies_while_a_document_comes_only_looks_once_more(
    post: Post, scanner: Clamav, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop()
    begun = _left(post, PDF)
    scanner.start()
    post.town.pass_time(minutes=10)
    with monkeypatch.context() as armed:
        armed.setattr(crash, "_armed", crash._Armed("look.before-commit", 1, _die))
        with pytest.raises(Died):
            post.town.work_at(post.town.dps)
    assert "Venter på viruskontroll" in words_of(at_desk(post, INGRID).open(_place(begun)))
    post.town.pass_time(minutes=10)
    post.town.work()
    assert at_desk(post, INGRID).open(_file(post, begun)).data == PDF
    assert _history(post, INGRID, begun).count("message.receive-document") == 1


def test_a_message_with_a_virus_does_not_leave_and_the_document_is_named_to_its_writer(
    post: Post, scanner: Clamav
) -> None:
    _scans(post, PER, scanner)
    begun = _left(post, SICK)
    assert not _is_there(post, begun)
    (delivery,) = post.message(PER, begun).deliveries.values()
    assert [(each.code, each.text) for each in delivery.problems] == [
        (ProblemCode.INFECTED, "document 1 of 1 holds a virus")
    ]
    assert "Stoppet: det er virus i «plan.pdf»" in words_of(_page(post, begun))
    tasks = words_of(at_desk(post, PER).open("/oppgaver"))
    assert "Ikke levert: «plan.pdf»" in tasks
    assert "Ingenting av den er kommet fram" in tasks


@pytest.mark.parametrize("is_late", [False, True], ids=["at-once", "later"])
def test_a_virus_found_at_the_receiver_is_told_in_its_place_at_both_ends_and_the_text_is_read(
    post: Post, scanner: Clamav, is_late: bool
) -> None:
    _scans(post, INGRID, scanner)
    if is_late:
        scanner.stop()
    begun = _left(post, SICK)
    scanner.start() if is_late else None
    with capture_logs() as logged:
        post.town.pass_time(minutes=10)
        post.town.work()
        post.town.settle()
    assert post.texts(INGRID, begun) == ["Hei"]
    assert "plan.pdf Ikke tatt imot: det er virus i dokumentet." in words_of(
        at_desk(post, INGRID).open(_place(begun))
    )
    assert at_desk(post, INGRID).open(_file(post, begun)).status_code == 404
    tasks = words_of(at_desk(post, INGRID).open("/oppgaver"))
    assert "Ikke tatt imot: «plan.pdf»" in tasks
    assert "be om det på nytt" in tasks
    words = words_of(_page(post, begun))
    assert "plan.pdf Ikke tatt imot hos" in words
    assert "Kommet fram" in words
    assert words_of(at_desk(post, PER).open("/oppgaver")).count("Ikke levert: «plan.pdf»") == 1
    assert "plan.pdf" not in str(logged)
    assert _held(post, INGRID) == Held()
    assert _stored(post, INGRID, IncomingBlob) == _stored(post, INGRID, ThreadFileRow) == 0


def test_of_a_message_that_is_taken_back_while_its_document_waits_nothing_is_kept(
    post: Post, scanner: Clamav
) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop()
    begun = _left(post, PDF)
    post.do(PER, begun, service.retract, begun.message, Reason.RECEIVER)
    post.town.settle()
    assert _held(post, INGRID) == Held()
    scanner.start()
    post.town.settle()
    assert scanner.looked_at == []
    assert _stored(post, INGRID, IncomingBlob) == _stored(post, INGRID, ThreadFileRow) == 0


@pytest.mark.parametrize("data", [PDF, SICK], ids=["clean", "infected"])
@pytest.mark.parametrize("is_late", [False, True], ids=["at-once", "later"])
def test_a_message_taken_back_before_anybody_opened_it_takes_with_it_what_its_documents_are_called(
    post: Post, scanner: Clamav, data: bytes, is_late: bool
) -> None:
    _scans(post, INGRID, scanner)
    begun = post.send(PER, [INTAKE], "Hei")
    post.do(INGRID, begun, service.open_)
    post.town.settle()
    scanner.stop() if is_late else None
    second = post.do(PER, begun, service.reply, content=Content(text="Feil pasient"))
    post.do(PER, begun, service.attach, second, "Kanari Fugl epikrise.pdf", data)
    post.do(PER, begun, service.send, second)
    post.town.settle()
    scanner.start() if is_late else None
    post.town.settle()
    tasks = at_desk(post, INGRID).open("/oppgaver")
    assert ("Kanari Fugl" in words_of(tasks)) is (data == SICK)
    history = words_of(at_desk(post, INGRID).open(_place(begun))).partition("Alt som har skjedd")[2]
    assert ("Dokument Kanari Fugl" in history) is is_late
    post.do(PER, begun, service.retract, second, Reason.PATIENT)
    post.town.settle()
    assert post.texts(INGRID, begun) == ["Hei"]
    assert "Kanari Fugl" not in words_of(at_desk(post, INGRID).open(_place(begun)))
    assert "Kanari Fugl" not in words_of(at_desk(post, INGRID).open("/oppgaver"))


def test_a_blob_that_two_messages_name_comes_with_both_and_a_fault_of_one_document_puts_off_no_other(
    post: Post, scanner: Clamav, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop()
    with monkeypatch.context() as careless:
        _seals_once(careless)
        both = [_left(post, PDF), _left(post, PDF)]
    broken, last = _left(post, PDF), _left(post, PDF)
    assert _held(post, INGRID) == Held(documents=4)
    of_it = post.message(INGRID, broken).message.came_in[0]
    with post.db(INGRID).transaction() as session:
        session.execute(update(HeldDocument).where(HeldDocument.message == of_it).values(blob=b"broken"))
    scanner.start()
    post.town.pass_time(minutes=10)
    post.town.work()
    assert _held(post, INGRID) == Held(documents=1)
    assert [at_desk(post, INGRID).open(_file(post, each)).data for each in (*both, last)] == [PDF] * 3


def test_a_blob_that_a_held_document_needs_stays_when_another_message_takes_it(
    post: Post, scanner: Clamav, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop()
    _seals_once(monkeypatch)
    waits = _left(post, PDF)
    scanner.start()
    taken = _left(post, PDF)
    post.town.settle()
    assert [at_desk(post, INGRID).open(_file(post, each)).data for each in (waits, taken)] == [PDF] * 2
    assert _stored(post, INGRID, IncomingBlob) == 0


@pytest.mark.parametrize("is_silent", [False, True], ids=["too-large", "silent"])
def test_a_document_that_nobody_can_look_at_is_given_up_in_time_and_both_ends_are_told(
    post: Post, scanner: Clamav, is_silent: bool
) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop() if is_silent else None
    scanner.limit = 5
    begun = _left(post, PDF)
    post.town.pass_time(hours=95)
    post.town.work()
    assert _held(post, INGRID) == Held(documents=1)
    post.town.pass_time(hours=1)
    post.town.work()
    post.town.settle()
    assert _held(post, INGRID) == Held()
    assert _stored(post, INGRID, IncomingBlob) == 0
    why = "det kunne ikke sjekkes for virus"
    words = words_of(at_desk(post, INGRID).open(_place(begun)))
    assert "plan.pdf Ikke tatt imot: dokumentet kunne ikke sjekkes for virus." in words
    assert f"Et dokument ble ikke tatt imot: {why}" in words.partition("Alt som har skjedd")[2]
    tasks = words_of(at_desk(post, INGRID).open("/oppgaver"))
    assert f"Et dokument ble ikke tatt imot: {why}" in tasks
    assert "Ikke tatt imot: «plan.pdf»" in tasks
    assert "plan.pdf Ikke tatt imot hos" in words_of(_page(post, begun))
    tasks = words_of(at_desk(post, PER).open("/oppgaver"))
    assert f"Et dokument fra dere ble ikke levert: {why}" in tasks
    assert "Ikke levert: «plan.pdf»" in tasks
    scanner.start() if is_silent else None
    post.do(PER, begun, service.retract, begun.message, Reason.RECEIVER)
    post.town.settle()
    assert "plan.pdf" not in words_of(at_desk(post, INGRID).open("/oppgaver"))


def test_a_message_is_sent_on_when_its_document_has_come_and_without_one_that_holds_a_virus(
    post: Post, scanner: Clamav
) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop()
    begun = _left(post, PDF)
    with pytest.raises(DocumentsWait):
        post.do(INGRID, begun, service.forward, to=[PSYCHOLOGIST])
    scanner.start()
    post.town.settle()
    post.do(INGRID, begun, service.forward, to=[PSYCHOLOGIST])
    sick = _left(post, SICK)
    forwarded = post.do(INGRID, sick, service.forward, to=[PSYCHOLOGIST])
    post.do(INGRID, forwarded, service.send, forwarded.message)
    post.town.settle()
    (brought,) = post.message(PER, forwarded).along
    assert brought.content.text == "Hei"
    assert brought.content.files == ()


def test_a_virus_is_named_when_it_is_attached_and_the_other_documents_are_kept(
    post: Post, scanner: Clamav
) -> None:
    _scans(post, PER, scanner)
    per = at_desk(post, PER)
    page = begun(per, **FORM)
    form = {CSRF_FIELD: per.token, "text": "Se her", "saved": hidden(page, "saved"), "act": "upload"}
    files = [(BytesIO(PDF), "kart.pdf"), (BytesIO(SICK), "regning.pdf"), (BytesIO(b""), "tom.pdf")]
    shown = per.http.post(f"{here(page)}/skriv", data={**form, "files": files}, follow_redirects=True)
    assert shown.status_code == 422
    words = words_of(shown)
    assert "«regning.pdf»: Det er virus i filen" in words
    assert "«tom.pdf»: Filen er tom" in words
    assert "kart.pdf" in words_of(per.open(f"{here(page)}/skriv"))
    assert "regning.pdf" not in words_of(per.open(f"{here(page)}/skriv"))


def test_a_referrals_documents_are_looked_through_too(post: Post, scanner: Clamav) -> None:
    town = post.town
    _scans(post, PER, scanner)
    referral = town.draft()
    town.do(PER, referrals.add_attachment, referral, "svar.pdf", SICK)
    town.do(PER, referrals.send, referral)
    town.settle()
    delivery = town.see(PER, referral).delivery
    assert delivery is not None
    assert delivery.state is State.REFUSED
    assert [each.code for each in delivery.problems] == [ProblemCode.INFECTED]
    assert "Stoppet: det er virus i «svar.pdf»" in words_of(at_desk(post, PER).open(f"/henvisninger/{referral}"))
    assert "Ikke levert: «svar.pdf»" in words_of(at_desk(post, PER).open("/oppgaver"))


def test_a_referrer_sees_that_the_documents_wait(post: Post, scanner: Clamav) -> None:
    town = post.town
    _scans(post, PER, scanner)
    scanner.stop()
    referral = town.draft()
    town.do(PER, referrals.add_attachment, referral, "svar.pdf", PDF)
    town.do(PER, referrals.send, referral)
    town.settle()
    assert "ikke sjekket for virus ennå" in words_of(at_desk(post, PER).open(f"/henvisninger/{referral}"))
    worklist = words_of(at_desk(post, PER).open(f"/arbeidsliste/{PSYCHOLOGIST}"))
    assert "1 melding med vedlegg er ikke gått herfra" in worklist
