"""A handover for people's own hands: the frozen document as tagged PDF, the meeting as a calendar file.

The PDF is made from the same view as the pages (`words.document.shown`), in the reader's language: the patient's
own words first, nothing that does not stand in the document's bytes.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from handover.bundle.document import Document
from handover.bundle.lifecycle import Status
from handover.bundle.standing import WITHDRAWN_THERE, Standing
from handover.bundle.words.document import Said, Shown, shown
from handover.notice import calendar, pdf
from handover.notice.calendar import Slot
from handover.notice.pdf import Block, Paper
from handover.web.i18n import gettext as _
from handover.web.i18n import locale

_NO_MEETING: Final = frozenset({Status.DECLINED, Status.WITHDRAWN, *WITHDRAWN_THERE})


def handover(document: Document) -> bytes:
    """Return a document as PDF, in the language of the request (bokmål outside of one)."""
    seen = shown(document)
    return pdf.printed(
        Paper(
            title=_("Overføring"),
            lang=locale().language,
            page_of=_("Side {page} av {pages}"),
            blocks=tuple(_blocks(seen)),
        )
    )


def invitation(standing: Standing, *, now: datetime) -> bytes | None:
    """Return the meeting as a calendar file that says nothing but when; None without one.

    A handover that was declined or taken back takes its meeting out of the calendar.
    """
    planned = standing.meeting
    if planned is None:
        return None
    is_off = standing.status in _NO_MEETING
    slot = Slot(
        id=planned.id,
        start=planned.start,
        minutes=planned.minutes,
        sequence=planned.sequence + is_off,
        is_cancelled=is_off or bool(planned.cancelled_because),
    )
    return calendar.meeting(
        slot, title=_("Avtale"), hint=_("Logg inn i Overgang for å se hvor og med hvem."), now=now
    )


def _blocks(seen: Shown) -> Iterator[Block]:
    said = seen.document.language
    yield Block(kind="heading", text=_("Overføring"))
    yield Block(kind="strong", text=str(seen.fixed))
    if seen.own_words:
        yield Block(kind="heading", level=2, text=_("Med egne ord"))
        for title, text in seen.own_words:
            yield Block(kind="heading", level=3, text=title, lang=said)
            yield Block(kind="own-words", text=text, lang=said)
    for heading, topics in seen.parts:
        yield Block(kind="heading", level=2, text=str(heading))
        for topic in topics:
            yield Block(kind="heading", level=3, text=topic.name or str(heading), lang=said)
            for item in topic.items:
                yield from _item(item, said)
    yield from _around(seen, said)


def _item(item: Said, lang: str) -> Iterator[Block]:
    if item.heading:
        yield Block(kind="strong", text=item.heading, lang=lang)
    if item.text:
        yield Block(kind="text", text=item.text, lang=lang)
    if item.facts:
        yield Block(kind="facts", pairs=item.facts)
    if item.file:
        yield Block(kind="text", text=_("Vedlagt dokument: %(name)s", name=item.file.name))


def _around(seen: Shown, lang: str) -> Iterator[Block]:
    yield Block(kind="heading", level=2, text=_("Møtet og overtakelsen"))
    yield Block(kind="text", text=seen.meeting)
    if seen.meeting_note:
        yield Block(kind="own-words", text=seen.meeting_note, lang=lang)
    if seen.take_over_by:
        yield Block(kind="text", text=seen.take_over_by)
    yield Block(kind="heading", level=2, text=_("Om overføringen"))
    yield Block(kind="facts", pairs=seen.about)
