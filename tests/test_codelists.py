"""The lists of codes say what their sources say, in three languages, and are versioned."""

import json
from datetime import date
from pathlib import Path

import pytest

from handover import codelists
from handover.web.i18n import LANGUAGES

VOLVEN = Path(__file__).parents[2] / "shared" / "data" / "volven_codes.json"
NAMES = ("wishes", "consents", "interpreter_languages", "service_kind_tables")


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_of_any_language_has_a_label_for_every_code(name: str) -> None:
    found = codelists.of(name)
    assert found.codes
    assert len({each.code for each in found.codes}) == len(found.codes)
    for each in found.codes:
        assert set(each.label) == set(LANGUAGES), each.code
        assert all(each.label.values()), each.code


@pytest.mark.parametrize("name", ["wishes", "consents"])
def test_a_list_from_volven_has_all_its_codes_with_volvens_own_words(name: str) -> None:
    if not VOLVEN.exists():
        pytest.skip("the code tables of Volven are not here")
    found = codelists.of(name)
    table = json.loads(VOLVEN.read_text())["tables"][found.system.rsplit(".", 1)[-1]]
    theirs = {code: row["display"] for row in table["rows"] for code in row["codes"]}
    assert {each.code: each.display for each in found.codes} == theirs


def test_a_code_that_is_not_on_the_list_is_refused() -> None:
    with pytest.raises(KeyError):
        codelists.of("consents").code("7")
    assert codelists.of("consents", on=date(1999, 1, 1)) == codelists.of("consents")
