"""The patient is asked on the own page whether members of a case may know that it is about them.

It is the question that is asked from a draft (`consent.asking`). A yes links nothing: staff do, in an act of
its own. Until then the case is about nobody; whom was asked stands with the question, at the home agency alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.audit.model import Event as Logged
from handover.consent import asking
from handover.consent import service as consent
from handover.consent.model import Request, RequestId, Target, Terms, Wanted
from handover.errors import Invalid
from handover.ids import AgencyId, PersonId, ServiceId, ThreadId
from handover.message import cases, guarding, joining, linking, store
from handover.message.cases import Turn
from handover.message.linking import NoOneToTell
from handover.message.standing import Standing
from handover.person import service as person
from handover.person.model import Identity


class CannotAnswer(Invalid):
    """The patient has no national number here, and so no page on which to answer."""

    code = "message.case.cannot-answer"


@dataclass(frozen=True, kw_only=True)
class Wished:
    """Whom the service asked, and what they have answered."""

    person: PersonId
    identity: Identity = field(repr=False)
    requests: tuple[Request, ...]
    """To that patient, the latest first."""


def ask_patient(
    session: Session,
    turn: Turn,
    who: Identity | PersonId | None,
    to: Sequence[ServiceId],
    *,
    until: date,
    why: str = "",
) -> tuple[RequestId, ...]:
    """Ask a patient whether a case may be linked to them at some members; who has said yes already is not asked.

    Raises NotTheirs, NoOneToTell, AlreadyLinked, CannotAnswer, TooYoung, BadChoice, Blocked.
    """
    standing = cases.fetch(session, turn).standing
    patient = joining.known_or_new(session, standing, who, now=turn.now)
    parties = tuple(each for each in standing.others if each.service in to)
    linking.check_link(standing, patient, parties)
    if not person.identity_of(session, standing.home.agency, patient).number:
        raise CannotAnswer(fields={"number": ["needed-to-ask"]})
    lacking = [each for each in parties if _lacks_yes(session, turn, standing.home.agency, patient, each)]
    if not lacking:
        raise NoOneToTell(fields={"to": ["said-yes"]})
    return tuple(
        asking.ask(
            session,
            standing.home.agency,
            patient,
            _wanted(standing, each, until=until, why=why),
            by=turn.by,
            now=turn.now,
        )
        for each in lacking
    )


def ask_no_more(session: Session, turn: Turn, request: RequestId) -> None:
    """Take a question back. Raises asking.RequestNotFound, asking.AlreadyAnswered."""
    standing = cases.fetch(session, turn).standing
    if request not in {each.id for each in questions(session, standing)}:
        raise asking.RequestNotFound
    asking.take_back(session, standing.home.agency, turn.thread, request, by=turn.by, now=turn.now)


def questions(session: Session, standing: Standing) -> tuple[Request, ...]:
    """Return what the service that began a case has asked for it, the latest first; nothing at the others."""
    if not guarding.is_anonymous(standing) or standing.began != standing.home:
        return ()
    asked = asking.about(session, standing.home.agency, standing.thread)
    return tuple(each for each in asked if each.wanted.service == standing.home.service)


def whom_asked(session: Session, turn: Turn) -> Wished | None:
    """Return whom the service asked last, logged as a reading about them; None where nobody was asked."""
    standing = cases.fetch(session, turn, lock=False).standing
    found = questions(session, standing)
    if not found:
        return None
    who = found[0].person
    cases.log(session, standing, Logged.MESSAGE_READ, by=turn.by, now=turn.now, about=who)
    identity = person.identity_of(session, standing.home.agency, who)
    return Wished(person=who, identity=identity, requests=tuple(each for each in found if each.person == who))


def is_case(session: Session, request: Request, agency: AgencyId) -> bool:
    """Whether a question to a patient is about a case that was discussed without a name."""
    home = Party(agency, request.wanted.service)
    stored = store.at_home(session, home, ThreadId(request.wanted.case), lock=False)
    return request.wanted.case_kind == cases.WORK and stored is not None and guarding.is_anonymous(stored.standing)


def _lacks_yes(session: Session, turn: Turn, agency: AgencyId, patient: PersonId, party: Party) -> bool:
    """Whether a yes is what lacks. Raises Blocked, which a yes would not lift."""
    try:
        joining.covered_until(session, agency, patient, party, now=turn.now)
    except consent.Blocked:
        raise
    except consent.MayNotTravel:
        return True
    return False


def _wanted(standing: Standing, to: Party, *, until: date, why: str) -> Wanted:
    return Wanted(
        service=standing.home.service,
        case=standing.thread,
        case_kind=cases.WORK,
        target=Target(agency=to.agency, service=to.service),
        terms=Terms(purpose=joining.PURPOSE, topics=(joining.TOPIC,), until=until),
        why=why,
    )
