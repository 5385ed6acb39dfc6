"""What staff meet on the pages of threads, through the front door."""

from datetime import timedelta
from io import BytesIO
from re import findall, search

import pytest
from werkzeug.test import TestResponse

from handover.access.guard import CSRF_FIELD
from handover.directory.model import Pause
from handover.message import service, store
from handover.message.model import Reason
from handover.message.words.formatting import formatted
from handover.workdays import local_date
from tests.builders import DPS, FACT, INTAKE, NAV_OFFICE, PSYCHOLOGIST
from tests.exchange.documents import LOCKED
from tests.message.desks import ABOUT, QUESTION, at_desk, begun, first_thread, here, sent, written
from tests.message.nodes import PDF, Post
from tests.message.nodes import QUESTION as ASKED
from tests.referral.nodes import FATIMA, INGRID, NAVN, NUMBER, OLA, PER, SARA, SENIOR
from tests.referral.test_delivery import DPS_URL
from tests.referral.visiting import hidden, words_of


def test_a_message_is_left_found_read_and_answered(any_post: Post) -> None:
    per, ingrid = at_desk(any_post, PER), at_desk(any_post, INGRID)
    shown = written(per, begun(per), "Hei.\n\n- **Plan** følger", priority="soon", answer_by="24.12.2031")
    assert "Slik ser mottakeren meldingen" in words_of(shown)
    assert "113" in words_of(shown)
    left = sent(per, shown)
    assert "Angre sendingen" in words_of(left)
    any_post.town.settle()
    assert "Kommet fram" in words_of(per.open(left.request.path))
    listed = words_of(ingrid.open("/meldinger/"))
    assert listed.count("Ulest") == 1 and "Ulest svar" not in listed and "Åpnes innen" in listed
    read = first_thread(ingrid)
    assert "<strong>Plan</strong>" in read.text
    assert "ny melding siden" not in words_of(read), "she has not seen the thread before"
    assert "Svar innen" in words_of(read)
    assert "Ulest" not in words_of(ingrid.open("/meldinger/"))
    answer = ingrid.send(f"{read.request.path}/svar")
    assert "Meldingen du svarer på" in words_of(answer)
    assert "<strong>Plan</strong>" in answer.text, "what is answered can be read while writing"
    assert sent(ingrid, written(ingrid, answer, "Takk, den er lest.")).status_code == 200
    any_post.town.settle()
    listed = words_of(per.open("/meldinger/"))
    assert listed.count("Ulest svar") == 1 and "Det som sist er endret, står først." in listed
    words = words_of(per.open(left.request.path))
    assert "1 ny melding siden du så her sist." in words
    assert "ny melding siden" not in words_of(per.open(left.request.path)), "it is new once"
    assert "Åpnet av Ingrid Inntak" in words
    assert "Takk, den er lest." in words
    assert words.index("følger") < words.index("Takk, den er lest."), "by written time"


def test_a_message_can_be_undone_before_it_leaves(post: Post) -> None:
    per = at_desk(post, PER)
    left = sent(per, written(per, begun(per, **QUESTION), "Hvor lang er ventetiden?"))
    undo = search(r'action="([^"]+/angre)"', left.text)
    assert undo
    again = per.send(undo[1])
    assert "Sendingen er angret" in words_of(again)
    assert "Hvor lang er ventetiden?" in again.text
    post.town.settle()
    assert "Ingen meldinger her." in words_of(at_desk(post, INGRID).open("/meldinger/"))


def test_without_the_patients_yes_nothing_leaves_for_nav_and_the_text_is_kept(post: Post) -> None:
    per = at_desk(post, PER)
    shown = written(per, begun(per, NAV_OFFICE), "Kan vi møtes?")
    assert "Mottakeren er ikke en helsetjeneste" in words_of(shown)
    refused = sent(per, shown)
    assert refused.status_code == 409
    assert "Pasienten må si ja før dere kan sende" in words_of(refused)
    assert "Kan vi møtes?" in refused.text
    post.permit(PER)
    gone = sent(per, per.open(f"{here(shown)}/se"))
    assert gone.status_code == 200
    post.town.settle()
    read = words_of(first_thread(at_desk(post, NAVN)))
    assert "Kan vi møtes?" in read
    assert "Formål" in read


def test_the_last_look_offers_the_way_to_a_yes_instead_of_a_sending_that_is_refused(post: Post) -> None:
    per = at_desk(post, PER)
    shown = written(per, begun(per, NAV_OFFICE), "Kan vi møtes?")
    assert "Send meldingen" not in shown.text
    assert "Meldingen kan ikke sendes ennå" in words_of(shown)
    assert "Det du har skrevet, er lagret." in words_of(shown)
    asked = search(r'href="([^"]+)"[^>]*>Se hva pasienten har valgt', shown.text)
    assert asked
    assert per.open(asked[1]).status_code == 200
    post.permit(PER)
    assert "Send meldingen" in words_of(per.open(shown.request.path))


def test_the_last_look_names_the_blanks_that_are_left(post: Post) -> None:
    per = at_desk(post, PER)
    refused = written(per, begun(per), "Timen er [dag] kl. ti.")
    assert refused.status_code == 422
    assert "Fyll ut eller ta bort dette: [dag]" in words_of(refused)
    assert "Timen er [dag] kl. ti." in refused.text
    shown = per.open(f"{here(refused)}/se")
    assert "Fyll ut eller ta bort dette: [dag]" in words_of(shown)
    assert "Send meldingen" not in shown.text
    assert "Send meldingen" in words_of(written(per, per.open(f"{here(shown)}/skriv"), "Timen er tirsdag kl. ti."))


def test_while_a_message_can_be_undone_the_thread_says_one_thing_of_it(post: Post) -> None:
    per = at_desk(post, PER)
    left = words_of(sent(per, written(per, begun(per), "Kan vi møtes?")))
    assert "Meldingen sendes når tiden til å angre er ute." in left
    assert "Meldingen er sendt" not in left
    assert "Sendt " not in left.replace("Sendt ved en feil?", "")


def test_when_an_answer_is_wished_is_one_question_with_how_soon_and_a_day(post: Post) -> None:
    per = at_desk(post, PER)
    assert "Når ønsker du svar?" in words_of(begun(per))
    for haste, day, told in (
        ("soon", "24.12.2031", "Snart, og senest onsdag 24. desember 2031"),
        ("soon", "", "Snart"),
        ("ordinary", "24.12.2031", "Senest onsdag 24. desember 2031"),
    ):
        shown = words_of(written(per, begun(per), "Hei", priority=haste, answer_by=day))
        assert f"Når ønskes svar? {told}" in " ".join(shown.split())
    assert "Når ønskes svar?" not in words_of(written(per, begun(per), "Hei", priority="ordinary"))


def test_a_refused_birth_date_is_told_that_the_year_has_four_digits(post: Post) -> None:
    refused = words_of(begun(at_desk(post, PER), **{**ABOUT, "birth_date": "3.4.91"}))
    assert "med fire siffer, for eksempel 3.4.1991." in refused


def test_what_a_new_message_lacks_is_said_and_what_was_typed_stays(post: Post) -> None:
    per = at_desk(post, PER)
    nobody = begun(per, subject="plan", line="Plan for høsten")
    assert nobody.status_code == 422
    assert "Skriv hvem pasienten er" in words_of(nobody)
    assert "Plan for høsten" in nobody.text
    assert "Et spørsmål uten pasient kan ikke ha en pasient" in words_of(begun(per, **{**ABOUT, **QUESTION}))
    assert "Velg hva meldingen gjelder" in words_of(begun(per, line="x"))
    assert "finnes ikke i adresseboka" in words_of(begun(per, "1", **QUESTION))
    assert "en annen tjeneste enn den du skriver fra" in words_of(begun(per, PSYCHOLOGIST, **QUESTION))


def test_an_empty_and_an_endless_message_get_a_clear_answer(post: Post) -> None:
    per = at_desk(post, PER)
    page = begun(per, **QUESTION)
    assert "legg ved et dokument" in words_of(sent(per, written(per, page, " ")))
    endless = written(per, page, "a" * 100_000)
    assert endless.status_code == 422
    assert "høyst 20 000 tegn" in words_of(endless)
    assert "a" * 100_000 in endless.text


def test_what_keeps_a_message_back_is_said_before_its_writer_sees_it_as_the_receiver_would(post: Post) -> None:
    per = at_desk(post, PER)
    page = begun(per, **QUESTION)
    empty = written(per, page, " ")
    assert empty.status_code == 422
    assert "legg ved et dokument" in words_of(empty)
    late = written(per, page, "Hei", answer_by="01.01.2020")
    assert late.status_code == 422
    assert "Dagen har vært" in words_of(late)
    assert "Hei" in late.text


def test_nobody_is_offered_to_write_to_the_one_service_they_write_from(post: Post) -> None:
    per = at_desk(post, PER)
    assert f"til={PSYCHOLOGIST}" not in per.open("/adressebok/?hva=melding").text
    assert f"til={INTAKE}" in per.open("/adressebok/?hva=melding").text
    for address in ("/meldinger/ny", "/meldinger/sak/ny"):
        page = per.open(f"{address}?til={PSYCHOLOGIST}")
        assert "en annen tjeneste enn den du skriver fra" in words_of(page)
        assert 'name="line"' not in page.text


def test_a_file_far_too_large_is_named_and_what_was_written_and_the_others_are_kept(post: Post) -> None:
    per = at_desk(post, PER)
    page = begun(per, **QUESTION)
    form = {CSRF_FIELD: per.token, "text": "Se her", "saved": hidden(page, "saved"), "act": "upload"}
    files = [(BytesIO(PDF + bytes(40 * 1024 * 1024)), "stor.pdf"), (BytesIO(PDF), "kart.pdf")]
    refused = per.http.post(f"{here(page)}/skriv", data={**form, "files": files})
    assert refused.status_code == 422
    assert "«stor.pdf»: Dokumentene kan være høyst 25 MB til sammen." in words_of(refused)
    assert "Fjern kart.pdf" in words_of(refused)
    assert "Se her" in refused.text


def test_documents_are_kept_or_named_as_what_they_are(post: Post) -> None:
    per = at_desk(post, PER)
    page = begun(per, **QUESTION)
    url, saved = f"{here(page)}/skriv", hidden(page, "saved")

    def attach(name: str, data: bytes, saved: str) -> TestResponse:
        form = {CSRF_FIELD: per.token, "text": "Se her", "saved": saved, "act": "upload"}
        return per.http.post(url, data={**form, "files": (BytesIO(data), name)}, follow_redirects=True)

    kept = attach("kart.pdf", PDF, saved)
    assert "kart.pdf" in words_of(kept)
    odd = attach("virus.pdf", b"MZ not a pdf", hidden(kept, "saved"))
    assert odd.status_code == 422
    assert "Dokumenter må være PDF, JPEG eller PNG" in words_of(odd)
    assert "kart.pdf" in words_of(odd)
    locked = attach("sperret.pdf", LOCKED, hidden(kept, "saved"))
    assert "«sperret.pdf»: PDF-filen er låst med passord" in words_of(locked)
    assert sent(per, per.open(f"{here(page)}/se")).status_code == 200
    post.town.settle()
    read = first_thread(at_desk(post, INGRID))
    (file,) = findall(r'href="([^"]+/dokument\?nr=0)"', read.text)
    assert at_desk(post, INGRID).open(file).data == PDF
    assert at_desk(post, INGRID).open(file.replace("nr=0", "nr=1")).status_code == 404


def test_of_two_who_write_one_draft_the_second_sees_both_texts(post: Post) -> None:
    per, other = at_desk(post, PER), at_desk(post, PER)
    page = begun(per, **QUESTION)
    written(per, page, "Første tekst", act="save")
    late = written(other, page, "Andre tekst", act="save")
    assert late.status_code == 409
    assert "Første tekst" in late.text
    assert "Andre tekst" in late.text


def test_what_was_previewed_is_what_is_sent(post: Post) -> None:
    per = at_desk(post, PER)
    page = begun(per, **QUESTION)
    shown = written(per, page, "Sett gjennom")
    written(per, per.open(page.request.path), "Endret siden", act="save")
    refused = sent(per, shown)
    assert refused.status_code == 409
    assert "Utkastet er endret siden" in words_of(refused)
    assert "Endret siden" in refused.text


def test_a_button_that_is_pressed_twice_says_what_it_did_and_not_that_it_cannot_be_done(post: Post) -> None:
    ingrid, ola = at_desk(post, INGRID), at_desk(post, OLA)
    shown = written(ingrid, begun(ingrid, PSYCHOLOGIST), "Hei")
    saved = hidden(shown, "saved")
    for _press in range(2):
        left = ingrid.send(f"{here(shown)}/send", saved=saved)
        assert left.status_code == 200 and "Angre sendingen" in words_of(left)
        assert "slik meldingen står nå" not in words_of(left)
    late = ola.send(f"{here(shown)}/send", saved=saved)
    assert late.status_code == 409, "a colleague did it, and they are told"
    for _press in range(2):
        undone = ingrid.send(f"{here(shown)}/angre")
        assert undone.status_code == 200 and undone.request.path.endswith("/skriv")
    ingrid.send(f"{here(shown)}/send", saved=hidden(ingrid.open(f"{here(shown)}/skriv"), "saved"))
    post.town.settle()
    assert post.logged(INGRID).count("message.undo-send") == 1
    assert ingrid.send(f"{here(shown)}/angre").status_code == 409, "it has left"


def test_a_team_takes_gives_back_and_finishes_a_thread(post: Post) -> None:
    post.send(PER, [INTAKE], "Hei")
    ola = at_desk(post, OLA)
    read = first_thread(ola)
    taken = ola.send(f"{read.request.path}/ta", seen=hidden(read, "seen"))
    assert "Ansvarlig her: Ola Overlege" in words_of(taken)
    pressed_twice = ola.send(f"{read.request.path}/ta", seen=hidden(read, "seen"))
    assert pressed_twice.status_code == 200 and "Du har tatt tråden" in words_of(pressed_twice)
    assert ola.send(f"{read.request.path}/vent", seen=hidden(read, "seen")).status_code == 409, (
        "nobody is waited for"
    )
    stale = ola.send(f"{read.request.path}/gi", seen=hidden(read, "seen"))
    assert stale.status_code == 409
    assert "Tråden har endret seg" in words_of(stale)
    back = ola.send(f"{read.request.path}/gi", seen=hidden(taken, "seen"))
    assert "Ingen har tatt denne" in words_of(back)
    ola.send(f"{read.request.path}/ferdig", seen=hidden(back, "seen"))
    assert "Plan for høsten" not in words_of(ola.open("/meldinger/"))
    assert "Plan for høsten" in words_of(ola.open("/meldinger/?vis=ferdig"))


def test_the_text_stands_before_all_but_a_line_of_what_a_message_is_about(post: Post) -> None:
    per = at_desk(post, PER)
    page = begun(per)
    shown = written(per, page, "Selve teksten")
    for text, mark in ((page.text, 'id="f-text"'), (shown.text, "Selve teksten")):
        assert text.index("Solveig Nes, født 15. juni 1982") < text.index(mark) < text.index("Referanse")


def test_a_team_that_asked_several_sees_who_has_answered_and_waits_for_the_others(post: Post) -> None:
    day = local_date(post.town.now) + timedelta(days=9)
    made = post.send(PER, [INTAKE, FACT], answer_by=day)
    per, thread = at_desk(post, PER), f"/meldinger/{PSYCHOLOGIST}/{made.thread}"
    asked = words_of(per.open(thread))
    assert "Dere venter på svar" not in asked, "nobody has opened it yet"
    for who in (INGRID, FATIMA):
        post.do(who, made, service.open_)
    post.town.settle()
    assert "Dere venter på svar." in words_of(per.open(thread))
    post.answer(INGRID, made, to=[PSYCHOLOGIST])
    page = per.open(thread)
    words = words_of(page)
    line = search(r"Har svart: (.*?)\. Har ikke svart: (.*?)\. ", words)
    assert line and "DPS" in line[1] and "FACT" in line[2]
    assert search("Svarte .* Har ikke svart", words), "at the message, too"
    assert "venter dere ikke lenger på svar" in words
    waits = per.send(f"{thread}/vent", seen=hidden(page, "seen"))
    assert "Tråden venter på de andre svarene." in words_of(waits)
    assert "Dere venter på svar." in words_of(waits)
    assert f"{thread}/vent" not in waits.text, "there is nothing more to look at"
    assert "Venter på svar" in words_of(per.open("/meldinger/"))
    post.answer(FATIMA, made, to=[PSYCHOLOGIST])
    all_here = words_of(per.open(thread))
    assert "Har ikke svart" not in all_here
    assert "Meldingen venter på svar fra dere." in all_here


def test_a_thread_is_found_by_patient_reference_subject_service_and_words(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = post.send(PER, [INTAKE], "Turer i fjellet")
    reference = post.see(PER, made).standing.heading.reference
    ingrid = at_desk(post, INGRID)
    for text in (NUMBER, "Solveig Nes", reference, "fjellet", "plan", "Kommunepsykolog"):
        assert "Plan for høsten" in words_of(ingrid.send("/meldinger/sok", q=text)), text
    assert "Ingen treff" in words_of(ingrid.send("/meldinger/sok", q="hytte"))
    assert "Ingen treff" in words_of(ingrid.send("/meldinger/sok", q="medisiner"))
    monkeypatch.setattr(store, "LOOKED_AT", 1)
    assert "Plan for høsten" in words_of(ingrid.send("/meldinger/sok", q="Kommunepsykolog")), "of very many"
    monkeypatch.setattr(store, "LOOKED_AT", 0)
    assert "Ingen treff" in words_of(ingrid.send("/meldinger/sok", q="Kommunepsykolog")), "no further than that"
    assert "Ingen treff" in words_of(ingrid.send("/meldinger/sok", q="FACT-team"))


def test_a_draft_is_kept_and_can_be_thrown_away(post: Post) -> None:
    per = at_desk(post, PER)
    page = begun(per, **QUESTION)
    written(per, page, "Halvferdig", act="save")
    assert "Halvferdig" in first_thread(per).text
    gone = per.send(f"{here(page)}/slett")
    assert "Ingen meldinger her." in words_of(gone)


def test_a_draft_in_a_thread_that_has_messages_stands_under_drafts(any_post: Post) -> None:
    made = any_post.send(PER, [INTAKE], "Hei")
    ingrid = at_desk(any_post, INGRID)
    assert "Plan for høsten" not in words_of(ingrid.open("/meldinger/?vis=utkast"))
    written(ingrid, ingrid.send(f"/meldinger/{INTAKE}/{made.thread}/svar"), "Halvferdig", act="save")
    page = words_of(ingrid.open("/meldinger/?vis=utkast"))
    assert "Plan for høsten" in page and "Utkast (1)" in page
    answer = ingrid.send(f"/meldinger/{INTAKE}/{made.thread}/svar")
    sent(ingrid, written(ingrid, answer, "Hel"))
    assert "Plan for høsten" not in words_of(ingrid.open("/meldinger/?vis=utkast"))


def test_a_message_taken_back_after_it_was_read_shows_why_and_never_its_words(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Feil person")
    ingrid = at_desk(post, INGRID)
    first_thread(ingrid)
    post.do(PER, made, service.retract, made.message, Reason.RECEIVER)
    post.town.settle()
    words = words_of(first_thread(ingrid))
    assert "Hvorfor: Feil mottaker" in words
    assert "Feil person" not in words


def test_a_service_that_closes_is_named_with_the_alternative_and_the_text_is_kept(post: Post) -> None:
    per = at_desk(post, PER)
    shown = written(per, begun(per, **QUESTION), "Er dere der?")
    first = local_date(post.town.now)
    post.town.services[INTAKE] = {"pause": Pause(first=first, last=None, why="Flytting", instead=SENIOR)}
    post.town.pass_time(minutes=1)
    refused = sent(per, shown)
    assert refused.status_code == 422
    assert "Tjenesten er stengt nå. Bruk Alderspsykiatri i stedet" in words_of(refused)
    assert "Er dere der?" in refused.text
    again = begun(per, **QUESTION)
    assert again.status_code == 422
    assert "Stengt inntil videre. Flytting" in words_of(again)


def test_a_message_that_did_not_arrive_is_not_sent_again_to_a_service_that_is_closed_but_to_another(
    post: Post,
) -> None:
    made = post.begin(PER, [INTAKE], "Kommer dere?", about=ASKED)
    post.do(PER, made, service.send, made.message)
    post.town.wire.down.add(DPS_URL)
    post.town.pass_time(hours=97)
    post.town.work()
    per, thread = at_desk(post, PER), f"/meldinger/{PSYCHOLOGIST}/{made.thread}"
    assert "Send på nytt til" in words_of(per.open(thread))
    first = local_date(post.town.now)
    post.town.services[INTAKE] = {"pause": Pause(first=first, last=None, why="Flytting", instead=SENIOR)}
    post.town.wire.down.clear()
    post.town.pass_time(minutes=1)
    shown = per.open(thread)
    assert "Stengt inntil videre. Flytting Bruk i stedet: Alderspsykiatri" in words_of(shown)
    assert "Send på nytt til" not in words_of(shown)
    old = per.send(f"{thread}/{made.message}/send-igjen", to=INTAKE)
    assert old.status_code == 409
    assert "Tjenesten er stengt nå. Bruk Alderspsykiatri i stedet" in words_of(old)
    way = search(r'href="([^"]+/rett[^"]*)"', shown.text)
    assert way
    assert f'value="{SENIOR}" selected' in per.open(way[1]).text
    form = {"to": SENIOR, "subject": "question", "line": "", "reason": "other", "note": "Tjenesten er stengt"}
    anew = per.send(way[1], **form)
    assert "Kommer dere?" in sent(per, per.open(f"{here(anew)}/se")).text
    post.town.settle()
    assert "Kommer dere?" in words_of(first_thread(at_desk(post, SARA)))


def test_every_page_speaks_nynorsk_and_english(post: Post) -> None:
    per = at_desk(post, PER)
    page = begun(per, **QUESTION)
    for lang, word in (("nn", "Skriv melding"), ("en", "Write message")):
        assert word in words_of(per.open(f"{page.request.path}?lang={lang}"))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<b>&", "<p>&lt;b&gt;&amp;</p>"),
        ("a\nb\n\nc", "<p>a<br>b</p><p>c</p>"),
        ("Se:\n- en\n- **to**", '<p>Se:</p><ul class="ds-list"><li>en</li><li><strong>to</strong></li></ul>'),
        ("**<i>**", "<p><strong>&lt;i&gt;</strong></p>"),
        ("2 ** 3 ** 4", "<p>2 ** 3 ** 4</p>"),
        ("", ""),
    ],
)
def test_only_three_signs_of_a_text_are_markup(text: str, html: str) -> None:
    assert formatted(text) == html


def test_a_patient_without_a_number_is_one_they_know_or_another_as_the_writer_says(post: Post) -> None:
    per = at_desk(post, PER)
    about = {name: text for name, text in ABOUT.items() if name != "number"}
    first = begun(per, **about)
    assert first.status_code == 200, "nobody is alike"
    about["line"] = "Plan for våren"
    doubtful = begun(per, **about)
    assert doubtful.status_code == 422
    assert "Er det en av disse?" in words_of(doubtful) and "Plan for våren" in doubtful.text
    known = hidden(doubtful, "same")
    assert written(per, begun(per, **about, same=known), "Samme person").status_code == 200
    assert begun(per, **about, same="00000000-0000-0000-0000-000000000000").status_code == 200
    with post.db(PER).reading() as session:
        held = service.arranged(session, PER, now=post.town.now)
    persons = [each.standing.person for each in (*held.late, *held.others)]
    assert len(persons) == 3 and len(set(persons)) == 2


def test_a_no_said_to_somebody_without_a_number_is_met_in_the_next_message(post: Post) -> None:
    per = at_desk(post, PER)
    about = {name: text for name, text in ABOUT.items() if name != "number"}
    draft = begun(per, **about)
    home, thread = draft.request.path.split("/")[2:4]
    no = per.send(f"/deling/melding/{home}/{thread}/{INTAKE}/nei", target=f"{DPS}/{INTAKE}", said="yes")
    assert "Pasientens nei er lagret." in words_of(no)
    about["line"] = "Plan for våren"
    known = hidden(begun(per, **about), "same")
    refused = sent(per, written(per, begun(per, **about, same=known), "Hei igjen"))
    assert refused.status_code == 409
    assert "Pasienten har sagt nei" in words_of(refused)
