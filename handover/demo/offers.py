"""What the demo's services offer, in plain words and with the words that people use for it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from handover.demo.community import FACT, NAV_OFFICE, OUTPATIENT, PSYCHOLOGIST, SOCIAL, services
from handover.directory.model import Offer, Service
from handover.ids import ServiceId

OFFERS: Final[Mapping[ServiceId, tuple[Offer, ...]]] = {
    PSYCHOLOGIST: (
        Offer(
            id="kurs",
            title="Kurs i mestring av angst og depresjon",
            for_whom="Voksne som har det tungt, uten henvisning",
            how="Ring oss eller meld deg på. Neste kurs begynner den første tirsdagen i måneden.",
            words="gruppe nedstemt uro søvn",
        ),
    ),
    FACT: (
        Offer(
            id="hjemme",
            title="Hjelp hjemme og ute",
            for_whom="Voksne med langvarige og alvorlige vansker, som ikke kommer til kontoret",
            how="Henvisning fra fastlege, DPS eller kommunepsykolog.",
            words="hjemmebesøk hverdag rus ambulant",
        ),
    ),
    NAV_OFFICE: (
        Offer(
            id="ips",
            title="Jobbstøtte (IPS)",
            for_whom="Deg som får behandling i psykisk helsevern og vil ha vanlig jobb",
            how="Si det til behandleren din. Jobbspesialisten tar kontakt innen en uke.",
            words="arbeid lønn praksis cv jobbspesialist",
        ),
        Offer(
            id="aap",
            title="Arbeidsavklaringspenger (AAP)",
            for_whom="Deg som har fått arbeidsevnen satt ned på grunn av sykdom",
            how="Søk på nav.no. Veilederen hjelper deg med søknaden.",
            words="sykmeldt inntekt penger trygd",
        ),
    ),
    SOCIAL: (
        Offer(
            id="sosialhjelp",
            title="Økonomisk sosialhjelp",
            for_whom="Deg som ikke har penger til det du trenger",
            how="Søk på nav.no, eller kom innom. Haster det, sier du fra i skranken.",
            words="penger husleie strøm mat nødhjelp",
        ),
        Offer(
            id="depositum",
            title="Garanti for depositum",
            for_whom="Deg som skal leie bolig og ikke kan betale depositum selv",
            how="Søk før du skriver under leiekontrakten.",
            words="leilighet leie husleie penger",
        ),
        Offer(
            id="gjeld",
            title="Råd om økonomi og gjeld",
            for_whom="Alle som har regninger de ikke klarer å betale",
            how="Ring og bestill en samtale. Du får time innen to uker.",
            words="inkasso regninger gjeldsrådgivning",
        ),
    ),
    OUTPATIENT: (
        Offer(
            id="pakke",
            title="Behandling for angst, depresjon og traumer",
            for_whom="Voksne som har fått rett til behandling",
            how="Henvisning til inntaket.",
            words="terapi samtaler psykolog ptsd",
        ),
    ),
}


def entries(today: date) -> tuple[Service, ...]:
    """Return every service of the community with what it offers."""
    return tuple(replace(each, offers=OFFERS.get(each.id, ())) for each in services(today))
