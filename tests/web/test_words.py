"""Dates, deadlines and forms in the reader's words, in three languages."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from handover import clock, web
from handover.errors import Invalid
from handover.web import dates
from handover.web.forms import Form, parse_day, parse_time
from handover.web.i18n import Sentence

APP = Flask("handover.web")
web.init_app(APP)
MORNING = datetime(2026, 11, 24, 8, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _on_22_november() -> Iterator[None]:
    clock.set_offset(datetime(2026, 11, 22, 12, tzinfo=UTC) - datetime.now(UTC))
    yield
    clock.reset()


def said(tag: str, word: str, value: object) -> str:
    """Return what a reader of the language sees."""
    with APP.test_request_context(f"/?lang={tag}"):
        return str(getattr(dates, word)(value))


@pytest.mark.parametrize(
    ("tag", "word", "value", "expected"),
    [
        ("nb", "moment", MORNING, "tirsdag 24. november kl.\u00a009.12"),
        ("nn", "moment", MORNING, "tysdag 24. november kl.\u00a009.12"),
        ("en", "moment", MORNING, "Tuesday 24 November at\u00a009:12"),
        ("nb", "day", date(2027, 1, 5), "tirsdag 5. januar 2027"),
        ("en", "day", date(2026, 11, 24), "Tuesday 24 November"),
        ("nb", "short_day", date(2026, 11, 6), "6. nov."),
        ("nb", "day", datetime(2026, 11, 24, 23, 30, tzinfo=UTC), "onsdag 25. november"),
        ("nb", "working_days_left", 1, "1 virkedag igjen"),
        ("nb", "working_days_left", 3, "3 virkedager igjen"),
        ("nb", "working_days_left", 0, "Siste dag er i dag"),
        ("nb", "working_days_left", -1, "1 virkedag over fristen"),
        ("nn", "working_days_left", -2, "2 yrkedagar over fristen"),
        ("en", "working_days_left", 2, "2 working days left"),
        ("nb", "days_away", date(2026, 11, 22), "i dag"),
        ("nb", "days_away", date(2026, 11, 23), "i morgen"),
        ("nb", "days_away", date(2026, 11, 25), "om 3 dager"),
        ("nn", "days_away", date(2026, 11, 25), "om 3 dagar"),
        ("en", "days_away", date(2026, 11, 20), "2 days ago"),
        ("nb", "upfirst", "tirsdag 24. november, Fjordheim", "Tirsdag 24. november, Fjordheim"),
    ],
)
def test_a_reader_sees_dates_as_people_say_them(tag: str, word: str, value: object, expected: str) -> None:
    assert said(tag, word, value) == expected


@given(st.integers(min_value=2, max_value=400), st.sampled_from(["nb", "nn", "en"]))
@settings(max_examples=40, deadline=None)
def test_no_reader_is_told_of_døgn(days: int, tag: str) -> None:
    assert "døgn" not in said(tag, "days_away", date(2026, 11, 22) + timedelta(days=days))


@pytest.mark.parametrize(
    "typed", ["24.11.2026", " 24/11/2026 ", "24. 11. 2026", "24112026", "2026-11-24", "24 11 2026"]
)
def test_a_date_is_read_as_people_type_it(typed: str) -> None:
    assert parse_day(typed) == date(2026, 11, 24)


@pytest.mark.parametrize(
    "typed", ["", "31.11.2026", "24.11.26", "i morgen", "1.13.2026", "٢٤.١١.٢٠٢٦", "1.1.0001", "31.12.9999"]
)
def test_what_is_no_date_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="date"):
        parse_day(typed)


@pytest.mark.parametrize(
    ("typed", "read"), [("09.30", time(9, 30)), ("9:30", time(9, 30)), ("0930", time(9, 30)), ("14", time(14))]
)
def test_a_time_is_read_as_people_type_it(typed: str, read: time) -> None:
    assert parse_time(typed) == read


@pytest.mark.parametrize("typed", ["", "24.00", "9.3", "kl 9", "12.60"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="time"):
        parse_time(typed)


@given(st.dates(min_value=date(1800, 1, 1), max_value=date(2199, 12, 31)))
@settings(max_examples=50)
def test_every_date_comes_back_as_it_was_written(day: date) -> None:
    assert parse_day(f"{day.day}.{day.month}.{day.year}") == day


def test_a_refused_form_keeps_every_text_and_says_one_thing_per_field() -> None:
    sent = MultiDict([("name", "<Kari>"), ("who", "a"), ("who", "b"), ("phone", "")])
    why = Invalid("x", fields={"phone": ["required"], "name": ["too-odd"], "born": ["date"], "gone": ["new-code"]})
    form = Form.refused(
        sent, why, {"name.too-odd": Sentence("Skriv et tall."), "required": "Skriv telefonnummeret."}
    )
    assert form.value("name") == "<Kari>"
    assert form.chosen("who") == ["a", "b"]
    with APP.test_request_context("/"):
        assert form.error("phone") == "Skriv telefonnummeret."
        assert form.error("name") == "Skriv et tall."
        assert form.error("born").startswith("Skriv datoen")
        assert form.error("gone").startswith("Skjemaet sendte noe")
        assert form.error("who") == ""


def test_a_form_is_filled_from_what_is_known() -> None:
    form = Form.of({"name": "Kari", "count": 3, "none": None, "several": ("a", "b")})
    assert (form.value("name"), form.value("count"), form.value("none")) == ("Kari", "3", "")
    assert form.chosen("several") == ["a", "b"]
