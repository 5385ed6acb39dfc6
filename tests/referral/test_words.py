"""Every state has its words for every reader, in every language, and the steps are the same for all."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest
from flask import Flask

from handover import clock
from handover.exchange.lifecycle import State as DeliveryState
from handover.exchange.model import Delivery, Event
from handover.ids import AgencyId, MessageId, ReferralId, ServiceId
from handover.referral.lifecycle import Act, Side, Status, Version
from handover.referral.model import (
    Acceptance,
    Appointment,
    AppointmentId,
    Author,
    Completion,
    Entry,
    Opened,
    Party,
    Withdrawal,
)
from handover.referral.standing import Channel, Standing
from handover.referral.steps import NextStep, Step, next_step
from handover.referral.words import ACTS, Scene, banner, happened, label, timeline
from handover.referral.words.banner import ASKS, HEADLINES
from handover.referral.words.states import SENTENCES, TAGS, Turned
from handover.web import i18n
from handover.web.parts import StepState

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SENT = datetime(2026, 11, 10, 8, 12, tzinfo=UTC)
READERS = (Side.REFERRER, Side.RECEIVER, Side.PATIENT)
HOME = Party(AgencyId("310000019"), ServiceId("8000011"))
DPS = Party(AgencyId("310000035"), ServiceId("8000031"))


def standing(status: Status, **more: object) -> Standing:
    """Return the referrer's copy in a status, with whatever that status brings along."""
    has_arrived = status not in {Status.DRAFT, Status.SENT}
    plain = Standing(
        side=Side.REFERRER,
        home=HOME,
        referral=ReferralId(uuid4()),
        reference="8H3K-PQ2M",
        status=status,
        version=Version(1, 3 if has_arrived else 0),
        referrer=HOME,
        holders=(DPS,),
        author=Author(name="Tone Berg", agency=HOME.agency),
        written_at=SENT,
        changed_at=NOW,
        sent_at=None if status is Status.DRAFT else SENT,
        received_at=SENT if has_arrived else None,
        seniority_on=SENT if has_arrived else None,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def scene(now_standing: Standing, reader: Side = Side.REFERRER, **more: object) -> Scene:
    """Return what the words are asked about."""
    plain = Scene(
        standing=now_standing,
        reader=reader,
        now=NOW,
        place="Fjordheim DPS",
        referrer="Fjordheim kommune",
        next_place="Fjordheim sykehus",
        phone="55 00 00 00",
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def delivery(**more: object) -> Delivery:
    """Return a delivery on its way."""
    plain = Delivery(
        message=MessageId(uuid4()),
        sender=HOME.agency,
        receiver=DPS.agency,
        event=Event.REFERRAL_REQUEST,
        subject=None,
        state=DeliveryState.QUEUED,
        queued_at=SENT,
        not_before=SENT,
        expires_at=SENT + timedelta(hours=96),
        sent_at=None,
        delivered_at=None,
        acknowledged_at=None,
        next_attempt_at=None,
        attempts=3,
        late=True,
        held=False,
        last_error=None,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _today() -> None:
    clock.set_offset(NOW - datetime.now(UTC))


@pytest.mark.parametrize(("status", "reader", "tag"), list(product(Status, READERS, i18n.LANGUAGES)))
def test_every_reader_gets_a_tag_and_a_whole_sentence_for_every_status(
    status: Status, reader: Side, tag: str
) -> None:
    app = Flask(__name__)
    i18n.init_app(app)
    with app.test_request_context(f"/?lang={tag}"):
        words = label(scene(standing(status), reader))
        assert 1 <= len(str(words.tag).split()) <= 5
        assert words.sentence.endswith(".")
        assert "%(" not in words.sentence


def test_no_state_lacks_a_tag_and_no_side_but_the_receivers_lacks_a_sentence() -> None:
    for state in (*Status, *Turned):
        assert state in TAGS
        assert (state, Side.REFERRER) in SENTENCES
        assert (state, Side.PATIENT) in SENTENCES or state is Status.DRAFT


def test_a_referrer_reads_who_has_the_referral_and_by_which_date_the_answer_comes() -> None:
    words = label(scene(standing(Status.RECEIVED)))
    assert str(words.tag) == "Kommet fram"
    assert words.sentence == "Fjordheim DPS har fått henvisningen. Svar senest tirsdag 24. november."


def test_a_referrer_whose_referral_does_not_arrive_reads_how_long_we_try_and_whom_to_call() -> None:
    words = label(scene(standing(Status.SENT), delivery=delivery()))
    assert words.turned is Turned.LATE
    until, phone = "lørdag 14. november kl.\u00a009.12", "55\u00a000\u00a000\u00a000"
    assert words.sentence == f"Vi prøver igjen til {until}. Ring {phone} hvis det haster."


def test_a_referrer_whose_referral_was_not_delivered_is_asked_to_act() -> None:
    words = label(scene(standing(Status.SENT, undelivered=True)))
    assert words.turned is Turned.UNDELIVERED
    assert words.sentence == "Vi har sluttet å prøve. Telefonen til Fjordheim DPS er 55\u00a000\u00a000\u00a000."


@pytest.mark.parametrize("reader", READERS)
def test_everybody_reads_that_the_deadline_has_passed(reader: Side) -> None:
    later = NOW + timedelta(days=3)
    words = label(scene(standing(Status.ASSESSING), reader, now=later))
    assert words.turned is Turned.OVERDUE
    assert "tirsdag 24. november" in words.sentence


def test_the_deadline_is_not_out_on_its_last_day() -> None:
    last_evening = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    assert label(scene(standing(Status.ASSESSING), now=last_evening)).turned is None


def test_an_assessed_referral_is_never_overdue() -> None:
    granted = Acceptance(
        latest_start=date(2027, 1, 15), next_step="", assessor="Ida Moe", assessor_phone="55", complaint=""
    )
    accepted = standing(Status.ACCEPTED, assessed_at=NOW, outcome=granted)
    words = label(scene(accepted, Side.PATIENT, now=NOW + timedelta(days=30)))
    assert words.sentence == "Du får hjelp. Den starter senest fredag 15. januar 2027."


def test_who_withdrew_is_named() -> None:
    gone = standing(Status.WITHDRAWN, outcome=Withdrawal(by="Tone Berg", reason="Flyttet"))
    assert label(scene(gone)).sentence == "Tone Berg trakk henvisningen mandag 23. november."


@pytest.mark.parametrize("typed", ["Fastlegen", "Fastlegen følger opp med en time i januar."])
def test_who_follows_up_after_treatment_is_named_in_a_sentence_whatever_was_typed(typed: str) -> None:
    done = standing(Status.COMPLETED, outcome=Completion(outcome="Bedre", follow_up=typed))
    sentence = f"Behandlingen ble avsluttet mandag 23. november. Følger opp videre: {typed.strip('.')}."
    assert label(scene(done)).sentence == sentence


def test_a_referral_given_up_is_said_never_to_have_arrived() -> None:
    words = label(scene(standing(Status.ENTERED_IN_ERROR, last_act=Act.GIVE_UP)))
    assert words.turned is Turned.GIVEN_UP


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.DRAFT])
def test_referrer_and_patient_see_the_same_steps(status: Status) -> None:
    stood = standing(status, assessed_at=NOW if status in {Status.ACCEPTED, Status.STARTED} else None)
    for_referrer, for_patient = timeline(scene(stood)), timeline(scene(stood, Side.PATIENT))
    assert [(step.title, step.state) for step in for_referrer] == [(s.title, s.state) for s in for_patient]


@pytest.mark.parametrize("status", [s for s in Status if s not in {Status.WITHDRAWN, Status.ENTERED_IN_ERROR}])
def test_a_timeline_has_five_to_seven_steps_and_says_where_the_referral_is(status: Status) -> None:
    steps = timeline(scene(standing(status)))
    assert 5 <= len(steps) <= 7
    assert sum(step.state is StepState.NOW for step in steps) == (status is not Status.COMPLETED)


def test_what_is_done_comes_before_what_is_now_and_what_comes_later() -> None:
    order = [StepState.DONE, StepState.NOW, StepState.LATER]
    booked = Appointment(id=AppointmentId(uuid4()), start=NOW, place="Rom 2", with_whom="Ida Moe", phone="55")
    for status in Status:
        stood = standing(
            status,
            opened=None
            if status in {Status.DRAFT, Status.SENT, Status.RECEIVED}
            else Opened(by="Ida Moe", at=NOW),
            appointment=booked if status is Status.SCHEDULED else None,
            started_on=date(2026, 11, 23) if status in {Status.STARTED, Status.COMPLETED} else None,
            assessed_at=NOW if status in {Status.ACCEPTED, Status.SCHEDULED, Status.STARTED} else None,
        )
        places = [order.index(step.state) for step in timeline(scene(stood))]
        assert places == sorted(places), status


@pytest.mark.parametrize(("status", "reader", "tag"), list(product(Status, READERS, i18n.LANGUAGES)))
def test_every_page_says_at_the_top_who_has_it_and_whether_the_reader_must_act(
    status: Status, reader: Side, tag: str
) -> None:
    app = Flask(__name__)
    i18n.init_app(app)
    side = Side.REFERRER if reader is Side.PATIENT else reader
    with app.test_request_context(f"/?lang={tag}"):
        stood = standing(status, side=side)
        top = banner(scene(stood, reader), next_step(stood))
        assert top.now
        assert str(top.act).endswith(".")
        assert "%(" not in f"{top.now}{top.by}{top.act}"


def test_every_state_has_a_headline_and_every_step_its_words() -> None:
    assert set(HEADLINES) == {*Status, *Turned}
    assert set(ASKS) == set(Step)
    assert set(ACTS) == set(Act)


def test_a_referrer_is_told_that_the_receiver_holds_it_and_how_many_working_days_are_left() -> None:
    top = banner(scene(standing(Status.ASSESSING)), NextStep(Step.AWAIT_ASSESSMENT, NOW + timedelta(days=2)))
    assert top.now == "Fjordheim DPS vurderer henvisningen"
    assert top.by == "Svaret skal komme senest tirsdag 24. november (1 virkedag igjen)."
    assert top.act == "Fjordheim DPS har ansvaret nå. Du trenger ikke å gjøre noe."
    assert not top.must_act
    assert not top.is_late


def test_a_referrer_who_was_asked_must_answer_and_sees_both_dates() -> None:
    top = banner(scene(standing(Status.INFO_REQUESTED)), NextStep(Step.ANSWER, NOW))
    assert top.must_act
    assert str(top.by).startswith("Svar helst senest mandag 23. november. Vurderingen skal være ferdig tirsdag")


def test_everybody_sees_at_the_top_that_the_deadline_has_passed() -> None:
    for reader in READERS:
        top = banner(scene(standing(Status.ASSESSING), reader, now=NOW + timedelta(days=3)), None)
        assert top.is_late
        assert str(top.act) != ""


def test_a_paper_referral_has_no_step_for_opening_and_waits_for_its_assessment() -> None:
    steps = timeline(scene(standing(Status.RECEIVED, channel=Channel.PAPER)))
    assert [str(step.title) for step in steps if step.state is StepState.NOW] == ["Blir vurdert"]
    assert not any("pnet" in str(step.title) for step in steps)


def test_a_line_of_history_says_whether_what_was_asked_has_come_in_or_came_too_late() -> None:
    asked = Entry(
        at=NOW, act=Act.REQUEST_WITHDRAWAL, status=Status.ASSESSING, version=Version(1, 3), side=Side.REFERRER
    )
    assert happened(asked, {}).what == "Mottakeren har fått dette: Henviseren ba om å trekke henvisningen"
    late = happened(replace(asked, took_effect=False), {})
    assert late.what == "Kom for sent til å gjelde: Henviseren ba om å trekke henvisningen"
    overtaken = replace(asked, act=Act.REDIRECT_ARRIVED, took_effect=False)
    assert happened(overtaken, {}).what == "Henvisningen kom fram til den nye tjenesten"
