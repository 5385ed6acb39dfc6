"""What happened with a handover is logged, and read by the patient in sentences."""

from handover.audit import service as audit
from handover.audit.model import Event
from handover.bundle import service
from handover.bundle.lifecycle import Act
from handover.bundle.model import Content, Mark
from handover.bundle.words import log
from tests.builders import MUNICIPALITY
from tests.bundle.meeting import EVENTS, Meeting, approved
from tests.referral.nodes import Town


def logged(met: Meeting) -> list[tuple[str, str, bool]]:
    """Return the municipality's log about the handover, the oldest first: event, kind of actor, on whose word."""
    with met.town.kommune.db.transaction() as session:
        person = met.see_standing(session).person
        entries = audit.entries_about(session, MUNICIPALITY, person, limit=200)
    mine = [entry for entry in reversed(entries) if entry.subject == str(met.handover)]
    return [(entry.event.value, entry.who.kind, bool(entry.detail.get("on_patients_word"))) for entry in mine]


def test_every_act_of_a_handover_has_an_event_and_a_sentence_or_is_the_services_own() -> None:
    for act in Act:
        event = Event(f"handover.{act.value}")
        assert (event in log.SHOWN) is (act is not Act.INTERNAL_NOTE)


def test_each_act_is_logged_with_who_did_it_and_on_whose_word(two_nodes: Town) -> None:
    met = approved(two_nodes)
    item = met.see().items[0].id
    met.do(service.mark, item, Mark.STAYS)
    found = logged(met)
    assert ("handover.mark", "staff", True) in found
    assert ("handover.approve", "patient", False) in found
    assert ("handover.yes-lapsed", "machine", False) in found


def test_what_the_patient_writes_alone_is_logged_without_a_word_of_it(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.at_home(service.add_own_item, Content(topic=EVENTS, own_words="Hemmelig"), clinician_may_see=False)
    assert ("handover.write-own-words", "patient", False) in logged(met)


def test_the_patient_reads_in_a_sentence_who_did_what(two_nodes: Town) -> None:
    met = approved(two_nodes)
    with two_nodes.kommune.db.transaction() as session:
        person = met.see_standing(session).person
        entries = audit.entries_about(session, MUNICIPALITY, person, limit=200)
    said = [log.sentence(entry, "Fjordheim kommune") for entry in entries]
    assert "Per Psykolog ved Fjordheim kommune merket hva som blir med, slik du sa." in said
    assert "Du sa ja til overføringen." in said
