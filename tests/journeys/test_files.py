"""A file goes with a referral through trouble and on to another node, and is read there as it was written."""

from handover.exchange.lifecycle import State
from handover.referral import service
from handover.referral.lifecycle import Status
from tests.journeys.region import HANNE, HAVNES_INTAKE, Region
from tests.referral.nodes import INGRID, OLA, PER

PDF = b"%PDF-1.7\nKanari\n" + bytes(range(256)) * 4000
"""A megabyte."""


def test_a_file_arrives_whole_after_a_receiver_that_was_down_and_goes_on_with_the_referral(town: Region) -> None:
    referral = town.draft()
    file = town.do(PER, service.add_attachment, referral, "Kanari.pdf", PDF)
    town.sites["dps"].close()
    town.do(PER, service.send, referral)
    town.settle()
    assert town.see(PER, referral).standing.status is Status.SENT
    town.sites["dps"].open()
    town.sites["dps"].lose_answers = 1
    for _ in range(2):
        town.pass_time(hours=1)
        town.work()
    ours = town.see(PER, referral)
    assert ours.delivery is not None
    assert ours.delivery.state is State.ACKNOWLEDGED
    assert town.do(INGRID, service.attachment, referral, file.id)[1] == PDF
    town.do(OLA, service.take, referral)
    town.do(OLA, service.redirect, referral, HAVNES_INTAKE, "Kanari: tilbud passer bedre der")
    town.settle()
    about, content = town.do(HANNE, service.attachment, referral, file.id)
    assert (about.title, content) == ("Kanari.pdf", PDF)
    town.prove()
