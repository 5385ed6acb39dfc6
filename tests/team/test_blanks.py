"""Blanks of ready texts are found, and nothing else in brackets is taken for one."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.team.blanks import Unfilled, refuse_unfilled, unfilled


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Møte [dato] kl. [klokkeslett]", ("[dato]", "[klokkeslett]")),
        ("[dato] og [dato]", ("[dato]",)),
        ("Ring [...] eller […]", ("[...]", "[…]")),
        ("[x] Gjort, se [1], normal [3,5–5,0]", ()),
        ("[ikke\nslik]", ()),
        ("Alt er fylt ut", ()),
    ],
)
def test_a_writer_is_told_of_every_blank_once(text: str, left: tuple[str, ...]) -> None:
    assert unfilled(text) == left


def test_a_refusal_names_the_fields_and_keeps_what_was_typed_out_of_what_is_logged() -> None:
    with pytest.raises(Unfilled) as refused:
        refuse_unfilled({"reason": "Fordi [grunn]", "advice": "Gå tur"})
    assert refused.value.fields == {"reason": ["unfilled-blank"]}
    assert refused.value.blanks == {"reason": ("[grunn]",)}
    assert "grunn]" not in f"{refused.value!r} {refused.value} {refused.value.details}"


@given(st.text(alphabet=st.characters(exclude_characters="[]"), min_size=1))
def test_a_text_without_brackets_has_no_blanks(text: str) -> None:
    refuse_unfilled({"text": text})


def test_every_text_that_came_with_the_product_can_be_filled() -> None:
    texts = json.loads(files("handover").joinpath("data", "ready_texts.json").read_text("utf-8"))["texts"]
    for tag in ("nb", "nn", "en"):
        left = [blank for each in texts if each["kind"] == "message" for blank in unfilled(each["texts"][tag])]
        assert len(left) == sum(each["texts"][tag].count("[") for each in texts) == 8
