"""Follows what points inside a message once it is walked: references, contained resources, fullUrls, header."""

from collections.abc import Iterator, Mapping
from typing import Any

from handover.fhir.problem import ProblemCode
from handover.fhir.run import Path, Pointer, Run

Json = dict[str, Any]


def check_links(resource: Json, run: Run) -> None:
    """Report every reference that leads nowhere or to the wrong type, and what nothing refers to."""
    entries = _entries(resource)
    targets = _targets(entries, run)
    in_bundle = resource.get("resourceType") == "Bundle"
    for pointer in run.pointers:
        _follow(pointer, targets if in_bundle else None, run)
    for path, owner in run.owners:
        _check_contained(path, owner, run)
    if (
        in_bundle
        and resource.get("type") == "message"
        and (not entries or _kind(entries[0][1]) != "MessageHeader")
    ):
        run.add(((("Bundle", "entry"), 0), "resource"), ProblemCode.HEADER_NOT_FIRST)


def _entries(resource: Json) -> list[tuple[Path, Json]]:
    entries = resource.get("entry") if resource.get("resourceType") == "Bundle" else None
    found = entries if isinstance(entries, list) else []
    return [((("Bundle", "entry"), index), entry) for index, entry in enumerate(found) if isinstance(entry, dict)]


def _kind(entry: Json) -> str | None:
    inside = entry.get("resource")
    kind = inside.get("resourceType") if isinstance(inside, dict) else None
    return kind if isinstance(kind, str) else None


def _targets(entries: list[tuple[Path, Json]], run: Run) -> dict[str, str | None]:
    """Return what each fullUrl leads to, reporting those that two entries share."""
    targets: dict[str, str | None] = {}
    for path, entry in entries:
        url = entry.get("fullUrl")
        if not isinstance(url, str):
            continue
        if url in targets:
            run.add((path, "fullUrl"), ProblemCode.DUPLICATE_FULL_URL)
        targets[url] = _kind(entry)
    return targets


def _follow(pointer: Pointer, targets: Mapping[str, str | None] | None, run: Run) -> None:
    path, reference, kind, allowed, owner = pointer
    found = targets.get(reference) if targets is not None else None
    if found is None:
        found = _elsewhere(reference, owner)
        if found is None and _must_be_here(reference, targets):
            run.add((path, "reference"), ProblemCode.DANGLING_REFERENCE)
    if found and allowed and found not in allowed:
        run.add((path, "reference"), ProblemCode.WRONG_TARGET, f"allowed are {', '.join(allowed)}")
    elif kind is not None and found and kind != found:
        run.add((path, "type"), ProblemCode.WRONG_TARGET)


def _elsewhere(reference: str, owner: Json) -> str | None:
    """Return the type that a reference names where no entry of the message has that fullUrl."""
    if reference.startswith("#"):
        return _inside(owner, reference[1:])
    return None if reference.startswith("urn:") else _named_type(reference)


def _must_be_here(reference: str, targets: Mapping[str, str | None] | None) -> bool:
    """Tell whether a reference can lead only to something in this resource or Bundle."""
    if reference.startswith("#"):
        return True
    return targets is not None and reference.startswith("urn:") and reference not in targets


def _inside(owner: Json, name: str) -> str | None:
    """Return the type of the contained resource of that id; the empty name is the resource itself."""
    if not name:
        return str(owner.get("resourceType"))
    contained = owner.get("contained")
    for one in contained if isinstance(contained, list) else ():
        if isinstance(one, dict) and one.get("id") == name:
            return str(one.get("resourceType"))
    return None


def _named_type(reference: str) -> str | None:
    """Return the type that `Patient/123` or an address ending so names."""
    steps = reference.split("/_history/")[0].rsplit("/", 2)
    kind = steps[-2] if len(steps) > 1 else ""
    return kind if kind.isalpha() and kind[:1].isupper() else None


def _check_contained(path: Path, owner: Json, run: Run) -> None:
    contained = owner["contained"]
    if not isinstance(contained, list):
        return
    named = set(_references(owner))
    seen: set[object] = set()
    for index, one in enumerate(contained):
        where: Path = ((path, "contained"), index)
        name = one.get("id") if isinstance(one, dict) else None
        if not isinstance(name, str):
            continue
        if name in seen:
            run.add((where, "id"), ProblemCode.DUPLICATE_ID)
        seen.add(name)
        if f"#{name}" not in named and "#" not in set(_references(one)):
            run.add(where, ProblemCode.UNUSED_CONTAINED)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, child in node.items():
            if name == "reference" and isinstance(child, str):
                yield child
            else:
                yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)
