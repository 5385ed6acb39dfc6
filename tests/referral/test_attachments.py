"""Files travel with a referral: what the receiver reads is what the referrer attached, on both databases."""

from handover.exchange.lifecycle import State
from handover.referral import service
from tests.referral.nodes import OLA, PER, Town

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 8000


def test_the_receiver_reads_the_file_that_the_referrer_attached(any_nodes: Town) -> None:
    town = any_nodes
    referral = town.draft()
    added = town.do(PER, service.add_attachment, referral, "prøvesvar.pdf", PDF)
    town.do(PER, service.send, referral)
    town.settle()
    ours = town.see(PER, referral)
    assert ours.delivery is not None
    assert ours.delivery.state is State.ACKNOWLEDGED
    theirs = town.see(OLA, referral)
    assert [each.title for each in theirs.content.attachments] == ["prøvesvar.pdf"]
    _, content = town.do(OLA, service.attachment, referral, added.id)
    assert content == PDF


def test_a_file_added_with_an_answer_arrives_too(any_nodes: Town) -> None:
    town = any_nodes
    referral = town.taken()
    town.do(OLA, service.ask, referral, "Har dere prøvesvar?")
    town.settle()
    town.do(PER, service.answer, referral, "Vedlagt", (("svar.pdf", PDF),))
    town.settle()
    found = [each for entry in town.see(OLA, referral).history for each in entry.attachments]
    _, content = town.do(OLA, service.attachment, referral, found[0].id)
    assert content == PDF
