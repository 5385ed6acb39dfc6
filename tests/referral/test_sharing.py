"""A referral obeys the patient's choices: when it is chosen, sent, and taken for sending (DESIGN rule 15)."""

from datetime import date

import pytest

from handover.actors import Staff
from handover.consent import service as consent
from handover.consent.model import EVERYONE, Blocked, NoPermit, OutsideScope, Target, Terms
from handover.exchange.lifecycle import State
from handover.ids import ReferralId
from handover.person import service as person
from handover.referral import service, sharing
from handover.referral.lifecycle import Status
from handover.referral.model import CONSENT_GIVEN
from handover.team import service as team
from handover.team.model import TaskKind
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE
from tests.referral.nodes import INGRID, OLA, PATIENT, PER, SENIOR, Town, content
from tests.referral.visiting import hidden, reader, register_everybody, words_of

CHRISTMAS = date(2026, 12, 24)


def block(town: Town, staff: Staff, target: Target = EVERYONE) -> consent.ChoiceId:
    """The patient blocks somebody at the agency of that staff member."""
    with town.node_of(staff.agency).db.transaction() as session:
        identity = content().patient
        assert identity is not None
        who = person.find_or_create(session, staff.agency, identity, now=town.now)
        return consent.block(session, staff.agency, who, target, by=PATIENT, now=town.now)


def unblock(town: Town, staff: Staff, choice: consent.ChoiceId) -> None:
    """The patient takes it back."""
    with town.node_of(staff.agency).db.transaction() as session:
        who = person.of_number(session, staff.agency, PATIENT.number)
        assert who is not None
        consent.unblock(session, staff.agency, who, choice, by=PATIENT, now=town.now)


def permit(town: Town, *topics: str) -> consent.ChoiceId:
    """The patient lets the municipality refer to NAV."""
    terms = Terms(purpose=consent.REFERRAL, topics=topics, until=CHRISTMAS)
    with town.kommune.db.transaction() as session:
        identity = content().patient
        assert identity is not None
        who = person.find_or_create(session, MUNICIPALITY, identity, now=town.now)
        return consent.permit(session, MUNICIPALITY, who, Target(agency=NAV), terms, by=PATIENT, now=town.now)


def tasks(town: Town, staff: Staff, referral: ReferralId) -> list[tuple[TaskKind, str]]:
    """Return what waits for somebody about the referral."""
    with town.node_of(staff.agency).db.reading() as session:
        return [(task.kind, task.text) for task in team.tasks_about(session, staff.agency, referral)]


def test_a_referral_is_not_sent_to_whom_the_patient_blocks_and_its_text_is_kept(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    blocked = block(town, PER, Target(agency=DPS))

    with pytest.raises(Blocked):
        town.do(PER, service.send, referral)

    kept = town.see(PER, referral)
    assert kept.standing.status is Status.DRAFT
    assert kept.content.problem == content().problem
    unblock(town, PER, blocked)
    town.do(PER, service.send, referral)
    town.settle()
    assert town.see(INGRID, referral).standing.status is Status.RECEIVED


def test_a_referrer_is_told_of_a_block_when_the_receiver_is_chosen(one_node: Town) -> None:
    town = one_node
    referral = town.draft()
    block(town, PER, Target(agency=DPS, service=INTAKE))
    case = town.see(PER, referral)
    with town.kommune.db.reading() as session:
        home = case.standing.home
        stopped = sharing.obstacle(session, home, case.content, INTAKE, now=town.now)
        elsewhere = sharing.obstacle(session, home, case.content, SENIOR, now=town.now)
        at_nav = sharing.obstacle(session, home, case.content, NAV_OFFICE, now=town.now)
    assert isinstance(stopped, Blocked)
    assert elsewhere is None
    assert isinstance(at_nav, NoPermit)


def test_a_block_that_comes_before_the_message_leaves_stops_it_and_says_whom_to_call(any_nodes: Town) -> None:
    town = any_nodes
    referral = town.draft()
    town.do(PER, service.send, referral)
    block(town, PER)
    town.settle()

    case = town.see(PER, referral)
    assert case.standing.undelivered and case.standing.status is Status.SENT
    assert case.delivery is not None and case.delivery.state is State.STOPPED
    ((kind, text),) = tasks(town, PER, referral)
    assert kind is TaskKind.HELD_BACK
    assert "Solveig Nes: 99 00 00 01" in text and "Inntak voksne: 55 00 00 00" in text
    with town.dps.db.reading() as session:
        assert person.of_number(session, DPS, PATIENT.number) is None


def test_a_stopped_referral_goes_when_the_patient_lets_it(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.draft()
    town.do(PER, service.send, referral)
    blocked = block(town, PER)
    town.settle()
    with pytest.raises(Blocked):
        town.do(PER, service.send_again, referral)

    unblock(town, PER, blocked)
    town.do(PER, service.send_again, referral)
    town.settle()
    assert town.see(INGRID, referral).standing.status is Status.RECEIVED


def test_a_permit_withdrawn_before_the_message_leaves_stops_a_referral_to_nav(any_nodes: Town) -> None:
    town = any_nodes
    whole = {"needs", "treatment", "crisis", "people"}
    given = permit(town, *whole)
    referral = town.draft(to=NAV_OFFICE)
    town.do(PER, service.send, referral)
    with town.kommune.db.transaction() as session:
        who = person.of_number(session, MUNICIPALITY, PATIENT.number)
        assert who is not None
        consent.withdraw_permit(session, MUNICIPALITY, who, given, by=PATIENT, now=town.now)
    town.settle()

    assert town.see(PER, referral).standing.undelivered
    assert [kind for kind, _ in tasks(town, PER, referral)] == [TaskKind.HELD_BACK]


def test_a_referral_to_nav_goes_on_a_permit_that_covers_it(one_node: Town) -> None:
    town = one_node
    referral = town.draft(to=NAV_OFFICE)
    with pytest.raises(NoPermit):
        town.do(PER, service.send, referral)
    permit(town, "needs")
    with pytest.raises(OutsideScope) as refused:
        town.do(PER, service.send, referral)
    assert refused.value.details["topics"] == ["crisis", "people", "treatment"]

    permit(town, "crisis", "people", "treatment")
    town.do(PER, service.send, referral)
    town.settle()
    assert town.see(PER, referral).standing.status is Status.RECEIVED


def test_a_referral_is_not_sent_on_to_whom_the_patient_blocks_at_that_agency(any_nodes: Town) -> None:
    town = any_nodes
    referral = town.taken()
    blocked = block(town, OLA, Target(agency=DPS, service=SENIOR))
    with pytest.raises(Blocked):
        town.do(OLA, service.redirect, referral, SENIOR, "Alderspsykiatri passer bedre")
    assert town.see(OLA, referral).standing.status is Status.ASSESSING

    unblock(town, OLA, blocked)
    town.do(OLA, service.redirect, referral, SENIOR, "Alderspsykiatri passer bedre")
    block(town, OLA, Target(agency=DPS, service=SENIOR))
    town.settle()
    assert town.see(OLA, referral, at=INTAKE).standing.status is Status.ASSESSING
    found = tasks(town, OLA, referral)
    assert [kind for kind, _ in found] == [TaskKind.HELD_BACK]
    assert "Solveig Nes" in found[0][1]


def test_after_a_block_nothing_new_is_told_but_the_referral_can_be_withdrawn(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    block(town, PER, Target(agency=DPS))
    for act in (service.supplement, service.note_to_receiver):
        with pytest.raises(Blocked):
            town.do(PER, act, referral, "Hun har fått jobb")

    town.do(PER, service.request_withdrawal, referral, "Pasienten vil ikke lenger")
    town.settle()
    assert town.see(OLA, referral).standing.status is Status.WITHDRAWAL_REQUESTED


def test_what_waits_to_be_told_is_stopped_by_a_block_and_the_writer_gets_a_task(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    town.do(PER, service.supplement, referral, "Hun har fått jobb")
    block(town, PER, Target(agency=DPS))
    town.settle()

    assert "jobb" not in str(town.see(OLA, referral).history)
    assert [kind for kind, _ in tasks(town, PER, referral)] == [TaskKind.HELD_BACK]


def test_a_holder_blocked_from_writing_still_tells_where_the_referral_stands(two_nodes: Town) -> None:
    town = two_nodes
    referral = town.taken()
    block(town, OLA, Target(agency=MUNICIPALITY))
    with pytest.raises(Blocked):
        town.do(OLA, service.note_to_referrer, referral, "Ring meg om medisinene")

    town.do(OLA, service.ask, referral, "Hvilke medisiner?")
    town.settle()
    assert town.see(PER, referral).standing.status is Status.INFO_REQUESTED


@pytest.mark.parametrize(
    ("other", "topics"),
    [
        ({"history": "", "risk": "", "trusted_person": None}, {"needs"}),
        (
            {"history": "", "risk": "", "trusted_person": None, "medications": ("Sertralin",)},
            {"needs", "medicines"},
        ),
        ({"functioning": "Sover lite"}, {"needs", "treatment", "crisis", "people", "practical"}),
    ],
)
def test_a_referral_touches_the_topics_of_what_is_filled_in(other: dict[str, object], topics: set[str]) -> None:
    assert sharing.topics_of(content(consent=CONSENT_GIVEN, **other)) == topics


# --- what people read ------------------------------------------------------------------------------------------

FORM = {
    "to": INTAKE,
    "given": "Solveig",
    "family": "Nes",
    "birth_date": "15.06.1982",
    "number": PATIENT.number,
    "urgency": "N",
    "wish": "10",
    "problem": "Depresjon og angst over to år",
    "consent": "1",
}
SAID_NO = "Pasienten har sagt nei til at dere sender noe dit."


def test_a_referrer_reads_why_a_draft_cannot_go_and_finds_the_text_still_there(two_nodes: Town) -> None:
    town = two_nodes
    register_everybody(town)
    per = reader(town, PER)
    page = per.send("/henvisninger/ny", til=INTAKE)
    draft = page.request.path.removesuffix("/skriv")
    page = per.send(f"{draft}/skriv", **FORM, revision=hidden(page, "revision"), act="preview")
    revision = hidden(page, "revision")
    blocked = block(town, PER, Target(agency=DPS, service=INTAKE))

    refused = per.send(f"{draft}/send", revision=revision)
    assert SAID_NO in words_of(refused) and "Depresjon og angst over to år" in refused.text
    assert SAID_NO in words_of(per.open(f"{draft}/se-over"))
    assert SAID_NO not in words_of(per.send(f"{draft}/mottaker", til=SENIOR))
    assert SAID_NO in words_of(per.send(f"{draft}/mottaker", til=INTAKE))

    unblock(town, PER, blocked)
    assert "Slik ser mottakeren henvisningen" in words_of(per.open(f"{draft}/se-over"))


def test_a_referrer_whose_referral_was_stopped_reads_whom_to_call(two_nodes: Town) -> None:
    town = two_nodes
    register_everybody(town)
    referral = town.draft()
    town.do(PER, service.send, referral)
    block(town, PER)
    town.settle()
    per = reader(town, PER)

    said = words_of(per.open(f"/henvisninger/{referral}"))
    assert "Henvisningen til Fjordheim DPS er ikke sendt" in said
    assert "Du må ringe pasienten. Send så på nytt, eller avslutt." in said
    said = words_of(per.open("/oppgaver"))
    assert "Pasienten har sagt nei. Meldingen er ikke sendt" in said
    assert "Solveig Nes: 99 00 00 01" in said
    page = per.open(f"/henvisninger/{referral}")
    again = per.send(f"/henvisninger/{referral}/send-igjen", seen=hidden(page, "seen"))
    assert SAID_NO in words_of(again)


def test_who_sends_a_referral_on_reads_whom_the_patient_blocks_and_keeps_the_reason(two_nodes: Town) -> None:
    town = two_nodes
    register_everybody(town)
    referral = town.taken()
    block(town, OLA, Target(agency=DPS, service=SENIOR))
    ola, address = reader(town, OLA), f"/mottatt/{INTAKE}/{referral}/send-videre"
    page = ola.open(address)
    assert SAID_NO in words_of(page)

    page = ola.send(address, seen=hidden(page, "seen"), do="send", where=SENIOR, reason="Bedre for eldre")
    assert page.status_code == 409
    assert SAID_NO in words_of(page) and "Bedre for eldre" in page.text
