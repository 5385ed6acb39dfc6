"""National numbers: a failed check is a warning, never a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.person.numbers import Series, check, stand_in

W1 = (3, 7, 6, 1, 8, 9, 4, 5, 2)
W2 = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def digit(weights: tuple[int, ...], digits: str) -> int:
    return -sum(weight * int(each) for weight, each in zip(weights, digits, strict=True)) % 11


def number(nine: str, remainder: int = 0) -> str | None:
    """Complete nine digits; None where a check digit would be 10."""
    first = (digit(W1, nine) + remainder) % 11
    if first == 10:
        return None
    second = digit(W2, nine + str(first))
    return None if second == 10 else f"{nine}{first}{second}"


@pytest.mark.parametrize(
    ("nine", "series", "synthetic"),
    [
        ("158682123", Series.BIRTH, True),
        ("150682123", Series.BIRTH, False),
        ("554682123", Series.D, True),
        ("290200123", Series.BIRTH, False),
    ],
)
def test_a_whole_number_passes_without_a_warning(nine: str, series: Series, synthetic: bool) -> None:
    whole = next(found for last in "0123456789" if (found := number(nine[:-1] + last)))
    checked = check(whole)
    assert (checked.series, checked.warnings, checked.is_synthetic) == (series, (), synthetic)


@pytest.mark.parametrize("remainder", [1, 2, 3])
def test_a_number_of_2032_passes_with_the_new_remainders(remainder: int) -> None:
    whole = next(found for last in range(1000) if (found := number(f"158632{last:03}", remainder)))
    assert check(whole).warnings == ()


def test_a_number_with_any_other_remainder_is_warned_about() -> None:
    whole = next(found for last in range(1000) if (found := number(f"158632{last:03}", 5)))
    assert check(whole).warnings == ("number.check-digits",)


@pytest.mark.parametrize(
    ("text", "series", "warnings"),
    [
        ("158682 12345", Series.BIRTH, ("number.check-digits",)),
        ("329982 12345", Series.BIRTH, ("number.date", "number.check-digits")),
        ("8123456789", None, ("number.length",)),
        ("81234567890", Series.COMMON_HELP, ()),
        ("201712345678", Series.DUF, ()),
        ("Kari Nordmann", None, ("number.not-digits",)),
        ("", None, ("number.not-digits",)),
        ("١٢٣٤٥٦٧٨٩٠١", None, ("number.not-digits",)),
    ],
)
def test_an_odd_number_is_named_and_kept(text: str, series: Series | None, warnings: tuple[str, ...]) -> None:
    checked = check(text)
    assert (checked.series, checked.warnings) == (series, warnings)


@given(st.text(max_size=20))
def test_nothing_that_is_typed_makes_the_check_fail(text: str) -> None:
    assert check(text).number is not None


def test_a_number_never_shows_in_a_repr() -> None:
    assert "15868212345" not in repr(check("15868212345"))


@pytest.mark.parametrize(
    "text",
    [
        "15868212388",
        "Han med 158682 12388 ringte",
        "15.86.82 12388",
        "15 86 82 123 88",
        "nr. 158682-12388.",
        "201234567890",
    ],
)
def test_a_national_number_in_a_text_is_noticed_however_it_is_grouped(text: str) -> None:
    assert stand_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ring 55 00 01 10 55 00 01 20",
        "+47 55 00 01 10",
        "004755000110",
        "org.nr. 310000078",
        "fra 06.07.2026 til 24.07.2026",
        "kl. 08.30–15.30",
        "HER-id 8140011",
    ],
)
def test_phones_dates_and_other_numbers_in_a_text_are_let_be(text: str) -> None:
    assert not stand_in(text)
