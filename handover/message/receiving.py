"""What the exchange hands in about threads: a letter, a word of another member, a retraction.

`app.py` registers these. Invalid and NotFound become a signed `fatal-error` and a task at the sender; anything
else is tried again. Each is idempotent and may come in any order: `hearing` decides what counts.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from handover.actors import Party
from handover.directory import service as directory
from handover.errors import Invalid, NotFound
from handover.exchange import service as exchange
from handover.exchange.model import Event, Received
from handover.exchange.wiring import Evidence, Products
from handover.ids import PersonId
from handover.message import bonds, cases, documents, fhir, following, guarding, hearing, linking, sending, store
from handover.message.anonymity import NotInACase
from handover.message.cases import Said
from handover.message.model import Doing, Letter, Retraction, Subject, TakenBack, Word
from handover.message.standing import Copy, NotYetHere, has_vanished
from handover.message.store import Stored
from handover.person import service as person
from handover.person.age import refuse_under_age
from handover.person.model import Identity


class NotFromSender(Invalid):
    """The message says it is from another agency than the one that signed it, or to another than us."""

    code = "message.not-from-sender"


class NotAService(NotFound):
    """There is no such service here."""

    code = "message.unknown-service"


class AboutSomebodyElse(Invalid):
    """A later message of the same thread is about another patient, or another subject."""

    code = "message.about-somebody-else"


def register(products: Products) -> None:
    """Tell the exchange what belongs to a thread."""
    products.register(
        Event.CARE_MESSAGE,
        receive=receive_letter,
        may_still_go=sending.may_still_go,
        on_delivery=following.on_delivery,
        on_document=documents.receive,
    )
    products.register(
        Event.CARE_MESSAGE_STATUS,
        receive=receive_word,
        may_still_go=sending.may_still_be_told,
        on_delivery=following.on_delivery,
    )
    products.register(Event.CARE_MESSAGE_RETRACT, receive=receive_retraction, on_delivery=following.on_delivery)


def receive_letter(session: Session, received: Received) -> Evidence:
    """Take in a message: into the thread it belongs to, or a new one where that was never seen.

    Of what was taken back before it came, or before anybody opened it, no signed words stay either.
    """
    letter, sealed = fhir.read_letter(received.resource)
    check_way(letter.sender, letter.receiver, received)
    check_service(session, letter.receiver)
    _check_case(letter)
    home, now = letter.receiver, received.received_at
    along = [letter.id, *(each.id for each in letter.forwards)]
    stays_away = store.early(session, home, letter.sender, along)
    held = store.at_home(session, home, letter.heading.thread)
    if held is None:
        empty = _new_copy(session, letter, received)
        copy = hearing.take_letter(empty, letter, now=now, stays_away=stays_away, envelope=received.message)
        held = store.add(session, copy, now=now)
    else:
        _check_about(session, held, letter, received)
        copy = hearing.take_letter(held.copy, letter, now=now, stays_away=stays_away, envelope=received.message)
    is_gone = letter.id in stays_away or has_vanished(copy, letter.id)
    if not is_gone and (copy.messages != held.copy.messages or held.entries == 0):
        looks = documents.keep(session, copy, letter, sealed, received)
        copy = hearing.looked_at(copy, looks, now=now)
    said = Said(message=letter.id, party=letter.sender, author=letter.author)
    by = cases.machine(home.agency)
    saved = cases.record(session, held, copy, Doing.RECEIVE, by=by, now=now, said=said)
    documents.tell_of_refused(session, held.copy, saved, letter.id, now=now)
    return Evidence.DIGEST if is_gone else Evidence.SIGNED


def receive_word(session: Session, received: Received) -> None:
    """Take in who opened what, an answer to a retraction, a time picked, or who is new in the thread."""
    word = fhir.read_word(received.resource)
    check_way(word.sender, word.receiver, received)
    _check_choices(word)
    held = store.at_home(session, word.receiver, word.thread)
    if held is None:
        raise NotYetHere
    if guarding.is_anonymous(held.standing):
        linking.check_members(held.standing, word.members)
    now = received.received_at
    after = hearing.take_word(held.copy, word, now=now)
    message = word.told[0].message if word.told else None
    said = Said(message=message, party=word.sender, author=word.author)
    by = cases.machine(word.receiver.agency)
    saved = cases.record(session, held, after, Doing.RECEIVE_STATUS, by=by, now=now, said=said)
    documents.tell_of_ours(session, held.copy, saved, now=now)


def receive_retraction(session: Session, received: Received) -> None:
    """Take in that a message was sent by mistake: it vanishes or is hidden; who it was forwarded to is told."""
    notice = fhir.read_retraction(received.resource)
    check_way(notice.sender, notice.receiver, received)
    check_service(session, notice.receiver)
    held = store.at_home(session, notice.receiver, notice.thread)
    taken_with = () if held is None else hearing.taken_with(held.copy, notice)
    if held is None or notice.message not in taken_with:
        _before_it_came(session, held, notice, received)
        return
    now, by = received.received_at, cases.machine(notice.receiver.agency)
    moved = hearing.take_retraction(held.copy, notice, now=now)
    cases.post_all(session, moved.copy, moved.leaves, now=now)
    said = Said(message=notice.message, party=notice.sender, reason=notice.reason, author=notice.author)
    saved = cases.record(session, held, moved.copy, Doing.RECEIVE_RETRACTION, by=by, now=now, said=said)
    store.drop_unused_files(session, saved.copy)
    documents.take_back(session, saved, now=now)
    if has_vanished(saved.copy, notice.message):
        brought = saved.copy.message(notice.message).came_in
        exchange.forget(session, notice.receiver.agency, received.sender, brought)
    taken = TakenBack(reason=notice.reason, by=notice.author, at=notice.at)
    sending.pass_on(session, saved, taken_with, taken, by=None, now=now)


def _before_it_came(session: Session, held: Stored | None, notice: Retraction, received: Received) -> None:
    """Remember it, so that the message stays away when it comes; answer at once."""
    home, now = notice.receiver, received.received_at
    store.add_early(session, home, notice.message, notice.sender, now=now)
    answer = hearing.early_answer(notice, now=now)
    cases.answer_without_thread(session, answer, now=now)
    if held is not None:
        said = Said(message=notice.message, party=notice.sender, reason=notice.reason, author=notice.author)
        by = cases.machine(home.agency)
        cases.record(session, held, held.copy, Doing.RECEIVE_RETRACTION, by=by, now=now, said=said)


# --- what all of them do -----------------------------------------------------------------------------------------


def check_way(sender: Party, receiver: Party, received: Received) -> None:
    """Raise NotFromSender unless who signed it, and whom it was sealed for, are whom it names."""
    if (sender.agency, receiver.agency) != (received.sender, received.receiver):
        raise NotFromSender


def _check_choices(word: Word) -> None:
    """Raise NotFromSender for a time that says it was picked by another service than the one that tells of it."""
    chosen = (each.choice.by for each in word.told if each.choice is not None)
    if any((each.agency, each.service) != (word.sender.agency, word.sender.service) for each in chosen):
        raise NotFromSender


def check_service(session: Session, home: Party) -> None:
    """Raise NotAService unless the agency has that service."""
    if directory.service_of(session, home.service).agency != home.agency:
        raise NotAService


def _new_copy(session: Session, letter: Letter, received: Received) -> Copy:
    """Return an empty copy of a thread that is new here; a case may have been linked before it came.

    What others than who began it have said of whom it is about is forgotten. Raises NotWhoBegan.
    """
    about = _recognised(session, letter.receiver, letter.patient, received)
    empty = hearing.new_copy(letter, person=about, now=received.received_at)
    if not guarding.is_anonymous(empty.standing):
        return empty
    standing = replace(empty.standing, began=linking.beginner(letter.members))
    linking.check_members(standing, letter.members)
    said = bonds.of_thread(session, letter.receiver, letter.heading.thread)
    for each in said:
        if each.other != standing.began:
            exchange.forget(session, letter.receiver.agency, each.other.agency, each.envelopes)
            bonds.drop(session, each)
    return Copy(replace(standing, person=linking.known_person(standing, said)))


def _recognised(session: Session, home: Party, patient: Identity | None, received: Received) -> PersonId | None:
    if patient is None:
        return None
    refuse_under_age(patient.birth_date, received.received_at)
    return person.recognise(session, home.agency, patient, now=received.received_at)


def _check_case(letter: Letter) -> None:
    """Raise NotInACase for an anonymous case that names somebody, or brings a document or another thread.

    So for a message of anything else that brings what was said in a case.
    """
    if letter.heading.subject is Subject.ANONYMOUS:
        foreign = any(each.thread != letter.heading.thread for each in letter.forwards)
        if letter.patient is not None or cases.files_of(letter) or foreign:
            raise NotInACase
    elif any(Subject.ANONYMOUS in each.stood_under for each in letter.forwards):
        raise NotInACase


def _check_about(session: Session, held: Stored, letter: Letter, received: Received) -> None:
    standing = held.standing
    same = standing.heading.subject is letter.heading.subject
    if guarding.is_anonymous(standing):
        linking.check_members(standing, letter.members)
        same = same and letter.patient is None
    elif letter.patient is None or standing.person is None:
        same = same and (letter.patient is None) == (standing.person is None)
    elif letter.patient.number:
        same = same and _recognised(session, standing.home, letter.patient, received) == standing.person
    else:
        known = person.identity_of(session, standing.home.agency, standing.person)
        same = same and known.birth_date == letter.patient.birth_date and known.name == letter.patient.name
    if not same:
        raise AboutSomebodyElse
