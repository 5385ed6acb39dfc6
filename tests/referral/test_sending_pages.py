"""The referrer's pages through the front door, without JavaScript: find, write, see, send, follow, answer."""

import re
from dataclasses import replace
from io import BytesIO
from uuid import UUID

import pytest
from sqlalchemy import select

from handover.access import service as access
from handover.actors import Machine, Role
from handover.audit.model import Outcome
from handover.audit.tables import AuditEntry
from handover.ids import ReferralId
from handover.referral import service
from handover.referral.lifecycle import Side, Status
from tests.builders import FACT, INTAKE, MUNICIPALITY, PSYCHOLOGIST
from tests.referral.nodes import DPS_NODE, FATIMA, INGRID, OLA, PER, SENIOR, Town, acceptance, refusal
from tests.referral.visiting import Reader, hidden, links_of, reader, register_everybody, words_of

FORM = {
    "to": INTAKE,
    "wish": "10",
    "urgency": "N",
    "given": "Solveig",
    "family": "Nes",
    "birth_date": "15.6.1982",
    "number": "15868212388",
    "problem": "Depresjon og angst over to år",
    "consent": "1",
}


@pytest.fixture
def per(two_nodes: Town) -> Reader:
    """The municipal psychologist, signed in."""
    register_everybody(two_nodes)
    return reader(two_nodes, PER)


def id_in(path: str) -> ReferralId:
    """Return the referral an address names."""
    found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", path)
    assert found, path
    return ReferralId(UUID(found[0]))


def begin(per: Reader) -> str:
    """Begin a draft from the address book; returns its address."""
    page = per.send("/henvisninger/ny", til=INTAKE)
    assert page.status_code == 200
    return page.request.path.removesuffix("/skriv")


def written(per: Reader, **changes: str) -> str:
    """Write a whole draft; returns its address."""
    draft = begin(per)
    page = per.open(f"{draft}/skriv")
    answer = per.send(f"{draft}/skriv", **{**FORM, "revision": hidden(page, "revision"), "act": "save", **changes})
    assert answer.status_code == 200
    return draft


def upload(per: Reader, draft: str, data: bytes, name: str) -> str:
    """Add a file to a draft; returns the page that comes after."""
    page = per.open(f"{draft}/skriv")
    fields = {**FORM, "revision": hidden(page, "revision"), "act": "upload", "csrf_token": per.token}
    answer = per.http.post(
        f"{draft}/skriv", data={**fields, "attachments": (BytesIO(data), name)}, follow_redirects=True
    )
    return words_of(answer)


def sent(per: Reader) -> str:
    """Write and send a referral; returns its address."""
    draft = written(per)
    page = per.open(f"{draft}/se-over")
    assert per.send(f"{draft}/send", revision=hidden(page, "revision")).status_code == 200
    return draft


def test_a_referrer_finds_a_service_by_what_it_is_called(per: Reader) -> None:
    page = per.open("/adressebok/?q=inntak")
    said = words_of(page)
    assert "Inntak voksne, Fjordheim DPS" in said
    assert "Svarer vanligvis innen 6 virkedager" in said
    assert "Opplysningene ble bekreftet torsdag 2. januar 2025" in said
    assert "Ikke bekreftet på lenge" in said
    assert "FACT-team" not in said


def test_a_referrer_writes_previews_and_sends_a_referral(per: Reader) -> None:
    draft = begin(per)
    page = per.open(f"{draft}/skriv")
    assert "116 117" in words_of(page)
    page = per.send(f"{draft}/skriv", **FORM, revision=hidden(page, "revision"), act="preview")
    assert page.request.path.endswith("/se-over")
    said = words_of(page)
    assert "Slik ser mottakeren henvisningen" in said
    assert "Depresjon og angst over to år" in said
    assert "De som arbeider med henvisninger ved Inntak voksne, Fjordheim DPS." in said
    page = per.send(f"{draft}/send", revision=hidden(page, "revision"))
    said = words_of(page)
    assert "Henvisningen er på vei til Fjordheim DPS" in said
    assert re.search(r"Du kan angre i (2\d|30) sekunder til", said)
    assert "Solveig" not in page.text.split("<title>")[1].split("</title>")[0]


def test_a_referrer_undoes_and_finds_the_draft_again(per: Reader) -> None:
    referral = sent(per)
    page = per.send(f"{referral}/angre")
    assert "Sendingen er angret. Henvisningen er et utkast igjen." in words_of(page)
    assert "Depresjon og angst" in page.text


def test_a_referrer_who_undoes_too_late_sees_where_it_is(per: Reader, two_nodes: Town) -> None:
    referral = sent(per)
    two_nodes.settle()
    page = per.send(f"{referral}/angre")
    assert page.status_code == 409
    assert "Fjordheim DPS har fått henvisningen" in words_of(page)
    assert "Angre sendingen" not in words_of(page)


def test_a_referrer_is_told_everything_that_is_missing_and_keeps_every_text(per: Reader) -> None:
    draft = begin(per)
    page = per.open(f"{draft}/skriv")
    typed = {"to": INTAKE, "given": "Solveig", "birth_date": "i fjor", "risk": "Lav", "diagnoses-0-code": "angst"}
    page = per.send(f"{draft}/skriv", **typed, revision=hidden(page, "revision"), act="preview")
    for sentence in (
        "Skriv etternavnet til pasienten.",
        "Skriv fødselsdatoen som dag, måned og år med fire siffer, for eksempel 3.4.1991.",
        "Skriv hva problemet er.",
        "Velg om pasienten har sagt ja til henvisningen.",
        "Skriv koden slik den står i kodeverket",
    ):
        assert sentence in words_of(page)
    for name in ("f-family", "f-birth_date", "f-problem", "f-consent", "f-diagnoses-0-code"):
        assert f'href="#{name}"' in page.text
        assert f'id="{name}"' in page.text
    for text in ('value="Solveig"', 'value="i fjor"', ">\nLav</textarea>", 'value="ANGST"'):
        assert text in page.text


def test_a_form_with_an_odd_choice_is_refused_with_every_text_kept(per: Reader) -> None:
    draft = begin(per)
    page = per.open(f"{draft}/skriv")
    page = per.send(f"{draft}/skriv", **{**FORM, "urgency": "nå"}, revision=hidden(page, "revision"))
    assert page.status_code == 422
    assert "Velg ett av alternativene." in words_of(page)
    assert "Depresjon og angst over to år" in page.text


def test_somebody_under_age_is_not_referred(per: Reader) -> None:
    draft = written(per, birth_date="15.6.2012")
    page = per.open(f"{draft}/se-over")
    assert "Overgang kan bare brukes for personer over 18 år." in words_of(page)
    assert per.send(f"{draft}/send", revision=hidden(page, "revision")).status_code == 422


def test_a_number_with_wrong_check_digits_warns_and_is_sent_all_the_same(per: Reader) -> None:
    draft = written(per, number="15868212389")
    page = per.open(f"{draft}/se-over")
    assert "Kontrollsifrene i fødselsnummeret stemmer ikke." in words_of(page)
    page = per.send(f"{draft}/send", revision=hidden(page, "revision"))
    assert "Henvisningen er på vei til Fjordheim DPS" in words_of(page)


def test_two_writers_of_one_draft_see_both_texts_and_lose_none(per: Reader) -> None:
    draft = written(per)
    old = hidden(per.open(f"{draft}/skriv"), "revision")
    per.send(f"{draft}/skriv", **{**FORM, "risk": "Andres tekst"}, revision=old, act="save")
    page = per.send(f"{draft}/skriv", **{**FORM, "risk": "Min tekst"}, revision=old, act="preview")
    assert page.status_code == 409
    said = words_of(page)
    assert "Noen har endret utkastet mens du skrev" in said
    assert "Min tekst" in said
    assert "Andres tekst" in said
    assert "Depresjon" not in said.split("Behold det som er lagret")[0]
    page = per.send(
        f"{draft}/skriv", **{**FORM, "risk": "Min tekst"}, revision=hidden(page, "revision"), act="save"
    )
    assert "Min tekst" in page.text


def test_the_same_text_saved_twice_is_no_conflict(per: Reader) -> None:
    draft = written(per)
    old = hidden(per.open(f"{draft}/skriv"), "revision")
    for _ in range(2):
        page = per.send(f"{draft}/skriv", **{**FORM, "risk": "Lav"}, revision=old, act="save")
        assert page.status_code == 200


def test_a_draft_that_changed_after_the_preview_is_shown_again_before_it_is_sent(per: Reader) -> None:
    draft = written(per)
    seen = hidden(per.open(f"{draft}/se-over"), "revision")
    latest = hidden(per.open(f"{draft}/skriv"), "revision")
    per.send(f"{draft}/skriv", **{**FORM, "risk": "Høy"}, revision=latest, act="save")
    page = per.send(f"{draft}/send", revision=seen)
    assert "Utkastet er endret siden du så over det." in words_of(page)
    assert "Høy" in words_of(page)


def test_what_is_being_written_is_kept_and_the_next_revision_told(per: Reader) -> None:
    draft = begin(per)
    page = per.open(f"{draft}/skriv")
    answer = per.send(f"{draft}/lagre", problem="Halvferdig", to=INTAKE, revision=hidden(page, "revision"))
    assert answer.status_code == 204
    page = per.open(f"{draft}/skriv")
    assert hidden(page, "revision") == answer.headers["X-Revision"]
    assert "Halvferdig" in page.text


def test_a_writing_that_is_refused_is_in_the_log_in_a_row_of_its_own(per: Reader, two_nodes: Town) -> None:
    draft = written(per)
    old = hidden(per.open(f"{draft}/skriv"), "revision")
    per.send(f"{draft}/skriv", **{**FORM, "risk": "Andres tekst"}, revision=old, act="save")
    mine = {**FORM, "risk": "Min tekst", "revision": old}
    for address in ("lagre", "skriv", "send"):
        before = refusals(two_nodes)
        per.send(f"{draft}/{address}", **mine)
        assert refusals(two_nodes) == [*before, ("access.refused", str(id_in(draft)))], address


def refusals(town: Town) -> list[tuple[str, str | None]]:
    """Return what was refused at the municipality: the event and what it was about."""
    with town.kommune.db.reading() as session:
        rows = select(AuditEntry.event, AuditEntry.subject).where(AuditEntry.outcome == Outcome.REFUSED.value)
        return [(row.event, row.subject) for row in session.execute(rows.order_by(AuditEntry.id))]


def test_a_referrer_adds_and_removes_files_by_what_they_contain(per: Reader) -> None:
    draft = written(per)

    assert "Vedlegg må være PDF, JPEG eller PNG." in upload(per, draft, b"MZ not a picture", "brev.pdf")
    said = upload(per, draft, b"%PDF-1.7\n" + b"x" * 2000, "epikrise.pdf")
    assert "epikrise.pdf (2 kB)" in said
    page = per.open(f"{draft}/skriv")
    wanted = re.search(r'value="(remove:[0-9a-f-]+)"', page.text)
    assert wanted
    page = per.send(f"{draft}/skriv", **FORM, revision=hidden(page, "revision"), act=wanted[1])
    assert "epikrise.pdf" not in page.text


def test_a_referrer_chooses_another_recipient_and_keeps_the_text(per: Reader) -> None:
    draft = begin(per)
    page = per.open(f"{draft}/skriv")
    page = per.send(f"{draft}/skriv", **FORM, revision=hidden(page, "revision"), act="recipient")
    assert "Velg hvem henvisningen skal til" in words_of(page)
    page = per.send(f"{draft}/mottaker", til="8000033")
    assert "Henvisning til Alderspsykiatri, Fjordheim DPS" in words_of(page)
    assert "Depresjon og angst" in page.text


def test_a_referrer_follows_a_referral_until_it_is_opened(per: Reader, two_nodes: Town) -> None:
    referral = sent(per)
    two_nodes.settle()
    two_nodes.do(INGRID, service.open_, id_in(referral))
    two_nodes.settle()
    said = words_of(per.open(referral))
    assert "Svaret skal komme senest mandag 23. november (10 virkedager igjen)." in said
    assert "Kommet fram til Fjordheim DPS" in said
    assert "Åpnet av Ingrid Inntak" in said
    assert "Pasienten ser de samme stegene" in said
    assert "55 00 00 00" in said


def test_a_referrer_answers_a_question_and_sees_that_it_is_on_its_way(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    two_nodes.do(OLA, service.ask, referral, "Hvilke medisiner brukes nå?")
    two_nodes.settle()
    address = f"/henvisninger/{referral}"
    page = per.open(address)
    assert "Fjordheim DPS trenger svar fra dere" in words_of(page)
    assert "Hvilke medisiner brukes nå?" in words_of(page)
    page = per.open(f"{address}/svar")
    empty = per.send(f"{address}/svar", answer="  ", seen=hidden(page, "seen"))
    assert empty.status_code == 422
    assert "Skriv svaret på spørsmålet." in words_of(empty)
    page = per.send(f"{address}/svar", answer="Sertralin 50 mg", seen=hidden(page, "seen"))
    assert "Svaret ditt er på vei til mottakeren." in words_of(page)
    two_nodes.settle()
    said = words_of(per.open(address))
    assert "Fjordheim DPS vurderer henvisningen" in said
    assert "Sertralin 50 mg" in said
    assert two_nodes.see(OLA, referral).standing.questions == ()


def test_a_double_click_says_so_and_changes_nothing(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    address = f"/henvisninger/{referral}"
    page = per.open(f"{address}/trekk")
    fields = {"reason": "Pasienten har flyttet", "seen": hidden(page, "seen")}
    per.send(f"{address}/trekk", **fields)
    again = per.send(f"{address}/trekk", **fields)
    assert again.status_code == 409
    assert "Du har allerede bedt om dette" in words_of(again)
    assert "Pasienten har flyttet" in words_of(again)
    assert len(two_nodes.see(PER, referral).standing.pending) == 1


def test_a_stale_page_changes_nothing_and_shows_the_present_state(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    address = f"/henvisninger/{referral}"
    seen = hidden(per.open(f"{address}/trekk"), "seen")
    two_nodes.do(OLA, service.accept, referral, acceptance())
    two_nodes.settle()
    page = per.send(f"{address}/trekk", reason="Har flyttet", seen=seen)
    assert page.status_code == 409
    assert "Ingenting er endret nå." in words_of(page)
    assert "Pasienten har rett til behandling hos Fjordheim DPS" in words_of(page)
    assert "Har flyttet" in words_of(page)


def test_a_referrer_retracts_what_nobody_has_opened(per: Reader, two_nodes: Town) -> None:
    address = sent(per)
    two_nodes.settle()
    page = per.open(f"{address}/feilsendt")
    per.send(f"{address}/feilsendt", reason="Feil person", seen=hidden(page, "seen"))
    two_nodes.settle()
    assert "Sendt ved en feil" in words_of(per.open(address))
    assert two_nodes.see(INGRID, id_in(address)).standing.status is Status.ENTERED_IN_ERROR


def test_a_referrer_reads_a_refusal_before_the_patient_and_follows_it_up(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    two_nodes.do(OLA, service.reject, referral, refusal())
    two_nodes.settle()
    page = per.open(f"/henvisninger/{referral}")
    said = words_of(page)
    assert "Kommunens tilbud passer bedre" in said
    assert "Samtaler hos psykolog i kommunen" in said
    assert "Du må lese svaret og snakke med pasienten" in said
    page = per.send(f"/henvisninger/{referral}/fulgt-opp")
    assert "Dette er fulgt opp" not in words_of(page)


def test_a_referrer_whose_receiver_is_late_reads_what_can_be_done(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    two_nodes.pass_time(days=15)
    per = reader(two_nodes, PER)
    said = words_of(per.open(f"/henvisninger/{referral}"))
    assert "Fjordheim DPS har ikke svart i tide" in said
    assert "Helfo" in said
    assert "Ring Fjordheim DPS på 55 00 00 00" in said


def test_a_referrer_whose_referral_does_not_arrive_sends_it_again(per: Reader, two_nodes: Town) -> None:
    two_nodes.wire.down.add(DPS_NODE)
    address = sent(per)
    two_nodes.settle()
    two_nodes.pass_time(hours=2)
    per = reader(two_nodes, PER)
    said = words_of(per.open(address))
    assert "Henvisningen har ikke kommet fram til Fjordheim DPS ennå" in said
    two_nodes.pass_time(hours=96)
    two_nodes.work()
    per = reader(two_nodes, PER)
    page = per.open(address)
    assert "Du må ringe Fjordheim DPS. Send så på nytt, eller avslutt." in words_of(page)
    two_nodes.wire.down.clear()
    per.send(f"{address}/send-igjen", seen=hidden(page, "seen"))
    two_nodes.settle()
    assert "Fjordheim DPS har fått henvisningen" in words_of(per.open(address))


def test_a_referrer_mends_what_did_not_arrive_and_the_new_one_takes_its_place(
    per: Reader, two_nodes: Town
) -> None:
    two_nodes.wire.down.add(DPS_NODE)
    draft = written(per)
    upload(per, draft, b"%PDF-1.7\n" + b"x" * 2000, "epikrise.pdf")
    page = per.open(f"{draft}/se-over")
    per.send(f"{draft}/send", revision=hidden(page, "revision"))
    two_nodes.pass_time(hours=97)
    two_nodes.work()
    two_nodes.wire.down.clear()
    per = reader(two_nodes, PER)
    first = two_nodes.see(PER, id_in(draft)).standing
    mended = per.send(f"{draft}/rett")
    assert "Når du sender, blir den første avsluttet." in words_of(mended)
    for kept in ("Depresjon og angst over to år", "epikrise.pdf"):
        assert kept in mended.text
    again = per.send(f"{draft}/rett")
    assert again.request.path == mended.request.path
    address = mended.request.path.removesuffix("/skriv")
    form = {**FORM, "risk": "Rettet", "revision": hidden(again, "revision"), "act": "save"}
    assert per.send(f"{address}/skriv", **form).status_code == 200
    page = per.open(f"{address}/se-over")
    per.send(f"{address}/send", revision=hidden(page, "revision"))
    two_nodes.settle()
    new = two_nodes.see(INGRID, id_in(address))
    assert new.content.risk == "Rettet"
    assert [each.title for each in new.content.attachments] == ["epikrise.pdf"]
    assert f"Erstatter {first.reference}" in words_of(per.open(address))
    assert f"Erstattet av {new.standing.reference}" in words_of(per.open(draft))
    assert two_nodes.see(PER, id_in(draft)).standing.status is Status.ENTERED_IN_ERROR


def test_what_arrived_after_all_is_not_replaced(per: Reader, two_nodes: Town) -> None:
    two_nodes.wire.down.add(DPS_NODE)
    draft = sent(per)
    assert per.send(f"{draft}/rett").status_code == 409
    two_nodes.pass_time(hours=97)
    two_nodes.work()
    two_nodes.wire.down.clear()
    per = reader(two_nodes, PER)
    address = per.send(f"{draft}/rett").request.path.removesuffix("/skriv")
    page = per.open(draft)
    per.send(f"{draft}/send-igjen", seen=hidden(page, "seen"))
    two_nodes.settle()
    page = per.open(f"{address}/se-over")
    late = per.send(f"{address}/send", revision=hidden(page, "revision"))
    assert late.status_code == 409
    assert "Den første henvisningen kom fram likevel." in words_of(late)


def test_a_referrer_finds_referrals_by_name_number_and_reference(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    reference = two_nodes.see(PER, referral).standing.reference
    for text in ("solveig", "nes", "15868212388", "158682 12388", reference, reference.lower().replace("-", "")):
        page = per.send("/henvisninger/sok", q=text)
        assert "Solveig Nes" in words_of(page), text
    assert "Ingen treff." in words_of(per.send("/henvisninger/sok", q="Ukjent"))
    assert per.open("/henvisninger/sok").request.path == "/henvisninger/"


def test_a_referrer_sees_every_filter_with_its_count(per: Reader, two_nodes: Town) -> None:
    two_nodes.taken()
    asked = two_nodes.taken()
    two_nodes.do(OLA, service.ask, asked, "Mer?")
    two_nodes.settle()
    written(per)
    page = per.open("/henvisninger/")
    said = words_of(page)
    for text in ("Alle åpne (3)", "Du må gjøre noe (1)", "Venter på andre (1)", "Utkast (1)", "Avsluttet (0)"):
        assert text in said
    assert "Trenger svar fra henviser" in said
    drafts = words_of(per.open("/henvisninger/?vis=drafts"))
    assert drafts.count("Solveig Nes") == 1


def test_a_referrer_at_another_service_finds_nothing_of_it(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    fatima = reader(two_nodes, FATIMA)
    page = fatima.open(f"/henvisninger/{referral}")
    assert page.status_code == 404
    assert "Solveig" not in fatima.open("/henvisninger/").text
    assert fatima.send(f"/henvisninger/{referral}/trekk", reason="x").status_code == 404


def test_addresses_carry_only_random_ids(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    for path in ("/henvisninger/", f"/henvisninger/{referral}"):
        for link in links_of(per.open(path)):
            assert not re.search(r"solveig|nes\b|158682", link, re.IGNORECASE), link


def test_a_referrer_follows_a_paper_referral_with_the_same_clock(per: Reader, two_nodes: Town) -> None:
    fields = {"given": "Solveig", "family": "Nes", "birth_date": "15.6.1982", "counterpart": "Havnes DPS"}
    page = per.send("/henvisninger/papir", **fields, counterpart_phone="55 00 03 10", sent_on="10.11.2026")
    assert page.status_code == 422
    assert "Dagen kan ikke være fram i tid." in words_of(page)
    page = per.send("/henvisninger/papir", **fields, counterpart_phone="55 00 03 10", sent_on="5.11.2026")
    assert "Henvisningen er sendt til Havnes DPS med posten" in words_of(page)
    address = page.request.path
    late = per.send(f"{address}/kom-fram", received_on="4.11.2026")
    assert "Den kan ikke ha kommet fram før den ble sendt." in words_of(late)
    page = per.send(f"{address}/kom-fram", received_on="6.11.2026")
    assert "Svaret skal komme senest fredag 20. november" in words_of(page)
    assert "55 00 03 10" in words_of(page)
    assert "Ikke åpnet ennå" not in words_of(page)
    assert two_nodes.see(PER, id_in(address)).standing.side is Side.REFERRER


def test_a_referrer_writes_down_what_a_paper_receiver_answered(per: Reader, two_nodes: Town) -> None:
    fields = {"given": "Solveig", "family": "Nes", "birth_date": "15.6.1982", "counterpart": "Havnes DPS"}
    page = per.send("/henvisninger/papir", **fields, sent_on="5.11.2026", received_on="6.11.2026")
    address = page.request.path
    assert "Pasienten har fått rett til behandling" in words_of(page)
    empty = per.send(f"{address}/fortalt/rett", next_step="Time kommer i posten")
    assert empty.status_code == 422
    assert "Skriv datoen behandlingen senest skal starte." in words_of(empty)
    assert "Time kommer i posten" in empty.text
    answer = {
        "latest_start": "15.1.2027",
        "next_step": "Time kommer i posten",
        "complaint": "Til Statsforvalteren",
        "assessor": "Lege Lie",
        "assessor_phone": "55 00 03 10",
    }
    page = per.send(f"{address}/fortalt/rett", **answer)
    assert "Pasienten får hjelp. Den starter senest fredag 15. januar 2027." in words_of(page)
    again = per.send(f"{address}/fortalt/rett", **answer)
    assert again.status_code == 409
    time = {"day": "1.12.2026", "clock": "10.00", "minutes": "60", "place": "Havnes", "with_whom": "Lege Lie"}
    page = per.send(f"{address}/fortalt/time", **time, phone="55 00 03 10")
    assert "Tirsdag 1. desember kl. 10.00, Havnes" in words_of(page)
    assert two_nodes.wire.seen == [], "nothing leaves the node"


def test_what_a_digital_receiver_decides_is_not_for_the_referrer_to_write(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    assert "Skriv inn det mottakeren har svart" not in words_of(per.open(f"/henvisninger/{referral}"))
    answer = {"reason": "Nei", "advice": "Nei", "complaint": "Nei", "assessor": "Meg", "assessor_phone": "55"}
    page = per.send(f"/henvisninger/{referral}/fortalt/ikke-rett", **answer)
    assert page.status_code == 403
    assert two_nodes.see(PER, referral).standing.status is Status.ASSESSING


def test_who_refers_from_several_services_is_asked_which(per: Reader, two_nodes: Town) -> None:
    leader = replace(PER, id=FATIMA.id)
    with two_nodes.kommune.db.transaction() as session:
        by = Machine(agency=MUNICIPALITY, name="seed")
        access.grant(session, leader.id, Role.REFERRER, None, agency=MUNICIPALITY, by=by, now=two_nodes.now)
    fatima = reader(two_nodes, FATIMA)
    page = fatima.send("/henvisninger/ny", til=INTAKE)
    assert "Hvilken tjeneste henviser du fra?" in words_of(page)
    page = fatima.send("/henvisninger/ny", til=INTAKE, fra=FACT)
    assert "Henvisning til Inntak voksne, Fjordheim DPS" in words_of(page)
    assert "FACT-team, Fjordheim kommune" in words_of(page)


def test_a_service_confirms_its_own_entry_and_nobody_elses(per: Reader, two_nodes: Town) -> None:
    ingrid = reader(two_nodes, INGRID)
    assert "Bekreft at dette stemmer i dag" in words_of(ingrid.open("/adressebok/?q=inntak"))
    page = ingrid.send(f"/adressebok/{INTAKE}/bekreft")
    assert "Opplysningene ble bekreftet mandag 9. november" in words_of(page)
    assert ingrid.send(f"/adressebok/{PSYCHOLOGIST}/bekreft").status_code == 404
    assert per.send(f"/adressebok/{INTAKE}/bekreft").status_code == 403


def test_a_referrer_follows_a_referral_to_the_service_it_was_sent_on_to(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    two_nodes.do(OLA, service.redirect, referral, SENIOR, "Alderspsykiatri passer bedre")
    two_nodes.settle()
    said = words_of(per.open(f"/henvisninger/{referral}"))
    assert "Alderspsykiatri, Fjordheim DPS" in said
    assert "Alderspsykiatri passer bedre" in said
    assert "Inntak voksne, Fjordheim DPS har sendt henvisningen videre hit." in said
    assert "Kom for sent" not in said
    assert "(10 virkedager igjen)" in said, "the clock of the first service"


def test_a_file_goes_with_an_answer_and_can_be_read_again(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    address = f"/henvisninger/{referral}/opplysninger"
    fields = {"text": "Se vedlegget", "seen": hidden(per.open(address), "seen"), "csrf_token": per.token}
    data = b"%PDF-1.7\n" + b"x" * 500
    refused = per.http.post(address, data={**fields, "attachments": (BytesIO(b"MZ"), "a.exe")})
    assert refused.status_code == 422
    assert "Vedlegg må være PDF, JPEG eller PNG." in words_of(refused)
    assert "Se vedlegget" in refused.text
    page = per.http.post(
        address, data={**fields, "attachments": (BytesIO(data), "epikrise.pdf")}, follow_redirects=True
    )
    assert "epikrise.pdf" in words_of(page)


def test_a_referrer_writes_anew_from_what_was_refused_and_only_then(per: Reader, two_nodes: Town) -> None:
    referral = two_nodes.taken()
    address = f"/henvisninger/{referral}"
    assert "Lag et nytt utkast" not in words_of(per.open(address))
    assert per.send(f"{address}/kopi").status_code == 409
    two_nodes.do(OLA, service.reject, referral, refusal())
    two_nodes.settle()
    assert "Lag et nytt utkast med de samme tekstene" in words_of(per.open(address))
    page = per.send(f"{address}/kopi")
    assert "Depresjon og angst over to år" in page.text
    assert id_in(page.request.path) != referral
    assert "Ingen mottaker er valgt." in words_of(page)


def test_a_referrer_discards_a_draft(per: Reader) -> None:
    draft = written(per)
    page = per.send(f"{draft}/slett")
    assert page.request.path == "/henvisninger/"
    assert "Solveig" not in page.text
    assert per.open(f"{draft}/skriv").status_code == 404
