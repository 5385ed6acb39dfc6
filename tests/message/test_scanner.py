"""Documents are looked through for viruses at both ends, and nothing passes that was not looked at."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from handover.access.guard import CSRF_FIELD
from handover.actors import Staff
from handover.exchange import scanning, upkeep
from handover.exchange.clamd import Clamd
from handover.exchange.lifecycle import State
from handover.exchange.scanning import Held, Scanner
from handover.fhir.problem import ProblemCode
from handover.message import service
from handover.message.service import Begun
from handover.referral import service as referrals
from handover.team import service as team
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


def test_while_the_scanner_is_silent_a_document_waits_at_its_receiver_who_sees_it(
    post: Post, scanner: Clamav
) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop()
    begun = _left(post, PDF)
    assert not _is_there(post, begun)
    assert _held(post, INGRID) == Held(came=1)
    words = words_of(at_desk(post, INGRID).open(f"/arbeidsliste/{INTAKE}"))
    assert "1 melding med vedlegg er kommet til dere" in words
    post.town.pass_time(hours=25)
    upkeep.clear_blobs(post.db(INGRID), DPS, now=post.town.now)
    scanner.start()
    post.town.work()
    post.town.settle()
    assert _is_there(post, begun)
    assert set(scanner.looked_at) == {PDF}
    assert _held(post, INGRID) == Held()


@pytest.mark.parametrize("where", [PER, INGRID], ids=["sender", "receiver"])
def test_a_virus_is_named_and_never_delivered_and_a_person_has_a_task(
    post: Post, scanner: Clamav, where: Staff
) -> None:
    _scans(post, where, scanner)
    begun = _left(post, SICK)
    assert not _is_there(post, begun)
    (delivery,) = post.message(PER, begun).deliveries.values()
    ((code, said),) = [(each.code, each.text) for each in delivery.problems]
    assert code is ProblemCode.INFECTED
    assert said == "document 1 of 1 holds a virus"
    with post.db(PER).reading() as session:
        assert [each for each in team.tasks(session, PER) if "infected" in each.text]
    assert "det er virus i et vedlegg" in words_of(_page(post, begun))


def test_a_virus_that_comes_while_the_scanner_is_silent_is_found_later(post: Post, scanner: Clamav) -> None:
    _scans(post, INGRID, scanner)
    scanner.stop()
    begun = _left(post, SICK)
    scanner.start()
    post.town.pass_time(minutes=10)
    post.town.work()
    post.town.settle()
    assert not _is_there(post, begun)
    assert _held(post, INGRID) == Held()
    (delivery,) = post.message(PER, begun).deliveries.values()
    assert [each.code for each in delivery.problems] == [ProblemCode.INFECTED]


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
    assert "Stoppet: det er virus i et vedlegg" in words_of(at_desk(post, PER).open(f"/henvisninger/{referral}"))


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
