"""What a receiver may do with a referral, one form for each act: its fields, how they are read, and what it calls.

Every reader raises `Invalid` with all its problems at once; which acts are offered is for the lifecycle to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from handover.access import service as access
from handover.clock import from_local
from handover.errors import Invalid, NotFound
from handover.ids import ServiceId, StaffId, new_uuid
from handover.referral import service
from handover.referral.lifecycle import Act
from handover.referral.model import (
    Acceptance,
    Appointment,
    AppointmentId,
    Completion,
    Refusal,
)
from handover.referral.service import Case, Turn
from handover.web.forms import MAX_LINE, Fields, Sent, reads_one_text
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l

_LONGEST: Final = 240
"""Minutes of an appointment."""

Do = Callable[[Session, Turn], object]
"""The act with everything it needs, ready to be done in a transaction."""

SENTENCES: Final[Mapping[str, Text]] = {
    "question.required": _l("Skriv hva du vil vite."),
    "latest_start.required": _l("Skriv datoen behandlingen senest skal starte."),
    "latest_start.in-past": _l("Datoen for senest oppstart er passert. Velg en dato fram i tid."),
    "next_step.required": _l("Skriv hva som skjer videre."),
    "assessor.required": _l("Skriv navnet på den som har vurdert saken."),
    "assessor_phone.required": _l("Skriv et telefonnummer pasienten og henviseren kan ringe."),
    "complaint.required": _l("Skriv hvordan pasienten kan klage."),
    "reason.required": _l("Skriv hvorfor."),
    "advice.required": _l("Skriv hva henviseren og pasienten kan gjøre nå."),
    "day.required": _l("Skriv hvilken dag timen er."),
    "day.in-past": _l("Timen må være fram i tid."),
    "clock.required": _l("Skriv klokkeslettet for timen."),
    "minutes.number": _l("Skriv hvor mange minutter timen varer, mellom 15 og 240."),
    "place.required": _l("Skriv hvor pasienten skal møte opp."),
    "with_whom.required": _l("Skriv hvem pasienten skal møte."),
    "phone.required": _l("Skriv et telefonnummer pasienten kan ringe."),
    "started_on.required": _l("Skriv hvilken dag behandlingen startet."),
    "started_on.in-future": _l("Dagen behandlingen startet, kan ikke være fram i tid."),
    "outcome.required": _l("Skriv hva som kom ut av behandlingen."),
    "follow_up.required": _l("Skriv hvem som følger opp videre, og hvordan."),
    "where.required": _l("Velg tjenesten saken skal sendes til."),
    "where.takes-no-referrals": _l("Den tjenesten tar ikke imot henvisninger nå. Velg en annen."),
    "where.closed": _l("Den tjenesten er stengt nå. Velg en annen."),
    "to.required": _l("Velg hvem som skal ta saken."),
    "to.not-a-colleague": _l("Den personen arbeider ikke ved tjenesten. Velg en annen."),
    "text.required": _l("Skriv noe før du lagrer."),
    "until.required": _l("Skriv hvilken dag saken skal komme tilbake."),
    "until.not-in-future": _l("Dagen må være fram i tid."),
    "until.past-deadline": _l("Du kan ikke legge bort saken til etter fristen."),
}
"""What is wrong with a field, beside the codes any slice may use."""


@dataclass(frozen=True, kw_only=True)
class ActPage:
    """One act as people meet it. `slug` is its place in the address."""

    act: Act | None
    """None for putting the case away, which is the team's matter and no act of the lifecycle."""
    slug: str
    title: Sentence
    hint: Sentence
    """What it leads to, shown beside the link."""
    button: Sentence
    done: Sentence
    """Said on the case's page afterwards."""
    read: Callable[[Sent], Do]
    template: str = ""
    """The form's fields; empty: the act needs none, and is a button on the case's page."""
    ready_texts: Mapping[str, str] = field(default_factory=dict)
    """Field -> kind of ready text."""
    is_previewed: bool = False
    """Whether the writer must see what the others will read before it is sent."""
    is_numbered: bool = True
    """Whether a page that shows an older version is refused."""


def _take(_sent: Sent) -> Do:
    return service.take


def _assign(sent: Sent) -> Do:
    chosen = sent.get("to", "")
    try:
        wanted = StaffId(UUID(chosen))
    except ValueError:
        raise Invalid("form.incomplete", fields={"to": ["required"]}) from None

    def do(session: Session, turn: Turn) -> object:
        return service.assign(session, turn, access.staff_of(session, turn.by.agency, wanted))

    return do


def acceptance(sent: Sent) -> Acceptance:
    """Read a grant of the right to treatment. Raises Invalid."""
    fields = Fields(sent)
    made = Acceptance(
        latest_start=fields.day("latest_start"),
        next_step=fields.text("next_step"),
        assessor=fields.line("assessor"),
        assessor_phone=fields.line("assessor_phone"),
        complaint=fields.text("complaint"),
        reason=fields.text("reason", is_optional=True),
    )
    fields.check()
    return made


def refusal(sent: Sent) -> Refusal:
    """Read a refusal; reason, advice and complaint route are all required. Raises Invalid."""
    fields = Fields(sent)
    made = Refusal(
        reason=fields.text("reason"),
        advice=fields.text("advice"),
        complaint=fields.text("complaint"),
        assessor=fields.line("assessor"),
        assessor_phone=fields.line("assessor_phone"),
    )
    fields.check()
    return made


def _accept(sent: Sent) -> Do:
    made = acceptance(sent)
    return lambda session, turn: service.accept(session, turn, made)


def _reject(sent: Sent) -> Do:
    made = refusal(sent)
    return lambda session, turn: service.reject(session, turn, made)


def appointment(sent: Sent) -> Appointment:
    """Read an appointment: who, where, exactly when, who comes along. Raises Invalid."""
    fields = Fields(sent)
    made = Appointment(
        id=AppointmentId(new_uuid()),
        start=fields.moment("day", "clock"),
        minutes=fields.minutes("minutes", at_most=_LONGEST),
        place=fields.text("place", at_most=2 * MAX_LINE),
        with_whom=fields.line("with_whom"),
        phone=fields.line("phone"),
        companions=fields.line("companions", is_optional=True),
        practical=fields.text("practical", is_optional=True),
    )
    fields.check()
    return made


def _schedule(sent: Sent) -> Do:
    made = appointment(sent)
    return lambda session, turn: _as_day(lambda: service.schedule(session, turn, made))


def _reschedule(sent: Sent) -> Do:
    made = appointment(sent)
    reason = Fields(sent).text("reason", is_optional=True)
    return lambda session, turn: _as_day(lambda: service.reschedule(session, turn, made, reason))


def _as_day(act: Callable[[], object]) -> object:
    """Do it; an instant that is refused is the day's problem in the form."""
    try:
        return act()
    except Invalid as refused:
        fields = {"day" if name == "start" else name: codes for name, codes in refused.fields.items()}
        raise Invalid(refused.stable_code, fields=fields) from refused


def _start(sent: Sent) -> Do:
    fields = Fields(sent)
    day = fields.day("started_on")
    fields.check()
    return lambda session, turn: service.start(session, turn, day)


def _complete(sent: Sent) -> Do:
    fields = Fields(sent)
    made = Completion(outcome=fields.text("outcome"), follow_up=fields.text("follow_up"))
    fields.check()
    return lambda session, turn: service.complete(session, turn, made)


def _redirect(sent: Sent) -> Do:
    fields = Fields(sent)
    where, reason = ServiceId(fields.line("where")), fields.text("reason")
    fields.check()

    def redirect(session: Session, turn: Turn) -> object:
        try:
            return service.redirect(session, turn, where, reason)
        except NotFound as gone:
            if gone.stable_code != "directory.no-service":
                raise
            raise service.TakesNoReferrals(fields={"where": ["takes-no-referrals"]}) from None

    return redirect


def _snooze(sent: Sent) -> Do:
    fields = Fields(sent)
    day = fields.day("until")
    fields.check()
    return lambda session, turn: service.snooze(session, turn, from_local(day, time()))


def _confirm_withdrawal(_sent: Sent) -> Do:
    return service.confirm_withdrawal


PAGES: Final = (
    ActPage(
        act=Act.TAKE,
        slug="ta",
        title=_l("Ta saken"),
        hint=_l("Du blir den som vurderer saken. Henviseren og pasienten ser navnet ditt."),
        button=_l("Ta saken"),
        done=_l("Du har tatt saken."),
        read=_take,
    ),
    ActPage(
        act=Act.ACCEPT,
        slug="rett",
        title=_l("Gi rett til behandling"),
        hint=_l("Sett en dato for når behandlingen senest skal starte."),
        button=_l("Send svaret"),
        done=_l("Svaret er sendt til henviseren og pasienten. Neste steg er å sette første time."),
        read=_accept,
        template="accept",
        ready_texts={"next_step": "next_step", "complaint": "complaint"},
        is_previewed=True,
    ),
    ActPage(
        act=Act.REJECT,
        slug="ikke-rett",
        title=_l("Ikke rett til behandling her"),
        hint=_l("Skriv hvorfor, hva som kan hjelpe nå, og hvordan pasienten kan klage."),
        button=_l("Send svaret"),
        done=_l(
            "Svaret er sendt til henviseren. Pasienten ser det når henviseren har åpnet det, eller etter kort tid."
        ),
        read=_reject,
        template="reject",
        ready_texts={"reason": "reject", "advice": "advice", "complaint": "complaint"},
        is_previewed=True,
    ),
    ActPage(
        act=Act.ASK,
        slug="spor",
        title=_l("Spør henviseren"),
        hint=_l("Fristen løper videre mens dere venter på svar."),
        button=_l("Send spørsmålet"),
        done=_l("Spørsmålet er sendt til henviseren. Fristen løper videre."),
        read=reads_one_text("question", service.ask),
        template="ask",
        ready_texts={"question": "ask"},
    ),
    ActPage(
        act=Act.REDIRECT,
        slug="send-videre",
        title=_l("Send videre til en annen tjeneste"),
        hint=_l("Pasienten beholder plassen i køen. Saken er deres til den andre tjenesten har fått den."),
        button=_l("Send videre"),
        done=_l("Saken blir sendt videre. Den er deres til den andre tjenesten har fått den."),
        read=_redirect,
        template="redirect",
        ready_texts={"reason": "redirect"},
    ),
    ActPage(
        act=Act.SCHEDULE,
        slug="time",
        title=_l("Sett første time"),
        hint=_l("Hvem, hvor og når. Pasienten og henviseren ser timen med en gang."),
        button=_l("Sett timen"),
        done=_l("Timen er satt. Pasienten og henviseren ser den nå."),
        read=_schedule,
        template="appointment",
    ),
    ActPage(
        act=Act.START,
        slug="start",
        title=_l("Behandlingen er i gang"),
        hint=_l("Når pasienten har møtt til første time."),
        button=_l("Lagre at behandlingen er i gang"),
        done=_l("Det er lagret at behandlingen er i gang."),
        read=_start,
        template="start",
    ),
    ActPage(
        act=Act.RESCHEDULE,
        slug="flytt-time",
        title=_l("Flytt timen"),
        hint=_l("Pasienten og henviseren ser den nye timen med en gang."),
        button=_l("Flytt timen"),
        done=_l("Timen er flyttet. Pasienten og henviseren ser den nye timen nå."),
        read=_reschedule,
        template="appointment",
    ),
    ActPage(
        act=Act.NO_SHOW,
        slug="ikke-mott",
        title=_l("Pasienten kom ikke"),
        hint=_l("Retten til behandling står. Skriv hva som skjer videre."),
        button=_l("Lagre og si fra"),
        done=_l("Det er lagret at pasienten ikke kom. Sett en ny time."),
        read=reads_one_text("next_step", service.no_show),
        template="no_show",
        ready_texts={"next_step": "no_show"},
    ),
    ActPage(
        act=Act.CANCEL_APPOINTMENT,
        slug="avlys-time",
        title=_l("Avlys timen"),
        hint=_l("Retten til behandling står. En ny time må settes innen fristen."),
        button=_l("Avlys timen"),
        done=_l("Timen er avlyst. Sett en ny time."),
        read=reads_one_text("reason", service.cancel_appointment),
        template="cancel",
    ),
    ActPage(
        act=Act.CONFIRM_WITHDRAWAL,
        slug="bekreft-trukket",
        title=_l("Bekreft at henvisningen er trukket"),
        hint=_l("Saken blir avsluttet hos dere. Henviseren og pasienten får vite det."),
        button=_l("Bekreft at den er trukket"),
        done=_l("Henvisningen er trukket tilbake."),
        read=_confirm_withdrawal,
        template="confirm_withdrawal",
    ),
    ActPage(
        act=Act.COMPLETE,
        slug="avslutt",
        title=_l("Avslutt"),
        hint=_l("Skriv hva som kom ut av det, og hvem som følger opp."),
        button=_l("Avslutt saken"),
        done=_l("Saken er avsluttet. Henviseren og pasienten ser hvem som følger opp."),
        read=_complete,
        template="complete",
    ),
    ActPage(
        act=Act.ASSIGN,
        slug="gi-til",
        title=_l("Gi saken til en kollega"),
        hint=_l("Den du velger, blir den som vurderer saken."),
        button=_l("Gi saken til kollegaen"),
        done=_l("Saken er gitt til en kollega."),
        read=_assign,
        template="assign",
    ),
    ActPage(
        act=Act.NOTE_TO_REFERRER,
        slug="beskjed",
        title=_l("Skriv en beskjed til henviseren"),
        hint=_l("Henviseren og pasienten kan lese den."),
        button=_l("Send beskjeden"),
        done=_l("Beskjeden er sendt."),
        read=reads_one_text("text", service.note_to_referrer),
        template="note",
        is_numbered=False,
    ),
    ActPage(
        act=Act.INTERNAL_NOTE,
        slug="gul-lapp",
        title=_l("Skriv en gul lapp"),
        hint=_l("Bare dere i tjenesten ser den. Den sendes aldri."),
        button=_l("Lagre lappen"),
        done=_l("Lappen er lagret. Bare dere i tjenesten ser den."),
        read=reads_one_text("text", service.internal_note),
        template="internal_note",
        is_numbered=False,
    ),
    ActPage(
        act=None,
        slug="legg-bort",
        title=_l("Legg bort til en dag"),
        hint=_l("Saken kommer tilbake i listen den dagen. Den blir aldri borte etter fristen."),
        button=_l("Legg bort"),
        done=_l("Saken er lagt bort. Den kommer tilbake i listen av seg selv."),
        read=_snooze,
        template="snooze",
        is_numbered=False,
    ),
)
BY_SLUG: Final[Mapping[str, ActPage]] = {page.slug: page for page in PAGES}
BY_ACT: Final[Mapping[Act, ActPage]] = {page.act: page for page in PAGES if page.act is not None}


def is_open(page: ActPage, case: Case) -> bool:
    """Whether the case allows this now: what the lifecycle says; put away is only what has a day left."""
    if page.act is not None:
        return page.act in case.acts
    return case.may_be_put_away
