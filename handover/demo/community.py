"""The demo's community: made-up agencies, what their services say of themselves, and who works there."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from handover.actors import Role
from handover.demo.people import synthetic_number
from handover.directory.model import Kind, Pause, Service
from handover.ids import AgencyId, ServiceId

COMMUNITY: Final = "helsefellesskap-fjordheim-demo"
MUNICIPALITY: Final = AgencyId("310000078")
NAV: Final = AgencyId("310000140")
DPS: Final = AgencyId("310000213")
NEIGHBOUR: Final = AgencyId("310000280")
"""A DPS whose node is closed when the demo starts: what is sent there waits, and is shown as late."""
NAMES: Final = {
    MUNICIPALITY: "Fjordheim kommune",
    NAV: "NAV Fjordheim",
    DPS: "Fjordheim DPS",
    NEIGHBOUR: "Havnes DPS",
}
HOSTED: Final = {"a": (MUNICIPALITY, NAV), "b": (DPS,), "c": (NEIGHBOUR,)}

PSYCHOLOGIST: Final = ServiceId("8140011")
FACT: Final = ServiceId("8140029")
NAV_OFFICE: Final = ServiceId("8140037")
INTAKE: Final = ServiceId("8140045")
OUTPATIENT: Final = ServiceId("8140052")
NEIGHBOUR_INTAKE: Final = ServiceId("8140060")
SOCIAL: Final = ServiceId("8140086")
GROUPS: Final = ServiceId("8140078")
"""Closed for some weeks, and says where to turn meanwhile."""

_TABLES: Final = "urn:oid:2.16.578.1.12.4.1.1."


LONG_AGO: Final = timedelta(days=215)
"""When somebody last looked at what NAV says of its social services: seven months."""


def services(today: date) -> tuple[Service, ...]:
    """Return every service of the community as its own agency describes it."""
    return (*_plain(today), _social(today - LONG_AGO), _groups(today))


def _social(confirmed_on: date) -> Service:
    return Service(
        id=SOCIAL,
        agency=NAV,
        name="Sosiale tjenester",
        place="Fjordheim",
        kind=Kind(system=_TABLES + "8658", code="5"),
        takes="Penger til det nødvendigste, bolig, gjeld og råd.",
        target_group="Alle som bor i Fjordheim",
        phone="55 00 04 10",
        opening_hours="Hverdager kl. 10.00–14.00",
        usual_answer_days=4,
        confirmed_on=confirmed_on,
        is_health=False,
        takes_referrals=False,
        is_open=True,
    )


def _groups(today: date) -> Service:
    return Service(
        id=GROUPS,
        agency=DPS,
        name="Grupper for angst",
        place="Fjordheim",
        kind=Kind(system=_TABLES + "8668", code="PV"),
        takes="Behandling i gruppe ved sosial angst og panikkangst.",
        target_group="Voksne over 18 år",
        phone="55 00 02 30",
        opening_hours="Tirsdag og torsdag kl. 12.00–15.00",
        usual_answer_days=10,
        confirmed_on=today,
        is_health=True,
        takes_referrals=True,
        is_open=True,
        pause=Pause(
            first=today - timedelta(days=3),
            last=today + timedelta(days=25),
            why="Lokalene pusses opp.",
            instead=OUTPATIENT,
            advice="De som alt går i gruppe, får beskjed om nytt sted.",
        ),
    )


def _plain(confirmed_on: date) -> tuple[Service, ...]:
    return (
        Service(
            id=PSYCHOLOGIST,
            agency=MUNICIPALITY,
            name="Kommunepsykolog",
            place="Fjordheim",
            kind=Kind(system=_TABLES + "8663", code="KP05"),
            takes="Samtaler og råd ved lette og moderate psykiske plager. Ta kontakt direkte.",
            target_group="Voksne over 18 år i Fjordheim",
            phone="55 00 01 10",
            opening_hours="Hverdager kl. 08.30–15.30",
            usual_answer_days=3,
            confirmed_on=confirmed_on,
            is_health=True,
            takes_referrals=False,
            is_open=True,
            takes_handovers=True,
        ),
        Service(
            id=FACT,
            agency=MUNICIPALITY,
            name="FACT-team",
            place="Fjordheim",
            kind=Kind(system=_TABLES + "8663", code="KF0107"),
            takes="Langvarige og alvorlige psykiske lidelser, gjerne med rus, der hjelpen må komme hjem.",
            target_group="Voksne over 18 år i Fjordheim og nabokommunene",
            phone="55 00 01 20",
            opening_hours="Hverdager kl. 08.00–16.00",
            usual_answer_days=5,
            confirmed_on=confirmed_on,
            is_health=True,
            takes_referrals=True,
            is_open=True,
            takes_handovers=True,
        ),
        Service(
            id=NAV_OFFICE,
            agency=NAV,
            name="Oppfølging arbeid og helse",
            place="Fjordheim",
            kind=Kind(system=_TABLES + "8658", code="5"),
            takes="Spørsmål om arbeid, arbeidsavklaringspenger og tiltak.",
            target_group="Innbyggere i arbeidsfør alder",
            phone="55 55 33 33",
            opening_hours="Hverdager kl. 09.00–15.00",
            usual_answer_days=2,
            confirmed_on=confirmed_on,
            is_health=False,
            takes_referrals=False,
            is_open=True,
            takes_handovers=True,
        ),
        Service(
            id=INTAKE,
            agency=DPS,
            name="Inntak voksne",
            place="Fjordheim",
            kind=Kind(system=_TABLES + "8668", code="PV"),
            takes="Utredning og behandling av moderate og alvorlige psykiske lidelser.",
            target_group="Voksne over 18 år",
            phone="55 00 02 10",
            opening_hours="Hverdager kl. 08.00–15.30",
            usual_answer_days=6,
            confirmed_on=confirmed_on,
            is_health=True,
            takes_referrals=True,
            is_open=True,
        ),
        Service(
            id=OUTPATIENT,
            agency=DPS,
            name="Poliklinikk voksne",
            place="Fjordheim",
            kind=Kind(system=_TABLES + "8668", code="PV"),
            takes="Poliklinisk behandling. Henvisninger går til inntaket, som sender dem videre hit.",
            target_group="Voksne over 18 år",
            phone="55 00 02 20",
            opening_hours="Hverdager kl. 08.00–15.30",
            usual_answer_days=8,
            confirmed_on=confirmed_on,
            is_health=True,
            takes_referrals=True,
            is_open=True,
            takes_handovers=True,
        ),
        Service(
            id=NEIGHBOUR_INTAKE,
            agency=NEIGHBOUR,
            name="Inntak voksne",
            place="Havnes",
            kind=Kind(system=_TABLES + "8668", code="PV"),
            takes="Utredning og behandling av spiseforstyrrelser og traumer for hele regionen.",
            target_group="Voksne over 18 år",
            phone="55 00 03 10",
            opening_hours="Hverdager kl. 08.00–15.30",
            usual_answer_days=9,
            confirmed_on=confirmed_on,
            is_health=True,
            takes_referrals=True,
            is_open=True,
            takes_handovers=True,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class DemoStaff:
    """A made-up staff member: who they are at the login, and what they may do where."""

    key: str
    name: str
    title: str
    agency: AgencyId
    roles: frozenset[tuple[ServiceId | None, Role]]
    number: str
    phone: str
    hpr: str | None = None


_Post = tuple[ServiceId | None, Role]
_PSYCHOLOGISTS: Final = ((PSYCHOLOGIST, Role.REFERRER), (PSYCHOLOGIST, Role.CLINICIAN))
_ROSTER: Final[tuple[tuple[str, str, str, AgencyId, tuple[_Post, ...]], ...]] = (
    ("tone", "Tone Berg", "kommunepsykolog", MUNICIPALITY, _PSYCHOLOGISTS),
    ("rune", "Rune Dahl", "psykiatrisk sykepleier", MUNICIPALITY, ((FACT, Role.REFERRER), (FACT, Role.INTAKE))),
    ("maja", "Maja Fosse", "avdelingsleder", MUNICIPALITY, ((None, Role.LEADER), (None, Role.REFERRER))),
    ("oda", "Oda Sand", "driftsansvarlig", MUNICIPALITY, ((None, Role.OPERATOR), (None, Role.SECURITY_OFFICER))),
    ("aksel", "Aksel Lie", "veileder", NAV, ((NAV_OFFICE, Role.CASEWORKER),)),
    ("nina", "Nina Krag", "driftsansvarlig", NAV, ((None, Role.OPERATOR),)),
    ("ida", "Ida Moe", "inntakskoordinator", DPS, ((INTAKE, Role.INTAKE),)),
    ("jon", "Jon Vik", "psykologspesialist", DPS, ((INTAKE, Role.INTAKE), (OUTPATIENT, Role.CLINICIAN))),
    ("leila", "Leila Haug", "overlege", DPS, ((OUTPATIENT, Role.INTAKE), (OUTPATIENT, Role.CLINICIAN))),
    ("stein", "Stein Aune", "seksjonsleder", DPS, ((None, Role.LEADER), (INTAKE, Role.INTAKE))),
    ("nils", "Nils Fure", "driftsansvarlig", DPS, ((None, Role.OPERATOR), (None, Role.SECURITY_OFFICER))),
    ("berit", "Berit Voll", "enhetsleder", NAV, ((None, Role.LEADER),)),
)


def _member(
    sequence: int, key: str, name: str, title: str, agency: AgencyId, posts: tuple[_Post, ...]
) -> DemoStaff:
    return DemoStaff(
        key=key,
        name=name,
        title=title,
        agency=agency,
        roles=frozenset(posts),
        number=synthetic_number(date(1970 + sequence, 1 + sequence % 12, 3 + sequence), 1),
        phone=f"55 00 0{2 if agency == DPS else 1} {30 + sequence}",
        hpr=None if agency == NAV else f"90000{sequence:02}",
    )


STAFF: Final = tuple(_member(sequence, *row) for sequence, row in enumerate(_ROSTER, start=1))
