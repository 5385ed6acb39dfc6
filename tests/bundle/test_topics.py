"""The ready topics: the product's own, an agency's own, and what is wrong with a file of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from handover.bundle import topics
from handover.bundle.model import Kind, Part, TopicCode
from handover.bundle.topics import BadTopics, read
from handover.consent.vocabulary import vocabulary
from handover.demo import community
from tests.builders import DPS, MUNICIPALITY


def topic(**other: Any) -> dict[str, Any]:
    """Return a topic as a file has it."""
    three = {"nb": "Noe", "nn": "Noko", "en": "Something"}
    plain = {"kind": "text", "part": "history", "section": "free", "permit": "other", "name": three, "help": three}
    return {"code": "free", **plain, **other}


DOCUMENT = topic(code="papers", kind="document", section="documents", permit="documents")


def written(folder: Path, *listed: Any, name: str = f"{MUNICIPALITY}.json") -> Path:
    """Write a file of topics; return its folder."""
    (folder / name).write_text(json.dumps({"version": "1", "topics": listed}), "utf-8")
    return folder


def test_the_products_topics_cover_every_part_kind_and_scope_in_three_languages() -> None:
    shipped = read().default.values()
    assert {each.part for each in shipped} == set(Part)
    assert {each.kind for each in shipped} == set(Kind)
    assert {each.permit for each in shipped} == set(vocabulary().topics)
    assert all(set(each.name) == set(each.help) == set(topics.LANGUAGES) for each in shipped)


def test_an_agency_has_its_own_topics_and_the_others_keep_the_products(tmp_path: Path) -> None:
    found = read(written(tmp_path, topic(), DOCUMENT))
    assert list(found.of(MUNICIPALITY)) == ["free", "papers"]
    assert found.of(DPS) is found.default


def test_an_item_under_a_topic_that_is_no_longer_offered_still_has_one(tmp_path: Path) -> None:
    found = read(written(tmp_path, topic(), DOCUMENT))
    assert found.find(MUNICIPALITY, TopicCode("helps-me")).code == "helps-me"
    assert found.find(MUNICIPALITY, TopicCode("gone")).code == "free"


@pytest.mark.parametrize(
    ("listed", "place", "why"),
    [
        ([topic(kind="poem"), DOCUMENT], "topics[0].kind", "not-one-of"),
        ([topic(part="attic"), DOCUMENT], "topics[0].part", "not-one-of"),
        ([topic(section="attic"), DOCUMENT], "topics[0].section", "not-one-of"),
        ([topic(permit="attic"), DOCUMENT], "topics[0].permit", "not-one-of"),
        ([topic(code="Ø"), DOCUMENT], "topics[0].code", "not-a-code"),
        ([topic(name={"nb": "Noe", "nn": "", "en": "Something"}), DOCUMENT], "topics[0].name.nn", "missing"),
        ([topic(colour="red"), DOCUMENT], "topics[0].colour", "unknown"),
        ([{"code": "free"}, DOCUMENT], "topics[0].kind", "missing"),
        ([topic(), DOCUMENT, topic()], "topics[2].code", "twice"),
        ([DOCUMENT], "topics", "needs-free"),
        ([topic()], "topics", "needs-one-of-kind-document"),
        (["free"], "topics[0]", "not-an-object"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(tmp_path: Path, listed: Any, place: str, why: str) -> None:
    with pytest.raises(BadTopics) as refused:
        read(written(tmp_path, *listed))
    assert any(each.startswith(why) for each in refused.value.fields[place])
    assert f"{MUNICIPALITY}.json" in str(refused.value)
    assert place in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (f"{DPS}.json", "{", "not-json"),
        (f"{DPS}.json", "[]", "needs-version-and-topics"),
        ("others.json", "{}", "not-named-by-organisation-number"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(BadTopics) as refused:
        read(tmp_path)
    assert refused.value.fields == {"file": [why]}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadTopics, match="not-there"):
        read(tmp_path / "nowhere")


def test_the_demos_own_topics_can_be_used() -> None:
    demo = Path(topics.__file__).parent.parent / "demo" / "topics"
    assert community.MUNICIPALITY in read(demo).own
