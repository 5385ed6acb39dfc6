"""What in a text could say whom an anonymous case is about: numbers, addresses, dates of birth, names. Pure.

A question without a patient is looked through for less: the whole name of a known patient, and telephone numbers.

Who writes is told only that something looks like an identity, in the own words: never whose. Nothing here decides
that a text is anonymous; a person does, one finding at a time.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources import files
from itertools import pairwise
from typing import Final

from handover.errors import Invalid
from handover.keys.vault import words
from handover.message.model import Content, Heading, Justified, Message
from handover.person import numbers
from handover.person.numbers import Series

MAX_WHY: Final = 200
"""Characters of a justification."""
RECENT: Final = timedelta(days=365)
"""A day so near is when something happened; one further back could be when somebody was born."""


class Kind(StrEnum):
    """What something in a text looks like."""

    NUMBER = "number"
    """A national number."""
    PHONE = "phone"
    EMAIL = "e-mail"
    ADDRESS = "address"
    DATE = "birth-date"
    NAME = "name"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A piece of what somebody wrote that looks like an identity, in their own words."""

    kind: Kind
    where: str
    """The field it stands in."""
    text: str = field(repr=False)
    before: str = field(repr=False)
    """A few of the words around it, for who must decide."""
    after: str = field(repr=False)


@dataclass(frozen=True)
class Names:
    """What is known of names when a text is looked at; words as `keys.vault.words` spells them."""

    known: frozenset[str] = field(default=frozenset(), repr=False)
    """Words that are part of a known patient's name."""
    together: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)
    """Two words that are both part of one known patient's name."""
    ours: frozenset[tuple[str, ...]] = field(default=frozenset(), repr=False)
    """What may be called by name: the writer, services, agencies."""
    phones: frozenset[str] = frozenset()
    """The last eight digits of telephone numbers of the writer and of services."""
    is_whole: bool = False
    """Whether only the whole name of a known patient counts: neither one word of it, nor two capitals in a row."""


class Identifying(Invalid):
    """Something looks like an identity and was neither removed nor justified; `fields` name where it stands."""

    code = "message.identifying"


class NotInACase(Invalid):
    """An anonymous case has no documents, and nothing is forwarded into it or out of it."""

    code = "message.not-in-a-case"


class NamesAPatient(Invalid):
    """A question without a patient holds somebody's national number."""

    code = "message.names-a-patient"


# --- looked through ------------------------------------------------------------------------------------------


def texts_of(content: Content, heading: Heading | None = None) -> dict[str, str]:
    """Return every text of a message that would leave, by field; with a heading its line, too."""
    found = {"line": heading.line} if heading is not None else {}
    found |= {"text": content.text, "wished_person": content.wished_person}
    if content.offer is not None:
        found["where"] = content.offer.where
    points = enumerate(content.weighing)
    found |= {f"{point.weighs.value}-{number}": point.text for number, point in points}
    found |= {f"file-{number}": each.name for number, each in enumerate(content.files)}
    return {name: text for name, text in found.items() if text.strip()}


def candidates(texts: Iterable[str]) -> frozenset[str]:
    """Return every word of the texts that could be part of a name, as known names are spelt."""
    return frozenset(form for text in texts for word in _words(_plain(text)[0]) for form in word.forms)


def neighbours(texts: Iterable[str], known: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Return the pairs of words that are each part of a known name, beside each other or around a middle name."""
    found = set()
    for text in texts:
        held = _words(_plain(text)[0])
        for one, other in _near(held):
            found |= {(a, b) for a in held[one].forms & known for b in held[other].forms & known if a != b}
    return frozenset(found)


def look_through(texts: Mapping[str, str], names: Names, *, today: date) -> tuple[Finding, ...]:
    """Return everything in the texts that looks like an identity, in the order in which it stands."""
    return tuple(finding for where, text in texts.items() for finding in _in_text(where, text, names, today))


def of_a_question(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return what may not stand in a question without a patient; where one may be called is no secret there."""
    return tuple(
        each for each in found if each.kind is Kind.NAME or (each.kind is Kind.PHONE and each.where not in _CALLED)
    )


def open_findings(found: Iterable[Finding], justified: Iterable[Justified]) -> tuple[Finding, ...]:
    """Return the findings that nobody has justified, each wording once."""
    settled = {(each.kind, spelt(each.text)) for each in justified}
    once = {(each.kind, spelt(each.text)): each for each in reversed(tuple(found))}
    return tuple(each for key, each in reversed(once.items()) if key not in settled)


def still_there(justified: Iterable[Justified], found: Iterable[Finding]) -> tuple[Justified, ...]:
    """Return the justifications of what still stands in the text: what is written anew is justified anew."""
    standing = {(each.kind, spelt(each.text)) for each in found}
    return tuple(each for each in justified if (each.kind, spelt(each.text)) in standing)


def refuse(findings: Sequence[Finding]) -> None:
    """Raise Identifying where anything is left."""
    if findings:
        raise Identifying(fields={each.where: ["identifying"] for each in findings}, count=len(findings))


def refuse_unless_bare(message: Message, along: Sequence[Message]) -> None:
    """Raise NotInACase for documents, and for anything that was brought from another thread."""
    if message.content.files or any(each.content.files for each in along):
        raise NotInACase(fields={"files": ["not-in-a-case"]})
    if any(each.from_thread is not None for each in along):
        raise NotInACase(fields={"text": ["not-in-a-case"]})


def refuse_numbers(texts: Iterable[str]) -> None:
    """Raise NamesAPatient where a text holds the national number of somebody."""
    found = (digits(match.group()) for text in texts for match in _NATIONAL.finditer(_plain(text)[0]))
    checked = (numbers.check(each) for each in found)
    if any(each.series in {Series.BIRTH, Series.D} and not each.warnings for each in checked):
        raise NamesAPatient(fields={"text": ["names-a-patient"]})


def spelt(text: str) -> str:
    """Return how two wordings are compared: without case, and with one space for any."""
    return " ".join(_plain(text)[0].casefold().split())


# --- numbers, addresses, days --------------------------------------------------------------------------------

_CALLED: Final = frozenset({"where", "phone"})
_GAP: Final = r"[\s.\-\u2013/\u00b7_]{0,3}"
_EMAIL: Final = re.compile(r"[^\s@<>,;:()]+\s?@\s?[^\s@<>,;:()]+\.[^\W\d_]{2,}")
_ABROAD: Final = re.compile(r"(?<!\w)(?:\+|00)[1-9]\d{0,2}(?:[\s.\-()]{0,2}\d){6,12}(?!\d)")
_GROUPED: Final = re.compile(r"(?<!\d)\d{2}[ .]?\d{2}[ .]?\d{2}[ .\-]{0,3}\d{3} ?\d{2,3}(?!\d)")
_NATIONAL: Final = re.compile(rf"(?<!\d)(?:\d{_GAP}){{10,11}}\d(?!\d)")
_MONTHS: Final = (
    "jan feb mar apr mai jun jul aug sep okt nov des",
    "january february march april may june july august september october november december",
)
_MONTH: Final = r"(?:jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[kc]t|nov|de[sc])[a-z]*\.?"
_DAY: Final = re.compile(
    rf"(?<!\d)(?:\d{{4}}-\d{{1,2}}-\d{{1,2}}|\d{{1,2}}[./\- ]{{1,2}}\d{{1,2}}[./\- ]{{1,2}}(?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}\.?\s{{0,2}}{_MONTH}\s{{0,2}}(?:\d{{4}}|\d{{2}})|\d{{8}}|\d{{6}})(?!\d)",
    re.IGNORECASE,
)
_BORN: Final = re.compile(
    rf"\b(?:f\.|født|fødd|fødselsda(?:to|g)|bursdag|born|birthday)\W{{0,3}}(?:den |på |er |on )?"
    rf"\d{{1,2}}\.?\s{{0,2}}(?:{_MONTH}|[./\-]\s?\d{{1,2}})",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(r"(?<![\d+])[2-9](?:[\s.\-]{0,2}\d){7}(?!\d)")
_YEARS: Final = re.compile(r"(?:19|20)\d\d\W{1,3}(?:19|20)\d\d")
_STREET: Final = (
    r"gat[ae]n?|gt\.?|vei(?:en)?|veg(?:en)?|vn\.?|plass(?:en)?|all[eé](?:en)?|bakken?|sving(?:en)?|stien?|tunet|lia"
    r"|haugen|terrasse[n]?|torg(?:et)?|kroken|ringen|jordet|åsen|løkka|toppen|strand[ea]?|brygge[n]?|kaien?|stredet"
)
_ADDRESS: Final = re.compile(
    rf"(?<!\w)(?:(?:[A-ZÆØÅ][^\W\d_]*\s){{0,3}}(?i:[^\W\d_]*(?:{_STREET})\s?\d{{1,4}}\s?[a-z]?)(?!\w)"
    r"|(?i:postboks)\s?\d+|(?<!\d)\d{4}\s[A-ZÆØÅ][^\W\d_]{2,})"
)
_POSTCODE: Final = re.compile(r"\d{4}\s[A-ZÆØÅ][^\W\d_]{2,}")


def _in_text(where: str, text: str, names: Names, today: date) -> Iterator[Finding]:
    plain, places = _plain(text)
    found: list[tuple[int, int, Kind]] = []
    taken = [False] * len(plain)
    for kind, start, end in (*_patterns(plain, names, today), *_names(plain, names)):
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append((start, end, kind))
    for start, end, kind in sorted(found):
        first, last = places[start], places[end - 1] + 1
        yield Finding(
            kind=kind,
            where=where,
            text=text[first:last],
            before=text[max(0, first - 40) : first],
            after=text[last : last + 40],
        )


def _patterns(plain: str, names: Names, today: date) -> Iterator[tuple[Kind, int, int]]:
    """Yield what its form gives away; what is yielded first takes the place."""
    yield from ((Kind.EMAIL, *match.span()) for match in _EMAIL.finditer(plain))
    yield from ((Kind.NUMBER, *match.span()) for match in _GROUPED.finditer(plain))
    yield from ((Kind.DATE, *match.span()) for match in _BORN.finditer(plain))
    days = (match for match in _DAY.finditer(plain) if _is_long_ago(match.group(), today))
    yield from ((Kind.DATE, *match.span()) for match in days)
    abroad = (match for match in _ABROAD.finditer(plain) if digits(match.group())[-8:] not in names.phones)
    yield from ((Kind.PHONE, *match.span()) for match in abroad)
    yield from ((Kind.NUMBER, *match.span()) for match in _NATIONAL.finditer(plain))
    phones = (match for match in _PHONE.finditer(plain) if _is_phone(match.group(), names))
    yield from ((Kind.PHONE, *match.span()) for match in phones)
    places = (match for match in _ADDRESS.finditer(plain) if _is_place(plain, match))
    yield from ((Kind.ADDRESS, *match.span()) for match in places)


def _is_phone(text: str, names: Names) -> bool:
    is_day = _DAY.fullmatch(text) is not None and _day_of(text) is not None
    return not (is_day or _YEARS.fullmatch(text) or digits(text) in names.phones)


def _is_place(plain: str, match: re.Match[str]) -> bool:
    """Whether it is an address, or four digits and a word are a place, and not a year that begins a sentence."""
    if not match.group()[:4].isdecimal():
        return True
    is_year = 1900 <= int(match.group()[:4]) <= 2099
    after_comma = plain[: match.start()].rstrip().endswith(",")
    return _POSTCODE.fullmatch(match.group()) is not None and (after_comma or not is_year)


def _is_long_ago(text: str, today: date) -> bool:
    day = _day_of(text, today)
    return day is not None and day <= today - RECENT


def _day_of(text: str, today: date | None = None) -> date | None:
    """Return the day a text names; None where it names none. Two digits are a year that has been."""
    parts = re.findall(r"\d+|[^\W\d_]+", text)
    if len(parts) == 1:
        parts = [text[:2], text[2:4], text[4:]]
    if len(parts) != 3:
        return None
    if len(parts[0]) == 4:
        parts.reverse()
    month = _month_of(parts[1])
    year = int(parts[2])
    if len(parts[2]) == 2:
        year += 2000 if today is None or year <= today.year % 100 else 1900
    try:
        return date(year, month, int(parts[0]))
    except ValueError:
        return None


def _month_of(text: str) -> int:
    if text.isdecimal():
        return int(text)
    start = text.casefold()[:3]
    months = (names.split() for names in _MONTHS)
    return next((number for each in months for number, name in enumerate(each, 1) if name[:3] == start), 0)


def digits(text: str) -> str:
    """Return the digits of a text, such as of a telephone number."""
    return "".join(each for each in text if each.isdecimal())


# --- names ---------------------------------------------------------------------------------------------------

_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_BEGINS: Final = '.!?:;\u2022*\n\r"\u00ab('
ORDINARY: Final = frozenset(
    json.loads(files("handover").joinpath("data", "everyday_words.json").read_text("utf-8"))["also_names"]
)
"""Words of everyday that are also names: alone they are one only where a capital says so."""


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    forms: frozenset[str]
    is_capital: bool
    is_shouted: bool
    begins: bool
    """Whether it is the first word of a sentence, where a capital says nothing."""


def _words(plain: str) -> list[_Word]:
    found = []
    spellings: dict[str, frozenset[str]] = {}
    for match in _WORD.finditer(plain):
        before = plain[: match.start()].rstrip(" \t-")
        text = match.group()
        if text not in spellings:
            spellings[text] = _forms(text)
        found.append(
            _Word(
                start=match.start(),
                end=match.end(),
                forms=spellings[text],
                is_capital=text[0].isupper(),
                is_shouted=len(text) > 1 and text.isupper(),
                begins=not before or before[-1] in _BEGINS,
            )
        )
    return found


def _forms(text: str) -> frozenset[str]:
    """Return how a word may be spelt as a name: as it is, and without the s of what belongs to somebody."""
    stem = re.split(r"['\u2019]", text)[0]
    spelt = {"".join(words(each)) for each in (text, stem)}
    spelt |= {each[:-1] for each in spelt if len(each) > 3 and each.endswith("s")}
    return frozenset(filter(None, spelt))


def _names(plain: str, names: Names) -> list[tuple[Kind, int, int]]:
    """Return what looks like a name; words that stand beside each other are one finding."""
    held = _words(plain)
    ours = _called(held, names.ours)
    marked = set() if names.is_whole else _guessed(plain, held, names.known)
    for one, other in _near(held):
        if _is_of_one(held[one], held[other], names):
            marked |= {*range(one, other + 1)}
    return [(Kind.NAME, start, end) for start, end in _joined(plain, held, marked - ours)]


def _guessed(plain: str, held: Sequence[_Word], known: frozenset[str]) -> set[int]:
    """Return the places of words that could be a name: part of a known one, or two capitals side by side."""
    found = {number for number, word in enumerate(held) if _is_name(word, known)}
    for number, (one, other) in enumerate(pairwise(held)):
        if _are_beside(plain, one, other) and _look_like_one(one, other):
            found |= {number, number + 1}
    return found


def _near(held: Sequence[_Word]) -> Iterator[tuple[int, int]]:
    """Yield the places of words that may be one name: side by side, or with a middle name between them."""
    yield from pairwise(range(len(held)))
    yield from ((number, number + 2) for number in range(len(held) - 2) if held[number + 1].is_capital)


def _is_of_one(one: _Word, other: _Word, names: Names) -> bool:
    """Whether one known patient has both words; two of everyday, such as *per dag*, may need their capitals."""
    if not any((a, b) in names.together for a in one.forms for b in other.forms):
        return False
    is_everyday = bool(one.forms & ORDINARY) and bool(other.forms & ORDINARY)
    return not (names.is_whole and is_everyday) or (one.is_capital and other.is_capital)


def _is_name(word: _Word, known: frozenset[str]) -> bool:
    if not word.forms & known:
        return False
    is_ordinary = min(map(len, word.forms)) <= 2 or bool(word.forms & ORDINARY)
    return not is_ordinary or (word.is_capital and not word.begins)


def _look_like_one(one: _Word, other: _Word) -> bool:
    """Whether two capitals stand where none need stand: somebody's name, also of a person nobody here knows."""
    return one.is_capital and other.is_capital and not one.begins and not (one.is_shouted or other.is_shouted)


def _are_beside(plain: str, one: _Word, other: _Word) -> bool:
    return plain[one.end : other.start].strip(" \t-") == ""


def _called(held: Sequence[_Word], ours: frozenset[tuple[str, ...]]) -> frozenset[int]:
    """Return which words belong to something that may be called by its whole name."""
    found: set[int] = set()
    starts: dict[str, list[tuple[str, ...]]] = {}
    for phrase in ours:
        if phrase:
            starts.setdefault(phrase[0], []).append(phrase)
    for number, word in enumerate(held):
        for phrase in (each for form in word.forms for each in starts.get(form, ())):
            along = held[number : number + len(phrase)]
            if len(along) == len(phrase) and all(
                part in each.forms for part, each in zip(phrase, along, strict=True)
            ):
                found.update(range(number, number + len(phrase)))
    return frozenset(found)


def _joined(plain: str, held: Sequence[_Word], marked: set[int]) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for number, word in enumerate(held):
        if number not in marked:
            continue
        start = word.start if start is None else start
        follows = number + 1 in marked and _are_beside(plain, word, held[number + 1])
        if not follows:
            yield start, word.end
            start = None


def _plain(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the text as it is looked at, and where each of its letters stands in what was written.

    What is not seen (zero width) is left out, and letters and digits of other shapes are as they are read.
    """
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        category = unicodedata.category(letter)
        if category == "Mn" and letters:
            whole = unicodedata.normalize("NFC", letters[-1] + letter)
            letters[-1] = whole if len(whole) == 1 else letters[-1]
        elif category not in {"Cf", "Mn"}:
            read = (
                [str(unicodedata.decimal(letter))] if category == "Nd" else unicodedata.normalize("NFKC", letter)
            )
            letters.extend(read)
            places.extend([place] * len(read))
    return "".join(letters), tuple(places)
