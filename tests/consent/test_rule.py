"""May this travel there now? A table of cases with every cell tested, and what holds whatever the choices are."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.consent.model import (
    EVERYONE,
    Blocked,
    Choice,
    ChoiceId,
    Kind,
    MayNotTravel,
    NoPermit,
    OutsideScope,
    PermitExpired,
    Receiver,
    Target,
    Terms,
    refuse_unless_it_may_travel,
    scope_of,
)
from handover.ids import PersonId
from tests.builders import DPS, INTAKE, MUNICIPALITY, NAV, NAV_OFFICE, OUTPATIENT, PSYCHOLOGIST

NOW: Final = datetime(2026, 11, 9, 9, tzinfo=UTC)
KARI: Final = PersonId(UUID(int=1))
HEALTH: Final = Receiver(DPS, INTAKE, is_health=True)
OFFICE: Final = Receiver(NAV, NAV_OFFICE, is_health=False)
PLANS: Final = frozenset({"plans"})
HEALTH_TARGETS: Final = {
    "the service": Target(agency=DPS, service=INTAKE),
    "its agency": Target(agency=DPS),
    "everyone": EVERYONE,
    "another service of the agency": Target(agency=DPS, service=OUTPATIENT),
    "another agency": Target(agency=MUNICIPALITY),
}
OFFICE_TARGETS: Final = {
    "the service": Target(agency=NAV, service=NAV_OFFICE),
    "its agency": Target(agency=NAV),
    "everyone": EVERYONE,
    "another service of the agency": Target(agency=NAV, service=PSYCHOLOGIST),
    "another agency": Target(agency=MUNICIPALITY),
}
REACHES: Final = {"the service", "its agency", "everyone"}
LIVES: Final[dict[str, dict[str, Any]]] = {
    "in force": {},
    "on its last day": {"until": date(2026, 11, 9)},
    "expired yesterday": {"until": date(2026, 11, 8)},
    "withdrawn a minute ago": {"withdrawn_at": NOW - timedelta(minutes=1)},
    "withdrawn now": {"withdrawn_at": NOW},
    "withdrawn at a host whose clock is ahead": {"withdrawn_at": NOW + timedelta(minutes=1)},
    "made at a host whose clock is ahead": {"given_at": NOW + timedelta(minutes=1)},
}
HOLDS: Final = {"in force", "on its last day", "made at a host whose clock is ahead"}


def deny(target: Target = EVERYONE, **other: object) -> Choice:
    """A block made last week."""
    plain = Choice(
        id=ChoiceId(uuid4()), person=KARI, kind=Kind.DENY, target=target, given_at=NOW - timedelta(days=7)
    )
    return replace(plain, **{name: value for name, value in other.items() if name != "until"})  # type: ignore[arg-type]


def permit(target: Target | None = None, **other: object) -> Choice:
    """A permit of plans and needs for a handover to NAV, made last week, until Christmas."""
    terms = {"purpose": "handover", "topics": ("needs", "plans"), "until": date(2026, 12, 24)}
    said = {name: other.pop(name) for name in tuple(terms) if name in other}
    plain = Choice(
        id=ChoiceId(uuid4()),
        person=KARI,
        kind=Kind.PERMIT,
        target=Target(agency=NAV) if target is None else target,
        terms=Terms(**{**terms, **said}),  # type: ignore[arg-type]
        given_at=NOW - timedelta(days=7),
    )
    return replace(plain, **other)  # type: ignore[arg-type]


def code(*choices: Choice, to: Receiver, topics: frozenset[str] = PLANS, purpose: str = "handover") -> str:
    """Return "goes", or the code of the refusal."""
    try:
        refuse_unless_it_may_travel(choices, to, topics=topics, purpose=purpose, now=NOW)
    except MayNotTravel as refused:
        return refused.stable_code
    return "goes"


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("whom", HEALTH_TARGETS)
def test_a_block_stops_what_goes_to_a_health_service_when_it_covers_it_and_holds(whom: str, life: str) -> None:
    stops = whom in REACHES and life in HOLDS | {"expired yesterday"}  # a block has no end
    found = code(deny(HEALTH_TARGETS[whom], **LIVES[life]), to=HEALTH)
    assert found == ("consent.blocked" if stops else "goes")


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("whom", OFFICE_TARGETS)
def test_a_block_stops_what_a_permit_lets_through_to_nav(whom: str, life: str) -> None:
    stops = whom in REACHES and life in HOLDS | {"expired yesterday"}
    found = code(permit(), deny(OFFICE_TARGETS[whom], **LIVES[life]), to=OFFICE)
    assert found == ("consent.blocked" if stops else "goes")


@pytest.mark.parametrize("topics", [PLANS, frozenset({"needs", "plans"}), frozenset({"diagnoses", "plans"})])
@pytest.mark.parametrize("purpose", ["handover", "referral"])
@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("whom", [name for name in OFFICE_TARGETS if name != "everyone"])
def test_only_a_permit_that_holds_for_the_receiver_purpose_and_topics_lets_something_go_to_nav(
    whom: str, life: str, purpose: str, topics: frozenset[str]
) -> None:
    given = permit(OFFICE_TARGETS[whom], purpose=purpose, **LIVES[life])

    if whom not in REACHES or life not in HOLDS | {"expired yesterday"}:
        expected = "consent.no-permit"
    elif purpose != "handover":
        expected = "consent.other-purpose" if life in HOLDS else "consent.no-permit"
    elif life == "expired yesterday":
        expected = "consent.permit-expired"
    else:
        expected = "goes" if topics <= {"needs", "plans"} else "consent.outside-scope"
    assert code(given, to=OFFICE, topics=topics) == expected


SENTENCES: Final = {
    "nothing is chosen, to a health service": ((), HEALTH, "goes"),
    "nothing is chosen, to NAV": ((), OFFICE, "consent.no-permit"),
    "a permit to NAV says nothing about a health service": ((permit(),), HEALTH, "goes"),
    "a block of NAV says nothing about a health service": ((deny(Target(agency=NAV)),), HEALTH, "goes"),
    "an expired permit and a withdrawn one": (
        (permit(until=date(2026, 11, 8)), permit(withdrawn_at=NOW)),
        OFFICE,
        "consent.permit-expired",
    ),
    "a permit that expired before it was withdrawn": (
        (permit(until=date(2026, 11, 8), withdrawn_at=NOW),),
        OFFICE,
        "consent.no-permit",
    ),
    "an expired permit and a new one": ((permit(until=date(2026, 11, 8)), permit()), OFFICE, "goes"),
    "two permits that cover it together": (
        (permit(topics=("needs",)), permit(topics=("plans",))),
        OFFICE,
        "goes",
    ),
    "another permit of the same topics for another purpose": (
        (permit(topics=("needs",)), permit(topics=("plans",), purpose="referral")),
        OFFICE,
        "consent.outside-scope",
    ),
    "a block withdrawn and made anew": ((deny(withdrawn_at=NOW), deny()), HEALTH, "consent.blocked"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_a_sender_is_told_what_several_choices_come_to(case: str) -> None:
    choices, to, expected = SENTENCES[case]
    assert code(*choices, to=to, topics=frozenset({"needs", "plans"})) == expected


def test_a_sender_is_told_which_topics_the_permit_lacks() -> None:
    with pytest.raises(OutsideScope) as refused:
        refuse_unless_it_may_travel(
            [permit()], OFFICE, topics=frozenset({"plans", "medicines", "crisis"}), purpose="handover", now=NOW
        )
    assert refused.value.details["topics"] == ["crisis", "medicines"]


@pytest.mark.parametrize(
    ("choices", "refusal"),
    [((), NoPermit), ((permit(until=date(2026, 11, 8)),), PermitExpired), ((permit(), deny()), Blocked)],
)
def test_nobody_is_told_a_scope_where_nothing_may_go(
    choices: tuple[Choice, ...], refusal: type[MayNotTravel]
) -> None:
    with pytest.raises(refusal):
        scope_of(choices, OFFICE, purpose="handover", now=NOW)


def test_a_permit_holds_until_its_last_day_is_over_in_norway() -> None:
    given = permit(until=date(2026, 11, 9))
    assert given.holds(datetime(2026, 11, 9, 22, 59, tzinfo=UTC))
    assert not given.holds(datetime(2026, 11, 9, 23, 0, tzinfo=UTC))


# --- whatever the choices are ----------------------------------------------------------------------------------

_TARGETS = st.sampled_from([*HEALTH_TARGETS.values(), *OFFICE_TARGETS.values()])
_TOPICS = st.sets(st.sampled_from(["needs", "plans", "crisis", "diagnoses"]), min_size=1).map(frozenset)
_TIMES = st.none() | st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days))
_DENIES = st.builds(deny, target=_TARGETS, withdrawn_at=_TIMES)
_PERMITS = st.builds(
    permit,
    target=_TARGETS,
    purpose=st.sampled_from(["handover", "referral"]),
    topics=_TOPICS.map(lambda found: tuple(sorted(found))),
    until=st.integers(-2, 2).map(lambda days: date(2026, 11, 9) + timedelta(days=days)),
    withdrawn_at=_TIMES,
)
_CHOICES = st.lists(_DENIES | _PERMITS, max_size=5)
_RECEIVERS = st.sampled_from([HEALTH, OFFICE])


def goes(choices: list[Choice], to: Receiver, topics: frozenset[str]) -> bool:
    return code(*choices, to=to, topics=topics) == "goes"


@given(_CHOICES, _DENIES, _RECEIVERS, _TOPICS)
def test_one_more_block_never_lets_more_through(
    choices: list[Choice], more: Choice, to: Receiver, topics: frozenset[str]
) -> None:
    assert goes(choices, to, topics) or not goes([*choices, more], to, topics)


@given(_CHOICES, _DENIES | _PERMITS, _RECEIVERS, _TOPICS)
def test_a_choice_that_is_withdrawn_counts_for_nothing(
    choices: list[Choice], other: Choice, to: Receiver, topics: frozenset[str]
) -> None:
    gone = replace(other, withdrawn_at=NOW)
    assert code(*choices, gone, to=to, topics=topics) == code(*choices, to=to, topics=topics)


@given(_CHOICES, _PERMITS, _RECEIVERS, _TOPICS)
def test_a_permit_that_is_over_lets_nothing_through(
    choices: list[Choice], other: Choice, to: Receiver, topics: frozenset[str]
) -> None:
    assert other.terms is not None
    over = replace(other, terms=replace(other.terms, until=date(2026, 11, 8)))
    assert goes([*choices, over], to, topics) == goes(choices, to, topics)


@given(_CHOICES, _PERMITS, _RECEIVERS, _TOPICS, _TOPICS)
def test_a_narrower_permit_never_lets_more_through(
    choices: list[Choice], wide: Choice, to: Receiver, topics: frozenset[str], kept: frozenset[str]
) -> None:
    assert wide.terms is not None
    narrow = replace(wide, terms=replace(wide.terms, topics=tuple(sorted(kept & set(wide.terms.topics)))))
    assert goes([*choices, wide], to, topics) or not goes([*choices, narrow], to, topics)


@given(_CHOICES, _RECEIVERS, _TOPICS, _TOPICS)
def test_less_may_always_go_where_more_may(
    choices: list[Choice], to: Receiver, topics: frozenset[str], fewer: frozenset[str]
) -> None:
    assert not goes(choices, to, topics) or goes(choices, to, topics & fewer)


@given(_CHOICES, _TOPICS)
def test_one_more_permit_never_stops_anything(choices: list[Choice], topics: frozenset[str]) -> None:
    assert not goes(choices, OFFICE, topics) or goes([*choices, permit()], OFFICE, topics)


@given(
    st.permutations([deny(withdrawn_at=NOW), permit(), permit(until=date(2026, 11, 8)), deny(Target(agency=DPS))])
)
def test_the_order_of_the_choices_means_nothing(choices: list[Choice]) -> None:
    assert code(*choices, to=OFFICE) == "goes"
    assert code(*choices, to=HEALTH) == "consent.blocked"
