"""What in a text could say whom a case is about: found however it is written, and not seen in ordinary words.

Hypothesis puts what identifies a patient into every place where a clinician could have it, at two real nodes. What
left is looked for in the very bytes that were signed, and in the other agency's database.
"""

import re
from datetime import date, timedelta
from time import perf_counter
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from handover.errors import HandoverError
from handover.message import anonymity, service
from handover.message.anonymity import Identifying, Names, NotInACase, candidates, look_through, neighbours
from handover.message.model import By, Content, Offer, Point, Reason, Slot, SlotId, Weighs
from handover.message.service import About
from handover.person.model import Address, Identity
from tests.builders import NAV_OFFICE
from tests.message.cases import CASE, WORDS, known, sent_from, stored_at
from tests.message.nodes import PDF, Post
from tests.referral.nodes import INGRID, NAVN, NUMBER

TODAY = date(2026, 11, 22)
CANARY = Identity(
    given="Kanarifugla",
    family="Hemmeligmann",
    birth_date=date(1982, 6, 15),
    number=NUMBER,
    address=Address(lines=("Hemmelggata 12",), postal_code="5003", city="Bergen"),
    phone="912 34 567",
)
SPELT = (
    *("Kanarifugla", "kanarifugla", "KANARIFUGLA", "Kanarifuglas", "Kan\u200barifugla", "Ka\u00adnarifugla"),
    *("Hemmeligmann", "hemmeligmanns", "Kanarifugla Hemmeligmann", "Hemmeligmann-saken", "Hemmeligmann’s"),
    *(NUMBER, f"{NUMBER[:6]} {NUMBER[6:]}", f"{NUMBER[:6]}-{NUMBER[6:]}", " ".join(NUMBER), f"nr{NUMBER}"),
    *("912 34 567", "91234567", "+47 912 34 567", "91.23.45.67", "0047 91234567", "９１２３４５６７"),
    *("15.06.1982", "15/6-1982", "15. juni 1982", "1982-06-15", "15061982"),
    *("Hemmelggata 12", "hemmelggata 12 b", "kanarifugla@eksempel.no"),
)
TELLING = ("kanarifugl", "hemmeligman", "hemmelggat", NUMBER, "91234567", "15061982", "19820615", "15juni1982")
_FRAMES = ("{}", "Vi tenker på {} nå.", "Dette er ({})", "**{}** må hjelpes", "«{}»", "x\n- {}")
_WRITTEN = ("text", "line", "wished_person", "where", "for", "against")


def _plain(raw: bytes) -> str:
    """Return what was sent without what parts letters and digits, to look for what was parted in vain."""
    return re.sub(r"[\W_]", "", raw.decode().casefold())


def _offer(post: Post, where: str) -> Offer:
    slot = Slot(id=SlotId(uuid4()), start=post.town.now + timedelta(days=3), minutes=30)
    return Offer(by=By.PHONE, where=where, slots=(slot,))


def _content(post: Post, place: str, text: str) -> Content:
    if place == "where":
        return Content(text=WORDS, offer=_offer(post, text))
    if place in {"for", "against"}:
        return Content(text=WORDS, weighing=(Point(weighs=Weighs(place), text=text),))
    if place == "wished_person":
        return Content(text=WORDS, wished_person=text)
    return Content(text=text if place == "text" else WORDS)


def _write(post: Post, place: str, text: str) -> None:
    """Try to send a case that says it; it stays here. Then send it without."""
    about = About(subject=CASE.subject, line=text) if place == "line" else CASE
    content = _content(post, place, text)
    case = post.begin(INGRID, [NAV_OFFICE], "", about=about)
    post.do(INGRID, case, service.save_draft, case.message, content)
    with pytest.raises(Identifying):
        post.do(INGRID, case, service.send, case.message)
    if place != "line":
        post.do(INGRID, case, service.save_draft, case.message, Content(text=WORDS))
        post.do(INGRID, case, service.send, case.message)


def _say_beside(post: Post, text: str) -> None:
    """Try to say it where nothing can be justified: a document, a reason, a callback number."""
    case = post.begin(INGRID, [NAV_OFFICE], WORDS, about=CASE)
    post.do(INGRID, case, service.save_draft, case.message, Content(text=WORDS, offer=_offer(post, INGRID.phone)))
    with pytest.raises(NotInACase):
        post.do(INGRID, case, service.attach, case.message, f"{text}.pdf", PDF)
    post.do(INGRID, case, service.send, case.message)
    post.town.settle()
    post.do(NAVN, case, service.open_)
    offer = post.message(NAVN, case).message.content.offer
    assert offer is not None
    with pytest.raises(Identifying):
        post.do(NAVN, case, service.choose_slot, case.message, offer.slots[0].id, phone=text)
    with pytest.raises(Identifying):
        post.do(INGRID, case, service.retract, case.message, Reason.OTHER, text)


def test_nothing_that_says_who_it_is_leaves_wherever_a_clinician_has_it(post: Post) -> None:
    known(post, INGRID, CANARY)
    known(post, NAVN, CANARY)

    @settings(
        max_examples=60,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(SPELT), st.sampled_from(_FRAMES), st.sampled_from((*_WRITTEN, "beside")))
    def put(spelt: str, frame: str, place: str) -> None:
        text = frame.format(spelt)
        if place == "beside":
            _say_beside(post, text)
        else:
            _write(post, place, text)

    put()
    post.town.settle()
    left = _plain(sent_from(post, INGRID)) + _plain(sent_from(post, NAVN))
    assert "envoksenperson" in left
    assert [each for each in TELLING if each in left] == []
    held = stored_at(post, NAVN).decode().casefold()
    assert [each for each in TELLING if each in held] == []


@pytest.mark.parametrize("spelt", SPELT)
def test_only_what_the_writer_justified_travels_as_it_was_written(spelt: str) -> None:
    names = Names(known=frozenset({"kanarifugla", "hemmeligmann"}))
    texts = {"text": f"Vi tenker på {spelt} og på Kanarifugla"}
    found = look_through(texts, names, today=TODAY)
    assert found, spelt
    left = anonymity.open_findings(found, [])
    with pytest.raises(HandoverError):
        anonymity.refuse(left)
    shown = {anonymity.spelt(each.text) for each in left}
    assert shown <= {anonymity.spelt(part) for part in (*texts["text"].split(), *_pieces(texts["text"]))}


def _pieces(text: str) -> set[str]:
    return {text[start:end] for start in range(len(text)) for end in range(start + 1, len(text) + 1)}


@pytest.mark.parametrize(
    "text",
    [
        "Personen har ikke svart på fire brev siden 12.10.2026, og i 2025 var det to.",
        "Ring 116 117, 113 eller oss. Vi har prøvd 3 ganger på 14 dager, 10 000 kr i gjeld.",
        "Per dag går det bra. Liv og lyst, men ikke på berg eller i dal.",
        "NAV, DPS og FACT bør møtes. Fjordheim kommune har tid uke 48.",
        "Budsjett 2025-2026, § 4-2, og vei 1 er å vente.",
    ],
)
def test_ordinary_words_are_left_in_peace(text: str) -> None:
    ours = frozenset({("fjordheim", "kommune"), ("nav", "fjordheim")})
    names = Names(known=frozenset({"per", "liv", "berg", "dal", "vei"}), ours=ours)
    found = look_through({"text": text}, names, today=TODAY)
    assert [each.text for each in found if each.text != "vei 1"] == []


def test_a_name_of_two_ordinary_words_is_found_when_both_are_one_patients() -> None:
    known_words = frozenset({"liv", "berg"})
    texts = {"text": "det var liv berg som kom"}
    assert look_through(texts, Names(known=known_words), today=TODAY) == ()
    assert neighbours(texts.values(), known_words) == {("liv", "berg")}
    together = Names(known=known_words, together=frozenset({("liv", "berg")}))
    assert [each.text for each in look_through(texts, together, today=TODAY)] == ["liv berg"]


def test_the_writer_is_shown_the_own_words_and_never_whose_they_are(post: Post) -> None:
    known(post, INGRID, CANARY)
    case = post.begin(INGRID, [NAV_OFFICE], "Hun heter kanarifugla", about=CASE)
    (found,) = post.do(INGRID, case, service.findings, case.message)
    assert (found.before, found.text, found.after) == ("Hun heter ", "kanarifugla", "")
    assert "Hemmeligmann" not in f"{found.before}{found.text}{found.after}{found.where}"
    assert "kanarifugla" not in repr(found)


def test_a_long_text_is_looked_through_at_once_however_many_patients_there_are(post: Post) -> None:
    letters = "abdefghijklmnoprstuv"
    family = [a + b + c + "sdottir" for a in letters for b in letters for c in letters][:2000]
    born = date(1970, 1, 1)
    known(post, INGRID, *(Identity(given="Prøve", family=each, birth_date=born) for each in family))
    text = "Vi har snakket om dette mange ganger uten å finne ut av det. " * 300
    case = post.begin(INGRID, [NAV_OFFICE], f"{text} {family[7]}", about=CASE)
    before = perf_counter()
    found = post.do(INGRID, case, service.findings, case.message)
    assert perf_counter() - before < 5, "seconds, also on a machine with much else to do"
    assert [each.text for each in found] == [family[7]]
    assert len(candidates([text])) < 20


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Kan dere ta imot Kanarifugla Hemmeligmann?", ["Kanarifugla Hemmeligmann"]),
        ("hemmeligmann, kanarifugla", ["hemmeligmann", "kanarifugla"]),
        ("Kanarifugla Sofie Hemmeligmanns sak", ["Kanarifugla Sofie Hemmeligmanns"]),
        ("Ring 912 34 567", ["912 34 567"]),
        ("Kanarifugla er et fint navn, Hemmeligmann også", []),
        ("Det er ti plasser per dag hos dere, Liv og lyst", []),
        ("Spør etter Per Dag", ["Per Dag"]),
        ("Hva gjør Øystein Ukjent og Fjordheim Bolig i Storgata 12, siden 15.06.1982?", []),
    ],
)
def test_a_question_is_stopped_by_a_patients_whole_name_and_by_no_ordinary_word(
    text: str, found: list[str]
) -> None:
    pairs = {("kanarifugla", "hemmeligmann"), ("per", "dag")}
    together = frozenset(pairs | {(other, one) for one, other in pairs})
    names = Names(known=frozenset(word for pair in pairs for word in pair), together=together, is_whole=True)
    left = anonymity.of_a_question(look_through({"text": text}, names, today=TODAY))
    assert [each.text for each in left] == found


def test_a_middle_name_hides_nobody() -> None:
    words = frozenset({"kanarifugla", "hemmeligmann"})
    assert ("kanarifugla", "hemmeligmann") in neighbours(["Kanarifugla S. Hemmeligmann"], words)
    assert neighbours(["Kanarifugla og hemmeligmann"], words) == frozenset()
