"""The purposes and topics of a permit, and what they are called: `data/sharing.json`."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from handover.consent.model import Vocabulary


@cache
def vocabulary() -> Vocabulary:
    """Return the codes a permit may be made of."""
    raw = _raw()
    return Vocabulary(
        purposes=tuple(each["code"] for each in raw["purposes"]),
        topics=tuple(each["code"] for each in raw["topics"]),
        longest_permit_days=raw["longest_permit_days"],
    )


def purpose_names(language: str) -> Mapping[str, str]:
    """Return what the purposes are called in a language (nb, nn, en), by code and in the order they are shown."""
    return {each["code"]: each["name"][language] for each in _raw()["purposes"]}


def topic_names(language: str) -> Mapping[str, str]:
    """Return what the topics are called in a language (nb, nn, en), by code and in the order they are shown."""
    return {each["code"]: each["name"][language] for each in _raw()["topics"]}


@cache
def _raw() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(files("handover").joinpath("data", "sharing.json").read_text("utf-8"))
    return read
