"""A lifecycle is a table of (status, act), and this is how every one is read and printed (DESIGN section 4).

Pages and API ask what may be done, use cases ask where an act leads, `docs/` shows the same table as a picture.
Guards are facts the caller states: nothing here asks a clock or a store.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from handover.errors import Conflict, HandoverError, Invalid, NotPermitted

S = TypeVar("S", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)
D = TypeVar("D", bound=StrEnum)
G = TypeVar("G", bound=StrEnum)


class MoveNotAllowed(Conflict):
    """The lifecycle has no such act in this status; code `<case>.move-not-allowed`."""


class WrongSide(NotPermitted):
    """The act belongs to another side; code `<case>.wrong-side`."""


class GuardFailed(Conflict):
    """The act would be allowed if a fact held that does not; code `<case>.guard.<guard>`."""


class Incomplete(Invalid):
    """The act lacks a required field; `fields` names all that are missing."""

    code = "incomplete"


def require_text(text: str, name: str = "text") -> str:
    """Return the text without space around it. Raises Incomplete when nothing is left."""
    stripped = text.strip()
    if not stripped:
        raise Incomplete(fields={name: ["required"]})
    return stripped


@dataclass(frozen=True)
class Move(Generic[S, D, G]):
    """Where an act leads, which sides may do it, the fields it requires and the facts that must hold."""

    to: S
    by: frozenset[D]
    requires: tuple[str, ...] = ()
    guards: tuple[G, ...] = ()


def _nobody(_move: Move[S, D, G], _side: D, _facts: frozenset[G]) -> bool:
    return False


@dataclass(frozen=True)
class Lifecycle(Generic[S, A, D, G]):
    """One kind of case: its name in codes, its acts in the order they are offered, and its table."""

    case: str
    acts: type[A]
    moves: Mapping[tuple[S, A], Move[S, D, G]]
    stands_in: Callable[[Move[S, D, G], D, frozenset[G]], bool] = _nobody
    """Whether a side that the move does not name may do it all the same, given those facts."""

    def next_status(self, current: S, act: A, side: D, facts: frozenset[G] = frozenset()) -> S:
        """Return the status after `act`, or raise MoveNotAllowed, WrongSide or GuardFailed."""
        move = self.move(current, act)
        if side not in move.by and not self.stands_in(move, side, facts):
            allowed = ",".join(sorted(by.value for by in move.by))
            raise WrongSide(f"{self.case}.wrong-side", act=act.value, allowed=allowed)
        for guard in move.guards:
            if guard not in facts:
                raise GuardFailed(f"{self.case}.guard.{guard.value}", status=current.value, act=act.value)
        return move.to

    def acts_open_to(self, status: S, side: D, facts: frozenset[G] = frozenset()) -> tuple[A, ...]:
        """Return what that side may do now, in the order of the acts: pages and API ask before they offer it."""
        return tuple(act for act in self.acts if self._is_open(status, act, side, facts))

    def require(self, status: S, act: A, given: Iterable[str]) -> None:
        """Raise Incomplete naming every field the act requires that is not among `given`, or MoveNotAllowed."""
        present = frozenset(given)
        missing = {name: ["required"] for name in self.move(status, act).requires if name not in present}
        if missing:
            raise Incomplete(f"{self.case}.incomplete", fields=missing)

    def move(self, status: S, act: A) -> Move[S, D, G]:
        """Return the cell of the table. Raises MoveNotAllowed where it is empty."""
        found = self.moves.get((status, act))
        if found is None:
            raise MoveNotAllowed(f"{self.case}.move-not-allowed", status=status.value, act=act.value)
        return found

    def _is_open(self, status: S, act: A, side: D, facts: frozenset[G]) -> bool:
        try:
            self.next_status(status, act, side, facts)
        except HandoverError:
            return False
        return True

    def diagram(self) -> Iterator[str]:
        """Yield the lines of a Mermaid diagram of every arrow between two statuses; all begin at draft."""
        yield "```mermaid"
        yield "stateDiagram-v2"
        yield "    [*] --> draft"
        for status, to in self._arrows():
            labels = [_label(act, move) for act, move in self._leading(status, to)]
            yield f"    {_node(status)} --> {_node(to)}: {', '.join(labels)}"
        yield "```"

    def table_of_acts(self) -> Iterator[str]:
        """Yield the lines of a Markdown table of every cell, those that change no status too."""
        yield "| act | side | from | to | requires | only if |"
        yield "|---|---|---|---|---|---|"
        for act in self.acts:
            for (sides, to, requires, guards), statuses in self._grouped(act).items():
                yield f"| {act.value} | {sides} | {', '.join(statuses)} | {to} | {requires} | {guards} |"

    def _statuses(self) -> tuple[S, ...]:
        return tuple(type(next(iter(self.moves))[0]))

    def _arrows(self) -> Iterator[tuple[S, S]]:
        for status in self._statuses():
            for to in self._statuses():
                if to is not status and any(True for _ in self._leading(status, to)):
                    yield status, to

    def _leading(self, status: S, to: S) -> Iterator[tuple[A, Move[S, D, G]]]:
        for act in self.acts:
            move = self.moves.get((status, act))
            if move is not None and move.to is to:
                yield act, move

    def _grouped(self, act: A) -> dict[tuple[str, str, str, str], list[str]]:
        found: dict[tuple[str, str, str, str], list[str]] = {}
        for status in self._statuses():
            move = self.moves.get((status, act))
            if move is not None:
                found.setdefault(_columns(status, move), []).append(status.value)
        return found


def _columns(status: S, move: Move[S, D, G]) -> tuple[str, str, str, str]:
    sides = " or ".join(side.value for side in sorted(move.by, key=list(type(next(iter(move.by)))).index))
    to = "the same" if move.to is status else move.to.value
    return sides, to, ", ".join(move.requires) or "-", ", ".join(guard.value for guard in move.guards) or "-"


def _label(act: A, move: Move[S, D, G]) -> str:
    return act.value + "".join(f" [{guard.value}]" for guard in move.guards)


def _node(status: S) -> str:
    return status.value.replace("-", "_")
