"""What a referral says, section by section, as its receiver reads it: need first, then background, then people."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from handover.referral.model import Contact, Diagnosis, Identity, Interpreter, ReferralContent
from handover.referral.words.codes import CODE_SYSTEMS, URGENCIES, label
from handover.web.i18n import gettext as _
from handover.web.parts import Pairs
from handover.workdays import age_on


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; terms without a text are left out."""

    heading: str
    texts: Pairs = field(repr=False)


def sections(content: ReferralContent, today: date) -> tuple[Section, ...]:
    """Return everything the referral says; empty sections are left out."""
    found = (
        Section(_("Hva det gjelder"), _need(content)),
        Section(_("Pasienten"), _patient(content.patient, content.interpreter, today)),
        Section(_("Bakgrunn"), _background(content)),
        Section(_("Menneskene rundt"), _people(content)),
        Section(_("Pasientens ja og ønsker"), _wishes(content)),
    )
    return tuple(Section(each.heading, shown) for each in found if (shown := _filled(each.texts)))


def _need(content: ReferralContent) -> Pairs:
    return (
        (_("Problemet"), content.problem),
        (_("Ønsket hjelp"), label("wishes", content.wish)),
        (_("Mer om hva som ønskes"), content.wish_text),
        (_("Hvor raskt"), str(URGENCIES[content.urgency])),
        (_("Risiko"), content.risk),
    )


def _patient(patient: Identity | None, interpreter: Interpreter | None, today: date) -> Pairs:
    if patient is None:
        return ()
    born = _(
        "%(day)s (%(age)s år)", day=patient.birth_date.strftime("%d.%m.%Y"), age=age_on(patient.birth_date, today)
    )
    address = patient.address
    place = "" if address is None else f"{address.postal_code} {address.city}".strip()
    return (
        (_("Navn"), patient.name),
        (_("Født"), born),
        (_("Fødselsnummer"), patient.number or _("Mangler")),
        (_("Adresse"), "\n".join([*(address.lines if address else ()), place]).strip()),
        (_("Telefon"), patient.phone or ""),
        (_("Tolk"), _interpreter(interpreter)),
    )


def _interpreter(wanted: Interpreter | None) -> str:
    if wanted is None:
        return ""
    language = label("interpreter_languages", wanted.language)
    return f"{language}. {wanted.text}" if wanted.text else language


def _background(content: ReferralContent) -> Pairs:
    return (
        (_("Sykehistorie og tidligere behandling"), content.history),
        (_("Hvordan hverdagen fungerer"), content.functioning),
        (_("Diagnoser"), "\n".join(map(_diagnosis, content.diagnoses))),
        (_("Medisiner"), "\n".join(content.medications)),
    )


def _diagnosis(diagnosis: Diagnosis) -> str:
    return f"{diagnosis.code} {diagnosis.text} ({CODE_SYSTEMS[diagnosis.system]})".replace("  ", " ")


def _people(content: ReferralContent) -> Pairs:
    return (
        (_("Nettverk"), content.network),
        (_("Pårørende"), _contacts(content.next_of_kin)),
        (_("Tillitsperson"), _contacts(filter(None, [content.trusted_person]))),
        (_("Andre som hjelper"), _contacts(content.helpers)),
    )


def _contacts(contacts: Iterable[Contact]) -> str:
    return "\n".join(", ".join(filter(None, (each.name, each.relation, each.phone))) for each in contacts)


def _wishes(content: ReferralContent) -> Pairs:
    joins = _("Henviseren kan være med på første time") if content.can_join_first_appointment else ""
    return (
        (_("Pasientens ja"), label("consents", content.consent) if content.consent else ""),
        (_("Mer om pasientens ja"), content.consent_text),
        (_("Ønsket kontaktperson hos mottakeren"), content.wished_contact),
        (_("Første time"), joins),
    )


def _filled(texts: Pairs) -> Pairs:
    return tuple((term, text) for term, text in texts if text)
