"""What happened with a handover is logged, and read by the patient in sentences."""

from handover.audit import model as audit_model
from handover.audit import service as audit
from handover.audit.model import Event
from handover.bundle import service
from handover.bundle.lifecycle import Act
from handover.bundle.model import Content, Mark
from handover.bundle.words import log
from tests.builders import MUNICIPALITY
from tests.bundle.meeting import EVENTS, PDF, Meeting, approved, together
from tests.referral.nodes import PER, Town

OWN_WORDS = ("handover.write-own-words", "staff", True)


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


def test_the_patients_own_words_that_a_clinician_saves_are_logged_as_written_on_the_patients_word(
    two_nodes: Town,
) -> None:
    met = together(two_nodes)
    item = met.do(service.add_item, Content(topic=EVENTS, text="Vårt"))
    assert OWN_WORDS not in logged(met)
    met.do(service.save_item, item, Content(topic=EVENTS, text="Vårt, endret"), seen=0)
    assert OWN_WORDS not in logged(met)

    met.do(service.save_item, item, Content(topic=EVENTS, text="Vårt, endret", own_words="Mitt"), seen=1)
    assert logged(met).count(OWN_WORDS) == 1
    met.do(service.save_item, item, Content(topic=EVENTS, text="Begge", own_words="Begge"), seen=2)
    assert logged(met).count(OWN_WORDS) == 2
    met.do(service.add_own_item, Content(topic=EVENTS, own_words="Sagt i møtet"), clinician_may_see=True)
    assert logged(met).count(OWN_WORDS) == 3


def test_every_opening_is_shown_to_the_patient_however_long_the_log_is(two_nodes: Town) -> None:
    met = approved(two_nodes)
    met.see()
    before = [entry.id for entry in met.at_home(service.who_opened)]
    with two_nodes.kommune.db.transaction() as session:
        person = met.see_standing(session).person
        for _ in range(1010):
            audit.record(
                session,
                event=Event.PERSON_LIST,
                actor=PER,
                agency=MUNICIPALITY,
                persons=[person],
                now=two_nodes.now,
            )
    audit.sequence(two_nodes.kommune.db, MUNICIPALITY)
    assert [entry.id for entry in met.at_home(service.who_opened)] == before
    met.see()
    assert len(met.at_home(service.who_opened)) == len(before) + 1


def test_whoever_looks_through_the_whole_log_cannot_count_what_a_patient_keeps_private(two_nodes: Town) -> None:
    met = approved(two_nodes)
    looked = [shown_to_the_officer(two_nodes)]
    for number in range(3):
        mine = Content(topic=EVENTS, own_words=f"Mitt {number}")
        item = met.at_home(service.add_own_item, mine, clinician_may_see=False)
        met.at_home(service.write_own_words, item, "Endret", seen=0)
        met.at_home(service.mark, item, Mark.STAYS)
    met.at_home(service.attach, "documents", "mitt.pdf", PDF, clinician_may_see=False)
    looked.append(shown_to_the_officer(two_nodes))

    assert looked[0] == looked[1]
    assert logged(met).count(("handover.write-own-words", "patient", False)) == 7, "the patient's own log has all"
    met.do(service.mark, met.see().items[0].id, Mark.STAYS)
    assert ("handover.mark", "staff") in shown_to_the_officer(two_nodes), "what staff do is always shown"
    for event in audit_model.PATIENTS_OWN:
        assert "patient" not in {kind for _, kind in shown_to_the_officer(two_nodes, event)}


def shown_to_the_officer(town: Town, event: Event | None = None) -> list[tuple[str, str]]:
    """Return what the page over the whole log shows: each event, and what kind of actor did it."""
    with town.kommune.db.reading() as session:
        found = audit.entries(session, MUNICIPALITY, audit_model.Sought(event=event), limit=500)
    return [(entry.event.value, entry.who.kind) for entry in found]
