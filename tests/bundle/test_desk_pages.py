"""What clinician and patient meet on their pages before anything is sent, through the front door."""

from datetime import date
from io import BytesIO
from re import findall

import pytest

from handover.access.guard import CSRF_FIELD
from handover.bundle import service
from handover.bundle.lifecycle import Act
from handover.bundle.model import Content, Mark, TopicCode
from handover.directory.model import Pause
from handover.referral import service as referrals
from tests.builders import INTAKE
from tests.bundle.meeting import EVENTS, HELPS, IMPORTANT, Meeting, begin, together
from tests.referral.nodes import OLA, PATIENT, PER, SENIOR, Town, acceptance
from tests.referral.visiting import Reader, hidden, links_of, reader, register_everybody, words_of

WHO = {"given": "Solveig", "family": "Nes", "birth_date": "15.06.1982", "number": "15868212388"}


@pytest.fixture
def open_town(two_nodes: Town) -> Town:
    """Two nodes whose staff can sign in."""
    register_everybody(two_nodes)
    return two_nodes


def at_desk(town: Town) -> Reader:
    """Return the clinician in front of the pages."""
    return reader(town, PER)


def at_home(town: Town) -> Reader:
    """Return the patient in front of the pages."""
    return reader(town, PATIENT)


def staff_url(met: Meeting, rest: str = "") -> str:
    """Return the address of a clinician's page of a handover."""
    return f"/overforinger/{met.handover}{rest}"


def home_url(met: Meeting, rest: str = "") -> str:
    """Return the address of a patient's page of a handover."""
    return f"/mine-overforinger/{met.handover}{rest}"


def form_of(met: Meeting, item: object, revision: int, **texts: str) -> dict[str, str]:
    """Return an item's form as the writing page sends it."""
    fields = {"revision": str(revision), "topic": "helps-me", **texts}
    return {f"{name}-{item}": text for name, text in fields.items()}


# --- beginning -------------------------------------------------------------------------------------------------


def test_a_clinician_begins_a_handover_and_is_asked_whom_it_is_for(open_town: Town) -> None:
    page = at_desk(open_town).send("/overforinger/ny", **WHO)
    assert "Hvem skal ta over?" in words_of(page)
    assert "Velg Inntak voksne" in words_of(page)


def test_a_handover_begins_from_a_referral_under_treatment_without_anything_typed_again(open_town: Town) -> None:
    referral = open_town.taken()
    open_town.do(OLA, referrals.accept, referral, acceptance())
    desk = reader(open_town, OLA)
    case = desk.open(f"/mottatt/{INTAKE}/{referral}")
    names = ("from_referral", "service", "given", "family", "birth_date", "number")
    page = desk.send("/overforinger/ny", **{name: hidden(case, name) for name in names})
    assert "Hvem skal ta over?" in words_of(page)
    assert "Solveig Nes" in words_of(desk.open("/overforinger/"))


def test_a_person_under_18_gets_a_clear_message_and_no_case(open_town: Town) -> None:
    desk = at_desk(open_town)
    page = desk.send("/overforinger/ny", **{**WHO, "birth_date": "15.06.2015", "number": ""})
    assert page.status_code == 422
    assert "Overgang kan bare brukes for personer over 18 år. Ingenting er sendt." in words_of(page)
    assert "Alle åpne (0)" in words_of(desk.open("/overforinger/"))


def test_a_receiver_that_is_unknown_or_takes_no_handovers_is_refused_when_chosen(open_town: Town) -> None:
    met, desk = begin(open_town, to=None), at_desk(open_town)
    page = desk.send(staff_url(met, "/mottaker"), receiver="9999999")
    assert "Tjenesten finnes ikke i adresseboka." in words_of(page)
    page = desk.send(staff_url(met, "/mottaker"), receiver=met.see().standing.home.service)
    assert "Det er tjenesten overføringen skrives fra." in words_of(page)


def test_a_receiver_that_is_closed_says_so_with_the_alternative_when_it_is_chosen(open_town: Town) -> None:
    met, desk = begin(open_town), at_desk(open_town)
    first = date(2026, 11, 9)
    open_town.services[INTAKE] = {"pause": Pause(first=first, last=None, why="Flytting", instead=SENIOR)}
    open_town.pass_time(minutes=1)
    written = words_of(desk.open(staff_url(met, "/skriv")))
    assert "Stengt inntil videre. Flytting" in written
    assert "Alderspsykiatri, Fjordheim DPS" in written
    page = desk.open(staff_url(met, "/mottaker"))
    assert "Stengt inntil videre. Flytting" in words_of(page)
    assert "Velg Inntak voksne" not in words_of(page)
    refused = desk.send(staff_url(met, "/mottaker"), receiver=INTAKE)
    assert "Tjenesten er stengt nå. Velg en annen, eller vent til den åpner." in words_of(refused)


def test_the_list_counts_each_filter_and_names_who_it_shows(open_town: Town) -> None:
    begin(open_town)
    page = words_of(at_desk(open_town).open("/overforinger/"))
    assert "Alle åpne (1)" in page
    assert "Avsluttet (0)" in page
    assert "Solveig Nes" in page


# --- writing ---------------------------------------------------------------------------------------------------


def test_each_item_is_saved_by_itself_with_its_own_button(open_town: Town) -> None:
    met, desk = begin(open_town), at_desk(open_town)
    item = met.add("", topic=HELPS)
    page = desk.send(staff_url(met, f"/punkter/{item}"), **form_of(met, item, 0, text="Turer", own_words="Sjøen"))
    assert "Lagret." in words_of(page)
    saved = met.see().items[0].content
    assert (saved.text, saved.own_words) == ("Turer", "Sjøen")


def test_what_is_written_saves_itself_and_says_when_it_could_not(open_town: Town) -> None:
    met, desk = begin(open_town), at_desk(open_town)
    item = met.add("", topic=HELPS)
    url = staff_url(met, f"/punkter/{item}/lagre")
    assert desk.send(url, **form_of(met, item, 0, text="Turer")).headers["X-Revision"] == "1"
    assert desk.send(url, **form_of(met, item, 0, text="Noe annet")).status_code == 409
    assert desk.send(url, **form_of(met, item, 1, text="x" * 20_001)).status_code == 422
    assert met.see().items[0].content.text == "Turer"


def test_the_second_of_two_clinicians_sees_both_texts_and_chooses(open_town: Town) -> None:
    met, desk = begin(open_town), at_desk(open_town)
    item = met.add("", topic=HELPS)
    met.do(service.save_item, item, Content(topic=HELPS, text="Den første teksten"), seen=0)
    url = staff_url(met, f"/punkter/{item}")
    page = desk.send(url, **form_of(met, item, 0, text="Den andre teksten"))
    assert page.status_code == 409
    assert "En annen har endret dette punktet mens du skrev." in words_of(page)
    assert "Den første teksten" in words_of(page)
    assert "Den andre teksten" in words_of(page)
    assert met.see().items[0].content.text == "Den første teksten"
    seen = int(hidden(page, f"revision-{item}"))
    desk.send(url, **form_of(met, item, seen, text="Begge deler"))
    assert met.see().items[0].content.text == "Begge deler"


def test_an_appointment_without_a_readable_time_is_an_error_on_the_field(
    open_town: Town,
) -> None:
    met, desk = begin(open_town), at_desk(open_town)
    item = met.add("", topic=TopicCode("appointments"))
    form = form_of(met, item, 0, topic="appointments", day="i morgen", clock="", place="Fjordgata 2")
    page = desk.send(staff_url(met, f"/punkter/{item}"), **form)
    assert page.status_code == 422
    assert f'href="#f-day-{item}"' in page.text
    assert "Skriv klokkeslettet for avtalen." in words_of(page)
    assert "Fjordgata 2" in page.text


def test_a_form_for_an_item_that_is_not_there_is_the_same_nothing_however_it_is_filled(open_town: Town) -> None:
    met, desk = begin(open_town), at_desk(open_town)
    nothing = met.handover
    for day in ("i morgen", "01.12.2026"):
        form = form_of(met, nothing, 0, topic="appointments", day=day, clock="12.00", place="Fjordgata 2")
        assert desk.send(staff_url(met, f"/punkter/{nothing}"), **form).status_code == 404


def test_a_file_that_is_no_document_is_refused_with_the_reason(open_town: Town) -> None:
    met, desk = begin(open_town), at_desk(open_town)
    sent = {CSRF_FIELD: desk.token, "topic": "documents", "file": (BytesIO(b"hei"), "notat.txt")}
    page = desk.http.post(staff_url(met, "/dokumenter"), data=sent)
    assert page.status_code == 422
    assert "Dokumenter må være PDF, JPEG eller PNG." in words_of(page)
    assert met.see().items == ()


def test_everything_typed_is_there_after_the_session_was_lost(open_town: Town) -> None:
    met, desk = begin(open_town), at_desk(open_town)
    item = met.add("", topic=HELPS)
    open_town.pass_time(minutes=40)
    form = form_of(met, item, 0, text="Alt vi snakket om", own_words="Mine ord")
    url = staff_url(met, f"/punkter/{item}")
    page = desk.http.post(url, data={CSRF_FIELD: desk.token, **form}, headers={"Sec-Fetch-Site": "same-origin"})
    assert page.status_code == 401
    kept = dict(findall(r'<textarea name="([^"]+)" hidden>\n([^<]*)<', page.text))
    again = at_desk(open_town)
    again.send(url, **kept)
    assert met.see().items[0].content.text == "Alt vi snakket om"
    assert met.see().items[0].content.own_words == "Mine ord"


# --- marking ---------------------------------------------------------------------------------------------------


def test_a_card_offers_three_equal_choices_and_starts_undecided(open_town: Town) -> None:
    met = together(open_town)
    met.add("Turer")
    page = at_home(open_town).open(home_url(met, "/merk"))
    assert findall(r'name="mark" value="(\w+)"( checked)?', page.text) == [
        ("travels", ""),
        ("stays", ""),
        ("undecided", " checked"),
    ]
    words = words_of(page)
    assert "Bli med videre" in words
    assert "Bli igjen her" in words
    assert "Ikke bestemt ennå" in words
    assert "Du har bestemt deg for 0 av 1" in words


def test_a_patient_at_home_marks_and_writes_and_the_log_says_who(open_town: Town) -> None:
    met = together(open_town)
    item = met.add("Turer")
    page = at_home(open_town).send(home_url(met, f"/merk/{item}"), mark="travels", own_words="Ja!", revision="0")
    assert "Lagret." in words_of(page)
    marked = met.see().items[0]
    assert (marked.marked.mark, marked.marked.on_patients_word) == (Mark.TRAVELS, False)
    assert marked.content.own_words == "Ja!"


def test_a_clinician_who_marks_in_the_meeting_is_named_on_the_card(open_town: Town) -> None:
    met = together(open_town)
    item = met.add("Turer")
    at_desk(open_town).send(staff_url(met, f"/merk/{item}"), mark="stays", own_words="", revision="0")
    assert met.see().items[0].marked.on_patients_word
    page = at_home(open_town).open(home_url(met, "/merk"))
    assert "Merket av Per Psykolog, slik pasienten sa det." in words_of(page)


def test_the_meeting_shows_nothing_of_the_clinicians_other_work(open_town: Town) -> None:
    met, desk = together(open_town), at_desk(open_town)
    met.add("Turer")
    page = desk.open(staff_url(met, "/mote"))
    assert "Hovedmeny" not in page.text
    assert "Solveig" not in page.text
    assert 'href="/overforinger/"' not in page.text
    assert 'action="/las"' in page.text


def test_what_the_patient_keeps_to_themselves_leaves_no_hint_on_any_page_of_the_clinician(open_town: Town) -> None:
    met, home, desk = together(open_town), at_home(open_town), at_desk(open_town)
    met.add("Turer", marked=Mark.TRAVELS)
    pages = ("/skriv", "/mote", "/se-over", "/ja", "")
    before = [words_of(desk.open(staff_url(met, rest))) for rest in pages]
    home.send(home_url(met, "/egne"), topic="free", own_words="Kanarifugl")
    assert "Bare du ser dette" in words_of(home.open(home_url(met, "/merk")))
    assert [words_of(desk.open(staff_url(met, rest))) for rest in pages] == before
    own = next(item for item in met.see(by=PATIENT).items if item.by_patient)
    home.send(home_url(met, f"/merk/{own.id}/tillat"), allowed="yes")
    assert "Kanarifugl" in words_of(desk.open(staff_url(met, "/skriv")))


def test_two_who_write_the_same_own_words_both_keep_theirs(open_town: Town) -> None:
    met, home = together(open_town), at_home(open_town)
    item = met.add("Turer")
    met.do(service.write_own_words, item, "Skrevet i møtet", seen=0)
    page = home.send(home_url(met, f"/merk/{item}"), mark="undecided", own_words="Skrevet hjemme", revision="0")
    assert page.status_code == 409
    assert "Skrevet i møtet" in words_of(page)
    assert "Skrevet hjemme" in words_of(page)


def test_a_pause_stops_everything_until_the_patient_goes_on(open_town: Town) -> None:
    met, home = together(open_town), at_home(open_town)
    met.add("Turer", marked=Mark.TRAVELS)
    assert "Overføringen er satt på vent." in words_of(home.send(home_url(met, "/vent")))
    page = words_of(at_desk(open_town).send(staff_url(met, "/send")))
    assert "Pasienten har satt overføringen på vent." in page
    assert "Overføringen er i gang igjen." in words_of(home.send(home_url(met, "/videre")))


def test_a_patient_says_that_no_meeting_is_wanted_and_who_is_told(open_town: Town) -> None:
    met, home = together(open_town), at_home(open_town)
    page = home.send(home_url(met, "/onsker"), meeting="no", told="Berit\n\nOla", note="Ikke nå")
    assert "Lagret." in words_of(page)
    wishes = met.see().standing.wishes
    assert (wishes.meeting, wishes.told, wishes.note) == (False, ("Berit", "Ola"), "Ikke nå")


# --- preview and yes -------------------------------------------------------------------------------------------


def test_the_preview_names_once_what_stays_because_nothing_was_chosen(open_town: Town) -> None:
    met, home = together(open_town), at_home(open_town)
    met.add("Turer", marked=Mark.TRAVELS)
    met.add("Krangelen", topic=EVENTS)
    words = words_of(home.open(home_url(met, "/se-over")))
    assert words.count("Hendelser som betyr noe") == 1
    assert "Krangelen" not in words
    assert "disse blir igjen her" in words


def test_a_yes_on_a_page_that_is_no_longer_true_is_refused(open_town: Town) -> None:
    met, home = together(open_town), at_home(open_town)
    item = met.add("Turer", marked=Mark.TRAVELS)
    sha256 = hidden(home.open(home_url(met, "/ja")), "sha256")
    met.do(service.save_item, item, Content(topic=IMPORTANT, text="Noe annet"), seen=0)
    page = home.send(home_url(met, "/ja"), sha256=sha256)
    assert "Noe som blir med, er endret etter at siden ble vist." in words_of(page)
    assert met.see().standing.approval is None


def test_a_later_change_of_what_travels_says_on_both_pages_that_the_yes_has_lapsed(open_town: Town) -> None:
    met, home, desk = together(open_town), at_home(open_town), at_desk(open_town)
    item = met.add("Turer", marked=Mark.TRAVELS)
    met.add("Krangelen", topic=EVENTS, marked=Mark.STAYS)
    home.send(home_url(met, "/ja"), sha256=hidden(home.open(home_url(met, "/ja")), "sha256"))
    assert "Endrer du noe som blir med videre" in words_of(desk.open(staff_url(met, "/skriv")))
    page = desk.send(staff_url(met, f"/punkter/{item}"), **form_of(met, item, 1, topic="important-now", text="Ny"))
    assert "Det pasienten sa ja til, gjelder ikke lenger." in words_of(page)
    assert "Ja-et gjelder derfor ikke lenger." in words_of(home.open(home_url(met, "/merk")))
    assert "Pasienten har ikke sagt ja ennå." in words_of(desk.send(staff_url(met, "/send")))


def test_a_patient_takes_the_yes_back_before_anything_was_sent(open_town: Town) -> None:
    met, home = together(open_town), at_home(open_town)
    met.add("Turer", marked=Mark.TRAVELS)
    met.say_yes(by=PATIENT)
    assert "Ta ja-et tilbake" in words_of(home.open(home_url(met, "/merk")))
    assert "Ja-et er tatt tilbake. Ingenting blir sendt." in words_of(home.send(home_url(met, "/ta-tilbake-ja")))
    assert met.see().standing.approval is None


def test_a_patient_stops_a_handover_before_it_is_sent_and_nothing_leaves(open_town: Town) -> None:
    met, home = together(open_town), at_home(open_town)
    met.add("Turer", marked=Mark.TRAVELS)
    assert "Stopp overføringen" in words_of(home.open(home_url(met, "/merk")))
    assert home.open(home_url(met, "/trekk")).status_code == 200
    assert "Ingenting ble sendt." in words_of(home.send(home_url(met, "/trekk")))
    assert "Trukket tilbake" in words_of(home.open("/mine-overforinger"))


def test_nothing_to_send_is_said_before_the_yes(open_town: Town) -> None:
    met = together(open_town)
    met.add("Turer")
    page = at_home(open_town).open(home_url(met, "/ja"))
    assert "Ingenting er merket til å bli med videre ennå." in words_of(page)


# --- sending ---------------------------------------------------------------------------------------------------


def test_what_was_sent_can_be_undone_while_it_waits_and_the_yes_stands(open_town: Town) -> None:
    met, desk = together(open_town), at_desk(open_town)
    met.add("Turer", marked=Mark.TRAVELS)
    met.say_yes()
    assert "Du kan angre i" in words_of(desk.send(staff_url(met, "/send")))
    assert "Sendingen er angret." in words_of(desk.send(staff_url(met, "/angre")))
    assert met.see().is_yes_valid


def test_the_sender_follows_the_receipts_and_stays_responsible(open_town: Town) -> None:
    met, desk = together(open_town), at_desk(open_town)
    met.add("Turer", marked=Mark.TRAVELS)
    met.say_yes()
    desk.send(staff_url(met, "/send"))
    open_town.pass_time(seconds=31)
    open_town.settle()
    words = words_of(reader(open_town, PER).open(staff_url(met)))
    assert "Kommet fram til Inntak voksne, Fjordheim DPS" in words
    assert "Dere har ansvaret" in words
    assert "Turer" in words_of(reader(open_town, PER).open(staff_url(met, "/sendt")))


def test_a_clinician_lets_one_more_thing_go_along_on_the_patients_word(open_town: Town) -> None:
    met = together(open_town)
    met.add("Jeg vil bli møtt med ro.", marked=Mark.TRAVELS)
    met.add("Det som hendte i 2019.", topic=EVENTS, marked=Mark.STAYS)
    own = Content(topic=HELPS, own_words="Dette er bare mitt.")
    met.at_home(service.add_own_item, own, clinician_may_see=False)
    desk = at_desk(open_town)
    assert desk.open(staff_url(met, "/mer")).status_code == 409, "nothing has been sent"
    met.say_yes(by=PATIENT)
    met.do(service.send)
    open_town.settle()

    assert "La en ting til bli med, slik pasienten ønsker" in words_of(desk.open(staff_url(met)))
    page = desk.open(staff_url(met, "/mer"))
    assert "Det som hendte i 2019." in words_of(page) and "møtt med ro" not in words_of(page)
    assert "Dette er bare mitt." not in words_of(page), "what is the patient's own stays the patient's own"
    address = next(link for link in links_of(page) if "/mer/" in link)
    page = desk.open(address)
    assert "Overføringer" not in words_of(page), "nothing of the clinician's other work is on the screen"
    assert "Loggen sier at pasienten sa ja i møtet, og at Per Psykolog skrev det inn." in words_of(page)
    said = words_of(desk.send(staff_url(met, "/mer"), sha256=hidden(page, "sha256")))
    assert "Pasienten har sagt ja til en ting til, og den er på vei til mottakeren." in said
    open_town.settle()
    assert len(met.see().standing.documents) == 2
    line = met.see().history[-1]
    assert (line.act, line.on_patients_word, line.author and line.author.name) == (
        Act.RELEASE_MORE,
        True,
        "Per Psykolog",
    )
    again = desk.send(staff_url(met, "/mer"), sha256=hidden(page, "sha256"))
    assert (again.status_code, len(met.see().standing.documents)) == (409, 2)


def test_a_no_of_the_patient_stops_one_more_thing_at_the_clinicians_desk_too(open_town: Town) -> None:
    met = together(open_town)
    met.add("Jeg vil bli møtt med ro.", marked=Mark.TRAVELS)
    met.add("Det som hendte i 2019.", topic=EVENTS, marked=Mark.STAYS)
    met.say_yes(by=PATIENT)
    met.do(service.send)
    open_town.settle()
    desk = at_desk(open_town)
    address = next(link for link in links_of(desk.open(staff_url(met, "/mer"))) if "/mer/" in link)
    sha256 = hidden(desk.open(address), "sha256")
    at_home(open_town).send("/mine-valg/nei", target="alle")
    refused = desk.send(staff_url(met, "/mer"), sha256=sha256)
    assert (refused.status_code, len(met.see().standing.documents)) == (409, 1)
    assert "Pasienten har sagt nei til at dere sender noe dit." in words_of(refused)


def test_a_second_receiver_gets_a_marking_of_its_own_that_starts_from_the_first(open_town: Town) -> None:
    met, desk = together(open_town), at_desk(open_town)
    met.add("Turer", marked=Mark.TRAVELS)
    met.say_yes()
    desk.send(staff_url(met, "/send"))
    page = desk.send(staff_url(met, "/ny-mottaker"), receiver="8000033")
    assert "Alderspsykiatri, Fjordheim DPS" in words_of(page)
    assert "Valgt av pasienten nå: Bli med videre" in words_of(page)


def test_a_further_receiver_is_another_than_the_one_that_has_it_or_said_no(open_town: Town) -> None:
    met, desk = together(open_town), at_desk(open_town)
    met.add("Turer", marked=Mark.TRAVELS)
    met.say_yes()
    first = desk.open(staff_url(met, "/ny-mottaker"))
    assert "Hvilken annen tjeneste skal få en overføring?" in words_of(first)
    assert 'value="8000033"' in first.text
    assert f'value="{INTAKE}"' not in first.text
    refused = desk.send(staff_url(met, "/ny-mottaker"), receiver=INTAKE)
    assert refused.status_code == 422
    assert "Overføringen går alt til denne tjenesten." in words_of(refused)
    assert f'value="{INTAKE}"' in desk.open(staff_url(met, "/mottaker")).text


# --- what was typed is never lost ------------------------------------------------------------------------------


def test_nobody_takes_away_what_somebody_else_has_written_meanwhile(open_town: Town) -> None:
    met, desk = together(open_town), at_desk(open_town)
    item = met.add("Turer", topic=HELPS)
    met.at_home(service.write_own_words, item, "Hunden min", seen=0)
    page = desk.send(staff_url(met, f"/punkter/{item}"), **form_of(met, item, 0, text="Turer"), act="remove")
    assert page.status_code == 409
    assert "Hunden min" in words_of(page)
    assert [each.content.own_words for each in met.see().items] == ["Hunden min"]
    seen = int(hidden(page, f"revision-{item}"))
    desk.send(staff_url(met, f"/punkter/{item}"), **form_of(met, item, seen, text="Turer"), act="remove")
    assert met.see().items == ()


def test_what_a_clinician_typed_in_an_item_that_is_gone_is_given_back(open_town: Town) -> None:
    met, desk = begin(open_town), at_desk(open_town)
    item = met.add("Turer", topic=HELPS)
    met.do(service.remove_item, item)
    page = desk.send(staff_url(met, f"/punkter/{item}"), **form_of(met, item, 0, text="Lange turer"))
    assert page.status_code == 404
    assert "Punktet er ikke her lenger." in words_of(page)
    assert "Lange turer" in words_of(page)


def test_what_a_clinician_typed_while_the_patient_put_it_on_hold_is_given_back(open_town: Town) -> None:
    met, desk = together(open_town), at_desk(open_town)
    item = met.add("Turer", topic=HELPS)
    met.at_home(service.pause)
    page = desk.send(staff_url(met, f"/punkter/{item}"), **form_of(met, item, 0, text="Lange turer"))
    assert page.status_code == 409
    assert "Lange turer" in words_of(page)
    assert met.see().items[0].content.text == "Turer"


@pytest.mark.parametrize(("meanwhile", "status"), [("paused", 409), ("sent", 409), ("removed", 404)])
def test_own_words_that_came_too_late_are_given_back(open_town: Town, meanwhile: str, status: int) -> None:
    met, home = together(open_town), at_home(open_town)
    item = met.add("Turer", topic=HELPS, marked=Mark.TRAVELS)
    if meanwhile == "paused":
        met.do(service.pause)
    elif meanwhile == "removed":
        met.do(service.remove_item, item)
    else:
        met.say_yes()
        met.do(service.send)
    page = home.send(home_url(met, f"/merk/{item}"), own_words="Hunden min", mark="travels", revision="0")
    assert page.status_code == status
    assert "Dette skrev du:" in words_of(page)
    assert "Hunden min" in words_of(page)
    assert all(each.content.own_words == "" for each in met.see().items)
