"""Leaders see how long things take in their own service's words; a monitor sees the same without names."""

import html
from datetime import timedelta
from functools import partial

from flask.testing import FlaskClient

from handover.access import service as access
from handover.access.guard import door
from handover.access.service import NewStaff, Proven
from handover.actors import Machine, Role
from handover.app import Node, create_app
from handover.ids import AgencyId
from handover.operator import service as operator
from handover.referral import service as referral
from handover.referral.reading import FEWEST
from tests.builders import DPS, INTAKE, MUNICIPALITY, OUTPATIENT
from tests.message.nodes import QUESTION, Post
from tests.referral.nodes import INGRID, OLA, PER, Town, acceptance, staff
from tests.referral.visiting import Reader, reader, register, register_everybody, words_of


def leader(town: Town, node: Node, agency: AgencyId, *roles: Role) -> FlaskClient:
    """Sign in somebody with these roles for the whole agency."""
    app = create_app(node)
    seed = Machine(agency=agency, name="seed")
    with node.db.transaction() as session:
        new = NewStaff(login="01810012345", name="Lise Leder", title="leder", phone="55 00 00 06")
        id_ = access.register(session, new, agency=agency, by=seed, now=town.now)
        for role in roles:
            access.grant(session, id_, role, None, agency=agency, by=seed, now=town.now)
        proven = Proven(kind="staff", subject="x", name="", id_token="", authenticated_at=town.now, places=1)
        home = node.settings.agencies[0]
        who = access.staff_of(session, agency, id_)
        token = access.begin_session(session, proven, staff=who, home=home, now=town.now)
    with app.app_context():
        cookie = door().cookie("session")
    client = app.test_client()
    client.set_cookie(cookie, token)
    return client


def colleague(town: Town) -> Reader:
    """Return somebody of another service of the same agency."""
    kari = staff(91, "Kari Kollega", DPS, OUTPATIENT, Role.CLINICIAN)
    register(town, kari)
    return reader(town, kari)


def page(client: FlaskClient, path: str = "/tall/") -> str:
    return html.unescape(client.get(path).text)


def history(town: Town) -> None:
    """One referral assessed after two days, one that nobody has opened for three weeks."""
    first = town.taken()
    town.sent(problem="Angst")
    town.pass_time(days=2)
    town.do(OLA, referral.accept, first, acceptance())
    town.settle()
    town.pass_time(days=21)


def test_a_leader_sees_how_many_were_assessed_in_time_and_how_long_it_took(two_nodes: Town) -> None:
    history(two_nodes)
    shown = page(leader(two_nodes, two_nodes.dps, DPS, Role.LEADER))
    assert "50 av 100 (1 av 2)" in shown
    assert "2 dager for den midterste" in shown
    assert "Tiden regnes fra den første tjenesten fikk henvisningen" in shown


def test_the_referrers_leader_sees_how_long_answers_took(two_nodes: Town) -> None:
    history(two_nodes)
    shown = page(leader(two_nodes, two_nodes.kommune, MUNICIPALITY, Role.LEADER))
    assert "Henvisninger vi har sendt" in shown
    assert "Fra kommet fram til svar" in shown


def test_a_short_period_leaves_out_what_came_before(two_nodes: Town) -> None:
    history(two_nodes)
    two_nodes.pass_time(days=20)
    client = leader(two_nodes, two_nodes.dps, DPS, Role.LEADER)
    assert "Ingen henvisninger i dette tidsrommet." in page(client, "/tall/?dager=30")
    assert "50 av 100" in page(client, "/tall/?dager=365")
    assert client.get("/tall/?dager=1").status_code == 404


def test_only_leaders_see_the_numbers(two_nodes: Town) -> None:
    client = leader(two_nodes, two_nodes.dps, DPS, Role.CLINICIAN)
    assert client.get("/tall/").status_code == 403


def test_a_monitor_sees_the_share_in_time_and_the_oldest_unopened(two_nodes: Town) -> None:
    history(two_nodes)
    lines = create_app(two_nodes.dps).test_client().get("/metrics").get_data(as_text=True).splitlines()
    seen = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}
    assert seen[f'handover_assessed_in_time_ratio{{agency="{DPS}",service="{INTAKE}"}}'] == 0.5
    unopened = timedelta(seconds=seen[f'handover_oldest_unopened_seconds{{agency="{DPS}"}}'])
    assert timedelta(days=23) <= unopened < timedelta(days=24)
    assert "Solveig" not in "".join(lines)


def test_a_service_tells_others_how_long_its_answers_took_once_there_are_enough(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    cases = [two_nodes.taken() for _ in range(FEWEST)]
    two_nodes.pass_time(days=3)  # Monday to Thursday
    publish = partial(operator.publish_answer_times, two_nodes.dps.db, (DPS,))
    for case in cases:
        assert publish(now=two_nodes.now) == []
        two_nodes.do(OLA, referral.accept, case, acceptance())
    assert publish(now=two_nodes.now) == [INTAKE]
    assert publish(now=two_nodes.now) == []
    shown = words_of(reader(two_nodes, INGRID).open("/adressebok/?q=inntak"))
    assert "3 virkedager (målt over 90 dager, torsdag 12. november)" in shown
    begins = words_of(colleague(two_nodes).open(f"/meldinger/ny?til={INTAKE}"))
    assert "Skriv meldingen" in begins
    assert "Svarer vanligvis innen" not in begins, "how long referrals take says nothing of messages"
    assert publish(now=two_nodes.now + timedelta(days=100)) == [INTAKE]
    shown = words_of(reader(two_nodes, INGRID).open("/adressebok/?q=inntak"))
    assert "3 virkedager (oppgitt av tjenesten)" in shown


def test_a_service_tells_others_how_soon_it_answers_messages_once_enough_were_answered(two_nodes: Town) -> None:
    register_everybody(two_nodes)
    post = Post(two_nodes)
    asked = [post.send(PER, [INTAKE], about=QUESTION) for _ in range(FEWEST)]
    two_nodes.pass_time(days=3)  # Monday to Thursday
    publish = partial(operator.publish_answer_times, two_nodes.dps.db, (DPS,))
    for each in asked:
        assert publish(now=two_nodes.now) == []
        post.answer(INGRID, each)
    assert publish(now=two_nodes.now) == [INTAKE]
    assert publish(now=two_nodes.now) == []
    two_nodes.settle()
    measured = "3 virkedager (målt over 90 dager, torsdag 12. november)"
    desk = colleague(two_nodes)
    for page in (
        f"/meldinger/ny?til={INTAKE}",
        "/adressebok/?hva=melding&q=inntak",
        f"/adressebok/tjeneste/{INTAKE}",
    ):
        assert measured in words_of(desk.open(page))
    assert publish(now=two_nodes.now + timedelta(days=100)) == [INTAKE]
    two_nodes.settle()
    assert measured not in words_of(desk.open(f"/adressebok/tjeneste/{INTAKE}"))
