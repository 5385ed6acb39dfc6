"""A node after a whole referral, backed up and restored: every row, every log, every seal."""

from pathlib import Path

from handover.db import Database
from handover.keys.vault import Vault
from handover.operator import backup, proof
from handover.referral import service
from tests.referral.nodes import INGRID, OLA, Town, refusal


def answered(town: Town) -> None:
    """Send a referral that is taken, noted on, asked about and refused."""
    referral = town.taken()
    town.do(OLA, service.internal_note, referral, "Ring Per først")
    town.do(OLA, service.ask, referral, "Hvilke medisiner bruker hun?")
    town.do(INGRID, service.reject, referral, refusal())
    town.settle()


def test_every_sealed_column_of_a_node_is_proved(two_nodes: Town) -> None:
    answered(two_nodes)
    for node in (two_nodes.kommune, two_nodes.dps):
        with node.db.reading() as session:
            assert proof.unlisted(session) == []
        assert proof.prove(node.db, node.settings.agencies) == []


def test_a_node_restored_after_a_whole_referral_is_the_same_node(
    any_nodes: Town, any_url: str, tmp_path: Path
) -> None:
    answered(any_nodes)
    for node in (any_nodes.dps, any_nodes.kommune):
        file = tmp_path / f"{node.settings.agencies[0]}.backup"
        backup.make(node.db, file, now=any_nodes.now)
    restored = Database(any_url)
    with any_nodes.kommune.db.reading() as session:
        restored.provide(Vault, session.info["handover.provided"][Vault])
    manifest = backup.restore(file, restored)
    assert proof.prove(restored, any_nodes.kommune.settings.agencies, manifest) == []
    assert manifest.rows["referral"] == manifest.rows["person"] == 1
    restored.engine.dispose()
