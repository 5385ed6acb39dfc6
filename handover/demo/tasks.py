"""Whom to be in the demo, and what to try: a few short tasks each, what to begin with on top."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table

from handover.demo.community import HOSTED, NAMES, STAFF, DemoStaff
from handover.demo.people import patients
from handover.ids import AgencyId
from handover.web.i18n import Sentence
from handover.web.i18n import lazy_gettext as _l

Tasks = tuple[Sentence, ...]

TRY: Final[Mapping[str, Tasks]] = {
    "tone": (
        _l("Legg igjen en melding til poliklinikken."),
        _l("Velg en av tidene som Jon foreslår for en samtale."),
        _l("Skriv en henvisning, eller en overføring sammen med pasienten."),
    ),
    "rune": (
        _l("Les kriseplanen som poliklinikken sendte videre."),
        _l("Se meldingen som ingen hos NAV har åpnet på seks dager."),
        _l("Saken uten navn: Spør Vidar Vise om NAV også kan vite at den gjelder ham."),
    ),
    "maja": (
        _l("Bekreft at en melding som ble sendt ved en feil, er skjult."),
        _l("Se hvor lang tid ting tar."),
        _l("Rett det kommunens tjenester skriver i adresseboken."),
    ),
    "oda": (_l("Se leveringer som venter: Havnes DPS svarer ikke."),),
    "aksel": (
        _l("Svar FACT-teamet, som ønsker svar til i morgen."),
        _l("Si hva dere mener i en sak som ikke sier hvem den gjelder."),
        _l("Les en overføring som pasienten har gitt NAV lov til å få."),
    ),
    "berit": (
        _l("Se meldingen som ingen hos dere har åpnet på seks dager."),
        _l("Bekreft det adresseboken sier om sosiale tjenester."),
    ),
    "ida": (
        _l("Svar på et spørsmål uten pasient."),
        _l("Ta en henvisning, spør henviser, gi rett, avslå."),
        _l("Se hvordan du får varsler."),
    ),
    "jon": (
        _l("Send utkastet til NAV: Spør pasienten først, eller skriv ned et ja."),
        _l("Vurder en henvisning som er over fristen."),
    ),
    "leila": (
        _l("Svar NAV om Gaute: Hans ja har gått ut, og siden sier hva du kan gjøre."),
        _l("Se meldingen som ingen i kommunen har åpnet på tre dager."),
        _l("Ta over en overføring, avtal møtet."),
    ),
    "stein": (
        _l("Se tall for inntaket."),
        _l("Svar på en feil som er meldt i adresseboken."),
    ),
    "nils": (_l("Se leveringer og nøkler hos DPS."),),
}
TRY_AS_PATIENT: Final[Mapping[int, tuple[str, Tasks]]] = {
    0: (
        "A or B",
        (
            _l("Følg din egen henvisning, og se hvem som har åpnet den."),
            _l("Se hvem som har skrevet til hverandre om deg."),
            _l("Velg varsler på e-post eller SMS."),
        ),
    ),
    1: ("A", (_l("Velg hva som skal bli med til DPS, se det de får, og si ja."),)),
    2: (
        "B",
        (
            _l("Svar DPS, som spør om de kan skrive til NAV om deg."),
            _l("Velg hva som skal bli med til kommunepsykologen. Skriv noe bare du ser."),
        ),
    ),
    3: ("A", (_l("Se hva NAV har fått av deg og hvem som har åpnet det. Endre hva NAV kan få."),)),
    5: ("B", (_l("Se at du har sagt nei til Havnes DPS, og ta det tilbake."),)),
    17: ("A", (_l("Les hva DPS gjorde med overføringen du trakk tilbake, og ta den opp igjen."),)),
    25: (
        "A",
        (
            _l("Svar FACT-teamet, som spør om andre kan vite at en sak gjelder deg."),
            _l("Se når møtet er, hvem som kommer, og hvem som har ansvaret til da."),
        ),
    ),
}
"""By number of the patient: the node where there is most to see, and what to try."""


def guide(urls: Mapping[str, str]) -> Iterator[RenderableType]:
    """Yield what is printed: for each agency, and for the patients, a heading and who there is, a task a line."""
    for node, agencies in HOSTED.items():
        for agency in agencies:
            people = [(each.name, each.title, TRY[each.key]) for each in STAFF if _is_at(each, agency)]
            if people:
                yield f"\n[bold]{NAMES[agency]}[/bold]  at node {node.upper()}: {urls[node]}"
                yield _table(people)
    yield "\n[bold]Patients[/bold]"
    yield _table(
        [(patients()[index].me.name, f"at node {at}", what) for index, (at, what) in TRY_AS_PATIENT.items()]
    )


def _is_at(person: DemoStaff, agency: AgencyId) -> bool:
    return person.agency == agency and person.key in TRY


def _table(people: Sequence[tuple[str, str, Tasks]]) -> Table:
    found = Table.grid(padding=(0, 2))
    found.add_column(width=24)
    found.add_column()
    for name, who, tasks in people:
        found.add_row(f"  {name}\n  [dim]{who}[/dim]", _points(tasks))
    return found


def _points(tasks: Tasks) -> Table:
    found = Table.grid(padding=(0, 1))
    for each in tasks:
        found.add_row("-", str(each))
    return found
