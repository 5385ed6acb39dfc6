"""A patient reads of cases discussed without a name: who was told that it is about them, and what was read."""

from handover.message import service
from tests.builders import INTAKE
from tests.message import conftest as two_nodes
from tests.message.cases import discuss, link, withdraw
from tests.message.nodes import Post
from tests.patient.test_threads import MINE, solveig
from tests.referral.nodes import INGRID, LEADER, PER
from tests.referral.visiting import reader, words_of

open_sqlite, post = two_nodes.open_sqlite, two_nodes.post
CASES = f"{MINE}/uten-navn"


def test_a_patient_sees_who_knows_and_after_taking_the_yes_back_what_had_been_read(post: Post) -> None:
    case = discuss(post, PER, [INTAKE])
    assert "Ingen slik sak er koblet til deg" in words_of(solveig(post).open(CASES))
    link(post, PER, case, INTAKE)
    post.do(INGRID, case, service.open_)
    post.town.settle()
    for at_dps in (False, True):
        words = words_of(solveig(post, at_dps=at_dps).open(CASES))
        assert "Vet at saken gjelder deg" in words
        assert "Ingrid Inntak" in words
    withdraw(post, PER)
    for at_dps in (False, True):
        words = words_of(solveig(post, at_dps=at_dps).open(CASES))
        assert "Visste at saken gjaldt deg fra" in words
        assert "bekreftet at den er uten navn" in words
        assert "Ingrid Inntak" in words
        assert "Sier du ja igjen" in words
    assert "Drøftet uten navn" in words_of(solveig(post).open(MINE))


def test_a_question_about_a_case_does_not_say_which_one_when_it_names_nobody_again(post: Post) -> None:
    case = discuss(post, PER, [INTAKE])
    link(post, PER, case, INTAKE)
    reference = post.see(INGRID, case).standing.heading.reference
    asked = solveig(post, at_dps=True).send(f"{MINE}/{case.thread}/spor", text="Hvem har sagt det til dere?")
    assert asked.status_code == 200
    withdraw(post, PER)
    words = words_of(reader(post.town, LEADER).open("/sporsmal"))
    assert "Solveig" in words
    assert reference not in words


def test_a_link_made_by_mistake_is_shown_as_that_and_not_as_the_patients_case(post: Post) -> None:
    case = discuss(post, PER, [INTAKE])
    reference = post.see(PER, case).standing.heading.reference
    link(post, PER, case, INTAKE)
    post.see(INGRID, case)
    post.do(PER, case, service.unlink)
    post.town.settle()
    for at_dps in (False, True):
        page = words_of(solveig(post, at_dps=at_dps).open(CASES))
        assert "Koblet til deg ved en feil" in page
        assert "Det var feil, og ble tatt bort" in page
        assert reference not in page
        assert ("Ingrid Inntak" in page) is at_dps, "the log is each node's own"


def test_a_withdrawn_link_that_proves_a_mistake_is_nobodys_case_at_either_node(post: Post) -> None:
    case = discuss(post, PER, [INTAKE])
    reference = post.see(PER, case).standing.heading.reference
    link(post, PER, case, INTAKE)
    withdraw(post, PER)
    post.do(PER, case, service.unlink)
    post.town.settle()
    for at_dps in (False, True):
        page = words_of(solveig(post, at_dps=at_dps).open(CASES))
        assert "Koblet til deg ved en feil" in page
        assert reference not in page
