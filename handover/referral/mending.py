"""A referral that did not arrive is mended in a draft with its texts and files, which replaces it when sent."""

from dataclasses import replace

from sqlalchemy.orm import Session

from handover.audit.model import Event as Logged
from handover.directory import service as directory
from handover.errors import NotFound
from handover.ids import ReferralId, ServiceId, new_uuid
from handover.referral import cases, store, writing
from handover.referral.cases import Turn
from handover.referral.lifecycle import Act, Side, next_status
from handover.referral.model import Attachment, AttachmentId
from handover.referral.standing import Standing
from handover.referral.store import ReferralNotFound, Stored


def mend(session: Session, turn: Turn) -> Stored:
    """Return the draft that will replace a referral that did not arrive; the same one, when asked twice.

    The referral stays what it is, with its task, until the draft is sent. Raises what the lifecycle raises where
    it may not be sent again.
    """
    old = cases.fetch(session, turn)
    next_status(old.standing.status, Act.SEND_AGAIN, Side.REFERRER, old.standing.facts())
    begun = None if old.standing.replaced_by is None else _begun(session, turn, old.standing.replaced_by)
    if begun is not None:
        return begun
    made = writing.create_draft(
        session,
        by=turn.by,
        service=old.standing.home.service,
        now=turn.now,
        content=replace(old.content, attachments=()),
        to=_receiver(session, old.standing),
    )
    standing = replace(made.standing, replaces=old.standing.referral)
    content = replace(old.content, attachments=_with_files(session, old.standing, standing, turn))
    saved = store.save(session, made, standing, now=turn.now, content=content)
    after = replace(old.standing, replaced_by=standing.referral)
    store.save(session, old, after, now=turn.now)
    cases.log(session, old, Logged.REFERRAL_READ, by=turn.by, now=turn.now)
    return saved


def _begun(session: Session, turn: Turn, draft: ReferralId) -> Stored | None:
    try:
        return cases.fetch(session, replace(turn, referral=draft, seen=None))
    except ReferralNotFound:  # it was discarded
        return None


def _receiver(session: Session, standing: Standing) -> ServiceId | None:
    """Return where the referral went, if the directory still has that service."""
    if standing.holder is None:
        return None
    try:
        return directory.service_of(session, standing.holder.service).id
    except NotFound:
        return None


def _with_files(session: Session, old: Standing, new: Standing, turn: Turn) -> tuple[Attachment, ...]:
    for about in store.attachments(session, old):
        data = store.attachment_data(session, old, about.id)
        store.add_attachment(session, new, replace(about, id=AttachmentId(new_uuid())), data, now=turn.now)
    return store.attachments(session, new)
