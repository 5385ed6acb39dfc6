"""Version 1 serves adults: no case for a younger person until the rules are settled (NORWAY.md, "Sharing")."""

from datetime import date, datetime
from typing import Final

from handover.errors import Invalid
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l
from handover.workdays import age_on, local_date, rules_on


class TooYoung(Invalid):
    """The birth date is of somebody who is not an adult today, or of a day that has not been.

    Codes `person.under-age` and, of a case there is already, `person.under-age.now`; field codes `under-age` and
    `in-future`.
    """

    code = "person.under-age"


SENTENCES: Final[dict[str, Sentence]] = {
    "birth_date.under-age": _l("Overgang kan bare brukes for personer over 18 år. Ingenting er sendt."),
    "birth_date.in-future": _l("Fødselsdatoen er fram i tid. Sjekk den."),
}
"""By field and code."""


def is_under_age(birth_date: date, now: datetime) -> bool:
    """Whether somebody is not an adult today (vergemålsloven § 8)."""
    today = local_date(now)
    return age_on(birth_date, today) < rules_on(today).adult_age


def refuse_under_age(birth_date: date, now: datetime) -> None:
    """Raise TooYoung when somebody is not an adult today."""
    if birth_date > local_date(now):
        raise TooYoung(fields={"birth_date": ["in-future"]})
    if is_under_age(birth_date, now):
        raise TooYoung(fields={"birth_date": ["under-age"]})
