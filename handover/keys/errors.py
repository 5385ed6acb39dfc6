"""Why an envelope, a signature or a key is refused: one closed list of reasons, on the wire and in the log."""

from enum import StrEnum

from handover.errors import Invalid


class Reason(StrEnum):
    """The reasons, as they travel in an unsigned 4xx answer (CRYPTO.md, hostile cases)."""

    TOO_LARGE = "too-large"
    """Longer than the limit; nothing was parsed."""
    MALFORMED = "malformed"
    """Not the compact form, not strict base64url, not strict JSON, or a header member twice."""
    BAD_HEADER = "bad-header"
    """A header member that is missing, not on the list, or of the wrong kind."""
    BAD_ALGORITHM = "bad-algorithm"
    """Any algorithm but the one of the profile."""
    WRONG_TYPE = "wrong-type"
    """An acknowledgement where a message belongs, or the other way round."""
    UNKNOWN_KID = "unknown-kid"
    """No such encryption key here, or a retired one: the sender pulls the directory and seals anew."""
    CANNOT_OPEN = "cannot-open"
    """The ciphertext does not belong to this key, agency and profile, or was changed."""
    UNKNOWN_SIGNER = "unknown-signer"
    """The signing agency or its key is not in the directory."""
    AGENCY_SUSPENDED = "agency-suspended"
    DIRECTORY_EXPIRED = "directory-expired"
    """Our own copy of the directory is too old to trust anybody by; the sender tries again."""
    KEY_NOT_YET_VALID = "key-not-yet-valid"
    KEY_RETIRED = "key-retired"
    KEY_REVOKED = "key-revoked"
    BAD_SIGNATURE = "bad-signature"
    WRONG_AUDIENCE = "wrong-audience"
    """Signed for another agency than the one it was encrypted to (surreptitious forwarding)."""
    EXPIRED = "expired"
    FROM_THE_FUTURE = "from-the-future"
    LIFETIME_TOO_LONG = "lifetime-too-long"
    IDS_DIFFER = "ids-differ"
    """The ids inside the Bundle are not the signed ones."""


class EnvelopeRefused(Invalid):
    """What came cannot be authenticated: answer with the reason, unsigned; change nothing (DESIGN section 5)."""

    code = "envelope.refused"

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"envelope.{reason}")
        self.reason = reason


class KeyRefused(Invalid):
    """A key, key file or passphrase that must not be used; the code says why, details never hold key material."""

    code = "key.refused"


class SealBroken(RuntimeError):
    """A sealed column does not open: changed, moved to another row, or sealed under a key that is gone.

    Not a refusal of what somebody asked for, but damage: an operator's matter.
    """

    def __init__(self, *, table: str, column: str) -> None:
        super().__init__(f"vault.seal-broken: {table}.{column}")
        self.stable_code = "vault.seal-broken"
