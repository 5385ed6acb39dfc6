"""What comes from others is taken in only where everything belongs together; else it is refused."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson
import pytest

from handover.actors import Party
from handover.bundle import fhir, receiving, service, store
from handover.bundle.lifecycle import Side, Status
from handover.bundle.model import Approval, Handed, Identity, Mark, RequestId
from handover.bundle.receiving import NotAService, NotFromSender, OtherPatient
from handover.bundle.standing import NotYetHere, OtherDocument, responsible
from handover.bundle.steps import Step
from handover.errors import HandoverError
from handover.exchange import service as exchange
from handover.exchange.lifecycle import State
from handover.exchange.model import Event, Received
from handover.fhir import messages
from handover.fhir.problem import FhirInvalid
from handover.ids import HandoverId, MessageId, ServiceId
from handover.person.age import TooYoung
from handover.team import service as team
from handover.team.model import TaskKind
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV, PSYCHOLOGIST
from tests.bundle.meeting import PDF, approved, together
from tests.bundle.papers import CONTENTS, document_bytes
from tests.referral.nodes import PER, Town

SENDER, RECEIVER = Party(MUNICIPALITY, PSYCHOLOGIST), Party(DPS, INTAKE)


def handed(town: Town, **changes: Any) -> Handed:
    """Return a handover as it comes, with a document that fits it."""
    about = {
        "handover": HandoverId(uuid4()),
        "sender": SENDER,
        "receiver": RECEIVER,
        "supplements": None,
        **changes,
    }
    document = document_bytes(
        *CONTENTS[:-1], **{key: value for key, value in about.items() if key not in {"approval", "round"}}
    )
    approval = Approval(sha256=sha256(document).hexdigest(), at=town.now, by_patient=True)
    return Handed(
        request=RequestId(uuid4()),
        handover=about["handover"],
        reference="ABCD-2345",
        round=changes.get("round", 1),
        sender=about["sender"],
        receiver=about["receiver"],
        document=document,
        approval=changes.get("approval", approval),
        supplements=about["supplements"],
        sent_at=town.now,
    )


def take_in(town: Town, sent: Handed, *, signed_by: Any = MUNICIPALITY) -> None:
    """Give a message to the product, as the exchange does."""
    message = MessageId(uuid4())
    payload = fhir.handed(sent, (), message=message)
    received = Received(
        message=message,
        sender=signed_by,
        receiver=DPS,
        event=Event.HANDOVER_BUNDLE,
        resource=messages.check(payload, "handover-bundle"),
        payload=payload,
        received_at=town.now,
    )
    with town.dps.db.transaction() as session:
        receiving.receive_bundle(session, received)


def kept(town: Town, handover: HandoverId) -> Any:
    """Return the copy at the DPS, or None."""
    with town.dps.db.transaction() as session:
        return store.at_home(session, RECEIVER, Side.RECEIVER, handover)


CHILD = Identity(given="Kari", family="Prøve", birth_date=date(2015, 1, 1))


def test_what_does_not_belong_together_is_refused_and_leaves_nothing(two_nodes: Town) -> None:
    good = handed(two_nodes)
    refused: tuple[tuple[Handed, type[HandoverError], Any], ...] = (
        (handed(two_nodes), NotFromSender, NAV),
        (handed(two_nodes, receiver=Party(DPS, ServiceId("9999999"))), HandoverError, MUNICIPALITY),
        (handed(two_nodes, patient=CHILD), TooYoung, MUNICIPALITY),
        (handed(two_nodes, supplements="0" * 64), NotYetHere, MUNICIPALITY),
        (replace(good, approval=replace(good.approval, sha256="1" * 64)), FhirInvalid, MUNICIPALITY),
        (replace(good, handover=HandoverId(uuid4())), FhirInvalid, MUNICIPALITY),
    )
    for sent, why, signed_by in refused:
        with pytest.raises(why):
            take_in(two_nodes, sent, signed_by=signed_by)
        assert kept(two_nodes, sent.handover) is None


def test_the_same_document_again_changes_nothing_and_another_is_refused(two_nodes: Town) -> None:
    first = handed(two_nodes)
    take_in(two_nodes, first)
    before = kept(two_nodes, first.handover).standing
    take_in(two_nodes, replace(first, sent_at=two_nodes.now + timedelta(minutes=1)))
    again = kept(two_nodes, first.handover).standing
    assert len(again.received_in) == 2, "the evidence of both goes if the receiver deletes what came"
    assert replace(again, received_in=before.received_in) == before

    with pytest.raises(OtherDocument):
        take_in(two_nodes, handed(two_nodes, handover=first.handover, wants_meeting=False))
    assert kept(two_nodes, first.handover).standing == again


def test_a_later_document_about_somebody_else_is_refused(two_nodes: Town) -> None:
    number = "15868212388"
    mine = Identity(given="Kari", family="Prøve", birth_date=date(1982, 6, 15), number=number)
    first = handed(two_nodes, patient=mine)
    take_in(two_nodes, first)
    other = replace(mine, number=None, given="Ola", birth_date=date(1970, 1, 1))
    with pytest.raises(OtherPatient):
        take_in(
            two_nodes,
            handed(two_nodes, handover=first.handover, patient=other, supplements=first.approval.sha256),
        )
    assert kept(two_nodes, first.handover).standing.documents == (first.approval.sha256,)


def test_one_more_item_about_somebody_without_a_number_is_taken_in(two_nodes: Town) -> None:
    nameless = Identity(given="Kari", family="Prøve", birth_date=date(1982, 6, 15))
    first = handed(two_nodes, patient=nameless)
    take_in(two_nodes, first)
    more = handed(two_nodes, handover=first.handover, patient=nameless, supplements=first.approval.sha256)
    take_in(two_nodes, more)
    assert kept(two_nodes, first.handover).standing.documents == (first.approval.sha256, more.approval.sha256)
    other = replace(nameless, birth_date=date(1982, 6, 16))
    with pytest.raises(OtherPatient):
        take_in(
            two_nodes,
            handed(two_nodes, handover=first.handover, patient=other, supplements=first.approval.sha256),
        )


def test_a_handover_to_a_service_that_takes_none_is_refused(two_nodes: Town) -> None:
    elsewhere = handed(two_nodes, receiver=Party(DPS, PSYCHOLOGIST))
    with pytest.raises(NotAService):
        take_in(two_nodes, elsewhere)


def with_document(payload: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return a message whose document was changed by a sender that then hashed and signed it as its own."""
    bundle = orjson.loads(payload)
    binary = next(each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == "Binary")
    before = b64decode(binary["data"])
    document = orjson.loads(before)
    change(document)
    after = orjson.dumps(document)
    binary["data"] = b64encode(after).decode()
    whole = orjson.dumps(bundle)
    old, new = sha256(before), sha256(after)
    whole = whole.replace(old.hexdigest().encode(), new.hexdigest().encode())
    return whole.replace(b64encode(old.digest()), b64encode(new.digest()))


def spoil(document: dict[str, Any]) -> None:
    """Two things that are wrong in two places of a handover document."""
    composition = document["entry"][0]["resource"]
    del composition["title"]
    composition["colour"] = "Kanari"


def test_a_sender_whose_document_fails_its_profile_gets_a_named_task_with_the_list_in_words(
    two_nodes: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender of a bad make: what it looks at before it sends is not what it sends."""
    met, real = approved(two_nodes), exchange.post_all
    looked_at: list[Any] = []

    def careless(session: Any, messages: Any, *, now: Any) -> None:
        looked_at.extend(orjson.loads(outgoing.payload) for outgoing in messages)
        spoilt = [replace(one, payload=with_document(one.payload, spoil)) for one in messages]
        with pytest.MonkeyPatch.context() as blind:
            blind.setattr("handover.exchange.service.fhir.check", lambda *_: None)
            real(session, spoilt, now=now)

    with monkeypatch.context() as bad:
        bad.setattr(exchange, "post_all", careless)
        bad.setattr(exchange, "posted", lambda *_: looked_at[0])
        met.do(service.send)
        two_nodes.settle()

    case = met.see()
    assert case.delivery is not None and case.delivery.state is State.REFUSED
    assert case.standing.status is Status.SENT, "delivery never changes what people decided"
    assert responsible(case.standing, two_nodes.now) == case.standing.sender
    assert case.next is not None and case.next.step is Step.MEND_DELIVERY
    with two_nodes.kommune.db.reading() as session:
        (task,) = (each for each in team.tasks(session, PER) if each.kind is TaskKind.NOT_DELIVERED)
    assert task.for_staff == PER.id
    assert "title" in task.text and "colour" in task.text and "anari" not in task.text
    assert kept(two_nodes, met.handover) is None

    met.do(service.send_again)
    two_nodes.settle()
    assert met.see().standing.status is Status.RECEIVED


def test_a_file_that_is_not_what_the_document_calls_it_is_refused_and_nothing_of_it_is_kept(
    two_nodes: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender of another make, that believes a file's name."""
    met = together(two_nodes)
    with monkeypatch.context() as trusting:
        trusting.setattr("handover.exchange.files.filetype.guess_mime", lambda _: "application/pdf")
        file = met.do(service.attach, "documents", "Kanari.pdf", b"MZ" + PDF)
    met.do(service.mark, file, Mark.TRAVELS)
    met.say_yes()
    met.do(service.send)
    two_nodes.settle()

    case = met.see()
    assert case.delivery is not None and case.delivery.state is State.REFUSED
    assert case.standing.undelivered and responsible(case.standing, two_nodes.now) == case.standing.sender
    with two_nodes.kommune.db.reading() as session:
        (task,) = (each for each in team.tasks(session, PER) if each.kind is TaskKind.NOT_DELIVERED)
    assert "a file is of another type than the message says" in task.text
    assert kept(two_nodes, met.handover) is None
