"""A patient reads of the messages about them: who, about what, on what basis; asks about it, and says no."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from re import findall, search
from uuid import UUID

import pytest

from handover.actors import Role, Staff
from handover.exchange.clamd import Clamd
from handover.exchange.scanning import Scanner
from handover.ids import StaffId
from handover.message import service
from handover.message.model import Content, Reason, Subject
from handover.message.service import About
from tests.builders import DPS, FACT, INTAKE, MUNICIPALITY, NAV_OFFICE, PSYCHOLOGIST
from tests.exchange.clamav import Clamav, clamav
from tests.exchange.documents import EICAR, pdf
from tests.message import conftest as two_nodes
from tests.message.desks import at_desk, begun, sent, written
from tests.message.nodes import PATIENT as SOLVEIG
from tests.message.nodes import PDF, Post
from tests.referral.nodes import INGRID, LEADER, PATIENT, PER
from tests.referral.visiting import Reader, reader, register, words_of

open_sqlite, post = two_nodes.open_sqlite, two_nodes.post
MINE = "/mine-meldinger"
SETTING = "/meldinger/innsyn"
CASE = About(subject=Subject.CASE, line="Om henvisningen", patient=SOLVEIG)


def solveig(post: Post, *, at_dps: bool = False) -> Reader:
    """Return the patient, signed in at one of the nodes."""
    return reader(post.town, PATIENT, node=post.town.dps if at_dps else post.town.kommune)


def test_a_patient_sees_between_whom_about_what_and_who_opened_it_at_both_nodes(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Vi **avtaler** et møte.")
    post.answer(INGRID, made, "Det passer.")
    for at_dps in (False, True):
        patient = solveig(post, at_dps=at_dps)
        listed = words_of(patient.open(MINE))
        assert "Plan" in listed and "Fjordheim DPS" in listed and "Plan for høsten" not in listed
        words = words_of(patient.open(f"{MINE}/{made.thread}"))
        assert "Vi avtaler et møte." in words and "Det passer." in words
        assert "Åpnet av Ingrid Inntak" in words
        assert "Helsetjenester kan dele det som trengs" in words


def test_the_words_of_a_message_about_a_referral_are_not_shown_unless_the_agency_says_so(post: Post) -> None:
    first = post.send(INGRID, [PSYCHOLOGIST], "Dere får nok avslag", about=CASE)
    for at_dps in (False, True):
        words = words_of(solveig(post, at_dps=at_dps).open(f"{MINE}/{first.thread}"))
        assert "Dere får nok avslag" not in words
        assert "Teksten kan ikke leses her." in words
    boss = at_desk(post, LEADER)
    assert 'value="plan" checked' in boss.open(SETTING).text
    assert "Valget er lagret." in words_of(boss.send(SETTING, subjects="referral-or-handover"))
    second = post.send(INGRID, [PSYCHOLOGIST], "Her er et tillegg", about=CASE)
    plan = post.send(INGRID, [PSYCHOLOGIST], "Vi lager en plan")
    theirs = post.send(PER, [INTAKE], "Kommunens plan")
    for at_dps in (False, True):
        patient = solveig(post, at_dps=at_dps)
        assert "Her er et tillegg" in words_of(patient.open(f"{MINE}/{second.thread}"))
        assert "Dere får nok avslag" not in words_of(patient.open(f"{MINE}/{first.thread}")), "as it was sent"
        assert "Vi lager en plan" not in words_of(patient.open(f"{MINE}/{plan.thread}"))
        assert "Kommunens plan" in words_of(patient.open(f"{MINE}/{theirs.thread}")), "the author's agency decides"


# --- documents and viruses -------------------------------------------------------------------------------------


@pytest.fixture
def scanner(tmp_path: Path) -> Iterator[Clamav]:
    """A running scanner."""
    with clamav(f"unix:{tmp_path}/clamd") as running:
        yield running


def left(post: Post, data: bytes) -> str:
    """Leave a message about the patient with a document that nobody has looked at, and return its page."""
    made = post.begin(PER, [INTAKE], "Se planen")
    post.do(PER, made, service.attach, made.message, "plan.pdf", data)
    post.do(PER, made, service.send, made.message)
    post.town.settle()
    return f"{MINE}/{made.thread}"


def told(post: Post, page: str, *, at_dps: bool, language: str = "nb") -> str:
    """Return what the page says of the document: it can be fetched in none of its states."""
    shown = solveig(post, at_dps=at_dps).open(page, **{"Accept-Language": language})
    assert "dokument?" not in shown.text and "plan.pdf</a>" not in shown.text
    return words_of(shown).partition("plan.pdf")[2].partition("Ingen hos mottakeren")[0].strip()


def test_a_patient_reads_that_a_document_waits_for_the_scanner_and_nothing_of_it_once_it_has_come(
    post: Post, scanner: Clamav
) -> None:
    post.db(INGRID).provide(Scanner, Scanner(Clamd(scanner.address)))
    scanner.stop()
    page = left(post, PDF)
    where = "Inntak voksne, Fjordheim DPS"
    assert told(post, page, at_dps=True) == f"Venter på viruskontroll hos {where}."
    assert told(post, page, at_dps=True, language="nn").startswith(f"Ventar på viruskontroll hos {where}.")
    assert told(post, page, at_dps=True, language="en").startswith(f"Waiting for the virus check at {where}.")
    scanner.start()
    post.town.pass_time(minutes=10)
    post.town.work()
    assert told(post, page, at_dps=True) == told(post, page, at_dps=False) == ""


def test_a_patient_reads_that_a_document_has_not_left_while_its_sender_cannot_look_at_it(
    post: Post, scanner: Clamav
) -> None:
    post.db(PER).provide(Scanner, Scanner(Clamd(scanner.address)))
    scanner.stop()
    assert told(post, left(post, PDF), at_dps=False).startswith("Venter på viruskontroll hos Kommunepsykolog")


@pytest.mark.parametrize("by", [PER, INGRID], ids=["before it leaves", "when it comes"])
def test_a_patient_reads_that_a_document_held_a_virus(post: Post, scanner: Clamav, by: Staff) -> None:
    post.db(by).provide(Scanner, Scanner(Clamd(scanner.address)))
    page = left(post, pdf(body=EICAR))
    post.town.settle()
    said = "Ikke tatt imot hos Inntak voksne, Fjordheim DPS: det er virus i dokumentet."
    assert told(post, page, at_dps=False) == said
    if by is INGRID:
        assert told(post, page, at_dps=True) == said


def test_a_patient_reads_that_nobody_could_look_at_a_document(post: Post, scanner: Clamav) -> None:
    post.db(INGRID).provide(Scanner, Scanner(Clamd(scanner.address)))
    scanner.stop()
    page = left(post, PDF)
    for _day in range(2):
        post.town.pass_time(hours=48)
        post.town.work()
        post.town.settle()
    for at_dps in (False, True):
        assert "det kunne ikke sjekkes for virus der." in told(post, page, at_dps=at_dps)


def test_a_message_that_was_taken_back_and_a_draft_show_no_words(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Feil person")
    post.do(PER, made, service.retract, made.message, Reason.RECEIVER)
    draft = post.begin(PER, [INTAKE], "Bare tenkt")
    post.town.settle()
    patient = solveig(post)
    words = words_of(patient.open(f"{MINE}/{made.thread}"))
    assert "Feil person" not in words and "er trukket tilbake" in words
    assert patient.open(f"{MINE}/{draft.thread}").status_code == 404


def test_a_patient_sees_nothing_of_a_message_while_it_can_be_undone(post: Post) -> None:
    made = post.begin(PER, [INTAKE], "Angrer jeg?")
    post.do(PER, made, service.send, made.message)
    patient = solveig(post)
    assert "Plan" not in words_of(patient.open(MINE)), "the thread has nothing else"
    assert patient.open(f"{MINE}/{made.thread}").status_code == 404
    assert patient.open(f"{MINE}/{made.thread}/hvem-har-lest").status_code == 404
    post.town.settle()
    assert "Angrer jeg?" in words_of(patient.open(f"{MINE}/{made.thread}"))
    third = post.do(PER, made, service.add_member, FACT, content=Content(text="Vi tar med flere"))
    post.do(PER, made, service.send, third)
    words = words_of(patient.open(f"{MINE}/{made.thread}"))
    assert "Angrer jeg?" in words and "Vi tar med flere" not in words
    assert len(findall(r'name="target"', patient.open(f"{MINE}/{made.thread}").text)) == 2, "nor whom it lets in"
    post.town.settle()
    assert "Vi tar med flere" in words_of(patient.open(f"{MINE}/{made.thread}"))


def test_a_patient_neither_counts_nor_asks_about_a_sending_that_was_undone(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Hei")
    patient, readers = solveig(post), f"{MINE}/{made.thread}/hvem-har-lest"
    assert "sendte en melding" in words_of(patient.open(readers))
    second = post.do(PER, made, service.reply, content=Content(text="Angres"))
    for _again in range(2):
        post.do(PER, made, service.send, second)
        assert "ganger den dagen" not in words_of(patient.open(readers)), "it can still be undone"
        post.do(PER, made, service.undo_send, second)
        assert "ganger den dagen" not in words_of(patient.open(readers)), "it never left"
        post.town.pass_time(seconds=10)
    post.do(PER, made, service.send, second)
    post.town.settle()
    assert "2 ganger den dagen" in words_of(patient.open(readers))
    post.do(PER, made, service.retract, second, Reason.RECEIVER)
    assert "2 ganger den dagen" in words_of(patient.open(readers)), "it was sent, whatever became of it"


def test_a_patient_sees_who_printed_or_copied_the_messages(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Hei")
    readers, boss = f"{MINE}/{made.thread}/hvem-har-lest", at_desk(post, LEADER)
    assert "Lise Leder" not in words_of(solveig(post, at_dps=True).open(readers))
    for how in ("utskrift", "utskrift.pdf", "notat"):
        boss.open(f"/meldinger/{INTAKE}/{made.thread}/{how}")
    words = words_of(solveig(post, at_dps=True).open(readers))
    assert "Lise Leder" in words and "skrev ut eller kopierte meldingene" in words


def test_a_patient_asks_about_a_thread_and_about_who_read_it(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Hei")
    patient = solveig(post)
    form = patient.open(f"{MINE}/{made.thread}/spor")
    assert f'href="{MINE}/{made.thread}"' in form.text and "Tilbake til meldingen" in words_of(form)
    asked = patient.send(f"{MINE}/{made.thread}/spor", text="Hvorfor skriver dere?")
    assert "Hvorfor skriver dere?" in words_of(asked)
    line = search(r'name="om" value="([^"]+)"', asked.text)
    assert line
    assert "Per Psykolog, psykolog ved Fjordheim kommune" in words_of(
        patient.open(f"{MINE}/{made.thread}/spor?om={line[1]}")
    )
    assert patient.send(f"{MINE}/{made.thread}/spor", om=line[1], text="Hvorfor?").status_code == 200
    assert patient.open(f"{MINE}/{made.thread}/spor?om={made.thread}").status_code == 404


def test_a_patient_says_no_from_a_thread_and_it_is_obeyed_from_then_on(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Hei")
    patient = solveig(post)
    page = patient.open(f"{MINE}/{made.thread}")
    target = f"{DPS}/{INTAKE}"
    assert f'value="{target}"' in page.text
    form = patient.send("/mine-valg/nei", do="search", search="Inntak voksne", target=target, agency=MUNICIPALITY)
    assert f'value="{target}" checked' in form.text
    assert "Valget er lagret." in words_of(patient.send("/mine-valg/nei", target=target, agency=MUNICIPALITY))
    per = at_desk(post, PER)
    again = sent(per, written(per, begun(per, INTAKE), "En gang til"))
    assert again.status_code == 409
    assert "Pasienten har sagt nei til at dere sender noe dit" in words_of(again) and "En gang til" in again.text
    after = patient.open(f"{MINE}/{made.thread}")
    assert "Du har sagt nei til at noe sendes dit." in words_of(after)
    assert f'value="{target}"' not in after.text, "what was said no to is not offered again"


def test_nav_and_the_patient_see_the_yes_that_a_thread_rests_on(post: Post) -> None:
    post.permit(PER)
    made = post.send(PER, [NAV_OFFICE], "Kan vi møtes?")
    words = words_of(solveig(post).open(f"{MINE}/{made.thread}"))
    assert "Du har sagt ja til at" in words and "Planer og avtaler" in words


def test_only_who_leads_the_whole_agency_changes_what_patients_read(post: Post) -> None:
    of_a_service = replace(LEADER, id=StaffId(UUID(int=77)), roles=frozenset({(INTAKE, Role.LEADER)}))
    register(post.town, of_a_service)
    boss = at_desk(post, of_a_service)
    page = words_of(boss.open(SETTING))
    assert "Bare den som leder hele virksomheten" in page and "Plan: pasienten kan lese teksten" in page
    assert boss.send(SETTING, subjects="plan").status_code == 403
    assert at_desk(post, INGRID).open(SETTING).status_code == 403


@pytest.mark.parametrize("tag", ["nn", "en"])
def test_a_patient_reads_of_messages_in_every_language(post: Post, tag: str) -> None:
    made = post.send(PER, [INTAKE], "Hei")
    word = {"nn": "Helsetenester kan dele", "en": "Health services may share"}[tag]
    assert word in words_of(solveig(post).open(f"{MINE}/{made.thread}?lang={tag}"))
