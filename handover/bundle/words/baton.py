"""The baton: who is responsible now and since when, on every page of the case, to everybody alike (rule 7)."""

from dataclasses import dataclass

from handover.bundle.lifecycle import ENDED, Side, Status
from handover.bundle.words.scene import Scene
from handover.web import dates
from handover.web.i18n import gettext as _


@dataclass(frozen=True)
class BatonShown:
    """One sentence about now, and one about what changes it; the second may be empty."""

    now: str
    then: str


def baton_of(scene: Scene) -> BatonShown:
    """Return who has the responsibility, in words."""
    return BatonShown(now=_now(scene), then=_then(scene))


def _now(scene: Scene) -> str:
    is_ours = scene.reader is (Side.SENDER if scene.is_with_sender else Side.RECEIVER)
    if not scene.is_with_sender:
        since = dates.day(scene.baton.since)
        if is_ours:
            return _("Dere har ansvaret, siden %(day)s.", day=since)
        return _("%(holder)s har ansvaret, siden %(day)s.", holder=scene.holder, day=since)
    sent_at = scene.standing.sent_at
    if sent_at is None:
        return _("Dere har ansvaret.") if is_ours else _("%(holder)s har ansvaret.", holder=scene.holder)
    sent = dates.day(sent_at)
    if is_ours:
        return _("Dere har ansvaret, også etter at overføringen ble sendt %(day)s.", day=sent)
    return _(
        "%(holder)s har ansvaret, også etter at overføringen ble sendt %(day)s.", holder=scene.holder, day=sent
    )


def _then(scene: Scene) -> str:
    starts = scene.baton.then_from
    is_theirs = scene.reader is Side.RECEIVER
    if starts is not None:
        if is_theirs:
            return _("Dere tar over %(day)s.", day=dates.day(starts))
        return _("%(place)s tar over %(day)s.", place=scene.place, day=dates.day(starts))
    if not scene.is_with_sender or not scene.place or scene.standing.status in {*ENDED, Status.DECLINED}:
        return ""
    if is_theirs:
        return _("Det gjelder til dere har tatt over.")
    return _("Det gjelder til %(place)s har tatt over.", place=scene.place)
