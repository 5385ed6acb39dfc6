"""The post office's counter: envelopes and acknowledgements from other nodes (DESIGN §5)."""

from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from handover import clock
from handover.access import machines
from handover.exchange import crash, processing, receiving, wire
from handover.exchange.model import MAX_BATCH_BYTES
from handover.web import node_database

blueprint = Blueprint("exchange", __name__)


@blueprint.post(wire.ENVELOPES)
@machines("every envelope is signed and sealed (hm1)")
def post_envelopes() -> Response:
    """Take in one envelope (application/jose) or a batch of at most 64 (application/json)."""
    crash.at("receive.before")
    try:
        tokens, single = _tokens()
    except wire.WireInvalid as odd:
        return _refusal(odd)
    answers = receiving.accept(node_database(), tokens, now=clock.now())
    crash.at("answer.before")
    if not single:
        return Response(wire.write_answers(answers), HTTPStatus.OK, mimetype=wire.JSON)
    answer = answers[0]
    if answer.is_signed:
        return Response(answer.token, answer.status, mimetype=wire.JOSE)
    return Response(wire.write_refusal(answer.code, answer.side), answer.status, mimetype=wire.JSON)


@blueprint.post(wire.ACKNOWLEDGEMENTS)
@machines("every acknowledgement is signed")
def post_acknowledgements() -> Response:
    """Take in acknowledgements of messages that were processed later; 204 once they are stored."""
    try:
        tokens, single = _tokens()
    except wire.WireInvalid as odd:
        return _refusal(odd)
    answers = processing.take_acknowledgements(node_database(), tokens, now=clock.now())
    if not single:
        return Response(wire.write_answers(answers), HTTPStatus.OK, mimetype=wire.JSON)
    if answers[0].status == HTTPStatus.NO_CONTENT:
        return Response(status=HTTPStatus.NO_CONTENT)
    return Response(wire.write_refusal(answers[0].code), answers[0].status, mimetype=wire.JSON)


def _tokens() -> tuple[list[bytes], bool]:
    """Return what came, and whether it came alone. Raises WireInvalid; reads nothing over the limit."""
    request.max_content_length = MAX_BATCH_BYTES
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as large:
        raise wire.WireInvalid("wire.batch-too-large") from large
    if request.mimetype == wire.JOSE:
        return [body], True
    if request.mimetype == wire.JSON:
        return wire.read_batch(body), False
    raise wire.WireInvalid("wire.media-type")


def _refusal(odd: wire.WireInvalid) -> Response:
    large = odd.stable_code in {"wire.batch-too-large", "wire.too-many"}
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if large else HTTPStatus.BAD_REQUEST
    if odd.stable_code == "wire.media-type":
        status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return Response(wire.write_refusal(odd.stable_code), status, mimetype=wire.JSON)
