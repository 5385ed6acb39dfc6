"""What an item says beyond its two texts, as terms and texts: the same wherever an item or a document is shown."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from handover.bundle.model import (
    ICD_10,
    ICPC_2,
    CrisisStep,
    Details,
    Diagnosis,
    Level,
    Medicine,
    NextAppointment,
    PersonAround,
    Relation,
)
from handover.web import dates
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Pairs

CODE_SYSTEMS: Final[Mapping[str, Sentence]] = {ICD_10: _l("ICD-10"), ICPC_2: _l("ICPC-2")}
LEVELS: Final[Mapping[Level, Sentence]] = {
    Level.GREEN: _l("Grønt: hverdagen går bra"),
    Level.YELLOW: _l("Gult: det begynner å bli vanskelig"),
    Level.RED: _l("Rødt: jeg trenger hjelp nå"),
}
"""The colours of the crisis plan, always said in words too."""
RELATIONS: Final[Mapping[Relation, Sentence]] = {
    Relation.TRUSTED: _l("Tillitsperson"),
    Relation.NEXT_OF_KIN: _l("Pårørende"),
    Relation.HELPER: _l("Hjelper"),
}


def heading(details: Details | None) -> str:
    """Return what stands over it beside the topic: a level of the crisis plan, what a person is; else empty."""
    match details:
        case CrisisStep():
            return str(LEVELS[details.level])
        case PersonAround():
            return str(RELATIONS[details.relation])
    return ""


def facts(details: Details | None) -> Pairs:
    """Return everything it says, in the reader's language; blank ones have an empty text."""
    return () if details is None else _FACTS[type(details)](details)


def _crisis(step: CrisisStep) -> Pairs:
    return (
        (_("Slik merkes det"), step.signs),
        (_("Dette gjør jeg"), step.i_do),
        (_("Dette gjør de andre"), step.others_do),
        (_("Hvem som kontaktes"), step.who),
    )


def _person(person: PersonAround) -> Pairs:
    return (
        (_("Navn"), person.name),
        (_("Hvem det er for meg"), person.role),
        (_("Telefon"), person.phone),
        (_("Dette kan personen få vite"), person.may_know),
        (_("Blir med på møter"), _("Ja") if person.comes_along else ""),
    )


def _appointment(appointment: NextAppointment) -> Pairs:
    return (
        (_("Når"), dates.upfirst(dates.moment(appointment.start))),
        (_("Hvor"), appointment.place),
        (_("Med hvem"), appointment.with_whom),
        (_("Telefon"), appointment.phone),
        (_("Hvem som blir med"), appointment.who_comes_along),
    )


def _medicine(medicine: Medicine) -> Pairs:
    return (
        (_("Medisin"), medicine.name),
        (_("Hvor mye og når"), medicine.dose),
        (_("Hva den er for"), medicine.why),
    )


def _diagnosis(diagnosis: Diagnosis) -> Pairs:
    system = CODE_SYSTEMS.get(diagnosis.system, diagnosis.system)
    return (
        (_("Diagnose"), diagnosis.text),
        (_("Kode"), f"{diagnosis.code} ({system})" if diagnosis.code else ""),
    )


_FACTS: Final[Mapping[type, Callable[[Any], Pairs]]] = {
    CrisisStep: _crisis,
    PersonAround: _person,
    NextAppointment: _appointment,
    Medicine: _medicine,
    Diagnosis: _diagnosis,
}
