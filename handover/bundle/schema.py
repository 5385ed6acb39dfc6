"""The forms of a handover: what was typed becomes `Content`, an identity, wishes; and content a filled form again.

Many items stand on one page, each in a form of its own, so a field is named after its item (`text-<id>`). A half
written item is kept as it is; only a day or time that cannot be read must be put right before it can be.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate
from werkzeug.datastructures import MultiDict

from handover.bundle.model import (
    ICD_10,
    ICPC_2,
    Content,
    CrisisStep,
    Details,
    Diagnosis,
    Item,
    Kind,
    Level,
    Mark,
    Medicine,
    NextAppointment,
    PersonAround,
    Relation,
    Topic,
    Wishes,
)
from handover.bundle.topics import FREE
from handover.bundle.writing import MAX_TEXT
from handover.clock import from_local, local
from handover.errors import Invalid
from handover.person import numbers
from handover.person.model import Identity
from handover.web.forms import parse_day, parse_time

MAX_LINE: Final = 300
_CODES: Final[Mapping[str, re.Pattern[str]]] = {
    ICD_10: re.compile(r"[A-Z]\d{2}(\.?\d{1,2})?"),
    ICPC_2: re.compile(r"[A-Z]\d{2}(\.\d{1,4})?|-\d{2}"),
}
Sent = MultiDict[str, str]
Said = Mapping[str, Any]


def _line(limit: int = MAX_LINE) -> fields.String:
    return fields.String(load_default="", validate=validate.Length(max=limit, error="too-long"))


def _text() -> fields.String:
    return _line(MAX_TEXT)


def _choice(allowed: Iterable[str]) -> fields.String:
    return fields.String(load_default="", validate=validate.OneOf(["", *allowed], error="choice"))


_ITEM: Final = {
    "topic": _line(),
    "revision": fields.Integer(load_default=-1),
    "title": _line(),
    "text": _text(),
    "own_words": _text(),
}
_KINDS: Final[Mapping[Kind, Mapping[str, fields.Field[Any]]]] = {
    Kind.TEXT: {},
    Kind.DOCUMENT: {},
    Kind.CRISIS: {
        "level": _choice(Level),
        "signs": _text(),
        "i_do": _text(),
        "others_do": _text(),
        "who": _text(),
    },
    Kind.PERSON: {
        "relation": _choice(Relation),
        "name": _line(),
        "role": _line(),
        "phone": _line(40),
        "may_know": _text(),
        "comes_along": _choice(["yes"]),
    },
    Kind.APPOINTMENT: {
        "day": _line(40),
        "clock": _line(20),
        "place": _line(),
        "with_whom": _line(),
        "phone": _line(40),
        "who_comes_along": _line(),
    },
    Kind.MEDICINE: {"name": _line(), "dose": _line(), "why": _line()},
    Kind.DIAGNOSIS: {"system": _choice(_CODES), "code": _line(12), "diagnosis": _line()},
}
"""Beside the two texts: the fields of each kind of topic."""


class _Refusing(Schema):
    class Meta:
        unknown = RAISE


ITEMS: Final[Mapping[Kind, type[Schema]]] = {
    kind: _Refusing.from_dict({**_ITEM, **more}, name=f"{kind.name.title()}Form")  # type: ignore[dict-item]
    for kind, more in _KINDS.items()
}
"""The form of one item, by the kind of its topic; refuses fields it does not know."""


class MarkForm(Schema):
    """The card on which the patient marks one item."""

    class Meta:
        unknown = EXCLUDE

    mark = _choice(Mark)
    own_words = _text()
    revision = fields.Integer(load_default=-1)


class PatientForm(Schema):
    """Who a handover is about."""

    class Meta:
        unknown = EXCLUDE

    given = _line()
    family = _line()
    birth_date = _line(40)
    number = _line(40)


class WishesForm(Schema):
    """What the patient wants around the handover."""

    class Meta:
        unknown = EXCLUDE

    meeting = _choice(["yes", "no"])
    told = _text()
    note = _text()


# --- items -----------------------------------------------------------------------------------------------------


def read_item(sent: Sent, item: object, topic: Topic) -> tuple[Content, int]:
    """Return what an item's form says and the revision it shows. Raises Invalid, fields named as in the form."""
    suffix = f"-{item}"
    own = {name.removesuffix(suffix): text for name, text in sent.items() if name.endswith(suffix)}
    said = _loaded(ITEMS[topic.kind](), own, suffix)
    content = Content(
        topic=topic.code,
        title=said["title"].strip() if topic.code == FREE else "",
        text=said["text"].strip(),
        own_words=said["own_words"].strip(),
        details=_details(topic.kind, said, suffix),
    )
    return content, said["revision"]


def item_values(item: Item) -> dict[str, object]:
    """Return an item's form filled with what it says."""
    content = item.content
    plain = {
        "title": content.title,
        "text": content.text,
        "own_words": content.own_words,
        **(_VALUES[type(content.details)](content.details) if content.details is not None else {}),
    }
    return {f"{name}-{item.id}": value for name, value in plain.items()}


def first_details(topic: Topic, level: str = "") -> Details | None:
    """Return what a new item of a topic begins with: a level of the crisis plan, else nothing."""
    return CrisisStep(level=Level(level or Level.GREEN)) if topic.kind is Kind.CRISIS else None


def read_mark(sent: Sent) -> tuple[Mark | None, str | None, int]:
    """Return the choice, the own words (None where the form has none) and the revision. Raises Invalid."""
    said = _loaded(MarkForm(), dict(sent.items()), "")
    return (
        Mark(said["mark"]) if said["mark"] else None,
        said["own_words"].strip() if "own_words" in sent else None,
        said["revision"],
    )


# --- the handover ----------------------------------------------------------------------------------------------


def read_patient(sent: Sent) -> Identity:
    """Return who the handover is about. Raises Invalid with everything that is missing or cannot be read."""
    said = {name: text.strip() for name, text in _loaded(PatientForm(), dict(sent.items()), "").items()}
    problems = {name: ["required"] for name in ("given", "family", "birth_date") if not said[name]}
    number = numbers.check(said["number"]) if said["number"] else None
    if number is not None and number.series is None:
        problems["number"] = ["odd"]
    if said["birth_date"]:
        try:
            born = parse_day(said["birth_date"])
        except Invalid:
            problems["birth_date"] = ["date"]
    if problems:
        raise Invalid("bundle.incomplete", fields=problems)
    return Identity(
        given=said["given"],
        family=said["family"],
        birth_date=born,
        number=None if number is None else number.number,
    )


def read_wishes(sent: Sent) -> Wishes:
    """Return what the patient wants around the handover; trusted persons one on each line. Raises Invalid."""
    said = _loaded(WishesForm(), dict(sent.items()), "")
    told = tuple(line.strip()[:MAX_LINE] for line in said["told"].splitlines() if line.strip())
    return Wishes(meeting=said["meeting"] != "no", told=told[:20], note=said["note"].strip())


def wishes_values(wishes: Wishes) -> dict[str, object]:
    """Return the form of the wishes, filled."""
    return {"meeting": "yes" if wishes.meeting else "no", "told": "\n".join(wishes.told), "note": wishes.note}


def _loaded(schema: Schema, plain: Mapping[str, str], suffix: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(plain)
    except ValidationError as refused:
        problems = {
            f"{name}{suffix}": [code if code in {"too-long", "choice"} else "unknown" for code in codes]
            for name, codes in refused.messages_dict.items()
        }
        raise Invalid("bundle.odd-form", fields=problems) from None
    return loaded


# --- details ---------------------------------------------------------------------------------------------------


def _details(kind: Kind, said: Said, suffix: str) -> Details | None:
    made = _MAKERS.get(kind)
    return None if made is None else made(said, suffix)


def _crisis(said: Said, _suffix: str) -> Details:
    return CrisisStep(
        level=Level(said["level"] or Level.GREEN),
        **{name: said[name].strip() for name in ("signs", "i_do", "others_do", "who")},
    )


def _person(said: Said, _suffix: str) -> Details | None:
    texts = {name: said[name].strip() for name in ("name", "role", "phone", "may_know")}
    if not any(texts.values()):
        return None
    relation = Relation(said["relation"] or Relation.TRUSTED)
    return PersonAround(relation=relation, comes_along=said["comes_along"] == "yes", **texts)


def _appointment(said: Said, suffix: str) -> Details | None:
    texts = {name: said[name].strip() for name in ("place", "with_whom", "phone", "who_comes_along")}
    day, clock = said["day"].strip(), said["clock"].strip()
    if not (day or clock or any(texts.values())):
        return None
    return NextAppointment(start=_instant(day, clock, suffix), **texts)


def _instant(day: str, clock: str, suffix: str) -> datetime:
    problems: dict[str, list[str]] = {}
    read: list[Any] = []
    for name, text, parse in (("day", day, parse_day), ("clock", clock, parse_time)):
        try:
            read.append(parse(text))
        except Invalid as odd:
            problems[f"{name}{suffix}"] = [odd.stable_code if text else "required"]
    if problems:
        raise Invalid("bundle.odd-form", fields=problems)
    return from_local(read[0], read[1])


def _medicine(said: Said, _suffix: str) -> Details | None:
    texts = {name: said[name].strip() for name in ("name", "dose", "why")}
    return Medicine(**texts) if any(texts.values()) else None


def _diagnosis(said: Said, suffix: str) -> Details | None:
    system, code, text = said["system"] or ICD_10, said["code"].strip().upper(), said["diagnosis"].strip()
    if not (code or text):
        return None
    if not code:
        raise Invalid("bundle.odd-form", fields={f"code{suffix}": ["required"]})
    if not _CODES[system].fullmatch(code):
        raise Invalid("bundle.odd-form", fields={f"code{suffix}": ["syntax"]})
    return Diagnosis(system=system, code=code, text=text)


_MAKERS: Final[Mapping[Kind, Callable[[Said, str], Details | None]]] = {
    Kind.CRISIS: _crisis,
    Kind.PERSON: _person,
    Kind.APPOINTMENT: _appointment,
    Kind.MEDICINE: _medicine,
    Kind.DIAGNOSIS: _diagnosis,
}


def _crisis_values(step: CrisisStep) -> dict[str, str]:
    return {
        "level": step.level.value,
        "signs": step.signs,
        "i_do": step.i_do,
        "others_do": step.others_do,
        "who": step.who,
    }


def _person_values(person: PersonAround) -> dict[str, str]:
    return {
        "relation": person.relation.value,
        "name": person.name,
        "role": person.role,
        "phone": person.phone,
        "may_know": person.may_know,
        "comes_along": "yes" if person.comes_along else "",
    }


def _appointment_values(appointment: NextAppointment) -> dict[str, str]:
    start = local(appointment.start)
    return {
        "day": start.strftime("%d.%m.%Y"),
        "clock": start.strftime("%H.%M"),
        "place": appointment.place,
        "with_whom": appointment.with_whom,
        "phone": appointment.phone,
        "who_comes_along": appointment.who_comes_along,
    }


def _medicine_values(medicine: Medicine) -> dict[str, str]:
    return {"name": medicine.name, "dose": medicine.dose, "why": medicine.why}


def _diagnosis_values(diagnosis: Diagnosis) -> dict[str, str]:
    return {"system": diagnosis.system, "code": diagnosis.code, "diagnosis": diagnosis.text}


_VALUES: Final[Mapping[type, Callable[[Any], dict[str, str]]]] = {
    CrisisStep: _crisis_values,
    PersonAround: _person_values,
    NextAppointment: _appointment_values,
    Medicine: _medicine_values,
    Diagnosis: _diagnosis_values,
}
