"""The ready topics of a handover: the product's own file, or an agency's, read and checked once at start."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from handover.bundle.model import Kind, Part, Topic, TopicCode
from handover.consent.vocabulary import vocabulary
from handover.db import provided
from handover.errors import Invalid
from handover.ids import AgencyId

LANGUAGES: Final = ("nb", "nn", "en")
FREE: Final = TopicCode("free")
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,40}")
_KEYS: Final = frozenset({"code", "kind", "part", "section", "permit", "name", "help"})

TopicList = Mapping[TopicCode, Topic]
"""By code, in the order they are shown."""


class BadTopics(Invalid):
    """A file of topics that cannot be used; `fields` names every place in it that is wrong, and why."""

    code = "bundle.bad-topics"

    def __str__(self) -> str:
        lines = [f"{place}: {', '.join(why)}" for place, why in self.fields.items()]
        return "\n".join([f"{self.stable_code} {self.details.get('file', '')}".strip(), *lines])


@dataclass(frozen=True)
class Topics:
    """The topics of this node's agencies. Reached by `provided(session, Topics)`; `app.py` fills it in."""

    default: TopicList
    own: Mapping[AgencyId, TopicList]

    def of(self, agency: AgencyId) -> TopicList:
        """Return what an agency offers."""
        return self.own.get(agency, self.default)

    def find(self, agency: AgencyId, code: TopicCode) -> Topic:
        """Return one topic, also one the agency no longer offers; what nobody knows any more is a free one."""
        return self.of(agency).get(code) or self.default.get(code) or self.default[FREE]


def read(folder: Path | None = None) -> Topics:
    """Return the product's topics and those in a folder's `<organisation number>.json`. Raises BadTopics."""
    default = parse(_shipped(), file="default.json")
    own = {AgencyId(path.stem): parse(_text(path), file=path.name) for path in _files(folder)}
    return Topics(default, own)


def of_agency(session: Session, agency: AgencyId) -> TopicList:
    """Return the topics an agency offers, in the order they are shown."""
    return provided(session, Topics).of(agency)


def parse(text: str, *, file: str) -> TopicList:
    """Return the topics of one file. Raises BadTopics with everything that is wrong."""
    try:
        raw = json.loads(text)
    except ValueError as broken:
        raise BadTopics(file=file, fields={"file": ["not-json"]}) from broken
    listed = raw.get("topics") if isinstance(raw, dict) else None
    if not isinstance(listed, list) or not isinstance(raw.get("version"), str):
        raise BadTopics(file=file, fields={"file": ["needs-version-and-topics"]})
    problems: dict[str, list[str]] = {}
    for number, each in enumerate(listed):
        for place, why in _problems(each):
            problems.setdefault(f"topics[{number}]{place}", []).append(why)
    codes = [each.get("code") for each in listed if isinstance(each, dict)]
    if not problems:
        problems |= _problems_together(listed, codes)
    if problems:
        raise BadTopics(file=file, fields=problems)
    return {topic.code: topic for topic in map(_topic, listed)}


def _problems(each: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(each, dict):
        yield "", "not-an-object"
        return
    for name in sorted(_KEYS ^ each.keys()):
        yield f".{name}", "missing" if name in _KEYS else "unknown"
    if "code" in each and not (isinstance(each["code"], str) and _CODE.fullmatch(each["code"])):
        yield ".code", "not-a-code"
    allowed: dict[str, frozenset[str]] = {
        "kind": frozenset(Kind),
        "part": frozenset(Part),
        "section": sections(),
        "permit": frozenset(vocabulary().topics),
    }
    for name, known in allowed.items():
        if name in each and each[name] not in known:
            yield f".{name}", "not-one-of:" + ",".join(sorted(known))
    for name in ("name", "help"):
        for language in LANGUAGES:
            said = each.get(name)
            if not isinstance(said, dict) or not str(said.get(language) or "").strip():
                yield f".{name}.{language}", "missing"


def _problems_together(listed: list[dict[str, Any]], codes: list[Any]) -> dict[str, list[str]]:
    found = {f"topics[{at}].code": ["twice"] for at, code in enumerate(codes) if code in codes[:at]}
    if FREE not in codes:
        found["topics"] = ["needs-free"]
    if Kind.DOCUMENT not in [each["kind"] for each in listed]:
        found.setdefault("topics", []).append("needs-one-of-kind-document")
    return found


def _topic(raw: Mapping[str, Any]) -> Topic:
    return Topic(
        code=TopicCode(raw["code"]),
        kind=Kind(raw["kind"]),
        part=Part(raw["part"]),
        name=raw["name"],
        help=raw["help"],
        section=raw["section"],
        permit=raw["permit"],
    )


def sections() -> frozenset[str]:
    """Return the codes of a document's sections (code system `handover-section`)."""
    return frozenset(each["section"] for each in json.loads(_shipped())["topics"])


def _shipped() -> str:
    return files("handover").joinpath("data", "topics", "default.json").read_text("utf-8")


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise BadTopics(file=str(folder), fields={"folder": ["not-there"]})
    return sorted(folder.glob("*.json"))


def _text(path: Path) -> str:
    if not (path.stem.isdecimal() and len(path.stem) == 9):
        raise BadTopics(file=path.name, fields={"file": ["not-named-by-organisation-number"]})
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise BadTopics(file=path.name, fields={"file": ["unreadable"]}) from unreadable
