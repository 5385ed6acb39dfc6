"""The receiver's pages: only what the lifecycle allows, nothing typed is lost, nobody acts on an old page."""

from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from handover.actors import Staff
from handover.ids import ReferralId
from handover.referral import service, store
from handover.referral.lifecycle import Side, Status
from handover.referral.model import Acceptance, Attachment, AttachmentId, Refusal
from handover.referral.pages.acts import BY_SLUG
from tests.builders import INTAKE, MUNICIPALITY
from tests.referral.nodes import FATIMA, INGRID, OLA, PER, SARA, SENIOR, Town, acceptance, appointment
from tests.referral.visiting import Reader, hidden, links_of, reader, register_everybody, words_of

PDF = b"%PDF-1.7\n" + b"x" * 100
REFUSAL = {
    "reason": "Kommunens tilbud passer bedre nå.",
    "advice": "Samtaler hos psykolog i kommunen.",
    "complaint": "Du kan klage til Statsforvalteren.",
    "assessor": "Ola Overlege",
    "assessor_phone": "55 00 00 04",
}


@pytest.fixture
def town(two_nodes: Town) -> Town:
    """Two nodes whose people can sign in."""
    register_everybody(two_nodes)
    return two_nodes


def at(case: ReferralId, slug: str = "") -> str:
    """Return the address of a case at the intake, or of one act's form."""
    return f"/mottatt/{INTAKE}/{case}" + (f"/{slug}" if slug else "")


def fill_in(who: Reader, case: ReferralId, slug: str, **fields: str) -> str:
    """Open an act's form, fill it in, send it; returns the words of the page that comes after."""
    seen = hidden(who.open(at(case, slug)), "seen")
    answer = who.send(at(case, slug), seen=seen, do="send", **fields)
    assert answer.status_code == 200, words_of(answer)
    return words_of(answer)


def previewed(who: Reader, case: ReferralId, slug: str, **fields: str) -> str:
    """Fill in a form that must be looked over first, look, and send it."""
    seen = hidden(who.open(at(case, slug)), "seen")
    shown = who.send(at(case, slug), seen=seen, do="preview", **fields)
    sent = who.send(at(case, slug), seen=seen, do="send", previewed=hidden(shown, "previewed"), **fields)
    assert sent.status_code == 200, words_of(sent)
    return words_of(sent)


def status(town: Town, case: ReferralId, who: Staff = OLA) -> Status:
    """Return the status at the DPS."""
    return town.see(who, case).standing.status


def test_opening_a_case_is_recorded_once_and_tells_the_referrer(town: Town) -> None:
    case = town.sent()
    page = reader(town, INGRID).open(at(case))
    assert "Åpnet av Ingrid Inntak" in words_of(page)
    assert "Henvisning " in page.text.split("</title>")[0]
    assert "Solveig" not in page.text.split("</title>")[0], "a page's title names nobody"
    reader(town, OLA).open(at(case))
    town.settle()
    opened = town.see(PER, case).standing.opened
    assert opened is not None
    assert opened.by == "Ingrid Inntak"


def test_a_whole_course_of_treatment_is_written_page_by_page(town: Town) -> None:
    case = town.sent()
    ola = reader(town, OLA)
    seen = hidden(ola.open(at(case)), "seen")
    assert "Du har tatt saken." in words_of(ola.send(at(case, "ta"), seen=seen))
    asked = fill_in(ola, case, "spor", question="Hvilke medisiner brukes nå?")
    assert "Fristen løper videre." in asked
    assert "10 virkedager igjen" in asked, "the clock stands where it stood"
    town.settle()
    town.do(PER, service.answer, case, "Ingen medisiner.")
    town.settle()
    assert "Ingen medisiner." in words_of(ola.open(at(case)))
    accepted = previewed(
        ola,
        case,
        "rett",
        latest_start="15.01.2027",
        next_step="Du får time innen to uker.",
        complaint="Du kan klage til Statsforvalteren.",
        assessor="Ola Overlege",
        assessor_phone="55 00 00 04",
    )
    assert "Rett til behandling" in accepted
    hour = {"place": "Fjordgata 2", "with_whom": "Ola Overlege", "phone": "55 00 00 04", "minutes": "45"}
    fill_in(ola, case, "time", day="30.11.2026", clock="10.15", companions="Per Psykolog", **hour)
    moved = fill_in(ola, case, "flytt-time", day="1.12.2026", clock="9", reason="Sykdom", **hour)
    assert "Tirsdag 1. desember kl. 09.00 (45 minutter)" in moved
    fill_in(ola, case, "ikke-mott", next_step="Vi ringer deg i dag.")
    fill_in(ola, case, "time", day="8.12.2026", clock="10.15", **hour)
    fill_in(ola, case, "avlys-time", reason="Behandleren er syk.")
    fill_in(ola, case, "start", started_on="09.11.2026")
    ended = fill_in(ola, case, "avslutt", outcome="Det går bedre.", follow_up="Kommunepsykologen")
    assert "Følger opp videre: Kommunepsykologen." in ended
    town.settle()
    assert town.see(PER, case).standing.status is Status.COMPLETED


def test_a_refusal_without_reason_advice_or_complaint_route_says_all_that_is_missing(town: Town) -> None:
    case = town.taken()
    ola = reader(town, OLA)
    seen = hidden(ola.open(at(case, "ikke-rett")), "seen")
    refused = ola.send(at(case, "ikke-rett"), seen=seen, do="send", assessor="Ola", assessor_phone="1", reason=" ")
    assert refused.status_code == 422
    for name in ("reason", "advice", "complaint"):
        assert f'href="#f-{name}"' in refused.text
    assert 'value="Ola"' in refused.text
    assert status(town, case) is Status.ASSESSING


def test_the_writer_sees_what_both_will_read_before_a_refusal_goes(town: Town) -> None:
    case = town.taken()
    ola = reader(town, OLA)
    seen = hidden(ola.open(at(case, "ikke-rett")), "seen")
    shown = ola.send(at(case, "ikke-rett"), seen=seen, do="send", **REFUSAL)
    words = words_of(shown)
    assert status(town, case) is Status.ASSESSING, "never sent unseen"
    assert words.index("Henviseren leser") < words.index("hvordan pasienten klager")
    assert words.index("Pasienten leser") < words.index("hvordan du klager")
    assert "men senest tirsdag 10. november kl. 12.00." in words
    digest = hidden(shown, "previewed")
    changed = {**REFUSAL, "reason": "Noe helt annet."}
    again = ola.send(at(case, "ikke-rett"), seen=seen, do="send", previewed=digest, **changed)
    assert "Dette blir sendt" in words_of(again)
    assert status(town, case) is Status.ASSESSING, "what was changed after the look is looked at again"
    ola.send(at(case, "ikke-rett"), seen=seen, do="send", previewed=hidden(again, "previewed"), **changed)
    town.settle()
    outcome = town.see(PER, case).standing.outcome
    assert isinstance(outcome, Refusal)
    assert outcome.reason == "Noe helt annet."


def test_a_ready_text_is_put_beside_what_was_written(town: Town) -> None:
    case = town.taken()
    ola = reader(town, OLA)
    seen = hidden(ola.open(at(case, "ikke-rett")), "seen")
    page = ola.send(at(case, "ikke-rett"), seen=seen, do="insert:advice:0", advice="Først dette.", reason="Behold")
    assert "Først dette.\n\nVi råder til samtaler" in page.text
    assert "Behold" in page.text
    assert status(town, case) is Status.ASSESSING


def test_a_double_click_changes_nothing_and_is_told_the_present_state(town: Town) -> None:
    case = town.sent()
    ingrid = reader(town, INGRID)
    seen = hidden(ingrid.open(at(case)), "seen")
    assert ingrid.send(at(case, "ta"), seen=seen).status_code == 200
    version = town.see(INGRID, case).standing.version
    again = ingrid.send(at(case, "ta"), seen=seen)
    assert again.status_code == 409
    assert "Saken har endret seg siden du åpnet siden. Ingenting er endret nå." in words_of(again)
    assert "Blir vurdert Ingrid Inntak vurderer henvisningen." in words_of(again)
    assert town.see(INGRID, case).standing.version == version


def test_a_stale_form_keeps_what_was_typed_and_shows_what_changed(town: Town) -> None:
    case = town.taken()
    ola = reader(town, OLA)
    seen = hidden(ola.open(at(case, "spor")), "seen")
    town.do(INGRID, service.assign, case, INGRID)
    answer = ola.send(at(case, "spor"), seen=seen, do="send", question="Er det prøvd før?")
    assert answer.status_code == 409
    assert "Det du skrev, er ikke sendt." in words_of(answer)
    assert "Er det prøvd før?" in answer.text
    assert hidden(answer, "seen") != seen
    town.do(INGRID, service.accept, case, acceptance())
    too_late = ola.send(at(case, "spor"), seen=seen, do="send", question="Er det prøvd før?")
    assert too_late.status_code == 409
    assert "«Spør henviseren» går ikke an nå." in words_of(too_late)
    assert "Det du skrev, hvis du vil kopiere det Er det prøvd før?" in words_of(too_late)


def test_only_what_the_lifecycle_allows_is_offered(town: Town) -> None:
    case = town.taken()
    ola = reader(town, OLA)
    for slug, page in BY_SLUG.items():
        acts = town.see(OLA, case).acts
        if page.template and page.act is not None:
            assert (ola.open(at(case, slug)).status_code == 200) is (page.act in acts), slug
    links = links_of(ola.open(at(case)))
    assert at(case, "rett") in links
    assert at(case, "time") not in links
    assert at(case, "avslutt") not in links


def test_a_yellow_note_is_seen_by_the_team_and_never_leaves(town: Town) -> None:
    case = town.taken()
    reader(town, INGRID).send(at(case, "gul-lapp"), text="Ringte søsteren. Hun kan følge.")
    assert "Ringte søsteren. Hun kan følge." in words_of(reader(town, OLA).open(at(case)))
    town.settle()
    assert "søsteren" not in str(town.see(PER, case).history)
    empty = reader(town, OLA).send(at(case, "gul-lapp"), text=" ")
    assert empty.status_code == 422


def test_a_case_is_put_away_until_a_day_and_never_past_its_date(town: Town) -> None:
    case = town.taken()
    ola = reader(town, OLA)
    for day, problem in (
        ("1.12.2026", "til etter fristen"),
        ("1.1.2026", "fram i tid"),
        ("", "Skriv hvilken dag"),
    ):
        refused = ola.send(at(case, "legg-bort"), do="send", until=day)
        assert refused.status_code == 422
        assert problem in words_of(refused)
    assert "Saken er lagt bort." in words_of(ola.send(at(case, "legg-bort"), do="send", until="16.11.2026"))
    assert "Solveig Nes" not in words_of(ola.open(f"/arbeidsliste/{INTAKE}"))
    deadline = town.see(OLA, case).deadline
    assert deadline is not None
    town.move_to(deadline.passes_at - timedelta(hours=9))
    assert at(case, "legg-bort") not in links_of(reader(town, OLA).open(at(case))), "every day would be refused"
    town.pass_time(days=1)
    late = reader(town, OLA)
    assert "Solveig Nes" in words_of(late.open(f"/arbeidsliste/{INTAKE}"))
    assert at(case, "legg-bort") not in links_of(late.open(at(case)))
    assert late.open(at(case, "legg-bort")).status_code == 409


def test_a_case_is_given_to_a_colleague_at_the_service_and_to_nobody_else(town: Town) -> None:
    case = town.taken()
    ola = reader(town, OLA)
    form = ola.open(at(case, "gi-til"))
    assert "Ingrid Inntak" in words_of(form)
    assert "Sara Senior" not in words_of(form)
    seen = hidden(form, "seen")
    assert ola.send(at(case, "gi-til"), seen=seen, do="send", to=str(SARA.id)).status_code == 422
    assert ola.send(at(case, "gi-til"), seen=seen, do="send", to="").status_code == 422
    ola.send(at(case, "gi-til"), seen=seen, do="send", to=str(INGRID.id))
    assert town.see(INGRID, case).standing.owner == INGRID.id


def test_a_case_is_sent_on_and_stays_ours_until_the_other_service_has_it(town: Town) -> None:
    case = town.taken()
    ola = reader(town, OLA)
    form = ola.open(at(case, "send-videre"))
    assert "NAV" not in words_of(form), "what is no health service needs a consent of its own"
    seen = hidden(form, "seen")
    found = ola.send(at(case, "send-videre"), seen=seen, do="search", search="alder", reason="Passer bedre.")
    assert "Alderspsykiatri, Fjordheim DPS" in words_of(found)
    assert "FACT" not in words_of(found)
    assert "Passer bedre." in found.text
    gone = ola.send(at(case, "send-videre"), seen=seen, do="send", where="9999999", reason="Passer bedre.")
    assert gone.status_code == 422
    assert "Den tjenesten tar ikke imot henvisninger nå. Velg en annen." in words_of(gone)
    assert "Passer bedre." in gone.text
    after = fill_in(ola, case, "send-videre", where=SENIOR, reason="Passer bedre der.")
    assert "Sendes videre" in after
    town.settle()
    there = words_of(reader(town, SARA).open(f"/mottatt/{SENIOR}/{case}"))
    assert "Fristen regnes fra da den første tjenesten fikk den, mandag 9. november." in there
    assert "10 virkedager igjen" in there


def test_a_withdrawal_is_confirmed_after_reading_why(town: Town) -> None:
    case = town.taken()
    town.do(PER, service.request_withdrawal, case, "Pasienten har flyttet.")
    town.settle()
    ola = reader(town, OLA)
    assert "Pasienten har flyttet." in words_of(ola.open(at(case)))
    fill_in(ola, case, "bekreft-trukket")
    assert status(town, case) is Status.WITHDRAWN


def test_whoever_opens_a_colleagues_overdue_case_sees_why_it_is_overdue(town: Town) -> None:
    case = town.taken()
    town.do(OLA, service.ask, case, "Hvilke medisiner brukes nå?")
    town.settle()
    town.pass_time(days=15)
    words = words_of(reader(town, INGRID).open(at(case)))
    assert "Hvorfor fristen er ute" in words
    assert "Svaret skulle vært gitt senest mandag 23. november." in words
    assert "Ola Overlege har hatt saken siden mandag 9. november." in words
    assert "Henviseren ble spurt om mer mandag 9. november og har ikke svart." in words


def test_an_appointment_nobody_wrote_about_is_overdue_and_says_so(town: Town) -> None:
    case = town.taken()
    town.do(OLA, service.accept, case, acceptance())
    town.do(OLA, service.schedule, case, appointment(town.now + timedelta(days=2)))
    town.pass_time(days=3)
    assert "Ingen har skrevet om pasienten kom." in words_of(reader(town, INGRID).open(at(case)))


@pytest.mark.parametrize(
    ("day", "clock", "problem"),
    [
        ("1.1.2026", "10", "Timen må være fram i tid."),
        ("31.2.2027", "10", "Skriv datoen som dag, måned og år"),
        ("1.1.0001", "00.10", "Skriv datoen som dag, måned og år"),
        ("31.12.9999", "23.59", "Skriv datoen som dag, måned og år"),
        ("1.2.2027", "25", "Skriv klokkeslettet som timer og minutter"),
        ("", "", "Skriv hvilken dag timen er."),
    ],
)
def test_an_odd_appointment_is_refused_with_a_sentence_and_keeps_the_rest(
    town: Town, day: str, clock: str, problem: str
) -> None:
    case = town.taken()
    town.do(OLA, service.accept, case, acceptance())
    ola = reader(town, OLA)
    seen = hidden(ola.open(at(case, "time")), "seen")
    given = {"minutes": "60", "place": "Fjordgata 2", "with_whom": "Ola", "phone": "55 00 00 04"}
    answer = ola.send(at(case, "time"), seen=seen, do="send", day=day, clock=clock, **given)
    assert answer.status_code == 422
    assert problem in words_of(answer)
    assert 'value="Fjordgata 2"' in answer.text
    outcome = town.see(OLA, case).standing.outcome
    assert isinstance(outcome, Acceptance)


@pytest.mark.parametrize("other", [SARA, FATIMA, PER], ids=lambda who: who.name)
def test_who_does_not_work_at_the_service_gets_the_answer_for_what_is_not_there(town: Town, other: Staff) -> None:
    case, never = town.taken(), "00000000-0000-4000-8000-000000000000"
    who = reader(town, other)
    for slug in ("", "rett"):
        theirs, nothing = who.open(at(case, slug)), who.open(at(ReferralId(never), slug))  # type: ignore[arg-type]
        assert theirs.status_code == nothing.status_code != 200
        assert "Solveig" not in theirs.text
    assert who.send(at(case, "beskjed"), text="Hei").status_code in {403, 404}


def test_a_form_with_an_odd_version_is_not_understood(town: Town) -> None:
    case = town.taken()
    answer = reader(town, OLA).send(at(case, "spor"), seen="x", do="send", question="Hva?")
    assert answer.status_code == 400
    assert town.see(OLA, case).standing.questions == ()


def test_the_other_side_reads_the_note_that_was_written_to_it(town: Town) -> None:
    case = town.taken()
    fill_in(reader(town, OLA), case, "beskjed", text="Vi ringer deg i morgen.")
    town.settle()
    seen = town.do(PER, service.show, case, side=Side.REFERRER)
    assert seen.standing.referrer.agency == MUNICIPALITY
    assert any(entry.text == "Vi ringer deg i morgen." for entry in seen.history)


def test_a_file_kept_with_a_case_is_given_to_the_team_and_to_nobody_else(town: Town) -> None:
    case = town.taken()
    about = Attachment(
        id=AttachmentId(UUID(int=9)),
        title="Prøvesvar.pdf",
        content_type="application/pdf",
        length=len(PDF),
        sha256=sha256(PDF).digest(),
    )
    with town.dps.db.transaction() as session:
        copy = store.find(session, case, side=Side.RECEIVER, by=OLA)
        store.add_attachment(session, copy.standing, about, PDF, now=town.now)
    link = f"{at(case)}/vedlegg/{about.id}"
    given = reader(town, INGRID).open(link)
    assert given.data == PDF
    assert given.headers["Content-Type"] == "application/pdf"
    assert given.headers["Content-Disposition"].startswith("attachment;")
    for other in (SARA, FATIMA):
        assert reader(town, other).open(link).status_code == 404
