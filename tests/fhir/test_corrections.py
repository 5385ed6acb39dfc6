"""A report about an entry of the directory, and its answer, are read back as they were meant."""

import orjson
import pytest

from handover.addressbook import fhir
from handover.addressbook.model import Answer, Report
from handover.errors import Invalid
from tests.fhir.corrections import MENDED, REPORT, STANDS, written

WRITTEN = written()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("directory-correction-report", REPORT),
        ("directory-correction-mended", MENDED),
        ("directory-correction-stands", STANDS),
    ],
)
def test_the_other_side_reads_what_was_written(name: str, meant: Report | Answer) -> None:
    assert fhir.read(orjson.loads(WRITTEN[name])) == meant


def test_a_valid_message_that_is_no_report_is_refused_without_its_values() -> None:
    odd = orjson.loads(WRITTEN["directory-correction-report"])
    odd["entry"] = [each for each in odd["entry"] if each["resource"]["resourceType"] != "Practitioner"]
    with pytest.raises(Invalid) as refused:
        fhir.read(odd)
    assert refused.value.stable_code == "addressbook.unreadable"
