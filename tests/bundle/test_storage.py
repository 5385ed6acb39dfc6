"""What lies in the database: everything sealed, each item for itself, what was written never lost."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from handover.bundle import service, store
from handover.bundle.model import Content, Mark
from handover.operator import proof
from tests.bundle.meeting import EVENTS, HELPS, PDF, approved, sent, together
from tests.referral.nodes import Town


def test_every_sealed_column_of_a_handover_is_proved(two_nodes: Town) -> None:
    met = together(two_nodes)
    file = met.do(service.attach, "documents", "plan.pdf", PDF)
    met.do(service.mark, file, Mark.TRAVELS)
    met.say_yes(by=met.patient)
    met.do(service.send)
    two_nodes.settle()
    for node in (two_nodes.kommune, two_nodes.dps):
        with node.db.reading() as session:
            assert proof.unlisted(session) == []
        assert proof.prove(node.db, node.settings.agencies) == []


def test_saving_one_item_writes_no_other(any_nodes: Town) -> None:
    met = together(any_nodes)
    first, second = met.add("Første"), met.add("Andre")

    def rows() -> dict[object, bytes]:
        with any_nodes.kommune.db.reading() as session:
            return {row.id: row.item for row in session.execute(select(store.ITEM.c.id, store.ITEM.c.item))}

    before = rows()
    met.do(service.save_item, first, Content(topic=HELPS, text="Første, endret"), seen=0)
    after = rows()
    assert after[second] == before[second]
    assert after[first] != before[first]


def test_what_was_typed_before_the_session_was_lost_is_there(two_nodes: Town) -> None:
    met = together(two_nodes)
    item = met.add("")
    met.do(service.save_item, item, Content(topic=HELPS, text="Halve setn"), seen=0)
    with pytest.raises(OperationalError), two_nodes.kommune.db.transaction() as session:
        turn = service.Turn(
            handover=met.handover, by=met.by, now=two_nodes.now, side=met.see_standing(session).side
        )
        service.save_item(session, turn, item, Content(topic=HELPS, text="Halve setningen"), seen=1)
        raise OperationalError("the connection is gone", None, Exception())
    assert [each.content.text for each in met.see().items] == ["Halve setn"]


def test_all_choices_stay_at_the_origin_with_each_yes(two_nodes: Town) -> None:
    met = sent(two_nodes)
    with two_nodes.kommune.db.reading() as session:
        (choices,) = store.choices(session, met.see_standing(session))
    stays = next(item.id for item in met.see().items if item.marked.mark is Mark.STAYS)
    assert str(stays).encode() in choices
    assert b'"deny"' in choices
    with two_nodes.dps.db.reading() as session:
        assert session.execute(select(store.CHOICES)).all() == []
        assert session.execute(select(store.ITEM)).all() == []


def test_frozen_documents_are_kept_and_never_changed(two_nodes: Town) -> None:
    met = approved(two_nodes)
    first = met.preview()
    two_nodes.pass_time(minutes=1)
    met.at_home(service.add_own_item, Content(topic=EVENTS, own_words="Mer"), clinician_may_see=True)
    own = met.see().items[-1].id
    met.at_home(service.mark, own, Mark.TRAVELS)
    second = met.say_yes()
    assert first.sha256 != second.sha256
    with two_nodes.kommune.db.reading() as session:
        standing = met.see_standing(session)
        assert store.documents(session, standing) == (first.sha256, second.sha256)
        kept = store.document(session, standing, first.sha256)
        assert kept is not None and kept.frozen == first
        made_from = store.document(session, standing, second.sha256)
        assert made_from is not None and own in {each.item for each in made_from.origin.made_from}
