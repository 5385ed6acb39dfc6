"""Every sentence on the screen exists in bokmål, nynorsk and English, and no catalogue holds dead ones."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from handover.web.i18n import FOLDER, read_catalogue

PACKAGE = FOLDER.parents[1]
KEYWORDS = {
    "_": None,
    "_l": None,
    "_n": (1, 2),
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}
PARAMETER = re.compile(r"%\((\w+)\)[sd]")
Key = str | tuple[str, ...]


@cache
def sentences_in_use() -> dict[Key, set[str]]:
    """Return every sentence in code and templates -> the files that use it."""
    found: dict[Key, set[str]] = defaultdict(set)
    methods = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
    options = {"**/templates/**.html": {"trimmed": "false", "silent": "false"}}
    for file, _line, message, _comments, _context in extract_from_dir(PACKAGE, methods, options, KEYWORDS):
        key: Key = tuple(message) if isinstance(message, tuple) else message
        if key:
            found[key].add(file)
    return found


@cache
def translated(tag: str) -> dict[Key, list[tuple[Path, tuple[str, ...]]]]:
    """Return every sentence that a catalogue of the language translates -> where, and as what."""
    found: dict[Key, list[tuple[Path, tuple[str, ...]]]] = defaultdict(list)
    for path in sorted(FOLDER.glob(f"*/{tag}.po")):
        for message in read_catalogue(path, tag):
            forms = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id and all(forms) and not message.fuzzy:
                key: Key = tuple(message.id) if isinstance(message.id, list | tuple) else message.id
                found[key].append((path, tuple(str(form) for form in forms)))
    return found


def as_po(key: Key, files: set[str]) -> str:
    """Write a missing sentence as it goes in the catalogue."""
    where = f"#: {' '.join(sorted(files))}\n"
    if isinstance(key, tuple):
        return f'{where}msgid "{key[0]}"\nmsgid_plural "{key[1]}"\nmsgstr[0] ""\nmsgstr[1] ""\n'
    return f'{where}msgid "{_quoted(key)}"\nmsgstr ""\n'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@pytest.mark.parametrize("tag", ["nn", "en"])
def test_a_reader_of_nynorsk_or_english_misses_no_sentence(tag: str) -> None:
    known = translated(tag)
    missing = {key: files for key, files in sentences_in_use().items() if key not in known}
    listing = "\n".join(as_po(key, files) for key, files in sorted(missing.items(), key=lambda item: min(item[1])))
    assert not missing, f"add to handover/web/translations/<slice>/{tag}.po:\n\n{listing}"


@pytest.mark.parametrize("tag", ["nn", "en"])
def test_a_translator_finds_no_dead_sentence(tag: str) -> None:
    dead = {key: [str(path.relative_to(FOLDER)) for path, _ in uses] for key, uses in translated(tag).items()}
    in_use = sentences_in_use()
    assert {key: where for key, where in dead.items() if key not in in_use} == {}


@pytest.mark.parametrize("tag", ["nn", "en"])
def test_a_translation_keeps_every_parameter_and_says_one_thing(tag: str) -> None:
    for key, uses in translated(tag).items():
        sources = key if isinstance(key, tuple) else (key,)
        wanted = {name for source in sources for name in PARAMETER.findall(source)}
        for path, forms in uses:
            for form in forms:
                got = set(PARAMETER.findall(form))
                assert got == wanted or (isinstance(key, tuple) and got | {"num"} == wanted), (path.name, key)
        assert len({forms for _, forms in uses}) == 1, f"two slices translate {key!r} differently: {uses}"


def test_no_screen_word_is_one_that_klarsprak_forbids() -> None:
    """WORDS.md: never these; refusals, consent and receipts have plain words."""
    forbidden = re.compile(
        r"\b(snarest|ekspeder\w*|kvittert|rettighetsvurder\w*|avvist|samtykker)\b", re.IGNORECASE
    )
    said = [text for key in sentences_in_use() for text in (key if isinstance(key, tuple) else (key,))]
    assert [text for text in said if forbidden.search(text)] == []
