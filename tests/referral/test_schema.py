"""The forms of a referral: nothing typed is lost, and everything that is missing is said at once."""

from datetime import date

import pytest
from werkzeug.datastructures import MultiDict

from handover.errors import Invalid
from handover.ids import ServiceId
from handover.referral import schema
from handover.referral.model import CodeSystem, Contact, Diagnosis, ReferralContent, Urgency
from handover.values import dump, load

INTAKE = ServiceId("8000031")
COMPLETE = {
    "service": "8000011",
    "to": INTAKE,
    "given": "Kari",
    "family": "Nordmann",
    "birth_date": "2.4.1980",
    "number": "028480 00041",
    "phone": "90 00 00 00",
    "street": "Storgata 1\r\nOppgang B",
    "postal_code": "5000",
    "city": "Fjordheim",
    "urgency": "3",
    "wish": "10",
    "problem": "Angst siden 2023\r\n\r\nVerre i høst",
    "medications": "Sertralin 50 mg\r\n\r\nMelatonin",
    "diagnoses-0-system": CodeSystem.ICD_10.value,
    "diagnoses-0-code": "f41.1",
    "diagnoses-0-text": "Generalisert angstlidelse",
    "diagnoses-1-system": CodeSystem.ICPC_2.value,
    "diagnoses-1-code": "",
    "diagnoses-1-text": "",
    "next_of_kin-0-name": "Per Nordmann",
    "next_of_kin-0-relation": "bror",
    "next_of_kin-0-phone": "",
    "helpers-1-name": "Fastlege Lie",
    "helpers-1-relation": "fastlege",
    "helpers-1-phone": "55 00 00 01",
    "trusted_name": "Anne",
    "interpreter": "ar",
    "consent": "1",
    "can_join": "yes",
    "csrf_token": "x",
    "revision": "3",
}


def form(**changes: str) -> "MultiDict[str, str]":
    """Return a complete form with some fields changed."""
    return MultiDict({**COMPLETE, **changes})


def test_a_writers_complete_form_becomes_content_that_may_be_sent() -> None:
    written = schema.read(form())
    content = written.content
    assert written.to == INTAKE
    assert content.patient is not None
    assert content.patient.birth_date == date(1980, 4, 2)
    assert content.patient.number == "02848000041"
    assert content.urgency is Urgency.URGENT
    assert content.medications == ("Sertralin 50 mg", "Melatonin")
    assert content.diagnoses == (
        Diagnosis(system=CodeSystem.ICD_10, code="F41.1", text="Generalisert angstlidelse"),
    )
    assert content.helpers == (Contact(name="Fastlege Lie", relation="fastlege", phone="55 00 00 01"),)
    assert content.unfinished == ()
    assert schema.problems(content, written.to) == {}


def test_a_writer_finds_everything_again_in_the_form() -> None:
    content = schema.read(form()).content
    again = MultiDict(
        (name, text) for name, texts in schema.values(content, service=None, to=INTAKE).items() for text in texts
    )
    assert schema.read(again).content == content


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"birth_date": "31.2.1980"}, {"birth_date": ["date"]}),
        ({"birth_date": ""}, {"birth_date": ["required"]}),
        ({"given": " ", "family": ""}, {"given": ["required"], "family": ["required"]}),
        ({"problem": "  "}, {"problem": ["required"]}),
        ({"consent": ""}, {"consent": ["required"]}),
        ({"to": ""}, {"to": ["required"]}),
        ({"wish": "99"}, {"wish_text": ["required"]}),
        ({"diagnoses-0-code": "angst"}, {"diagnoses-0-code": ["syntax"]}),
        ({"diagnoses-0-code": ""}, {"diagnoses-0-code": ["required"]}),
        ({"next_of_kin-0-name": ""}, {"next_of_kin-0-name": ["required"]}),
        ({"trusted_name": "", "trusted_phone": "55"}, {"trusted_name": ["required"]}),
    ],
)
def test_a_writer_is_told_field_by_field_what_is_missing(
    changes: dict[str, str], wanted: dict[str, list[str]]
) -> None:
    written = schema.read(form(**changes))
    assert schema.problems(written.content, written.to) == wanted


def test_an_empty_form_is_a_draft_that_says_everything_it_lacks() -> None:
    written = schema.read(MultiDict())
    assert written.content == ReferralContent()
    assert set(schema.problems(written.content, written.to)) == {
        "to",
        "given",
        "family",
        "birth_date",
        "problem",
        "consent",
    }


def test_a_draft_keeps_what_is_no_value_yet_as_it_was_typed() -> None:
    content = schema.read(form(birth_date="april en gang")).content
    kept = load(ReferralContent, dump(content))
    assert kept == content
    shown = schema.values(kept, service=None, to=None)
    assert shown["birth_date"] == ["april en gang"]
    assert shown["given"] == ["Kari"]
    assert shown["street"] == ["Storgata 1\r\nOppgang B"]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"urgency": "7"}, {"urgency": ["choice"]}),
        ({"interpreter": "xx<"}, {"interpreter": ["choice"]}),
        ({"problem": "x" * 20_001}, {"problem": ["too-long"]}),
        ({"diagnoses-0-system": "urn:other"}, {"diagnoses-0-system": ["choice"]}),
        ({"is_admin": "yes"}, {"is_admin": ["unknown"]}),
        ({"next_of_kin-0-shoe": "42"}, {"next_of_kin-0-shoe": ["unknown"]}),
        ({"helpers-21-name": "x"}, {"helpers": ["too-long"]}),
    ],
)
def test_a_form_with_odd_fields_is_refused_by_field(changes: dict[str, str], wanted: dict[str, list[str]]) -> None:
    with pytest.raises(Invalid) as refused:
        schema.read(form(**changes))
    assert refused.value.fields == wanted


def test_a_failed_check_digit_is_a_warning_and_no_problem() -> None:
    written = schema.read(form(number="02848000042"))
    assert "number.check-digits" in schema.number_warnings(written.content)
    assert schema.problems(written.content, written.to) == {}


def test_two_writers_see_where_their_texts_differ() -> None:
    mine, theirs = {"problem": ["Angst\r\nmye"], "city": ["A"]}, {"problem": ["Angst\nmye"], "risk": ["Lav"]}
    assert schema.differences(mine, theirs) == {"city": ("A", ""), "risk": ("", "Lav")}


def test_a_form_shows_one_empty_row_more_than_are_filled() -> None:
    assert list(schema.rows_of({}, "diagnoses")) == [0, 1]
    assert list(schema.rows_of({"diagnoses-2-code": "x", "helpers-7-name": "y"}, "diagnoses")) == [0, 1, 2, 3]


def test_a_paper_form_reads_its_days() -> None:
    said = schema.read_paper(form(counterpart="Fjordheim DPS", sent_on="10.11.2026", received_on=""))
    assert said.sent_on == date(2026, 11, 10)
    assert said.received_on is None
    with pytest.raises(Invalid) as refused:
        schema.read_paper(form(sent_on="i går"))
    assert refused.value.fields == {"sent_on": ["date"]}
