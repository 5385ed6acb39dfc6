"""What deliveries, keys, roles and faults are called on the screen; codes stay visible beside the words."""

from collections.abc import Mapping
from typing import Final

from handover.actors import Role
from handover.exchange.lifecycle import State
from handover.exchange.model import Event, Fault, Side
from handover.keys.lifecycle import KeyState, Use
from handover.notice.model import Kind, Purpose
from handover.web.i18n import Text
from handover.web.i18n import lazy_gettext as _l
from handover.web.parts import Tone

EVENTS: Final[Mapping[Event, Text]] = {
    Event.REFERRAL_REQUEST: _l("Henvisning"),
    Event.REFERRAL_UPDATE: _l("Tillegg fra henviser"),
    Event.REFERRAL_STATUS: _l("Status på henvisning"),
    Event.CARE_MESSAGE: _l("Melding"),
    Event.CARE_MESSAGE_STATUS: _l("Status på melding"),
    Event.CARE_MESSAGE_RETRACT: _l("Melding trekkes tilbake"),
    Event.HANDOVER_BUNDLE: _l("Overføring"),
    Event.HANDOVER_STATUS: _l("Status på overføring"),
    Event.HANDOVER_WITHDRAW: _l("Overføring trekkes tilbake"),
    Event.CASE_LINK: _l("Saker knyttes sammen"),
    Event.CASE_UNLINK: _l("Saker knyttes fra hverandre"),
    Event.DIRECTORY_CORRECTION: _l("Rettelse i adresseboken"),
    Event.ACKNOWLEDGEMENT: _l("Svar fra mottaker"),
}
STATES: Final[Mapping[State, tuple[Text, Tone]]] = {
    State.QUEUED: (_l("Venter"), Tone.NEUTRAL),
    State.SENT: (_l("Sendt"), Tone.INFO),
    State.DELIVERED: (_l("Hos mottakeren"), Tone.INFO),
    State.ACKNOWLEDGED: (_l("Kommet fram"), Tone.SUCCESS),
    State.REFUSED: (_l("Ikke tatt imot"), Tone.WARNING),
    State.EXPIRED: (_l("Kom ikke fram"), Tone.WARNING),
    State.CANCELLED: (_l("Angret"), Tone.NEUTRAL),
    State.STOPPED: (_l("Får ikke gå"), Tone.WARNING),
}
SIDES: Final[Mapping[Side, Text]] = {
    Side.SEND: _l("Feilen er hos oss."),
    Side.PROXY: _l("Feilen er på veien mellom oss."),
    Side.REC: _l("Feilen er hos mottakeren."),
}
FAULTS: Final[Mapping[str, Text]] = {
    "certificate-refused": _l("Mottakerens sertifikat er ikke gyldig."),
    "tls-failed": _l("Det ble ingen sikker forbindelse til mottakeren."),
    "name-not-found": _l("Adressen til mottakeren finnes ikke på nettet."),
    "connect-timeout": _l("Vi fikk ikke kontakt med mottakeren i tide."),
    "connection-refused": _l("Mottakerens maskin tar ikke imot."),
    "no-route": _l("Det er ingen vei til mottakeren på nettet."),
    "no-answer": _l("Mottakeren svarte ikke i tide."),
    "connection-lost": _l("Forbindelsen ble brutt."),
    "fatal-error": _l("Mottakeren kan ikke bruke meldingen. Den som sendte den, har fått en oppgave."),
    "transient-error": _l("Mottakeren ber oss prøve igjen senere."),
    "from-the-future": _l(
        "Mottakeren mener at meldingen er fra framtiden: Klokken der går for sent, eller vår går for tidlig."
    ),
    "answer.from-the-future": _l(
        "Svaret er datert fram i tid: Klokken hos mottakeren går for tidlig, eller vår går for sent. Ring dem."
    ),
    "expired": _l(
        "Mottakeren mener at meldingen er utløpt: Klokken der går trolig mange timer for tidlig. Ring dem."
    ),
    "directory-expired": _l(
        "Mottakeren mener at adresseboken er utløpt: Den er ikke fornyet der, eller klokken går for tidlig."
    ),
    "unknown-kid": _l("Mottakeren har byttet nøkkel. Vi henter den nye og prøver igjen."),
    "directory.no-agency": _l("Mottakeren står ikke i adresseboken."),
    "directory.no-statement": _l("Vi har ikke fått nøklene til mottakeren ennå."),
    "directory.expired": _l("Adresseboken vår er utløpt. Hent en ny."),
    "directory.none": _l("Vi har ingen adressebok ennå."),
}
USES: Final[Mapping[Use, tuple[Text, Text]]] = {
    Use.SIGNING: (_l("Signatur"), _l("Viser at meldingene er fra oss.")),
    Use.ENCRYPTION: (_l("Konvolutt"), _l("Åpner det andre sender til oss. Byttes hver uke.")),
    Use.AUDIT: (_l("Logg"), _l("Viser at loggen er hel.")),
    Use.CLIENT: (_l("Innlogging"), _l("Viser innloggingstjenesten hvem vi er.")),
    Use.STORAGE: (_l("Lager"), _l("Låser det som er lagret her.")),
    Use.ANCHOR: (_l("Anker"), _l("Signerer adresseboken. Skal aldri ligge på en maskin på nettet.")),
}
KEY_STATES: Final[Mapping[KeyState, tuple[Text, Tone]]] = {
    KeyState.PENDING: (_l("Klar, ikke i bruk"), Tone.INFO),
    KeyState.ACTIVE: (_l("I bruk"), Tone.SUCCESS),
    KeyState.RETIRING: (_l("Fases ut"), Tone.NEUTRAL),
    KeyState.RETIRED: (_l("Ute av bruk"), Tone.NEUTRAL),
    KeyState.DESTROYED: (_l("Slettet"), Tone.NEUTRAL),
    KeyState.COMPROMISED: (_l("På avveie"), Tone.DANGER),
}
ROLES: Final[Mapping[Role, Text]] = {
    Role.REFERRER: _l("Henviser"),
    Role.INTAKE: _l("Inntak"),
    Role.CLINICIAN: _l("Behandler"),
    Role.CASEWORKER: _l("Veileder"),
    Role.OPERATOR: _l("Drift"),
    Role.SECURITY_OFFICER: _l("Sikkerhetsansvarlig"),
    Role.LEADER: _l("Leder"),
}


def why(fault: Fault | None) -> list[Text]:
    """Say why an attempt failed: what happened, whose side, and the code."""
    if fault is None:
        return []
    said = [FAULTS[fault.code]] if fault.code in FAULTS else []
    return [*said, SIDES[fault.side], f"({fault.code})"]


NOTICES: Final[Mapping[tuple[Kind, Purpose], Text]] = {
    (Kind.PATIENT, Purpose.NEWS): _l("Varsel til en pasient"),
    (Kind.PATIENT, Purpose.CODE): _l("Kode til en pasient"),
    (Kind.STAFF, Purpose.NEWS): _l("Varsel til en ansatt"),
    (Kind.STAFF, Purpose.CODE): _l("Kode til en ansatt"),
}
_NOTICE_FAULTS: Final[Mapping[str, Text]] = {
    "smtp.5": _l("Adressen finnes ikke, eller tar ikke imot."),
    "sms.4": _l("SMS-tjenesten tar ikke imot nummeret."),
    "notice.no-way-out": _l("Noden er ikke satt opp til å sende på denne måten."),
}


def why_no_notice(code: str) -> Text:
    """Return why a notice could not be sent."""
    found = (text for start, text in _NOTICE_FAULTS.items() if code.startswith(start))
    return next(found, _l("Tjeneren for e-post eller SMS svarte ikke som den skulle."))
