"""What people do with threads at two real nodes: one line for each use case."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import select

from handover.actors import Staff
from handover.audit import service as audit
from handover.consent import service as consent
from handover.db import Database
from handover.exchange.model import Event
from handover.exchange.tables import IncomingRow
from handover.ids import CommunicationId, PersonId, ServiceId
from handover.message import service
from handover.message.model import Content, Subject
from handover.message.service import About, Begun, Seen, Thread, Turn
from handover.message.steps import Step
from handover.person import service as person
from handover.person.model import Identity
from tests.builders import INTAKE, NAV, NAV_OFFICE
from tests.referral.nodes import INGRID, NUMBER, Town

PATIENT: Final = Identity(given="Solveig", family="Nes", birth_date=date(1982, 6, 15), number=NUMBER)
PDF: Final = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PLAN: Final = About(subject=Subject.PLAN, line="Plan for høsten", patient=PATIENT)
QUESTION: Final = About(subject=Subject.QUESTION, line="Ventetid")


@dataclass
class Post:
    """Both nodes, and short ways to use them."""

    town: Town

    def db(self, by: Staff) -> Database:
        """Return the database of somebody's node."""
        return self.town.node_of(by.agency).db

    def begin(
        self,
        by: Staff,
        to: Sequence[ServiceId],
        text: str = "Hei",
        *,
        about: About = PLAN,
        at: ServiceId | None = None,
        **content: Any,
    ) -> Begun:
        """Begin a thread with a draft."""
        home = at or next((each for each, _ in by.roles if each is not None), NAV_OFFICE)
        with self.db(by).transaction() as session:
            return service.start_draft(
                session,
                by=by,
                service=home,
                about=about,
                to=to,
                content=Content(text=text, **content),
                now=self.town.now,
            )

    def send(self, by: Staff, to: Sequence[ServiceId], text: str = "Hei", **other: Any) -> Begun:
        """Begin a thread, send its first message, and let it arrive."""
        begun = self.begin(by, to, text, **other)
        self.do(by, begun, service.send, begun.message)
        self.town.settle()
        return begun

    def answer(self, by: Staff, begun: Begun, text: str = "Svar", **other: Any) -> CommunicationId:
        """Open a thread, reply to everybody in it, and let that arrive."""
        self.do(by, begun, service.open_)
        message = self.do(by, begun, service.reply, content=Content(text=text), **other)
        self.do(by, begun, service.send, message)
        self.town.settle()
        return message  # type: ignore[no-any-return]

    def do(self, by: Staff, begun: Begun, what: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Do one use case in a transaction of its own, at the node of the one who does it."""
        at = named.pop("at", None)
        with self.db(by).transaction() as session:
            turn = Turn(thread=begun.thread, by=by, now=self.town.now, at=at)
            return what(session, turn, *args, **named)

    def see(self, by: Staff, begun: Begun) -> Thread:
        """Return a thread as somebody sees it."""
        return self.do(by, begun, service.thread_of)  # type: ignore[no-any-return]

    def message(self, by: Staff, begun: Begun, wanted: CommunicationId | None = None) -> Seen:
        """Return one message of a thread as somebody sees it; the first, unless one is named."""
        seen = self.see(by, begun).messages
        return seen[0] if wanted is None else next(each for each in seen if each.message.id == wanted)

    def texts(self, by: Staff, begun: Begun) -> list[str]:
        """Return the texts somebody reads in a thread, in their order."""
        return [each.message.content.text for each in self.see(by, begun).messages]

    def permit(self, by: Staff, *, topics: tuple[str, ...] = ("plans",)) -> consent.ChoiceId:
        """Write down the patient's yes to NAV, given in a meeting."""
        who = self.person(by)
        until = (self.town.now + timedelta(days=30)).date()
        terms = consent.Terms(purpose="coordination", topics=topics, until=until)
        target = consent.Target(agency=NAV)
        with self.db(by).transaction() as session:
            return consent.permit(session, by.agency, who, target, terms, by=by, now=self.town.now)

    def opened_by(self, by: Staff, begun: Begun) -> list[str]:
        """Return who opened the first message, as its author knows it."""
        receipts = self.message(by, begun).message.receipts
        return [each.opened.by for each in receipts if each.opened is not None]

    def step(self, by: Staff, begun: Begun) -> Step | None:
        """Return what somebody's service must do next in a thread; None when nothing is left."""
        found = self.see(by, begun).next
        return None if found is None else found.step

    def person(self, by: Staff) -> PersonId:
        """Return as whom somebody's agency knows the patient."""
        with self.db(by).transaction() as session:
            return person.find_or_create(session, by.agency, PATIENT, now=self.town.now)

    def evidence(self, by: Staff) -> list[bytes]:
        """Return what is kept of the signed letters that somebody's agency has received."""
        letters = select(IncomingRow.jws).where(
            IncomingRow.agency == by.agency, IncomingRow.event == Event.CARE_MESSAGE.value
        )
        with self.db(by).transaction() as session:
            return [each for each in session.scalars(letters) if each is not None]

    def logged(self, by: Staff) -> list[str]:
        """Return the events that the log of somebody's agency holds about the patient, the oldest first."""
        who = self.person(by)
        with self.db(by).transaction() as session:
            return [entry.event.value for entry in audit.entries_about(session, by.agency, who)][::-1]


__all__ = ["INGRID", "INTAKE", "NAV_OFFICE", "PATIENT", "PDF", "PLAN", "QUESTION", "Post"]
