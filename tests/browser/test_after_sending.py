"""A patient's pages of a handover that was sent, and what staff see of the choices, in a real browser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from handover.bundle import service
from handover.bundle.lifecycle import Side, Status
from handover.bundle.model import Mark, Wishes
from handover.bundle.service import Plan, Turn
from handover.consent import service as consent
from handover.consent.model import ChoiceId, Target
from handover.ids import ItemId
from tests.browser.at_work import AtWork, at_work
from tests.browser.harness import LANGUAGES, NARROW, in_language, look_at
from tests.builders import INTAKE, MUNICIPALITY, NAV
from tests.bundle.meeting import EVENTS, Meeting, together
from tests.referral.nodes import INGRID, PATIENT

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Opened:
    """A handover that was opened at the receiver, with a meeting planned; one item stayed."""

    at: AtWork
    meeting: Meeting
    stayed: ItemId
    no_to_nav: ChoiceId

    def page(self, name: str) -> str:
        """Return the address of one of its pages."""
        return f"/mine-overforinger/{self.meeting.handover}/{name}"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Opened]:
    """Two nodes with one handover between them."""
    with at_work(tmp_path_factory.mktemp("after"), empty_sqlite) as made:
        met = together(made.town)
        met.add("Korte turer om morgenen.", marked=Mark.TRAVELS)
        stayed = met.add("Det som hendte i 2019.", topic=EVENTS, marked=Mark.STAYS)
        met.at_home(service.set_wishes, Wishes(told=("Berit Nes", "Ola Nes")))
        met.say_yes(by=PATIENT)
        met.do(service.send)
        made.town.settle()
        with made.town.dps.db.transaction() as session:
            now = made.town.now
            turn = Turn(handover=met.handover, by=INGRID, now=now, side=Side.RECEIVER, at=INTAKE)
            service.open_(session, turn)
            plan = Plan(start=now + timedelta(days=3), place="Fjordgata 2", who_comes="Per og Ingrid")
            service.plan_meeting(session, turn, plan)
        made.town.settle()
        with made.town.kommune.db.transaction() as session:
            known, at = met.see_standing(session).person, made.town.now
            no = consent.block(session, MUNICIPALITY, known, Target(agency=NAV), by=PATIENT, now=at)
        yield Opened(made, met, stayed, no)


@pytest.fixture(autouse=True)
def _the_towns_own_time(opened: Opened) -> None:
    opened.at.town.pass_time(seconds=1)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_after_sending_is_good_in_every_language(opened: Opened, chromium: Browser, tag: str) -> None:
    names = (
        "sendt",
        f"dokument/{opened.meeting.document_at()}",
        "mer",
        f"mer/{opened.stayed}",
        "trekk",
        "hvem-har-lest",
        "spor",
    )
    with opened.at.visit(chromium, by=PATIENT, bypass_csp=True) as visitor:
        for name in names:
            visitor.open(in_language(opened.page(name), tag))
            expect(visitor.page.locator("h1")).not_to_have_text("Logg inn")
            look_at(visitor, tag)
            visitor.screenshot(f"after-{name.split('/')[0]}-{len(name.split('/'))}-{tag}")
    desk, sharing = f"/overforinger/{opened.meeting.handover}", f"/deling/overforing/{opened.meeting.handover}"
    staff = {
        "tracking": desk,
        "more": f"{desk}/mer",
        "supplement": f"{desk}/mer/{opened.stayed}",
        "tell": f"{desk}/si-fra",
        "sharing": sharing,
        "no": f"{sharing}/nei",
        "back": f"{sharing}/tilbake?valg={opened.no_to_nav}",
    }
    with opened.at.visit(chromium, bypass_csp=True) as visitor:
        for name, address in staff.items():
            visitor.open(in_language(address, tag))
            expect(visitor.page.locator("h1")).not_to_have_text("Vi finner ikke siden")
            look_at(visitor, tag)
            visitor.screenshot(f"after-staff-{name}-{tag}")


def test_a_clinician_does_what_the_patient_says_by_keyboard_on_a_phone_without_javascript(
    opened: Opened, chromium: Browser
) -> None:
    window: dict[str, Any] = {"javascript": False, "viewport": {"width": NARROW, "height": 700}}
    with opened.at.visit(chromium, **window) as visitor:
        page, main = visitor.page, visitor.page.locator("main")
        visitor.open(f"/overforinger/{opened.meeting.handover}")
        page.get_by_role("link", name="Skriv inn at de har fått beskjed").first.press("Enter")
        page.get_by_role("radio", name="Berit Nes").press("Space")
        page.get_by_role("radio", name="Ja, de har fått beskjed").press("Space")
        page.get_by_role("button", name="Lagre").press("Enter")
        expect(main).to_contain_text("Det er skrevet inn, og pasienten kan lese det.")

        visitor.open(f"/deling/overforing/{opened.meeting.handover}")
        page.get_by_role("link", name="Skriv ned et nei som pasienten gir deg nå").press("Enter")
        page.get_by_role("button", name="Lagre pasientens nei").press("Enter")
        expect(page.locator("#error-summary")).to_contain_text("Kryss av for at pasienten selv har sagt dette.")
        page.get_by_role("checkbox", name="Pasienten har selv sagt dette til meg").press("Space")
        page.get_by_role("button", name="Lagre pasientens nei").press("Enter")
        expect(main).to_contain_text("Pasientens nei er lagret.")
        page.get_by_role("link", name=re.compile("Pasienten tar dette tilbake.*Inntak voksne")).press("Enter")
        page.get_by_role("checkbox", name="Pasienten har selv sagt dette til meg").press("Space")
        page.get_by_role("button", name="Ta valget tilbake").press("Enter")
        expect(main).to_contain_text("Valget er tatt tilbake.")
        visitor.assert_quiet()


def test_a_patient_lets_one_more_thing_go_and_takes_it_all_back_by_keyboard_on_a_phone_without_javascript(
    opened: Opened, chromium: Browser
) -> None:
    window: dict[str, Any] = {"javascript": False, "viewport": {"width": NARROW, "height": 700}}
    with opened.at.visit(chromium, by=PATIENT, **window) as visitor:
        page, main = visitor.page, visitor.page.locator("main")
        visitor.open(f"/mine-overforinger/{opened.meeting.handover}")
        expect(main).to_contain_text("Fjordgata 2")
        page.get_by_role("link", name="La en ting til bli med").press("Enter")
        page.get_by_role("link", name="Se hvordan det blir sendt").press("Enter")
        expect(main).to_contain_text("Det som hendte i 2019.")
        page.get_by_role("button", name="Ja, dette kan sendes").press("Enter")
        expect(main).to_contain_text("Du har sagt ja, og det er på vei")
        opened.at.town.settle()
        page.get_by_role("link", name="Trekk overføringen tilbake").press("Enter")
        page.get_by_role("button", name="Ja, trekk den tilbake").press("Enter")
        expect(main).to_contain_text("Du har trukket overføringen tilbake.")
        visitor.assert_quiet()
    opened.at.town.settle()
    assert opened.meeting.see().standing.status is Status.WITHDRAWAL_NOTIFIED
