"""The pages of settings without JavaScript; what those who run the node see; the number in the title."""

import re
from datetime import timedelta

import pytest

from handover.actors import Patient, Role, Staff
from handover.config import from_environment
from handover.errors import Invalid
from handover.notice import model
from handover.notice.model import CODE_LASTS, CODE_TRIES, CODES_A_DAY, Channel, Wishes
from handover.notice.senders import Undeliverable
from handover.notice.service import tell, wishes_of
from handover.referral import service as referrals
from tests.builders import DPS, INTAKE, MUNICIPALITY
from tests.notice.people import Pigeonhole, code_in, give_pigeonhole, known_as, send, wish_staff
from tests.referral.conftest import open_sqlite, two_nodes
from tests.referral.nodes import INGRID, OLA, PATIENT, PER, Town, staff
from tests.referral.visiting import Reader, reader, register, register_everybody, words_of

__all__ = ["open_sqlite", "two_nodes"]
STAFFS, MINE = "/varsler", "/mine-varsler"
ODA = staff(31, "Oda Drift", MUNICIPALITY, None, Role.OPERATOR)
FORM = {"when": "each", "first_hour": "8", "last_hour": "20", "daily_at": "15"}


@pytest.fixture
def hole(two_nodes: Town) -> Pigeonhole:
    """Everybody can sign in; the municipality's notices end here."""
    register_everybody(two_nodes)
    return give_pigeonhole(two_nodes.kommune)


def save(by: Reader, path: str, channel: str, address: str, **fields: str) -> str:
    return words_of(by.send(path, **{**FORM, "channel": channel, "address": address, **fields}))


def last_code(town: Town, hole: Pigeonhole) -> str:
    send(town.kommune, town.now + timedelta(seconds=30))
    return code_in(hole.letters[-1])


def kept(town: Town, who: Staff) -> Wishes:
    with town.kommune.db.reading() as session:
        return wishes_of(session, model.staff(who.agency, who.id))


def test_a_node_without_a_way_out_says_so(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    assert "Her sendes det ikke varsler ennå." in words_of(reader(two_nodes, PER).open(STAFFS))


def test_staff_choose_a_channel_and_confirm_it_with_the_code_before_it_is_used(
    two_nodes: Town, hole: Pigeonhole
) -> None:
    per = reader(two_nodes, PER)
    assert "Du får ikke varsler nå." in words_of(per.open(STAFFS))
    said = save(per, STAFFS, "email", " per@example.org ", wants_team="yes")
    assert "Vi sender en kode til adressen." in said
    assert "Koden du fikk" in said
    assert not kept(two_nodes, PER).is_told
    code = last_code(two_nodes, hole)
    assert "Adressen er bekreftet." in words_of(per.send(f"{STAFFS}/kode", code=f" {code[:3]} {code[3:]}"))
    assert kept(two_nodes, PER) == Wishes(channel=Channel.EMAIL, address="per@example.org", wants_team=True)
    said = save(per, STAFFS, "email", "per@example.org", when="daily", daily_at="7")
    assert "Valgene er lagret. E" in said
    assert (kept(two_nodes, PER).daily_at, kept(two_nodes, PER).wants_team) == (7, False)


def test_a_new_address_takes_over_only_when_its_code_is_written(two_nodes: Town, hole: Pigeonhole) -> None:
    wish_staff(two_nodes, PER, "per@example.org")
    per = reader(two_nodes, PER)
    said = save(per, STAFFS, "sms", "912 34 567")
    assert "Varsler kommer nå til per@example.org." in said
    wrong = "000000" if last_code(two_nodes, hole) != "000000" else "000001"
    refused = per.send(f"{STAFFS}/kode", code=wrong)
    assert refused.status_code == 422
    assert "Koden er feil eller for gammel." in words_of(refused)
    per.send(f"{STAFFS}/kode", code=last_code(two_nodes, hole))
    assert kept(two_nodes, PER).address == "+4791234567"


def test_a_code_can_be_guessed_at_five_times_only(two_nodes: Town, hole: Pigeonhole) -> None:
    per = reader(two_nodes, PER)
    save(per, STAFFS, "sms", "91234567")
    code = last_code(two_nodes, hole)
    for guess in range(CODE_TRIES):
        per.send(f"{STAFFS}/kode", code="000000" if code != "000000" else f"00000{guess + 1}")
    assert per.send(f"{STAFFS}/kode", code=code).status_code == 422
    assert not kept(two_nodes, PER).is_told


def test_a_code_is_too_old_after_half_an_hour_and_is_not_sent_that_late(two_nodes: Town, hole: Pigeonhole) -> None:
    per = reader(two_nodes, PER)
    save(per, STAFFS, "sms", "91234567")
    code = last_code(two_nodes, hole)
    save(per, STAFFS, "email", "per@example.org")
    two_nodes.pass_time(seconds=CODE_LASTS.total_seconds())
    assert reader(two_nodes, PER).send(f"{STAFFS}/kode", code=code).status_code == 422
    sent = len(hole.letters)
    send(two_nodes.kommune, two_nodes.now + CODE_LASTS)
    assert len(hole.letters) == sent


def test_nobody_is_sent_codes_without_end(two_nodes: Town, hole: Pigeonhole) -> None:
    per = reader(two_nodes, PER)
    for number in range(CODES_A_DAY):
        assert "Vi sender en kode" in save(per, STAFFS, "sms", f"9123456{number}")
    assert "Du har bedt om mange koder i dag." in save(per, STAFFS, "sms", "91234569")
    send(two_nodes.kommune, two_nodes.now + timedelta(minutes=1))
    assert len(hole.letters) == 1, "only the last code counts"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"channel": "email", "address": "per"}, "Skriv en e-postadresse"),
        ({"channel": "sms", "address": "22 33 44 55"}, "Skriv et mobilnummer"),
        ({"channel": "pigeon", "address": ""}, "Velg om du vil ha varsler"),
        ({"channel": "none", "address": "", "first_hour": "24"}, "Velg ett av alternativene."),
        ({"channel": "none", "address": "", "when": "never"}, "Velg ett av alternativene."),
    ],
)
def test_what_cannot_be_kept_is_said_and_what_was_typed_is_given_back(
    two_nodes: Town, hole: Pigeonhole, fields: dict[str, str], sentence: str
) -> None:
    answer = reader(two_nodes, PER).send(STAFFS, **{**FORM, **fields})
    assert answer.status_code == 422
    assert sentence in words_of(answer)
    assert f'value="{fields["address"]}"' in answer.text


def test_a_patient_chooses_on_their_own_page_and_can_stop_it(two_nodes: Town, hole: Pigeonhole) -> None:
    two_nodes.sent()
    me = reader(two_nodes, PATIENT)
    assert "tjenesten har tatt" not in words_of(me.open(MINE))
    save(me, MINE, "sms", "41234567")
    me.send(f"{MINE}/kode", code=last_code(two_nodes, hole))
    to = known_as(two_nodes.kommune, MUNICIPALITY)
    with two_nodes.kommune.db.transaction() as session:
        assert wishes_of(session, to).address == "+4741234567"
        tell(session, to, "x", now=two_nodes.now)
    assert "Du får ikke varsler nå." in save(me, MINE, "none", "")
    with two_nodes.kommune.db.reading() as session:
        assert wishes_of(session, to) == Wishes()
    stranger = reader(two_nodes, Patient(number="01810012345", name="Fremmed"))
    assert "Ingen her har noen sak om deg ennå." in words_of(stranger.open(MINE))


def test_a_notice_comes_in_the_language_of_the_page_where_it_was_chosen(two_nodes: Town, hole: Pigeonhole) -> None:
    per = reader(two_nodes, PER)
    per.open(f"{STAFFS}?lang=nn")
    save(per, STAFFS, "email", "per@example.org")
    send(two_nodes.kommune, two_nodes.now + timedelta(seconds=30))
    assert hole.letters[-1].subject == "Kode frå Overgang"


# --- those who run the node -------------------------------------------------------------------------------------


def test_the_operator_sees_what_could_not_be_sent_and_tries_again_without_seeing_to_whom(
    two_nodes: Town, hole: Pigeonhole
) -> None:
    register(two_nodes, ODA)
    wish_staff(two_nodes, PER, "per@example.org")
    with two_nodes.kommune.db.transaction() as session:
        tell(session, model.staff(MUNICIPALITY, PER.id), "x", now=two_nodes.now)
    hole.fails = [Undeliverable("smtp.550")]
    send(two_nodes.kommune, two_nodes.now)
    assert "Det siste varselet kom ikke fram." in words_of(reader(two_nodes, PER).open(STAFFS))
    oda = reader(two_nodes, ODA)
    page = oda.open("/drift/varsler")
    assert "Varsel til en ansatt Adressen finnes ikke" in words_of(page)
    assert "per@example.org" not in page.text
    assert "Per Psykolog" not in page.text
    action = re.search(r'action="(/drift/varsler/[^"]+)"', page.text)
    assert action
    assert "Varselet prøves igjen nå." in words_of(oda.send(action[1]))
    send(two_nodes.kommune, two_nodes.now + timedelta(minutes=1))
    assert hole.news("per@example.org") == 1
    assert "handover_notices_given_up" in oda.http.get("/metrics").text


# --- the number in the title ------------------------------------------------------------------------------------


def title_of(by: Reader, path: str) -> str:
    found = re.search(r"<title>(.*?)</title>", by.open(path).text)
    assert found
    return found[1]


def test_the_title_says_how_much_is_asked_of_me_and_nothing_of_anybody(two_nodes: Town, hole: Pigeonhole) -> None:
    ola, path = reader(two_nodes, OLA), f"/arbeidsliste/{INTAKE}"
    assert title_of(ola, path).startswith("Arbeidsliste")
    case = two_nodes.sent()
    two_nodes.sent()
    assert title_of(ola, path).startswith("(2) Arbeidsliste")
    two_nodes.do(INGRID, referrals.take, case)
    assert title_of(ola, path).startswith("(1) Arbeidsliste")
    assert title_of(reader(two_nodes, INGRID), "/varsler").startswith("(2) Varsler")
    assert not title_of(reader(two_nodes, PER), "/varsler").startswith("(")
    assert not title_of(reader(two_nodes, PATIENT), MINE).startswith("(")


def test_the_poll_of_the_list_says_the_number_too(two_nodes: Town, hole: Pigeonhole) -> None:
    two_nodes.sent()
    answer = reader(two_nodes, OLA).open(f"/arbeidsliste/{INTAKE}/nytt")
    assert answer.get_json()["asked"] == 1


# --- settings of the node ---------------------------------------------------------------------------------------

WHOLE = {
    "HANDOVER_NODE_URL": "https://a.example",
    "HANDOVER_AGENCIES": str(DPS),
    "HANDOVER_DATABASE_URL": "sqlite:///x",
    "HANDOVER_KEYS_DIR": "k",
    "HANDOVER_PASSPHRASE_FILE": "p",
    "HANDOVER_ANCHORS_FILE": "a",
    "HANDOVER_DIRECTORY": "d",
}


def refused(**more: str) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as wrong:
        from_environment({**WHOLE, **more})
    return wrong.value.fields


def test_a_node_that_can_send_only_half_does_not_start_and_names_what_is_missing() -> None:
    assert set(refused(HANDOVER_SMTP_USER="node")) == {
        "HANDOVER_SMTP_HOST",
        "HANDOVER_SMTP_FROM",
        "HANDOVER_SMTP_PASSWORD_FILE",
    }
    assert set(refused(HANDOVER_SMS_URL="https://sms.example")) == {"HANDOVER_SMS_FROM", "HANDOVER_SMS_TOKEN_FILE"}
    assert set(refused(HANDOVER_SMTP_HOST="m", HANDOVER_SMTP_FROM="a@b.no", HANDOVER_SMTP_SECURITY="none")) == {
        "HANDOVER_SMTP_SECURITY"
    }
    assert set(refused(HANDOVER_NOTICES_DIR="x")) == {"HANDOVER_NOTICES_DIR"}
    read = from_environment({**WHOLE, "HANDOVER_SMTP_HOST": "m", "HANDOVER_SMTP_FROM": "a@b.no"})
    assert read.mail is not None
    assert (read.mail.security, read.mail.port, read.sms, read.notices_dir) == ("starttls", 587, None, None)
    assert from_environment(WHOLE).mail is None
