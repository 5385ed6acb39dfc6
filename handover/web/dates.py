"""Dates as people say them (WORDS.md): weekday and date, a Norwegian wall clock, days counted for the reader."""

from datetime import date, datetime

from babel.dates import format_date, format_time
from flask import Flask

from handover.clock import local, now
from handover.web.i18n import gettext as _
from handover.web.i18n import locale, ngettext, unbroken


def day(value: date | datetime) -> str:
    """Say a day: `tirsdag 24. november`, with the year where it is not this year's."""
    return _patterned(value, {"en": "EEEE d MMMM"}, "EEEE d. MMMM")


def short_day(value: date | datetime) -> str:
    """Say a day in few letters: `24. nov.`, with the year where it is not this year's."""
    return _patterned(value, {"en": "d MMM"}, "d. MMM")


def birthday(value: date) -> str:
    """Say when somebody was born: `24. november 1990`; the weekday tells nobody apart."""
    return format_date(value, "d MMMM y" if locale().language == "en" else "d. MMMM y", locale=locale())


def clock_time(value: datetime) -> str:
    """Say a time of day on the Norwegian wall clock: `09.12`, in English `09:12`."""
    pattern = "HH:mm" if locale().language == "en" else "HH.mm"
    return format_time(local(value), pattern, locale=locale())


def moment(value: datetime) -> str:
    """Say an instant: `tirsdag 24. november kl. 09.12`; no line breaks before the hour."""
    clock = unbroken(_("kl. %(time)s", time=clock_time(value)))
    return f"{day(value)} {clock}"


def stamp(at: datetime | None, by: str = "") -> str:
    """Say when something was done, and by whom where that is known; nothing where it was not done."""
    if at is None:
        return ""
    return f"{upfirst(moment(at))} · {by}" if by else upfirst(moment(at))


def working_days_left(count: int) -> str:
    """Say how many working days are left of a deadline; negative counts are days past it."""
    if count == 0:
        return _("Siste dag er i dag")
    if count > 0:
        return ngettext("%(num)d virkedag igjen", "%(num)d virkedager igjen", count)
    return ngettext("%(num)d virkedag over fristen", "%(num)d virkedager over fristen", -count)


def days_away(value: date | datetime) -> str:
    """Say how far away a day is: `i dag`, `i morgen`, `om 3 dager`, `for 2 dager siden`."""
    count = (_date(value) - local(now()).date()).days
    named = {0: _("i dag"), 1: _("i morgen"), -1: _("i går")}
    if count in named:
        return named[count]
    if count > 0:  # Babel's format_timedelta would say "om 3 døgn"
        return ngettext("om %(num)d dag", "om %(num)d dager", count)
    return ngettext("for %(num)d dag siden", "for %(num)d dager siden", -count)


def upfirst(text: object) -> str:
    """Return the text with its first letter large, the rest as it was (a weekday that begins a line)."""
    plain = str(text)
    return plain[:1].upper() + plain[1:]


def init_app(app: Flask) -> None:
    """Make the words for dates filters in templates."""
    for word in (day, short_day, birthday, clock_time, moment, working_days_left, days_away, upfirst):
        app.jinja_env.filters[word.__name__] = word


def _date(value: date | datetime) -> date:
    return local(value).date() if isinstance(value, datetime) else value


def _patterned(value: date | datetime, by_language: dict[str, str], otherwise: str) -> str:
    the_day, reader = _date(value), locale()
    pattern = by_language.get(reader.language, otherwise)
    if the_day.year != local(now()).year:
        pattern += " y"
    return format_date(the_day, pattern, locale=reader)
