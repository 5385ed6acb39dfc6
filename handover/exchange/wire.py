"""The shapes of requests and answers between nodes (DESIGN §5): pure bytes, no trust, sizes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson

from handover.errors import Invalid
from handover.exchange.model import MAX_BATCH, MAX_BATCH_BYTES

ENVELOPES: Final = "/exchange/v1/envelopes"
ACKNOWLEDGEMENTS: Final = "/exchange/v1/acknowledgements"
BLOBS: Final = "/exchange/v1/blobs"
JOSE: Final = "application/jose"
JSON: Final = "application/json"
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
"""64 acknowledgements, each with a full OperationOutcome, fit."""


class WireInvalid(Invalid):
    """The request or answer is not one of ours; the code says how."""

    code = "wire.malformed"


@dataclass(frozen=True)
class Answer:
    """The answer to one envelope: 200 with an acknowledgement, 202 with a receipt, or 4xx with a code."""

    status: int
    token: bytes = b""
    code: str = ""
    side: str = "SEND"

    @property
    def is_signed(self) -> bool:
        """Whether it carries a signed paper of the receiving agency."""
        return self.status in {HTTPStatus.OK, HTTPStatus.ACCEPTED}


def write_batch(tokens: Sequence[bytes]) -> bytes:
    """Return a JSON array of compact tokens; they are base64url and dots, so nothing needs escaping."""
    return b'["' + b'","'.join(tokens) + b'"]'


def read_batch(body: bytes) -> list[bytes]:
    """Return a batch's tokens in order. Raises WireInvalid: too large, too many, or not an array of texts."""
    if len(body) > MAX_BATCH_BYTES:
        raise WireInvalid("wire.batch-too-large")
    listed = _loaded(body)
    if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
        raise WireInvalid
    if len(listed) > MAX_BATCH:
        raise WireInvalid("wire.too-many")
    return [one.encode() for one in listed]


def write_answers(answers: Sequence[Answer]) -> bytes:
    """Return the answer to a batch: one object for each envelope, in order."""
    return orjson.dumps([_object(answer) for answer in answers])


def read_answers(body: bytes, *, count: int) -> list[Answer]:
    """Return the answers to a batch of `count`. Raises WireInvalid when they do not match one to one."""
    listed = _loaded(body)
    if not isinstance(listed, list) or len(listed) != count:
        raise WireInvalid("wire.answers-differ")
    return [_answer(one) for one in listed]


def write_refusal(code: str, side: str = "SEND") -> bytes:
    """Return the unsigned body of a 4xx: a code and the side at fault, nothing else."""
    return orjson.dumps({"code": code, "side": side})


def read_refusal(body: bytes) -> tuple[str, str]:
    """Return code and side of an unsigned answer, whatever a stranger wrote there."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", "PROXY"
    if not isinstance(said, dict):
        return "", "PROXY"
    return _short(said.get("code")), _short(said.get("side")) or "PROXY"


def _object(answer: Answer) -> dict[str, Any]:
    if answer.status == HTTPStatus.OK:
        return {"status": answer.status, "acknowledgement": answer.token.decode()}
    if answer.status == HTTPStatus.ACCEPTED:
        return {"status": answer.status, "receipt": answer.token.decode()}
    return {"status": answer.status, "code": answer.code, "side": answer.side}


def _answer(said: Any) -> Answer:
    if not isinstance(said, dict) or type(said.get("status")) is not int:
        raise WireInvalid
    token = said.get("acknowledgement") or said.get("receipt") or ""
    if not isinstance(token, str):
        raise WireInvalid
    return Answer(said["status"], token.encode(), _short(said.get("code")), _short(said.get("side")) or "SEND")


def _short(value: object) -> str:
    """Return a stranger's code if it looks like one; anything else may say anything and becomes empty."""
    if isinstance(value, str) and len(value) <= 60 and value.replace("-", "").replace(".", "").isalnum():
        return value if value.isascii() else ""
    return ""


def _loaded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as odd:
        raise WireInvalid from odd
