"""Tasks: what a machine could not finish, for a named person or for whoever works at the service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handover import web
from handover.access import allow, current_staff
from handover.actors import Role
from handover.addressbook import reporting
from handover.addressbook import service as addressbook
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.bundle import lifecycle as bundle
from handover.bundle.cases import WORK as HANDOVERS
from handover.clock import now
from handover.directory import names
from handover.ids import TaskId
from handover.message.cases import WORK as THREADS
from handover.referral.cases import WORK
from handover.referral.lifecycle import Side
from handover.team import service as team
from handover.team.model import Task, TaskKind
from handover.web.i18n import Sentence
from handover.web.i18n import gettext as _
from handover.web.i18n import lazy_gettext as _l
from handover.web.shell import MenuItem, add_menu_item
from handover.worklist.named import named

blueprint = Blueprint("tasks", __name__)

_ANYBODY: Final = tuple(Role)

add_menu_item(blueprint, MenuItem(endpoint="tasks.mine", text=_l("Oppgaver"), order=40, roles=frozenset(_ANYBODY)))

TASKS: Final[Mapping[TaskKind, Sentence]] = {
    TaskKind.NOT_DELIVERED: _l("En melding kom ikke fram"),
    TaskKind.DOCUMENT_INFECTED: _l("Et dokument fra dere ble ikke levert: det er virus i det"),
    TaskKind.ALL_INFECTED: _l("En melding fra dere ble ikke levert: det er virus i et dokument"),
    TaskKind.DOCUMENT_REFUSED: _l("Et dokument ble ikke tatt imot: det er virus i det"),
    TaskKind.DOCUMENT_NOT_CHECKED: _l("Et dokument fra dere ble ikke levert: det kunne ikke sjekkes for virus"),
    TaskKind.DOCUMENT_UNCHECKED: _l("Et dokument ble ikke tatt imot: det kunne ikke sjekkes for virus"),
    TaskKind.CASE_REFUSED: _l("En sak til dere ble ikke tatt imot: det er virus i et dokument"),
    TaskKind.HELD_BACK: _l("Pasienten har sagt nei. Meldingen er ikke sendt"),
    TaskKind.REDIRECT_FAILED: _l("Henvisningen kunne ikke sendes videre. Den er hos dere igjen"),
    TaskKind.HELD_TWICE: _l("To tjenester har henvisningen. Ring hverandre"),
    TaskKind.LATE_INFORMATION: _l("Nye opplysninger kom etter at saken var avgjort"),
    TaskKind.IDENTITY_DIFFERS: _l("Avsenderen skriver navn eller fødselsdato annerledes enn dere"),
    TaskKind.ODD_BIRTH_DATE: _l("Fødselsdatoen passer ikke til fødselsnummeret"),
    TaskKind.LETTER_OR_CALL: _l("Pasienten har ikke sett det som er nytt"),
    TaskKind.ENTRY_UNCONFIRMED: _l("Ingen har bekreftet opplysningene i adresseboken på seks måneder"),
    TaskKind.ENTRY_REPORTED: _l("Noen melder at opplysningene i adresseboken er feil"),
    TaskKind.REPORT_ANSWERED: _l("Feilen du meldte i adresseboken, er besvart"),
    TaskKind.UNOPENED: _l("En melding har ligget uåpnet i fem virkedager"),
    TaskKind.PERMIT_GIVEN: _l("Pasienten har sagt ja til at noe kan sendes"),
    TaskKind.PERMIT_REFUSED: _l("Pasienten har sagt nei til at noe sendes"),
    TaskKind.LINKED_BY_MISTAKE: _l("En sak var koblet til feil person"),
    TaskKind.UNTOUCHED: _l("Arbeid har ligget urørt. Teamet har det igjen"),
    TaskKind.ALARM: _l("Noe må ses på av den som drifter systemet"),
}
ADVICE: Final[Mapping[TaskKind, Sentence]] = {
    TaskKind.NOT_DELIVERED: _l("Åpne saken, se hva som er galt, og send på nytt eller ring."),
    TaskKind.DOCUMENT_INFECTED: _l(
        "Si fra til dem som drifter datamaskinen din. Åpne saken, se hva som kom fram, "
        "og send dokumentet på nytt når det er uten virus."
    ),
    TaskKind.ALL_INFECTED: _l(
        "Ingenting av den er kommet fram. Si fra til dem som drifter datamaskinen din. "
        "Åpne saken, og send den på nytt uten dokumentet, eller ring mottakeren."
    ),
    TaskKind.DOCUMENT_REFUSED: _l(
        "Resten av meldingen kan leses. Avsenderen har fått vite det. Trenger dere dokumentet, "
        "så be om det på nytt i tråden. Ikke ta imot den samme filen på en annen måte."
    ),
    TaskKind.DOCUMENT_NOT_CHECKED: _l(
        "Resten av meldingen er kommet fram. Åpne saken, og send dokumentet på nytt, helst som en mindre fil, "
        "eller ring mottakeren."
    ),
    TaskKind.DOCUMENT_UNCHECKED: _l(
        "Resten av meldingen kan leses. Avsenderen har fått vite det. Trenger dere dokumentet, "
        "så be om en mindre fil i tråden. Si også fra til den som drifter systemet hos dere."
    ),
    TaskKind.CASE_REFUSED: _l(
        "Avsenderen har fått vite det, og må sende den på nytt uten dokumentet. "
        "Ring dem hvis det haster. Ingenting av den er lagret hos dere."
    ),
    TaskKind.HELD_BACK: _l("Ring pasienten og bli enige om hva dere gjør nå. Teksten ligger i saken."),
    TaskKind.REDIRECT_FAILED: _l(
        "Åpne saken og vurder den her, eller send den til en annen tjeneste. Fristen løper."
    ),
    TaskKind.HELD_TWICE: _l("Ring den andre tjenesten og bli enige om hvem som har ansvaret."),
    TaskKind.LATE_INFORMATION: _l("Åpne saken, les det som er nytt, og svar henviseren hvis det trengs."),
    TaskKind.IDENTITY_DIFFERS: _l("Spør pasienten hva som er riktig. Ingenting er endret hos dere."),
    TaskKind.ODD_BIRTH_DATE: _l(
        "Åpne saken og spør pasienten om fødselsdatoen. Overgang er foreløpig bare for personer over 18 år."
    ),
    TaskKind.LETTER_OR_CALL: _l(
        "Send et brev eller ring. Pasienten har ikke åpnet det her på fire dager, "
        "men kan ha lest det et annet sted."
    ),
    TaskKind.ENTRY_UNCONFIRMED: _l(
        "Se over telefon, åpningstid og tilbud. Trykk bekreft hvis alt stemmer, eller rett det som er feil."
    ),
    TaskKind.ENTRY_REPORTED: _l("Les hva som er feil, rett det, og svar den som meldte fra."),
    TaskKind.REPORT_ANSWERED: _l("Se hva de har gjort."),
    TaskKind.UNOPENED: _l("Se til at noen åpner meldingen i dag, eller gi den til en annen."),
    TaskKind.PERMIT_GIVEN: _l("Åpne saken og se hva pasienten sa ja til. Så kan du gå videre der."),
    TaskKind.PERMIT_REFUSED: _l("Ingenting er sendt, og det du har skrevet, er lagret. Snakk med pasienten."),
    TaskKind.LINKED_BY_MISTAKE: _l(
        "Si fra til den saken var koblet til, og meld avviket slik dere pleier."
        " Det står også på personens egen side. Si ikke hvem saken gjelder."
    ),
    TaskKind.UNTOUCHED: _l("Se til at noen tar saken, eller snakk med den som hadde den."),
    TaskKind.ALARM: _l("Si fra til den som drifter systemet hos dere."),
}


@dataclass(frozen=True, kw_only=True)
class TaskLine:
    """One task in the reader's words."""

    task: Task
    title: Sentence
    advice: Sentence
    url: str
    """Where the case is; empty when there is none."""
    is_mine: bool
    place: str = ""
    """The service whose entry in the address book it is about."""
    about: str = field(default="", repr=False)
    """Whom it is about, or which case without a name; empty where that is nobody, or not for the reader."""
    sides: tuple[tuple[str, str], ...] = ()
    """Where two agencies name a patient otherwise: who says it, and what."""
    said: str = field(default="", repr=False)
    """What the task is about, in words of its own: documents, or who sent what was refused."""


@blueprint.get("/oppgaver")
@allow(*_ANYBODY)
def mine() -> ResponseReturnValue:
    """Show the reader's own tasks first, then those of their services that name nobody."""
    staff = current_staff()
    with web.transaction() as session:
        found = sorted(team.tasks(session, staff), key=lambda task: task.for_staff != staff.id)
        places = {
            task.id: names.of_service(session, task.service)
            for task in found
            if task.service is not None and task.subject_kind in {addressbook.ENTRY, reporting.REPORT}
        }
        about = named(session, staff, found, now=now())
    lines = [
        TaskLine(
            task=task,
            title=TASKS[task.kind],
            advice=ADVICE[task.kind],
            url=_url(task),
            is_mine=task.for_staff == staff.id,
            sides=_sides(task),
            place=places.get(task.id, ""),
            about=about.get(task.id, ""),
            said=_said(task),
        )
        for task in found
    ]
    return render_template("worklist/tasks.html", lines=lines, is_done=bool(request.args.get("gjort")))


@blueprint.post("/oppgaver/<uuid:task>/ferdig")
@allow(*_ANYBODY)
def finish(task: UUID) -> ResponseReturnValue:
    """Close a task for everybody."""
    staff, at = current_staff(), now()
    with web.transaction() as session:
        team.finish_task(session, TaskId(task), by=staff, now=at)
        audit.record(session, event=Logged.TASK_DONE, actor=staff, agency=staff.agency, subject=task, now=at)
    return redirect(url_for(".mine", gjort="oppgave"))


def _sides(task: Task) -> tuple[tuple[str, str], ...]:
    if task.kind is not TaskKind.IDENTITY_DIFFERS:
        return ()
    return tuple(zip((_("Hos dere"), _("Fra avsenderen")), task.text.splitlines(), strict=False))


def _said(task: Task) -> str:
    if task.kind is TaskKind.CASE_REFUSED:
        return _("Fra %(place)s", place=task.text)
    names = ", ".join(f"«{each}»" for each in task.text.splitlines())
    if task.kind in {TaskKind.DOCUMENT_INFECTED, TaskKind.ALL_INFECTED, TaskKind.DOCUMENT_NOT_CHECKED}:
        return _("Ikke levert: %(names)s", names=names)
    is_of_others = task.kind in {TaskKind.DOCUMENT_REFUSED, TaskKind.DOCUMENT_UNCHECKED}
    return _("Ikke tatt imot: %(names)s", names=names) if is_of_others else ""


def _url(task: Task) -> str:
    if task.subject_kind == reporting.REPORT:
        return url_for("reports.received" if task.kind is TaskKind.ENTRY_REPORTED else "reports.mine")
    if task.subject_kind == addressbook.ENTRY:
        return url_for("addressbook.show", entry=task.service)
    if task.subject is None or task.service is None:
        return ""
    if task.subject_kind == THREADS:
        return url_for("messages.show", service=task.service, thread=task.subject)
    if task.subject_kind == WORK[Side.RECEIVER]:
        return url_for("receiving.show", service=task.service, referral=task.subject)
    if task.subject_kind == WORK[Side.REFERRER]:
        return url_for("sending.show", referral=task.subject)
    if task.subject_kind == HANDOVERS[bundle.Side.RECEIVER]:
        return url_for("handovers_received.show", service=task.service, handover=task.subject)
    is_sent = task.subject_kind == HANDOVERS[bundle.Side.SENDER]
    return url_for("handovers.show", handover=task.subject) if is_sent else ""
