"""What staff meet who sent a message by mistake, and those who got it."""

from dataclasses import replace
from re import search
from uuid import UUID

from werkzeug.test import TestResponse

from handover.ids import StaffId
from handover.message import service
from handover.message.service import Begun
from tests.builders import FACT, INTAKE, PSYCHOLOGIST
from tests.message.desks import at_desk, first_thread, here, sent
from tests.message.nodes import PDF, PLAN, Post
from tests.referral.nodes import FATIMA, INGRID, LEADER, OLA, PER, SARA, SENIOR
from tests.referral.visiting import Reader, register, words_of

OTHER = {"number": "", "given": "Kari", "family": "Annen", "birth_date": "01.02.1990"}


def letter(begun: Begun) -> str:
    """Return the address of a thread's first message at its writer."""
    return f"/meldinger/{PSYCHOLOGIST}/{begun.thread}/{begun.message}"


def take_back(desk: Reader, begun: Begun, reason: str = "wrong-receiver", note: str = "") -> TestResponse:
    """Take a thread's first message back."""
    return desk.send(f"{letter(begun)}/feil", reason=reason, note=note)


def test_an_unopened_message_vanishes_and_the_page_said_so_before(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Feil person")
    per = at_desk(post, PER)
    assert "Sendt ved en feil?" in words_of(per.open(f"/meldinger/{PSYCHOLOGIST}/{made.thread}"))
    asked = words_of(per.open(f"{letter(made)}/feil"))
    assert "Ingen har åpnet den. Den forsvinner." in asked
    back = take_back(per, made)
    assert "Per Psykolog trakk meldingen tilbake" in words_of(back)
    post.town.settle()
    told = words_of(per.open(back.request.path))
    assert "Borte. Ingen der har åpnet den" in told
    assert "En melding ble trukket tilbake" in told
    assert "Ingen meldinger her." in words_of(at_desk(post, INGRID).open("/meldinger/"))


def test_an_opened_message_is_hidden_until_the_leader_has_confirmed_it(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Feil person")
    per, ingrid, leader = (at_desk(post, who) for who in (PER, INGRID, LEADER))
    first_thread(ingrid)
    post.town.settle()
    assert "Ingrid Inntak har åpnet den. Den blir skjult" in words_of(per.open(f"{letter(made)}/feil"))
    take_back(per, made)
    post.town.settle()
    hidden = first_thread(ingrid)
    assert "Lederen deres må bekrefte" in words_of(hidden)
    assert "Feil person" not in hidden.text
    waiting = first_thread(leader)
    assert "En leder bekrefter det under «Meldinger»" in words_of(waiting)
    writes_too = replace(LEADER, id=StaffId(UUID(int=78)), roles=INGRID.roles | LEADER.roles)
    register(post.town, writes_too)
    both = first_thread(at_desk(post, writes_too))
    assert 'data-variant="secondary" type="submit">Svar</button>' in both.text, "to confirm comes first"
    confirm = search(r'action="([^"]+/bekreft)"', waiting.text)
    assert confirm
    assert ingrid.send(confirm[1]).status_code == 403
    assert "Du har bekreftet at meldingen er skjult" in words_of(leader.send(confirm[1]))
    assert leader.send(confirm[1]).status_code == 200, "a second click changes nothing"
    post.town.settle()
    told = words_of(per.open(f"/meldinger/{PSYCHOLOGIST}/{made.thread}"))
    assert "Lise Leder har bekreftet det" in told
    assert "En leder her har bekreftet" in words_of(ingrid.open(hidden.request.path))


def test_nothing_is_taken_back_without_a_reason_or_twice(post: Post) -> None:
    made = post.send(PER, [INTAKE], "Feil person")
    per = at_desk(post, PER)
    for reason, note in (("", "Skulle til FACT"), ("Feil", ""), ("other", " ")):
        unsaid = take_back(per, made, reason, note)
        assert unsaid.status_code == 422
        assert "Velg hvorfor meldingen trekkes tilbake" in words_of(unsaid)
        assert note in unsaid.text, "what was typed is given back"
    assert take_back(per, made).status_code == 200
    assert "Meldingen er trukket tilbake" in words_of(take_back(per, made)), "pressed twice"
    assert post.logged(PER).count("message.retract") == 1
    gone = per.open(f"{letter(made)}/feil")
    assert "Trekk meldingen tilbake" not in words_of(gone), "it leads back to the thread"
    assert at_desk(post, INGRID).open(f"{letter(made)}/feil").status_code == 404


def test_a_wrong_receiver_is_put_right_and_the_message_sent_anew_in_one_step(post: Post) -> None:
    made = post.begin(PER, [INTAKE], "Skulle til FACT")
    post.do(PER, made, service.attach, made.message, "plan.pdf", PDF)
    post.do(PER, made, service.send, made.message)
    post.town.settle()
    per = at_desk(post, PER)
    form = {"subject": "plan", "line": PLAN.line, "reason": "wrong-receiver"}
    refused = per.send(f"{letter(made)}/rett", to=PSYCHOLOGIST, **form)
    assert refused.status_code == 422
    assert 'value="wrong-receiver" checked' in refused.text, "what was chosen is given back"
    assert "trakk meldingen tilbake" not in words_of(per.open(f"/meldinger/{PSYCHOLOGIST}/{made.thread}"))
    anew = per.send(f"{letter(made)}/rett", to=FACT, **form)
    assert "Den første meldingen er trukket tilbake" in words_of(anew)
    assert "Skulle til FACT" in anew.text
    assert "plan.pdf" in anew.text
    assert "Solveig Nes" in words_of(anew), "the same patient, nobody typed her again"
    sent(per, per.open(f"{here(anew)}/se"))
    post.town.settle()
    assert "Skulle til FACT" in words_of(first_thread(at_desk(post, FATIMA)))
    assert "Ingen meldinger her." in words_of(at_desk(post, OLA).open("/meldinger/"))
    assert per.send(f"{letter(made)}/rett", to=FACT, **form).status_code == 409, "a second click begins no other"


def test_a_wrong_patient_is_put_right_in_one_step(post: Post) -> None:
    made = post.send(PER, [INTAKE, FACT], "Timen er flyttet")
    per = at_desk(post, PER)
    page = per.open(f"{letter(made)}/rett")
    assert "Hvem skal fortsatt ha den?" in words_of(page)
    form = {"keep": INTAKE, "subject": "plan", "line": "", "reason": "wrong-patient"}
    half = per.send(f"{letter(made)}/rett", **form, given="Kari")
    assert half.status_code == 422
    assert "Skriv etternavnet" in words_of(half)
    anew = words_of(per.send(f"{letter(made)}/rett", **form, **OTHER))
    assert "Kari Annen" in anew
    assert "Solveig" not in anew


def brought_along(post: Post) -> Begun:
    """Forward a message with its document to a service that should not have it."""
    source = post.begin(PER, [FACT], "Planen for høsten")
    post.do(PER, source, service.attach, source.message, "plan.pdf", PDF)
    post.do(PER, source, service.send, source.message)
    made = post.do(PER, source, service.forward, to=[INTAKE])
    post.do(PER, made, service.send, made.message)
    post.town.settle()
    return made  # type: ignore[no-any-return]


def test_what_came_along_goes_with_the_message_to_the_right_receiver(post: Post) -> None:
    made = brought_along(post)
    per = at_desk(post, PER)
    assert "blir med i det nye utkastet når pasienten er den samme" in words_of(per.open(f"{letter(made)}/rett"))
    form = {"subject": "plan", "line": PLAN.line, "reason": "wrong-receiver"}
    anew = per.send(f"{letter(made)}/rett", to=SENIOR, **form)
    assert "Disse meldingene følger med" in words_of(anew)
    sent(per, per.open(f"{here(anew)}/se"))
    post.town.settle()
    sara = at_desk(post, SARA)
    read = first_thread(sara)
    assert "Planen for høsten" in words_of(read)
    file = search(r'href="([^"]+/dokument\?nr=0)"', read.text)
    assert file
    assert sara.open(file[1]).data == PDF
    assert "Ingen meldinger her." in words_of(at_desk(post, OLA).open("/meldinger/"))


def test_what_came_along_never_goes_with_a_message_to_another_patient_and_the_page_says_so(post: Post) -> None:
    made = brought_along(post)
    form = {"to": INTAKE, "subject": "plan", "line": "", "reason": "wrong-patient"}
    anew = words_of(at_desk(post, PER).send(f"{letter(made)}/rett", **form, **OTHER))
    assert "Kari Annen" in anew
    assert "De kan bare følge med når pasienten er den samme" in anew
    assert "Planen for høsten" not in anew
    assert "plan.pdf" not in anew
