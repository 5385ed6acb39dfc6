"""Bokmål, nynorsk and English. The message id is the bokmål sentence; each slice keeps its own catalogues.

Catalogues are `translations/<slice>/{nn,en}.po`; they are merged and compiled in memory at start, so that there is
no build step to forget. Slices write `from handover.web.i18n import gettext as _, lazy_gettext as _l` and whole
sentences with named parameters (`_("Sendt til %(place)s.", place=place)`), never glued pieces.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, cast

import flask_babel
from babel.core import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, g, request
from flask_babel import Domain
from markupsafe import Markup, escape

from handover.web.headers import is_https

LANGUAGES: Final[Mapping[str, str]] = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}
"""Language tag -> what the language calls itself."""
LOCALES: Final[Mapping[str, str]] = {"nb": "nb_NO", "nn": "nn_NO", "en": "en_GB"}
COOKIE: Final = "lang"
_COOKIE_SECONDS: Final = 365 * 24 * 3600
FOLDER: Final = Path(__file__).parent / "translations"


@dataclass(frozen=True)
class Sentence:
    """A sentence that becomes the reader's language when it is shown (module tables; never stored)."""

    bokmaal: str
    parameters: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return gettext(self.bokmaal, **self.parameters)

    def __html__(self) -> Markup:
        return escape(str(self))


Text = str | Sentence
"""What is shown: already in the reader's language, or a sentence that will be."""


def gettext(sentence: str, **parameters: object) -> str:
    """Return the sentence in the reader's language, parameters filled in; outside a request: bokmål."""
    return str(flask_babel.gettext(sentence, **parameters))


def unbroken(text: str) -> str:
    """Return the text with spaces at which no line breaks: a phone number, an hour and its `kl.`."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def ngettext(one: str, many: str, num: int, **parameters: object) -> str:
    """Return the sentence for that number in the reader's language; `%(num)d` stands for the number."""
    return str(flask_babel.get_domain().ngettext(one, many, num, **parameters))


def lazy_gettext(sentence: str, **parameters: object) -> Sentence:
    """Return the sentence, to be translated when it is shown."""
    return Sentence(sentence, parameters)


def language() -> str:
    """Return the reader's language tag: chosen now, chosen before, asked for by the browser, or bokmål."""
    if "handover_language" not in g:
        g.handover_language = _chosen() or _browsers() or "nb"
    return str(g.handover_language)


def locale() -> Locale:
    """Return the reader's locale; bokmål where there is no request."""
    return Locale.parse(LOCALES[language()] if request else "nb_NO")


class SliceDomain(Domain):  # type: ignore[misc]
    """The merged catalogues of every slice."""

    def get_translations(self) -> NullTranslations:
        return translations(language() if request else "nb")


@cache
def translations(tag: str) -> NullTranslations:
    """Return the compiled catalogue of one language; bokmål is the message ids themselves."""
    if tag == "nb":
        return NullTranslations()
    merged = Catalog(locale=Locale.parse(tag))
    for path in sorted(FOLDER.glob(f"*/{tag}.po")):
        for message in read_catalogue(path, tag):
            if message.id:
                merged[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return cast(NullTranslations, Translations(compiled))


def read_catalogue(path: Path, tag: str) -> Catalog:
    """Read one slice's catalogue. Raises PoFileError on a malformed file."""
    with path.open("rb") as source:
        return read_po(source, locale=tag, abort_invalid=True)


def init_app(app: Flask) -> None:
    """Give the application its languages; `?lang=nn` on any page chooses one for a year."""
    babel = flask_babel.Babel(
        app, default_locale="nb_NO", default_timezone="Europe/Oslo", locale_selector=lambda: LOCALES[language()]
    )
    babel.domain_instance = SliceDomain()
    app.jinja_env.globals["language"] = language
    app.after_request(_remember)
    for tag in LANGUAGES:
        translations(tag)


def _chosen() -> str | None:
    offered = (request.args.get("lang"), request.cookies.get(COOKIE))
    return next((tag for tag in offered if tag in LANGUAGES), None)


def _browsers() -> str | None:
    accepted = [tag.lower().split("-")[0] for tag in request.accept_languages.values()]
    known = {**{tag: tag for tag in LANGUAGES}, "no": "nb"}
    return next((known[tag] for tag in accepted if tag in known), None)


def _remember(response: Response) -> Response:
    if response.mimetype != "text/html":
        return response
    tag = request.args.get("lang")
    if tag is not None and tag in LANGUAGES:
        response.set_cookie(COOKIE, tag, _COOKIE_SECONDS, secure=is_https(), httponly=True, samesite="Lax")
    response.headers["Content-Language"] = language()
    response.vary.update(("Accept-Language", "Cookie"))
    return response
