"""What is wrong with a message: a closed list of codes, each problem with its path and never with a value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handover.errors import Invalid


class ProblemCode(StrEnum):
    """Every kind of problem that a check of a message can report (code system `message-problem`)."""

    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    NOT_UTF8 = "not-utf8"
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    DUPLICATE_KEY = "duplicate-key"
    CONTROL_CHARACTER = "control-character"
    UNKNOWN_EVENT = "unknown-event"
    UNKNOWN_RESOURCE = "unknown-resource"
    WRONG_RESOURCE = "wrong-resource"
    UNKNOWN_ELEMENT = "unknown-element"
    MISSING = "missing"
    TOO_MANY = "too-many"
    NOT_ALLOWED = "not-allowed"
    EMPTY = "empty"
    NULL = "null"
    WRONG_TYPE = "wrong-type"
    BAD_FORMAT = "bad-format"
    TOO_LONG = "too-long"
    BLANK = "blank"
    FIXED_VALUE = "fixed-value"
    UNKNOWN_CODE = "unknown-code"
    UNKNOWN_MODIFIER = "unknown-modifier"
    SLICE_MISSING = "slice-missing"
    SLICE_TOO_MANY = "slice-too-many"
    NO_SLICE = "no-slice"
    RULE = "rule"
    UNSAFE_NARRATIVE = "unsafe-narrative"
    DUPLICATE_FULL_URL = "duplicate-full-url"
    DUPLICATE_ID = "duplicate-id"
    DANGLING_REFERENCE = "dangling-reference"
    WRONG_TARGET = "wrong-target"
    UNUSED_CONTAINED = "unused-contained"
    HEADER_NOT_FIRST = "header-not-first"
    ID_MISMATCH = "id-mismatch"
    UNKNOWN_ADDRESSEE = "unknown-addressee"
    SAME_ID_OTHER_CONTENT = "same-id-other-content"
    BROKEN_REQUEST = "broken-request"
    INFECTED = "infected"


TEXTS: Final[dict[ProblemCode, str]] = {
    ProblemCode.TOO_LARGE: "the message is larger than the profile allows",
    ProblemCode.TOO_DEEP: "the message is nested too deep",
    ProblemCode.NOT_UTF8: "the message is not UTF-8",
    ProblemCode.NOT_JSON: "the message is not JSON",
    ProblemCode.NOT_AN_OBJECT: "a JSON object was expected",
    ProblemCode.DUPLICATE_KEY: "the same member occurs twice in one object",
    ProblemCode.CONTROL_CHARACTER: "a text holds a control character",
    ProblemCode.UNKNOWN_EVENT: "no such event",
    ProblemCode.UNKNOWN_RESOURCE: "no such resource type in FHIR R4",
    ProblemCode.WRONG_RESOURCE: "another type of resource was expected",
    ProblemCode.UNKNOWN_ELEMENT: "no such element here",
    ProblemCode.MISSING: "a required element is missing",
    ProblemCode.TOO_MANY: "the element occurs too often",
    ProblemCode.NOT_ALLOWED: "the profile does not allow this element",
    ProblemCode.EMPTY: "an empty object or array",
    ProblemCode.NULL: "null where a value was expected",
    ProblemCode.WRONG_TYPE: "the JSON type is wrong",
    ProblemCode.BAD_FORMAT: "the value is not written as its type demands",
    ProblemCode.TOO_LONG: "the text is too long",
    ProblemCode.BLANK: "the text holds only white space",
    ProblemCode.FIXED_VALUE: "the profile fixes this value to another one",
    ProblemCode.UNKNOWN_CODE: "the code is not in the required value set",
    ProblemCode.UNKNOWN_MODIFIER: "a modifier extension that we do not understand",
    ProblemCode.SLICE_MISSING: "a required slice is missing",
    ProblemCode.SLICE_TOO_MANY: "a slice occurs too often",
    ProblemCode.NO_SLICE: "the element fits none of the allowed slices",
    ProblemCode.RULE: "a rule of the profile is broken",
    ProblemCode.UNSAFE_NARRATIVE: "the narrative is not safe XHTML",
    ProblemCode.DUPLICATE_FULL_URL: "two entries have the same fullUrl",
    ProblemCode.DUPLICATE_ID: "two things here have the same id",
    ProblemCode.DANGLING_REFERENCE: "the reference points to nothing in the message",
    ProblemCode.WRONG_TARGET: "the reference points to the wrong type of resource",
    ProblemCode.UNUSED_CONTAINED: "a contained resource that nothing refers to",
    ProblemCode.HEADER_NOT_FIRST: "the first entry of a message is its MessageHeader",
    ProblemCode.ID_MISMATCH: "an id in the message differs from the signed one",
    ProblemCode.UNKNOWN_ADDRESSEE: "no such service or agency here",
    ProblemCode.SAME_ID_OTHER_CONTENT: "the message id was used before with other content",
    ProblemCode.BROKEN_REQUEST: "the message asks for something that is not possible now",
    ProblemCode.INFECTED: "a document holds a virus",
}


@dataclass(frozen=True, order=True)
class Problem:
    """One problem: where (FHIRPath of the element), what (code), and a sentence that holds no personal data."""

    path: str
    code: ProblemCode
    text: str = ""

    def sentence(self) -> str:
        """Return the sentence, or the code's own where the problem has none."""
        return self.text or TEXTS[self.code]


class FhirInvalid(Invalid):
    """The message breaks FHIR or its profile; `problems` lists all of it."""

    code = "fhir.invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        fields: dict[str, list[str]] = {}
        for problem in self.problems:
            fields.setdefault(problem.path, []).append(str(problem.code))
        super().__init__(fields=fields)
