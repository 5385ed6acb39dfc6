"""What staff meet who forward messages, let a third service in, or change whom a draft goes to or is about."""

from re import findall

from handover.message import service
from handover.message.service import Begun
from tests.builders import FACT, INTAKE, NAV_OFFICE, PSYCHOLOGIST
from tests.message.desks import ABOUT, QUESTION, at_desk, begun, first_thread, here, sent, written
from tests.message.nodes import PDF, Post
from tests.referral.nodes import FATIMA, INGRID, NAVN, PER, SARA, SENIOR
from tests.referral.visiting import words_of


def thread_at(begun: Begun) -> str:
    """Return the address of a thread at its first writer."""
    return f"/meldinger/{PSYCHOLOGIST}/{begun.thread}"


def test_a_chosen_message_is_forwarded_with_its_documents(post: Post) -> None:
    made = post.begin(PER, [INTAKE], "Se vedlagt plan")
    post.do(PER, made, service.attach, made.message, "plan.pdf", PDF)
    post.do(PER, made, service.send, made.message)
    post.town.settle()
    post.answer(INGRID, made, "Dette skal ikke med")
    per = at_desk(post, PER)
    first, _second = findall(r'name="messages" value="([^"]+)"', per.open(f"{thread_at(made)}/videre").text)
    form = {"to": FACT, "subject": "plan", "line": "Til orientering"}
    nothing = per.send(f"{thread_at(made)}/videre", **form)
    assert nothing.status_code == 422
    assert "Velg minst én melding" in words_of(nothing)
    draft = per.send(f"{thread_at(made)}/videre", messages=first, **form)
    assert "Disse meldingene følger med" in words_of(draft)
    assert "Dette skal ikke med" not in draft.text
    shown = written(per, draft, "Her er planen.")
    assert "plan.pdf" in words_of(shown), "the preview shows what goes along"
    sent(per, shown)
    post.town.settle()
    read = first_thread(at_desk(post, FATIMA))
    words = words_of(read)
    assert "Videresendt fra en annen tråd" in words
    assert "Sendt videre av Per Psykolog, " in words, "by whom it came, and when"
    assert "Se vedlagt plan" in words
    assert "Dette skal ikke med" not in words
    (file,) = findall(r'href="([^"]+/dokument\?nr=0)"', read.text)
    assert at_desk(post, FATIMA).open(file).data == PDF


def test_a_third_service_sees_only_what_was_chosen_for_it(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Før den tredje kom")
    per = at_desk(post, PER)
    url = f"{thread_at(made)}/ta-med"
    assert "Velg hva tjenesten skal få se" in words_of(per.send(url, to=FACT))
    assert "alt med i tråden" in words_of(per.send(url, to=INTAKE, history="nothing"))
    assert "Velg minst én melding" in words_of(per.send(url, to=FACT, history="chosen"))
    draft = per.send(url, to=FACT, history="nothing")
    sent(per, written(per, draft, "Velkommen"))
    post.town.settle()
    words = words_of(first_thread(at_desk(post, FATIMA)))
    assert "Velkommen" in words
    assert "Før den tredje kom" not in words
    assert "tatt inn av" in words_of(per.open(thread_at(made)))
    everything = per.send(url, to=SENIOR, history="everything")
    assert "Før den tredje kom" in words_of(everything), "the writer sees what goes along"
    sent(per, written(per, everything, "Her er alt"))
    post.town.settle()
    assert "Før den tredje kom" in words_of(first_thread(at_desk(post, SARA)))


def test_a_message_that_should_not_go_along_is_taken_out_of_the_draft_with_its_document(post: Post) -> None:
    made = post.begin(PER, [INTAKE], "Planen")
    post.do(PER, made, service.attach, made.message, "plan.pdf", PDF)
    post.do(PER, made, service.send, made.message)
    post.town.settle()
    post.answer(INGRID, made, "Svaret")
    on, per = post.do(PER, made, service.forward, to=[FACT]), at_desk(post, PER)
    draft = per.open(f"{thread_at(on)}/{on.message}/skriv")
    assert "Planen" in draft.text and "plan.pdf" in draft.text
    fewer = written(per, draft, "Bare svaret", act=f"leave:{made.message}")
    assert "Svaret" in words_of(fewer) and "Bare svaret" in fewer.text
    assert "Planen" not in fewer.text and "plan.pdf" not in fewer.text
    assert written(per, fewer, "Bare svaret", act=f"leave:{made.message}").status_code == 200, "a second click"
    sent(per, per.open(f"{here(draft)}/se"))
    post.town.settle()
    words = words_of(first_thread(at_desk(post, FATIMA)))
    assert "Svaret" in words
    assert "Planen" not in words


def test_a_second_click_on_forwarding_or_letting_in_leads_to_the_same_draft(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Se plan")
    per = at_desk(post, PER)
    form = {"to": FACT, "messages": str(made.message), "subject": "plan", "line": "", "history": "everything"}
    for page in ("videre", "ta-med"):
        first, second = (per.send(f"{thread_at(made)}/{page}", **form) for _click in range(2))
        assert here(first) == here(second)
        other = per.send(f"{thread_at(made)}/{page}", **{**form, "to": SENIOR})
        assert here(other) != here(first)
        written(per, first, "Noe er skrevet.", act="save")
        assert here(per.send(f"{thread_at(made)}/{page}", **form)) != here(first), (
            "nothing that is written is lost"
        )


def test_a_third_service_that_is_no_health_service_needs_the_patients_yes(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Hei")
    per = at_desk(post, PER)
    draft = per.send(f"{thread_at(made)}/ta-med", to=NAV_OFFICE, history="nothing")
    assert "Pasienten må si ja" in words_of(draft), "it is said where the receiver was chosen"
    refused = sent(per, written(per, draft, "Kan NAV bli med?"))
    assert refused.status_code == 409
    assert "Kan NAV bli med?" in refused.text
    post.permit(PER)
    assert sent(per, per.open(f"{here(draft)}/se")).status_code == 200
    post.town.settle()
    assert "Kan NAV bli med?" in words_of(first_thread(at_desk(post, NAVN)))


def test_a_new_message_goes_to_several_receivers(post: Post) -> None:
    per = at_desk(post, PER)
    draft = begun(per, **ABOUT)
    chosen = written(per, draft, "Til alle", act="to")
    assert "Hvem skal meldingen til?" in words_of(chosen)
    url = f"{here(draft)}/mottakere"
    found = words_of(per.open(f"{url}?q=alderspsykiatri"))
    assert "Legg til Alderspsykiatri" in found
    both = words_of(per.send(url, add=SENIOR))
    assert "Fjern Alderspsykiatri" in both
    assert words_of(per.send(url, add=SENIOR)) == both, "a second click changes nothing"
    assert "en annen tjeneste enn den du skriver fra" in words_of(per.send(url, add=PSYCHOLOGIST))
    assert "Til alle" in per.open(f"{here(draft)}/skriv").text, "what was typed is kept"
    sent(per, per.open(f"{here(draft)}/se"))
    post.town.settle()
    for who in (INGRID, SARA):
        assert "Til alle" in words_of(first_thread(at_desk(post, who)))


def test_a_draft_without_a_receiver_says_so_and_is_kept(post: Post) -> None:
    per = at_desk(post, PER)
    draft = begun(per, **QUESTION)
    written(per, draft, "Til hvem?", act="save")
    per.send(f"{here(draft)}/mottakere", remove=INTAKE)
    assert "Ingen mottaker er valgt ennå" in words_of(per.open(f"{here(draft)}/skriv"))
    refused = sent(per, per.open(f"{here(draft)}/se"))
    assert refused.status_code == 422
    assert "Velg hvem meldingen skal til" in words_of(refused)
    assert "Til hvem?" in refused.text


def test_a_draft_changes_its_patient_and_subject_until_something_is_sent(post: Post) -> None:
    per = at_desk(post, PER)
    draft = written(per, begun(per, **ABOUT), "Timen er flyttet", act="about")
    assert "Endre emne eller pasient" in words_of(draft)
    url = f"{here(draft)}/gjelder"
    half = per.send(url, subject="plan", given="Kari")
    assert half.status_code == 422
    assert "Skriv etternavnet" in words_of(half)
    other = {"given": "Kari", "family": "Annen", "birth_date": "01.02.1990"}
    changed = per.send(url, subject="medicines", line="Ny plan", **other)
    assert "Kari Annen" in words_of(changed)
    assert "Medisiner: Ny plan" in words_of(changed)
    assert "Timen er flyttet" in changed.text
    same = words_of(per.send(url, subject="medicines", line="Samme"))
    assert "Kari Annen" in same, "with nothing typed it is the same patient"
    sent(per, per.open(f"{here(draft)}/se"))
    late = per.send(url, subject="plan", line="For sent")
    assert late.status_code == 409
    assert "Emnet og pasienten kan ikke endres" in words_of(late)
