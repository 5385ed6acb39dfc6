"""One rendering of a document for everybody who reads it, the patient's own words first."""

from datetime import date

import pytest
from flask import Flask, render_template_string

from handover import web
from handover.bundle.model import FIXED_SENTENCE, Content
from handover.bundle.words.document import shown
from tests.bundle.papers import OWN_WORDS, a_document, said

APP = Flask("handover.web")
web.init_app(APP)
PAGE = """{% from "bundle/document.html" import document with context %}{{ document(shown, file_url) }}"""


def page(*contents: Content, tag: str = "nb", **changes: object) -> str:
    """Return what a reader of the language sees of a document."""
    with APP.test_request_context(f"/?lang={tag}"):
        view = shown(a_document(*contents, **changes))
        return render_template_string(PAGE, shown=view, file_url=lambda file: f"/fil/{file.sha256.hex()}")


def test_a_reader_meets_the_fixed_sentence_and_the_patients_own_words_before_everything_else() -> None:
    html = page()

    places = [html.index(text) for text in (FIXED_SENTENCE, OWN_WORDS, "Et sted å bo.", "Hjelp til å søke bolig.")]
    assert places == sorted(places)


def test_a_reader_goes_from_what_is_needed_now_to_the_crisis_plan_people_plans_and_history() -> None:
    html = page()

    wanted = ("Det som trengs nå", "Kriseplan<", "Viktige personer", "Planer og avtaler", "Bakgrunn")
    places = [html.index(f">{text}") for text in wanted]
    assert places == sorted(places)


def test_the_crisis_plan_says_its_colours_in_words() -> None:
    html = page()

    assert "Gult: det begynner å bli vanskelig" in html
    assert "Rødt: jeg trenger hjelp nå" in html
    assert html.count("data-level=") == 2


def test_a_reader_opens_an_attached_document_by_its_name() -> None:
    assert f'<a class="ds-link" href="/fil/{bytes(32).hex()}">Epikrise.pdf</a>' in page()


def test_nothing_is_headed_that_nobody_wrote() -> None:
    html = page(said("need-help-with", text="Hjelp til bolig."))

    assert "Med egne ord" not in html
    assert "Bakgrunn" not in html


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("nb", "Ønsker ikke noe overføringsmøte"),
        ("nn", "Ønskjer ikkje noko overføringsmøte"),
        ("en", "Does not want a handover meeting"),
    ],
)
def test_a_reader_sees_what_the_patient_wants_of_the_meeting_in_their_language(tag: str, sentence: str) -> None:
    html = page(tag=tag, wants_meeting=False, take_over_by=date(2026, 12, 4))

    assert sentence in html
    assert {"nb": "fredag 4. desember", "nn": "fredag 4. desember", "en": "Friday 4 December"}[tag] in html


def test_what_somebody_wrote_is_never_taken_for_markup() -> None:
    html = page(said("need-help-with", text="<script>x</script>", own_words="<b>jeg</b>"))

    assert "<script>" not in html
    assert "<b>jeg</b>" not in html
