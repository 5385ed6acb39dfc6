"""What the patient has chosen is obeyed by threads: when a message is sent, answered, and as it leaves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest

from handover.actors import Staff
from handover.consent import service as consent
from handover.consent.model import EVERYONE, Target
from handover.errors import NotFound
from handover.ids import ServiceId
from handover.message import service
from handover.message.model import Content, Subject
from handover.message.service import About
from handover.message.steps import Step
from handover.team.model import TaskKind
from handover.workdays import local_date
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE, PSYCHOLOGIST
from tests.message import conftest as two_nodes
from tests.message.nodes import PATIENT, PDF, PLAN, Post
from tests.referral.nodes import INGRID, NAVN, PER

open_sqlite, post = two_nodes.open_sqlite, two_nodes.post
TO_NAV: Final = Target(agency=NAV)
HOUSING: Final = About(subject=Subject.HOUSING, patient=PATIENT)


def permit(
    post: Post,
    by: Staff,
    target: Target,
    purpose: str = "coordination",
    topics: tuple[str, ...] = ("plans",),
    *,
    days: int = 30,
) -> consent.ChoiceId:
    """Write down a yes that somebody's agency was given."""
    terms = consent.Terms(purpose=purpose, topics=topics, until=local_date(post.town.now) + timedelta(days=days))
    who = post.person(by)
    with post.db(by).transaction() as session:
        return consent.permit(session, by.agency, who, target, terms, by=by, now=post.town.now)


def block(post: Post, by: Staff, target: Target) -> consent.ChoiceId:
    """Write down a no that somebody's agency was given."""
    who = post.person(by)
    with post.db(by).transaction() as session:
        return consent.block(session, by.agency, who, target, by=by, now=post.town.now)


def sent(post: Post, to: ServiceId = NAV_OFFICE, about: About = PLAN, *, with_file: bool = False) -> str:
    """Return "goes", or the code that keeps a message of the DPS's from a service; its text is kept then."""
    begun = post.begin(INGRID, [to], "Kan vi møtes?", about=about)
    if with_file:
        post.do(INGRID, begun, service.attach, begun.message, "plan.pdf", PDF)
    try:
        post.do(INGRID, begun, service.send, begun.message)
    except consent.MayNotTravel as refused:
        assert post.texts(INGRID, begun) == ["Kan vi møtes?"]
        assert refused.details["service"] == to
        return refused.stable_code
    return "goes"


@pytest.mark.parametrize(
    ("chosen", "becomes"),
    [
        (lambda post: None, "consent.no-permit"),
        (lambda post: permit(post, INGRID, TO_NAV), "goes"),
        (lambda post: permit(post, INGRID, Target(agency=NAV, service=NAV_OFFICE)), "goes"),
        (lambda post: permit(post, INGRID, Target(agency=MUNICIPALITY)), "consent.no-permit"),
        (lambda post: permit(post, INGRID, TO_NAV, "handover"), "consent.other-purpose"),
        (lambda post: permit(post, INGRID, TO_NAV, topics=("medicines",)), "consent.outside-scope"),
        (
            lambda post: (permit(post, INGRID, TO_NAV), block(post, INGRID, EVERYONE)),
            "consent.blocked",
        ),
        (lambda post: permit(post, PER, TO_NAV), "consent.no-permit"),
    ],
    ids=["nothing", "agency", "service", "another", "another purpose", "another topic", "block", "another's yes"],
)
def test_a_message_goes_to_nav_on_a_yes_for_it_and_not_else(
    post: Post, chosen: Callable[[Post], object], becomes: str
) -> None:
    chosen(post)
    assert sent(post) == becomes


def test_a_yes_that_has_run_out_lets_nothing_through(post: Post) -> None:
    permit(post, INGRID, TO_NAV, days=3)
    assert sent(post) == "goes"
    post.town.pass_time(days=4)
    assert sent(post) == "consent.permit-expired"


def test_a_yes_for_one_subject_covers_no_other_and_no_document(post: Post) -> None:
    permit(post, INGRID, TO_NAV)
    assert sent(post, about=HOUSING) == "consent.other-purpose"
    assert sent(post, with_file=True) == "consent.outside-scope"
    permit(post, INGRID, TO_NAV, topics=("plans", "documents"))
    assert sent(post, with_file=True) == "goes"


@pytest.mark.parametrize(
    ("target", "becomes"),
    [
        (EVERYONE, "consent.blocked"),
        (Target(agency=MUNICIPALITY), "consent.blocked"),
        (Target(agency=MUNICIPALITY, service=PSYCHOLOGIST), "consent.blocked"),
        (TO_NAV, "goes"),
    ],
    ids=["everyone", "agency", "service", "another"],
)
def test_a_no_keeps_messages_between_health_services_too_until_it_is_taken_back(
    post: Post, target: Target, becomes: str
) -> None:
    choice = block(post, INGRID, target)
    assert sent(post, PSYCHOLOGIST) == becomes
    who = post.person(INGRID)
    with post.db(INGRID).transaction() as session:
        consent.unblock(session, DPS, who, choice, by=INGRID, now=post.town.now)
    assert sent(post, PSYCHOLOGIST) == "goes"


def test_a_no_said_while_a_message_waits_stops_it_and_says_whom_to_call(post: Post) -> None:
    begun = post.begin(INGRID, [PSYCHOLOGIST])
    post.do(INGRID, begun, service.send, begun.message)
    block(post, INGRID, Target(agency=MUNICIPALITY))
    post.town.settle()
    with pytest.raises(NotFound):
        post.see(PER, begun)
    assert post.step(INGRID, begun) is Step.MEND_DELIVERY
    (task,) = post.see(INGRID, begun).tasks
    assert task.kind is TaskKind.HELD_BACK and "Solveig Nes" in task.text


def test_a_yes_taken_back_stops_the_next_message_of_the_same_thread_at_both_ends_of_it(post: Post) -> None:
    choice = permit(post, INGRID, TO_NAV)
    begun = post.send(INGRID, [NAV_OFFICE])
    post.answer(NAVN, begun, "Ja, torsdag")
    who = post.person(INGRID)
    with post.db(INGRID).transaction() as session:
        consent.withdraw_permit(session, DPS, who, choice, by=INGRID, now=post.town.now)
    answer = post.do(INGRID, begun, service.reply, content=Content(text="Da ses vi"))
    with pytest.raises(consent.NoPermit):
        post.do(INGRID, begun, service.send, answer)
    block(post, NAVN, Target(agency=DPS, service=INTAKE))
    theirs = post.do(NAVN, begun, service.reply, content=Content(text="Hører ikke fra dere"))
    with pytest.raises(consent.Blocked):
        post.do(NAVN, begun, service.send, theirs)


def test_letting_nav_into_a_thread_takes_a_yes_of_the_one_who_lets_it_in(post: Post) -> None:
    begun = post.send(PER, [INTAKE], "Vi lager en plan")
    permit(post, PER, TO_NAV)
    letter = post.do(INGRID, begun, service.add_member, NAV_OFFICE, content=Content(text="Velkommen"))
    with pytest.raises(consent.NoPermit):
        post.do(INGRID, begun, service.send, letter)
    permit(post, INGRID, TO_NAV)
    post.do(INGRID, begun, service.send, letter)
    post.town.settle()
    assert post.texts(NAVN, begun) == ["Velkommen"]


def test_what_nav_is_told_it_rests_on_is_each_yes_with_its_dates_and_scope(post: Post) -> None:
    permit(post, INGRID, TO_NAV, topics=("plans",), days=10)
    permit(post, INGRID, Target(agency=NAV, service=NAV_OFFICE), topics=("documents",), days=20)
    permit(post, INGRID, TO_NAV, "handover", topics=("diagnoses",))
    begun = post.send(INGRID, [NAV_OFFICE])
    held = post.message(NAVN, begun).message.rests_on
    today = local_date(post.town.now)
    assert {each.topics: (each.until - today).days for each in held} == {("plans",): 10, ("documents",): 20}
