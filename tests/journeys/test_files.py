"""A file goes with a referral through trouble and on to another node, and is read there as it was written."""

import pytest
from sqlalchemy import func, select

from handover.exchange.lifecycle import State
from handover.referral import service
from handover.referral.lifecycle import Status
from handover.referral.steps import Step
from handover.referral.tables import AttachmentRow, ReferralRow
from handover.team import service as team
from handover.team.model import TaskKind
from tests.builders import DPS
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


def test_a_file_that_is_not_what_it_is_called_is_refused_and_the_referrer_gets_a_task(
    town: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender of another make, that believes a file's name."""
    referral = town.draft()
    with monkeypatch.context() as trusting:
        trusting.setattr("handover.exchange.files.filetype.guess_mime", lambda _: "application/pdf")
        town.do(PER, service.add_attachment, referral, "Kanari.pdf", b"MZ" + PDF)
    town.do(PER, service.send, referral)
    town.settle()
    case = town.see(PER, referral)
    assert case.delivery is not None
    assert case.delivery.state is State.REFUSED
    assert case.next is not None
    assert case.next.step is Step.MEND_DELIVERY
    with town.node_of(PER.agency).db.reading() as session:
        (task,) = [task for task in team.tasks(session, PER) if task.kind is TaskKind.NOT_DELIVERED]
    assert "a file is of another type than the message says" in task.text
    with town.node_of(DPS).db.reading() as session:
        assert [session.scalar(select(func.count()).select_from(of)) for of in (ReferralRow, AttachmentRow)] == [
            0,
            0,
        ]
    town.prove()
