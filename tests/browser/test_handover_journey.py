"""A clinician and a patient in a real Chromium, from the first word to the patient's yes and sending."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from handover.actors import Role
from handover.bundle import service
from handover.bundle.model import (
    Content,
    CrisisStep,
    Diagnosis,
    Level,
    Mark,
    Medicine,
    NextAppointment,
    PersonAround,
    Relation,
    TopicCode,
)
from handover.ids import HandoverId
from handover.workdays import local_date
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import LANGUAGES, Visitor, in_language, look_at
from tests.builders import DPS, OUTPATIENT
from tests.bundle.meeting import PDF, Meeting, together
from tests.referral.nodes import PATIENT, staff
from tests.referral.test_sending_pages import id_in
from tests.referral.visiting import register
from tests.serving import address, open_server, running

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
OWN = "Jeg vil at du venter litt før du spør."
CLINIC = "Poliklinikk voksne"
LEILA = staff(40, "Leila Haug", DPS, OUTPATIENT, Role.INTAKE, Role.CLINICIAN)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[tuple[AtWork, Meeting]]:
    """A municipality with a handover that has an item of every kind."""
    with at_work(tmp_path_factory.mktemp("shown"), empty_sqlite) as made:
        yield made, full(made)


@pytest.fixture
def quiet(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[AtWork]:
    """A municipality without cases."""
    with at_work(tmp_path_factory.mktemp("quiet"), empty_sqlite) as made:
        yield made


def full(at: AtWork) -> Meeting:
    """Return a handover with an item of every kind: some go along, some stay, one is not decided."""
    met = together(at.town)
    start = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    said = (
        ("helps-me", None),
        ("crisis-plan", CrisisStep(level=Level.RED, signs="Jeg slutter å svare", i_do="Går ut", who="Berit")),
        ("people", PersonAround(relation=Relation.TRUSTED, name="Berit Nes", role="søster", comes_along=True)),
        ("appointments", NextAppointment(start=start, place="Fjordgata 2", with_whom="Ola Overlege")),
        ("medicines", Medicine(name="Sertralin", dose="50 mg om morgenen", why="Angst")),
        ("diagnoses", Diagnosis(system="urn:oid:2.16.578.1.12.4.1.1.7110", code="F41.1", text="Angst")),
    )
    for topic, details in said:
        met.add("Snakket om dette i høst.", topic=TopicCode(topic), details=details, marked=Mark.TRAVELS)
    met.add("Noe fra barndommen", topic=TopicCode("events"), marked=Mark.STAYS)
    met.add("", topic=TopicCode("practical"))
    file = met.do(service.attach, TopicCode("documents"), "Epikrise.pdf", PDF)
    met.do(service.mark, file, Mark.TRAVELS)
    met.at_home(service.add_own_item, Content(topic=TopicCode("free"), own_words=OWN), clinician_may_see=False)
    return met


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_before_sending_is_good_in_every_language(
    chromium: Browser, shown: tuple[AtWork, Meeting], tag: str
) -> None:
    at, met = shown
    desk, home = f"/overforinger/{met.handover}", f"/mine-overforinger/{met.handover}"
    with at.visit(chromium, bypass_csp=True) as visitor:
        for number, rest in enumerate(
            ("/skriv", "/mottaker", "/hent", "/mote", "/mote?punkt=2", "/se-over", "/ja", "/trekk")
        ):
            visitor.open(in_language(desk + rest, tag))
            expect(visitor.page).to_have_url(re.compile(re.escape(desk)))
            visitor.screenshot(f"desk-{number}-{tag}")
            look_at(visitor, tag)
        for path in ("/overforinger/", "/overforinger/ny"):
            visitor.open(in_language(path, tag))
            look_at(visitor, tag)
    with at.visit(chromium, by=PATIENT, viewport=PHONE, bypass_csp=True) as visitor:
        for number, path in enumerate(("/mine-overforinger", f"{home}/merk", f"{home}/se-over", f"{home}/ja")):
            visitor.open(in_language(path, tag))
            expect(visitor.page).to_have_url(re.compile("/mine-overforinger"))
            visitor.screenshot(f"home-{number}-{tag}")
            look_at(visitor, tag)


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without script"])
def test_a_handover_goes_the_whole_way(chromium: Browser, quiet: AtWork, javascript: bool) -> None:
    register(quiet.town, LEILA)
    with quiet.visit(chromium, javascript=javascript) as desk:
        handover = begin(desk)
        write(desk.page, javascript)
        desk.page.get_by_role("button", name="Begynn møtet med pasienten").click()
        expect(desk.page.locator(".menu")).to_have_count(0)
        mark_one_at_a_time(desk.page)
        with quiet.visit(chromium, by=PATIENT, javascript=javascript, viewport=PHONE) as home:
            decide(home, javascript)
            home.assert_fits(360)
            home.assert_quiet()
        desk.open(f"/overforinger/{handover}")
        expect(desk.page.locator("#next-step-heading")).to_have_text("Pasienten har sagt ja")
        send(desk, quiet)
        desk.page.reload()
        expect(desk.page.locator(".timeline")).to_contain_text(f"Kommet fram til {CLINIC}, Fjordheim DPS")
        desk.page.get_by_role("link", name="Se det som ble sendt").click()
        expect(desk.page.locator(".handover-document")).to_contain_text(OWN)
        expect(desk.page.locator(".handover-document")).not_to_contain_text("Krangelen")
        with clinic(quiet) as there:
            with there.visit(chromium, by=LEILA, javascript=javascript) as leila:
                receive(leila)
                quiet.town.settle()
                answer(desk, handover)
                quiet.town.settle()
                plan(leila, quiet)
                quiet.town.settle()
            look(chromium, quiet, handover, "Rom 2", "Kommunepsykolog, Fjordheim kommune har ansvaret")
            quiet.town.pass_time(days=7)
            with there.visit(chromium, by=LEILA, javascript=javascript) as leila:
                meet_and_take_over(leila, quiet)
            quiet.town.settle()
        look(chromium, quiet, handover, "Storgata 1", f"{CLINIC}, Fjordheim DPS har ansvaret, siden")
        desk.assert_quiet()
    with quiet.visit(chromium, javascript=javascript) as desk:
        close(desk, handover)


def begin(visitor: Visitor) -> HandoverId:
    """Begin a handover from scratch, to a service in the address book."""
    page = visitor.page
    visitor.open("/overforinger/")
    page.get_by_role("link", name="Ny overføring").first.click()
    page.get_by_label("Fødselsnummer eller D-nummer").fill("15868212388")
    page.get_by_label("Fornavn").fill("Solveig")
    page.get_by_label("Etternavn").fill("Nes")
    page.get_by_role("button", name="Begynn overføringen").click()
    page.get_by_role("link", name="Skriv fødselsdatoen til pasienten.").click()
    page.get_by_label("Fødselsdato").fill("15.06.1982")
    page.get_by_role("button", name="Begynn overføringen").click()
    expect(page.locator("h1")).to_have_text("Hvem skal ta over?")
    page.get_by_label("Hva leter du etter?").fill("poliklinikk")
    page.get_by_role("button", name="Søk").click()
    page.get_by_role("button", name=f"Velg {CLINIC}").click()
    return HandoverId(id_in(page.url))


def write(page: Page, javascript: bool) -> None:
    """Write under two of the ready topics: saved as it is written, or with each item's button."""
    for topic, text in (("Hva som hjelper meg", "Korte turer om morgenen."), ("Hendelser", "Krangelen i sommer.")):
        page.get_by_role("button", name=f"Skriv om «{topic}").click()
        slip = page.locator(".slip:target")
        slip.get_by_label("Det du skriver").fill(text)
        if not javascript:
            slip.get_by_role("button", name="Lagre", exact=True).last.click()
        expect(page.locator(".slip:target [role=status]")).to_have_text("Lagret.")
    page.reload()
    expect(page.get_by_text("Korte turer om morgenen.")).to_have_count(1)


def mark_one_at_a_time(page: Page) -> None:
    """Choose together, one card at a time."""
    page.get_by_role("link", name="Ett om gangen").click()
    page.get_by_label("Bli med videre").check()
    page.get_by_role("button", name="Neste").click()
    expect(page.locator(".mark-card")).to_contain_text("Krangelen")
    page.get_by_label("Bli igjen her").check()
    page.get_by_role("button", name="Ferdig, vis alt").click()
    expect(page.locator(".progress")).to_have_text("Du har bestemt deg for 2 av 2")


def decide(visitor: Visitor, javascript: bool) -> None:
    """Write something of one's own at home, let it go along, look at everything and say yes."""
    page = visitor.page
    visitor.open("/mine-overforinger")
    page.get_by_role("link", name=f"Overføring til {CLINIC}").click()
    page.get_by_label("Det jeg vil si").fill(OWN)
    page.get_by_role("button", name="Legg til").click()
    card = page.locator(".mark-card").last
    expect(card).to_contain_text("Bare du ser dette")
    card.get_by_label("Bli med videre").check()
    if javascript:
        expect(page.locator(".progress")).to_have_text("Du har bestemt deg for 3 av 3")
    else:
        card.get_by_role("button", name="Lagre").click()
    page.get_by_role("link", name="Se det den nye får lese").click()
    expect(page.locator(".handover-document")).to_contain_text("Pasienten har valgt hva som er med.")
    expect(page.locator(".handover-document")).to_contain_text(OWN)
    expect(page.locator(".handover-document")).not_to_contain_text("Krangelen")
    page.get_by_role("link", name="Gå videre til ja").click()
    page.get_by_role("button", name="Ja, dette kan sendes").click()
    expect(page.locator("#next-step-heading")).to_have_text("Du har sagt ja")


def send(visitor: Visitor, at: AtWork) -> None:
    """Send, undo, and send again; then it arrives."""
    page = visitor.page
    page.get_by_role("button", name=f"Send til {CLINIC}").click()
    expect(page.locator(".countdown")).to_contain_text(re.compile(r"Du kan angre i \d+ sekunder til"))
    page.get_by_role("button", name="Angre sendingen").click()
    expect(page.locator("main")).to_contain_text("Sendingen er angret. Ingenting er sendt.")
    page.get_by_role("button", name=f"Send til {CLINIC}").click()
    at.town.pass_time(seconds=31)
    at.town.settle()


@contextmanager
def clinic(at: AtWork) -> Iterator[AtWork]:
    """Serve the other node's pages, too."""
    server = open_server()
    server.app = at.town.app_of(at.town.dps)
    with running(server):
        yield AtWork(at.town, address(server), node=at.town.dps)


def receive(visitor: Visitor) -> None:
    """Find it in the worklist, read the patient's own words first, follow it up, and ask about something."""
    page = visitor.page
    visitor.open("/arbeidsliste")
    page.get_by_role("link", name="Solveig Nes").click()
    expect(page.locator(".handover-document")).to_contain_text(OWN)
    expect(page.locator(".handover-document")).not_to_contain_text("Krangelen")
    page.get_by_role("button", name="Jeg har lest").click()
    page.get_by_role("button", name="Jeg følger den opp").click()
    page.get_by_role("link", name="Spør avsenderen").click()
    page.get_by_label("Hva vil du vite?").fill("Hvem snakker med arbeidsgiveren?")
    page.get_by_role("button", name="Send spørsmålet").click()
    visitor.assert_quiet()


def answer(visitor: Visitor, handover: HandoverId) -> None:
    """Answer what was asked."""
    page = visitor.page
    visitor.open(f"/overforinger/{handover}")
    expect(page.locator("main")).to_contain_text("Hvem snakker med arbeidsgiveren?")
    page.get_by_role("link", name="Svar mottakeren").click()
    page.get_by_label("Beskjeden din").fill("Solveig gjør det selv.")
    page.get_by_role("button", name="Send beskjeden").click()
    expect(page.locator("main")).to_contain_text("Beskjeden er sendt.")


def plan(visitor: Visitor, at: AtWork) -> None:
    """Read the answer, and agree on a meeting."""
    page = visitor.page
    page.reload()
    expect(page.locator("main")).to_contain_text("Solveig gjør det selv.")
    page.get_by_role("link", name="Avtal overføringsmøtet").click()
    page.locator("#f-day").fill(f"{local_date(at.town.now) + timedelta(days=7):%d.%m.%Y}")
    page.locator("#f-clock").fill("07.30")
    page.locator("#f-place").fill("Rom 2")
    page.locator("#f-who_comes").fill("Solveig, Per og Leila")
    page.get_by_role("button", name="Lagre møtet").click()
    expect(page.locator("main")).to_contain_text("Rom 2")
    visitor.assert_quiet()


def meet_and_take_over(visitor: Visitor, at: AtWork) -> None:
    """Write down that the meeting was held, and take over from today with a first appointment."""
    page = visitor.page
    visitor.open("/arbeidsliste")
    page.get_by_role("link", name="Solveig Nes").click()
    page.get_by_role("link", name="Møtet er holdt").click()
    page.locator("main form button.ds-button").click()
    page.get_by_role("link", name="Ta over ansvaret").click()
    page.locator("#f-first_day").fill(f"{local_date(at.town.now) + timedelta(days=3):%d.%m.%Y}")
    page.locator("#f-first_clock").fill("10.15")
    page.locator("#f-first_place").fill("Storgata 1")
    page.get_by_role("button", name="Vi tar over ansvaret").click()
    expect(page.locator("main")).to_contain_text("Dere har ansvaret, siden")
    visitor.assert_quiet()


def look(chromium: Browser, at: AtWork, handover: HandoverId, *said: str) -> None:
    """See as the patient where it stands, and who is responsible."""
    with at.visit(chromium, by=PATIENT, viewport=PHONE) as home:
        home.open(f"/mine-overforinger/{handover}")
        for sentence in said:
            expect(home.page.locator("main")).to_contain_text(sentence)
        home.screenshot(f"journey-{said[0][:4]}")
        home.assert_quiet()


def close(visitor: Visitor, handover: HandoverId) -> None:
    """Read who took over, and end the case at the sender."""
    page = visitor.page
    visitor.open(f"/overforinger/{handover}")
    expect(page.locator("main")).to_contain_text("Leila Haug")
    page.get_by_role("link", name="Avslutt hos oss").first.click()
    page.get_by_role("button", name="Avslutt overføringen").click()
    expect(page.locator("main")).to_contain_text("Overføringen er avsluttet.")
    visitor.assert_quiet()


def test_a_patient_decides_and_says_yes_with_the_keyboard_alone(chromium: Browser, quiet: AtWork) -> None:
    met = together(quiet.town)
    item = met.add("Korte turer om morgenen.", topic=TopicCode("helps-me"))
    with quiet.visit(chromium, by=PATIENT) as visitor:
        page, keys = visitor.page, visitor.page.keyboard
        visitor.open(f"/mine-overforinger/{met.handover}/merk")
        visitor.press_until("Tab", on=f"#mark-{item}-undecided")
        keys.press("ArrowUp")
        keys.press("ArrowUp")
        visitor.press_until("Tab", on=f"#own-{item}")
        keys.type("Sjøen hjelper mest.")
        expect(page.locator("[data-autosave-note]").first).to_have_text("Lagret.")
        visitor.press_until("Tab", on=".mark-actions a")
        keys.press("Enter")
        expect(page.locator(".handover-document")).to_contain_text("Sjøen hjelper mest.")
        visitor.press_until("Tab", on="main a[href$='/ja']")
        keys.press("Enter")
        visitor.press_until("Tab", on="main form button.ds-button")
        keys.press("Enter")
        expect(page.locator("#next-step-heading")).to_have_text("Du har sagt ja")
        visitor.assert_quiet()
    assert met.see().standing.approval is not None


def test_a_clinician_writes_marks_and_asks_for_the_yes_with_the_keyboard_alone(
    chromium: Browser, quiet: AtWork
) -> None:
    with quiet.visit(chromium) as visitor:
        page = visitor.page
        visitor.open("/overforinger/ny")
        for field, text in (
            ("number", "15868212388"),
            ("given", "Solveig"),
            ("family", "Nes"),
            ("birth_date", "15.06.1982"),
        ):
            typed(visitor, f"#f-{field}", text)
        page.keyboard.press("Enter")
        typed(visitor, "#f-q", "poliklinikk")
        page.keyboard.press("Enter")
        pressed(visitor, f"button[value='{OUTPATIENT}']")
        handover = id_in(page.url)
        pressed(visitor, "#tema-helps-me form.actions button")
        expect(page.locator(".slip:target")).to_be_visible()
        typed(visitor, ".slip:target textarea", "Korte turer om morgenen.")
        expect(page.locator(".slip:target [data-autosave-note]")).to_have_text("Lagret.")
        visitor.open(f"/overforinger/{handover}/skriv")
        pressed(visitor, "button[value='meet']")
        visitor.press_until("Tab", on="input[name=mark][value=undecided]")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        pressed(visitor, ".mark-actions a")
        expect(page.locator(".handover-document")).to_contain_text("Korte turer om morgenen.")
        pressed(visitor, "main a[href$='/ja']")
        pressed(visitor, "main form button.ds-button")
        expect(page.locator("#next-step-heading")).to_have_text("Pasienten har sagt ja")
        visitor.assert_quiet()


def typed(visitor: Visitor, field: str, text: str) -> None:
    """Go to a field with Tab, and type."""
    visitor.press_until("Tab", on=field, at_most=120)
    visitor.page.keyboard.type(text)


def pressed(visitor: Visitor, button: str) -> None:
    """Go to a link or a button with Tab, and press it."""
    visitor.press_until("Tab", on=button, at_most=120)
    visitor.page.keyboard.press("Enter")


def test_escape_locks_the_meeting_and_what_was_being_typed_is_saved_first(
    chromium: Browser, quiet: AtWork
) -> None:
    met = together(quiet.town)
    item = met.add("Korte turer om morgenen.", topic=TopicCode("helps-me"))
    with quiet.visit(chromium) as visitor:
        visitor.open(f"/overforinger/{met.handover}/mote")
        visitor.page.locator(f"#own-{item}").fill("Sjøen hjelper mest.")
        visitor.page.keyboard.press("Escape")
        expect(visitor.page.locator("h1")).to_have_text("Skjermen er låst")
        visitor.open(f"/overforinger/{met.handover}/mote")
        expect(visitor.page.locator("h1")).to_have_text("Skjermen er låst")
        visitor.assert_quiet()
    assert met.see().items[0].content.own_words == "Sjøen hjelper mest."


def test_nobody_leaves_a_text_behind_that_could_not_be_saved(chromium: Browser, quiet: AtWork) -> None:
    met = together(quiet.town)
    item = met.add("Korte turer om morgenen.", topic=TopicCode("helps-me"))
    with quiet.visit(chromium) as visitor:
        page = visitor.page
        visitor.open(f"/overforinger/{met.handover}/mote")
        page.context.clear_cookies()
        page.locator(f"#own-{item}").fill("Sjøen hjelper mest.")
        page.get_by_role("link", name="Avslutt møtet").click()
        expect(page.locator(f"#punkt-{item} [data-autosave-note]")).to_have_text("Ikke lagret. Trykk på Lagre.")
        page.locator(f"#punkt-{item} button[type=submit]").click()
        expect(page.locator("h1")).to_have_text("Du er logget ut")
        assert "Sjøen hjelper mest." in page.content()
