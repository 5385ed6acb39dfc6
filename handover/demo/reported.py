"""What people did with the demo's address book lately: one reported a mistake, one is reminded of an old entry."""

from typing import Final

from sqlalchemy.orm import Session

from handover.addressbook import reporting
from handover.addressbook import service as addressbook
from handover.addressbook.model import Part
from handover.clock import now
from handover.demo.community import HOSTED, INTAKE, MUNICIPALITY, NAV
from handover.demo.walk import Walk
from handover.directory import service as directory

WRONG: Final = "Nummeret går til sentralbordet, og de vet ikke hvem som har inntaket i dag."


def tell(walk: Walk) -> None:
    """Let Tone report a wrong number at the DPS, and remind NAV of the entry that nobody has confirmed."""

    def report(session: Session) -> None:
        entry = directory.service_of(session, INTAKE)
        by = walk.staff(session, "tone")
        reporting.report(session, entry, Part.PHONE, WRONG, by=by, now=now())

    walk.do(MUNICIPALITY, report)
    addressbook.remind(walk.node_of(NAV).db, HOSTED["a"], now=now())
