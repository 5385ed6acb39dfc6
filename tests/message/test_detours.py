"""Ways around a permit, a retraction or a preview that lead nowhere."""

import pytest

from handover.consent import service as consent
from handover.message import service
from handover.message.model import Content, Subject
from handover.message.service import About
from tests.builders import FACT, INTAKE, NAV_OFFICE
from tests.message.nodes import PATIENT, Post
from tests.referral.nodes import INGRID, PER

MEDICINES = About(subject=Subject.MEDICINES, line="Medisiner", patient=PATIENT)


def test_a_message_that_was_taken_back_goes_on_to_nobody(post: Post) -> None:
    sent = post.send(PER, [FACT], "Feil tekst")
    post.do(PER, sent, service.retract, sent.message, "Feil pasient")
    post.town.settle()
    draft = post.do(PER, sent, service.add_member, INTAKE, history=None, content=Content(text="Se her"))
    post.do(PER, sent, service.send, draft)
    post.town.settle()
    assert post.texts(INGRID, sent) == ["Se her"]
    with pytest.raises(service.NoSuchMessage):
        post.do(PER, sent, service.forward, to=[INTAKE], messages=[sent.message])


def test_who_is_let_in_needs_a_permit_for_everything_that_was_brought_into_the_thread(post: Post) -> None:
    source = post.send(INGRID, [FACT], "Litium 300 mg", about=MEDICINES)
    brought = post.do(INGRID, source, service.forward, to=[FACT], subject=Subject.PLAN)
    post.do(INGRID, brought, service.send, brought.message)
    post.town.settle()
    post.permit(INGRID)
    draft = post.do(INGRID, brought, service.add_member, NAV_OFFICE, history=None)
    with pytest.raises(consent.OutsideScope):
        post.do(INGRID, brought, service.send, draft)
    again = post.do(INGRID, brought, service.forward, to=[NAV_OFFICE])
    with pytest.raises(consent.OutsideScope):
        post.do(INGRID, again, service.send, again.message)
