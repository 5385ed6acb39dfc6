"""What a notice says, in the receiver's language: nothing of whom, where or about what, and no link (UX.md 14)."""

from dataclasses import dataclass, field
from typing import Final

from handover.notice.model import Purpose
from handover.web.i18n import LANGUAGES, Sentence, translations
from handover.web.i18n import lazy_gettext as _l


@dataclass(frozen=True)
class Words:
    """A subject (e-mail only) and a text; each fits one SMS in every language."""

    subject: str
    text: str = field(repr=False)


_NEWS: Final = (
    _l("Noe nytt i Overgang"),
    _l(
        "Det er noe nytt til deg i Overgang. Logg inn slik du pleier for å lese det. "
        "Du kan ikke svare på dette varselet."
    ),
)
_CODE: Final = (
    _l("Kode fra Overgang"),
    _l("Koden din er %(code)s. Skriv den på siden der du ba om den. Den gjelder i 30 minutter."),
)


def of(purpose: Purpose, language: str, *, code: str = "") -> Words:
    """Return the words of a notice."""
    subject, text = _CODE if purpose is Purpose.CODE else _NEWS
    return Words(_in(subject, language), _in(text, language).replace("%(code)s", code))


def _in(sentence: Sentence, language: str) -> str:
    tag = language if language in LANGUAGES else "nb"
    return str(translations(tag).gettext(sentence.bokmaal))
