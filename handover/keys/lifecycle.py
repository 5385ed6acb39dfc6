"""The states of a key and the acts that move it (CRYPTO.md, Keys). One table, read by one function."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from handover.errors import Conflict


class Use(StrEnum):
    """What a key is for; every use has keys of its own."""

    SIGNING = "sig"
    ENCRYPTION = "enc"
    AUDIT = "audit"
    CLIENT = "client"
    STORAGE = "storage"
    ANCHOR = "anchor"
    """A community's: signs its directory; kept offline, never on a node."""


NODE_USES: Final = (Use.SIGNING, Use.ENCRYPTION, Use.AUDIT, Use.CLIENT, Use.STORAGE)


class KeyState(StrEnum):
    """Where a key is in its life."""

    PENDING = "pending"
    """Published, not used yet."""
    ACTIVE = "active"
    RETIRING = "retiring"
    """A successor took over; still opens what was sealed to it."""
    RETIRED = "retired"
    """Not used; the public part is kept for ever."""
    DESTROYED = "destroyed"
    """The private part is gone: what was sealed to it stays closed."""
    COMPROMISED = "compromised"
    """Somebody else may have it: revoke it in the directory."""


class KeyAct(StrEnum):
    """What a security officer does with a key."""

    ACTIVATE = "activate"
    RETIRE = "retire"
    DESTROY = "destroy"
    COMPROMISE = "compromise"


KEY_MOVES: Final[Mapping[tuple[KeyState, KeyAct], KeyState]] = {
    (KeyState.PENDING, KeyAct.ACTIVATE): KeyState.ACTIVE,
    (KeyState.PENDING, KeyAct.DESTROY): KeyState.DESTROYED,
    (KeyState.PENDING, KeyAct.COMPROMISE): KeyState.COMPROMISED,
    (KeyState.ACTIVE, KeyAct.RETIRE): KeyState.RETIRING,
    (KeyState.ACTIVE, KeyAct.COMPROMISE): KeyState.COMPROMISED,
    (KeyState.RETIRING, KeyAct.RETIRE): KeyState.RETIRED,
    (KeyState.RETIRING, KeyAct.COMPROMISE): KeyState.COMPROMISED,
    (KeyState.RETIRED, KeyAct.DESTROY): KeyState.DESTROYED,
    (KeyState.RETIRED, KeyAct.COMPROMISE): KeyState.COMPROMISED,
    (KeyState.COMPROMISED, KeyAct.DESTROY): KeyState.DESTROYED,
}


def next_state(current: KeyState, act: KeyAct) -> KeyState:
    """Return the state after `act`; raises Conflict('key.move-not-allowed')."""
    moved = KEY_MOVES.get((current, act))
    if moved is None:
        raise Conflict("key.move-not-allowed", state=current, act=act)
    return moved
