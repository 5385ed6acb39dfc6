"""The four kinds of refusal. Each has a stable dotted code; only `web/` knows what HTTP makes of them."""

from typing import ClassVar


class HandoverError(Exception):
    """A refusal with a stable code. `details` name fields, statuses and codes, never personal data."""

    code: ClassVar[str] = "handover.error"

    def __init__(self, code: str | None = None, /, **details: object) -> None:
        self.stable_code = code or self.code
        self.details = details
        super().__init__(self.stable_code)


class Invalid(HandoverError):
    """What was asked for is malformed or incomplete; `fields` maps field name to a list of codes."""

    code = "invalid"

    def __init__(
        self, code: str | None = None, /, *, fields: dict[str, list[str]] | None = None, **details: object
    ) -> None:
        super().__init__(code, **details)
        self.fields = fields or {}


class NotPermitted(HandoverError):
    """The actor may see this but may not do that."""

    code = "not-permitted"


class NotFound(HandoverError):
    """Not there, or not yours: the same answer (DESIGN rule 16)."""

    code = "not-found"


class Conflict(HandoverError):
    """The state has moved on: a stale page, a double click, an act the lifecycle forbids now."""

    code = "conflict"
