"""Where other nodes leave encrypted attachments: PUT, HEAD, PATCH /exchange/v1/blobs/{sha256}, with a ticket."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, request

from handover import clock, web
from handover.access import machines
from handover.actors import Machine
from handover.audit import service as audit
from handover.audit.model import Event as Logged
from handover.db import provided
from handover.errors import Conflict, HandoverError, NotFound
from handover.exchange import uploads, wire
from handover.exchange.model import MAX_BLOB_BYTES
from handover.exchange.uploads import OFFSET, PIECE, Progress, WrongOffset
from handover.keys.errors import EnvelopeRefused
from handover.keys.keyring import Keyring
from handover.keys.slips import Ticket

WHY: Final = "every blob needs a ticket signed by the sending agency"
Work = Callable[[Ticket], Progress]
blueprint = Blueprint("blobs", __name__)


@blueprint.put(f"{wire.BLOBS}/<name>")
@machines(WHY)
def put_blob(name: str) -> Response:
    """Take in a whole blob; what came before the connection broke stays."""
    return _answered(name, _from_start, HTTPStatus.CREATED)


@blueprint.patch(f"{wire.BLOBS}/<name>")
@machines(WHY)
def patch_blob(name: str) -> Response:
    """Go on with a blob from `Upload-Offset`; 409 tells where it stands."""
    return _answered(name, lambda ticket: _pieces(ticket, _asked_offset()), HTTPStatus.NO_CONTENT)


@blueprint.route(f"{wire.BLOBS}/<name>", methods=["HEAD"])
@machines(WHY)
def head_blob(name: str) -> Response:
    """Tell how far a blob has come in `Upload-Offset`; 404 before it began."""

    def standing(ticket: Ticket) -> Progress:
        with web.reading() as session:
            return uploads.progress(session, ticket)

    return _answered(name, standing, HTTPStatus.OK)


def _answered(name: str, work: Work, done: HTTPStatus) -> Response:
    try:
        with web.reading() as session:
            ticket = uploads.admit(session, request.headers.get("Authorization", ""), name, now=clock.now())
        progress = work(ticket)
    except EnvelopeRefused as refused:
        _log_refusal(name, refused.reason.value)
        return _refusal(refused.reason.value, HTTPStatus.UNAUTHORIZED)
    except WrongOffset as odd:
        return _refusal(odd.stable_code, HTTPStatus.CONFLICT, int(str(odd.details["offset"])))
    except HandoverError as refused:
        if not isinstance(refused, NotFound):  # a question for what is not there refuses nobody anything
            _log_refusal(name, refused.stable_code)
        return _refusal(refused.stable_code, _status(refused))
    if progress.length == 0:
        return _refusal(uploads.WrongDigest.code, HTTPStatus.BAD_REQUEST)
    return Response(status=done, headers={OFFSET: str(progress.received)})


def _from_start(ticket: Ticket) -> Progress:
    with web.transaction() as session:
        standing = uploads.begin(session, ticket, now=clock.now())
    if standing.received:
        raise WrongOffset(offset=standing.received)
    return _pieces(ticket, 0)


def _pieces(ticket: Ticket, offset: int) -> Progress:
    request.max_content_length = MAX_BLOB_BYTES
    for piece in _read():
        with web.transaction() as session:
            progress = uploads.append(session, ticket, offset, piece, now=clock.now())
        offset = progress.received
        if not progress.length:
            return progress
    with web.reading() as session:
        return uploads.progress(session, ticket)


def _read() -> Iterator[bytes]:
    while piece := request.stream.read(PIECE):
        yield piece


def _asked_offset() -> int:
    said = request.headers.get(OFFSET, "")
    if not said.isdecimal():
        raise WrongOffset(offset=0)
    return int(said)


def _status(refused: HandoverError) -> HTTPStatus:
    if isinstance(refused, NotFound):
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.CONFLICT if isinstance(refused, Conflict) else HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def _refusal(code: str, status: HTTPStatus, offset: int | None = None) -> Response:
    headers = {} if offset is None else {OFFSET: str(offset)}
    return Response(wire.write_refusal(code), status, headers, mimetype=wire.JSON)


def _log_refusal(name: str, reason: str) -> None:
    with web.reading() as session:
        agency = provided(session, Keyring).agencies[0]
    audit.record_refusal(
        web.node_database(),
        event=Logged.BLOB_REFUSED,
        actor=Machine(agency=agency, name="exchange"),
        agency=agency,
        code=reason,
        subject=name[:64],
        now=clock.now(),
    )
