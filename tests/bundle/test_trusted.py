"""Those the patient trusts and wants told: a step with a date that somebody confirms, and the patient reads."""

from datetime import date, timedelta

import pytest

from handover.audit import service as audit
from handover.bundle import service
from handover.bundle.lifecycle import Act, Side, Status
from handover.bundle.model import Decline, Mark, NextAppointment, Wishes
from handover.bundle.service import BadTelling, Taking, TrustedNotTold
from handover.bundle.steps import Shelf, Step, next_step, shelf_of, untold
from handover.bundle.words.scene import Scene
from handover.workdays import end_of, local_date
from tests.builders import MUNICIPALITY
from tests.bundle.meeting import Meeting, together
from tests.referral.nodes import INGRID, PATIENT, PER, Town
from tests.referral.visiting import reader, register_everybody, words_of


def sent_to(town: Town, *told: str, meeting: bool = False) -> Meeting:
    """Return a handover that has arrived and was opened; the patient wants those told."""
    met = together(town)
    met.add("Jeg vil bli møtt med ro.", marked=Mark.TRAVELS)
    met.at_home(service.set_wishes, Wishes(meeting=meeting, told=told))
    met.say_yes(by=PATIENT)
    met.do(service.send)
    town.settle()
    met.there(INGRID, service.open_)
    town.settle()
    return met


def desk_url(met: Meeting, rest: str = "") -> str:
    """Return the address of a clinician's page."""
    return f"/overforinger/{met.handover}{rest}"


def test_telling_a_trusted_person_is_the_senders_next_step_with_a_date(two_nodes: Town) -> None:
    met = sent_to(two_nodes, "Berit", "Ola", "Berit")
    standing = met.see().standing
    found = next_step(standing)
    assert found is not None and untold(standing) == ("Berit", "Ola")
    assert (found.step, found.side, found.due_at) == (Step.TELL_TRUSTED, Side.SENDER, end_of(date(2026, 11, 11)))
    assert shelf_of(standing) is Shelf.TO_DO

    met.do(service.tell_trusted, "Berit", on=local_date(two_nodes.now))
    met.do(service.tell_trusted, "Ola", on=None, why_not=" Pasienten ombestemte seg. ")
    after = met.see().standing
    found = next_step(after)
    assert found is not None and found.step is Step.TAKE_OVER
    assert [(each.name, each.by, each.on, each.why_not) for each in after.trusted] == [
        ("Berit", "Per Psykolog", local_date(two_nodes.now), ""),
        ("Ola", "Per Psykolog", None, "Pasienten ombestemte seg."),
    ]
    assert (after.status, after.changed_at) == (standing.status, standing.changed_at), "no deadline moves"


def test_nobody_to_tell_is_no_step(two_nodes: Town) -> None:
    found = next_step(sent_to(two_nodes).see().standing)
    assert found is not None and found.step is Step.TAKE_OVER


@pytest.mark.parametrize(
    ("name", "days", "why_not", "field", "code"),
    [
        ("Kari", 0, "", "name", "required"),
        ("Berit", 1, "", "on", "future"),
        ("Berit", -1, "", "on", "past"),
        ("Berit", None, "  ", "why_not", "required"),
    ],
)
def test_what_is_said_of_it_must_fit(
    two_nodes: Town, name: str, days: int | None, why_not: str, field: str, code: str
) -> None:
    met = sent_to(two_nodes, "Berit")
    on = None if days is None else local_date(two_nodes.now) + timedelta(days=days)
    with pytest.raises(BadTelling) as refused:
        met.do(service.tell_trusted, name, on=on, why_not=why_not)
    assert refused.value.fields == {field: [code]}
    assert met.see().standing.trusted == ()


def test_a_case_that_was_taken_over_is_not_closed_before_it_is_said(two_nodes: Town) -> None:
    met = sent_to(two_nodes, "Berit")
    today = local_date(two_nodes.now)
    first = NextAppointment(start=two_nodes.now + timedelta(days=7), place="Fjordgata 2", with_whom="Ingrid")
    taking = Taking(person="Ingrid Inntak", phone="55 00 00 03", from_date=today, first_appointment=first)
    met.there(INGRID, service.take_over, taking)
    two_nodes.settle()
    with pytest.raises(TrustedNotTold):
        met.do(service.close)
    met.do(service.tell_trusted, "Berit", on=today)
    met.do(service.close)
    assert met.see().standing.status is Status.CLOSED


def test_a_receiver_that_is_late_is_seen_though_the_sender_has_not_told_yet(two_nodes: Town) -> None:
    standing = sent_to(two_nodes, "Berit", meeting=True).see().standing
    late = two_nodes.now + timedelta(days=30)
    scene = Scene(
        standing=standing, reader=Side.SENDER, now=late, sender="FACT", place="DPS", phone="", sender_phone=""
    )
    found = next_step(standing)
    assert found is not None and found.step is Step.TELL_TRUSTED
    assert scene.is_overdue and "23. november" in scene.parameters()["due"]


def test_a_new_round_asks_anew_who_was_told(two_nodes: Town) -> None:
    met = sent_to(two_nodes, "Berit")
    met.do(service.tell_trusted, "Berit", on=local_date(two_nodes.now))
    declined = Decline(reason="Vi har ikke plass.", person="Ingrid Inntak", phone="55 00 00 03")
    met.there(INGRID, service.decline, declined)
    two_nodes.settle()
    met.do(service.reopen)
    met.say_yes()
    met.do(service.send)
    two_nodes.settle()
    assert untold(met.see().standing) == ("Berit",)


def test_a_clinician_confirms_it_on_a_page_and_the_patient_reads_who_was_told_when_and_by_whom(
    two_nodes: Town,
) -> None:
    register_everybody(two_nodes)
    met = sent_to(two_nodes, "Berit", "Ola")
    desk, home = reader(two_nodes, PER), reader(two_nodes, PATIENT, node=two_nodes.kommune)
    page = words_of(desk.open(desk_url(met)))
    assert "Du må si fra til dem pasienten vil skal få vite at overføringen er sendt." in page
    assert page.count("Har ikke fått beskjed ennå.") == 2 and page.count("Skriv inn at de har fått beskjed") == 1
    assert "Du må si fra" in words_of(desk.open("/overforinger/")), "the list says what is asked of us"
    form = words_of(desk.open(desk_url(met, "/si-fra")))
    assert "Si bare det, ikke hva som står i den." in form

    for sent, said in (
        ({"name": "", "outcome": "told", "on": "09.11.2026"}, "Velg hvem det gjelder."),
        ({"name": "Berit"}, "Velg om de har fått beskjed."),
        ({"name": "Berit", "outcome": "told"}, "Skriv hvilken dag de fikk beskjed."),
        ({"name": "Berit", "outcome": "told", "on": "31.02.2026"}, "Skriv dagen som dag, måned og år"),
        ({"name": "Berit", "outcome": "told", "on": "31.12.2026"}, "Dagen kan ikke være fram i tid."),
        ({"name": "Berit", "outcome": "not-told", "why_not": " "}, "Skriv hvorfor. Pasienten kan lese det."),
    ):
        refused = desk.send(desk_url(met, "/si-fra"), **sent)
        assert (refused.status_code, said in words_of(refused)) == (422, True), said

    day = f"{local_date(two_nodes.now):%d.%m.%Y}"
    saved = words_of(desk.send(desk_url(met, "/si-fra"), name="Berit", outcome="told", on=day))
    assert "Det er skrevet inn, og pasienten kan lese det." in saved
    desk.send(desk_url(met, "/si-fra"), name="Ola", outcome="not-told", why_not="Ola er bortreist.")
    assert desk.open(desk_url(met, "/si-fra")).status_code == 409, "nobody is left to tell"

    mine = words_of(home.open(f"/mine-overforinger/{met.handover}/sendt"))
    assert "Dem du ville skulle få beskjed" in mine
    assert "Per Psykolog sa fra mandag 9. november." in mine and "Ola er bortreist." in mine
    line = met.see().history[-2]
    assert (line.act, line.author and line.author.name) == (Act.TELL_TRUSTED, "Per Psykolog")
    with two_nodes.kommune.db.reading() as session:
        logged = audit.entries_about(session, MUNICIPALITY, met.see().standing.person)
    assert [entry.who.name for entry in logged if entry.event.value == "handover.tell-trusted"] == [
        "Per Psykolog"
    ] * 2


def test_what_is_told_never_leaves_the_origin(two_nodes: Town) -> None:
    met = sent_to(two_nodes, "Berit Hemmelig")
    met.do(service.tell_trusted, "Berit Hemmelig", on=local_date(two_nodes.now))
    two_nodes.settle()
    there = met.there(INGRID, service.case_of)
    assert (there.standing.wishes.told, there.standing.trusted) == ((), ())
    assert Act.TELL_TRUSTED not in {line.act for line in there.history}
    assert b"Berit" not in met.preview().document
