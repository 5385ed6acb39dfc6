"""What the coded choices of a referral are called."""

from collections.abc import Mapping
from typing import Final

from handover import codelists
from handover.referral.model import CodeSystem, Urgency
from handover.web.i18n import Sentence, language
from handover.web.i18n import lazy_gettext as _l

URGENCIES: Final[Mapping[Urgency, Sentence]] = {
    Urgency.ORDINARY: _l("Vanlig"),
    Urgency.URGENT: _l("Raskere enn vanlig"),
    Urgency.IMMEDIATE: _l("Med en gang"),
}
CODE_SYSTEMS: Final[Mapping[CodeSystem, Sentence]] = {
    CodeSystem.ICD_10: _l("ICD-10"),
    CodeSystem.ICPC_2: _l("ICPC-2"),
}


def label(name: str, code: str) -> str:
    """Return what a code of one of the lists is called in the reader's language; the code itself where unknown."""
    known = codelists.of(name).get(code)
    return code if known is None else known.label[language()]


def choices(name: str) -> list[tuple[str, str]]:
    """Return a list's codes with what they are called, in its order."""
    return [(each.code, each.label[language()]) for each in codelists.of(name).codes]
