"""What the forms for a choice say: whom it is about, and a permit's terms."""

from datetime import date

from werkzeug.datastructures import MultiDict

from handover.consent.model import EVERYONE, BadChoice, Target, Terms
from handover.errors import Invalid
from handover.ids import AgencyId, ServiceId
from handover.web.forms import parse_day

_ALL = "alle"


def target_value(target: Target) -> str:
    """Return how a form names whom a choice is about: everyone, an agency, or a service of it."""
    if target.agency is None:
        return _ALL
    return target.agency if target.service is None else f"{target.agency}/{target.service}"


def read_target(sent: "MultiDict[str, str]") -> Target:
    """Return whom the form names. Raises BadChoice where nobody is."""
    agency, _sep, service = sent.get("target", "").partition("/")
    if agency == _ALL:
        return EVERYONE
    if not agency:
        raise BadChoice(fields={"target": ["required"]})
    return Target(agency=AgencyId(agency), service=ServiceId(service) if service else None)


def read_permit(sent: "MultiDict[str, str]") -> tuple[Target, Terms]:
    """Return whom a permit is for and its terms. Raises BadChoice with all that is missing or cannot be read."""
    problems: dict[str, list[str]] = {}
    target, until = EVERYONE, date.min
    try:
        target = read_target(sent)
    except BadChoice as missing:
        problems |= missing.fields
    try:
        until = parse_day(sent.get("until", ""))
    except Invalid:
        problems["until"] = ["date"]
    topics = tuple(sent.getlist("topics"))
    problems |= {} if topics else {"topics": ["required"]}
    purpose = sent.get("purpose", "")
    problems |= {} if purpose else {"purpose": ["required"]}
    if problems:
        raise BadChoice(fields=problems)
    return target, Terms(purpose=purpose, topics=topics, until=until)
