"""Every route x every role x own and other's data: not yours and not there are the same answer (rule 16).

The same status, body and headers; and, for the time it takes, the same statements to the database in one order.

The cases come from the application's own map of addresses: a new route is asked for like all others, and one with
a parameter nobody has told this test about fails it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from shutil import copyfile
from urllib.parse import quote

import pytest
from sqlalchemy import select
from werkzeug.routing import Rule as UrlRule

from handover import clock
from handover.access import rule_of
from handover.access.model import Callers
from handover.actors import Role
from handover.audit.model import Outcome
from handover.audit.tables import AuditEntry
from handover.db import Database
from handover.referral.tables import HistoryRow
from tests.authorisation.house import MISSING, Caller, House, Thing, house
from tests.builders import PSYCHOLOGIST

WHOLE_LOG = "/logg"
"""Where the security officer reads the whole log of the own agency, and whom each line is about."""


@pytest.fixture(scope="module")
def full_house(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[House]:
    """One node for all tests of this module; each only asks."""
    path = tmp_path_factory.mktemp("house") / "node.db"

    def make() -> Database:
        copyfile(empty_sqlite, path)
        return Database(f"sqlite:///{path}")

    made = house(make)
    yield made
    made.town.close()


@pytest.fixture(autouse=True)
def _the_houses_own_time(full_house: House) -> None:
    clock.set_offset(full_house.town.now - datetime.now(UTC))


def parameters(route: UrlRule) -> set[str]:
    """Return the parameters that name something of somebody's (not one of a closed list of words)."""
    return {name for name, kind in route._converters.items() if not hasattr(kind, "items")}


def words(route: UrlRule) -> Iterator[dict[str, str]]:
    """Yield every choice of the words of closed lists in an address."""
    lists = {n: sorted(k.items) for n, k in route._converters.items() if hasattr(k, "items")}
    for chosen in product(*lists.values()):
        yield dict(zip(lists, chosen, strict=True))


def asked(house: House, caller: Caller) -> Iterator[tuple[UrlRule, str]]:
    """Yield the routes the caller's role may call, with each method."""
    actor_kinds = (
        {Callers.STAFF, Callers.SIGNED_IN} if not caller.patient else {Callers.PATIENTS, Callers.SIGNED_IN}
    )
    for route in house.routes():
        rule = rule_of(house.app.view_functions[route.endpoint])
        if rule is None or rule.callers not in actor_kinds:
            continue
        if rule.callers is Callers.STAFF and caller.role not in rule.roles:
            continue
        for method in sorted((route.methods or set()) & {"GET", "POST"}):
            yield route, method


def path_of(route: UrlRule, values: dict[str, str]) -> str:
    """Return the route's address with the values put in."""
    return str(route.build(values)[1])  # type: ignore[index]


def naming(house: House, route: UrlRule) -> list[Thing]:
    """Return the things an address of the route can name."""
    wanted = parameters(route)
    return [thing for thing in house.things if {name for name, _ in thing.values} == wanted]


def plain(answer: str, values: dict[str, str]) -> str:
    """Return a page without what must differ: the address itself, and how long the session lasts."""
    answer = re.sub(r'data-ends-in="\d+"|kl\. \d\d\.\d\d hvis du', "", answer)
    for value in sorted(values.values(), key=len, reverse=True):
        answer = answer.replace(quote(value), "*").replace(value, "*")
    return answer


def strangers_to(house: House, route: UrlRule, caller: Caller) -> list[Thing]:
    """Return the others' things that the route can name, one of each kind of stranger."""
    found: dict[object, Thing] = {}
    for thing in naming(house, route):
        if bool(thing.patient) != bool(caller.patient) and {"referral", "handover"} & set(dict(thing.values)):
            continue
        if not thing.is_within_reach(caller):
            found.setdefault((thing.agency == caller.agency, thing.shows[:6]), thing)
    return list(found.values())


def test_every_parameter_of_every_route_has_a_case(full_house: House) -> None:
    for route in full_house.routes():
        rule = rule_of(full_house.app.view_functions[route.endpoint])
        if rule is None or not rule.needs_actor:
            continue
        unknown = parameters(route) - set(MISSING)
        assert not unknown, f"{route.rule}: say in house.py whose a {unknown} is"
        if parameters(route):
            assert naming(full_house, route), f"{route.rule}: nothing in the house has such an address"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_not_yours_and_what_is_not_there_get_the_same_answer(full_house: House) -> None:
    compared: Counter[str] = Counter()
    seen: set[str] = set()
    for caller in full_house.callers:
        for route, method in asked(full_house, caller):
            if not parameters(route):
                continue
            every_word = None if f"{method} {route.rule}" not in seen else 1
            missing = {name: MISSING[name] for name in parameters(route)}
            strangers = strangers_to(full_house, route, caller)
            for chosen in list(words(route))[:every_word] if strangers else ():
                seen.add(f"{method} {route.rule}")
                nothing = full_house.ask(caller, method, path_of(route, {**missing, **chosen}))
                asked_for_nothing = list(full_house.asked_database)
                for thing in strangers:
                    theirs = dict(thing.values)
                    answer = full_house.ask(caller, method, path_of(route, {**theirs, **chosen}))
                    where = f"{caller.name}: {method} {route.rule} {chosen} of {thing.agency}/{thing.service}"
                    assert answer.status_code == nothing.status_code, where
                    assert plain(answer.text, theirs) == plain(nothing.text, missing), where
                    assert set(answer.headers.keys()) == set(nothing.headers.keys()), where
                    assert full_house.asked_database == asked_for_nothing, f"{where}: it takes another time"
                    if thing.shows:
                        assert thing.shows not in answer.text, where
                    compared[route.rule] += 1
    about = {"referral", "handover", "thread"}
    people = {route.rule for route in full_house.routes() if about & parameters(route)}
    assert people <= set(compared), "an address about people that nobody was refused"


def test_another_services_case_is_not_reached_through_ones_own_service(full_house: House) -> None:
    """Own service in the address, another's referral; and the other way round."""
    for caller in full_house.callers:
        for route, method in asked(full_house, caller):
            if parameters(route) != {"service", "referral"}:
                continue
            things = naming(full_house, route)
            for own, other in product(things, things):
                if not own.is_within_reach(caller) or other.is_within_reach(caller):
                    continue
                for mixed in ({**dict(own.values), "referral": dict(other.values)["referral"]},):
                    chosen = next(words(route))
                    answer = full_house.ask(caller, method, path_of(route, {**mixed, **chosen}))
                    nothing = {**mixed, "referral": MISSING["referral"]}
                    missing = full_house.ask(caller, method, path_of(route, {**nothing, **chosen}))
                    assert answer.status_code == missing.status_code == 404, (caller.name, route.rule)
                    assert plain(answer.text, mixed) == plain(missing.text, nothing)


def test_another_cases_file_is_not_reached_through_ones_own_case(full_house: House) -> None:
    looked = 0
    for caller in full_house.callers:
        for route, method in asked(full_house, caller):
            things = naming(full_house, route) if "attachment" in parameters(route) else []
            for own, other in product(things, things):
                if not own.is_within_reach(caller) or other.is_within_reach(caller):
                    continue
                mixed = {**dict(own.values), "attachment": dict(other.values)["attachment"]}
                nothing = {**mixed, "attachment": MISSING["attachment"]}
                answer = full_house.ask(caller, method, path_of(route, mixed))
                asked_for_it = list(full_house.asked_database)
                missing = full_house.ask(caller, method, path_of(route, nothing))
                assert answer.status_code == missing.status_code == 404, (caller.name, route.rule)
                assert plain(answer.text, mixed) == plain(missing.text, nothing)
                assert asked_for_it == full_house.asked_database, (caller.name, route.rule)
                looked += 1
    assert looked


@pytest.mark.slow
def test_a_list_or_search_shows_nobody_whom_the_reader_may_not_see(full_house: House) -> None:
    looked = 0
    for caller in full_house.callers:
        hidden = {t.shows for t in full_house.things if t.shows and not t.is_within_reach(caller)}
        hidden -= {t.shows for t in full_house.things if t.shows and t.is_within_reach(caller)}
        numbers = [t.patient for t in full_house.things if t.patient]
        for route, method in asked(full_house, caller):
            if parameters(route) - {"service"} or any(True for _ in route.arguments - parameters(route)):
                continue
            if method == "POST" and not route.rule.endswith("/sok"):
                continue
            for thing in naming(full_house, route) if parameters(route) else [Thing((), caller.agency)]:  # type: ignore[arg-type]
                for text in numbers if method == "POST" else [""]:
                    form = {"text": text, "q": text, "sok": text}
                    answer = full_house.ask(caller, method, path_of(route, dict(thing.values)), form)
                    assert answer.status_code < 500, (caller.name, route.rule)
                    shown = {name for name in hidden if name in answer.text}
                    if route.rule == WHOLE_LOG:
                        shown -= {t.shows for t in full_house.things if t.agency == caller.agency}
                    assert not shown, (caller.name, method, route.rule)
                    looked += 1
    assert looked > len(full_house.callers)


def test_everybody_reaches_what_is_theirs(full_house: House) -> None:
    """Else the tests above could not fail: for every kind of thing somebody gets a page that shows it."""
    reached: Counter[str] = Counter()
    for caller in full_house.callers:
        for route, method in asked(full_house, caller):
            if method != "GET" or not parameters(route):
                continue
            for thing in naming(full_house, route):
                if not thing.is_within_reach(caller) or reached[route.rule] > 3:
                    continue
                answer = full_house.ask(
                    caller, method, path_of(route, {**dict(thing.values), **next(words(route))})
                )
                assert answer.status_code < 500, (caller.name, route.rule)
                reached[route.rule] += answer.status_code in {200, 302, 304, 409}
    wanted = {
        route.rule
        for route in full_house.routes()
        if "GET" in (route.methods or set())
        and parameters(route)
        and (rule := rule_of(full_house.app.view_functions[route.endpoint])) is not None
        and rule.needs_actor
    }
    assert wanted <= {rule for rule, times in reached.items() if times}


def test_no_address_and_no_error_page_repeats_a_person(full_house: House) -> None:
    canary = "Kanari Kanarisen 15868212388"
    for caller in full_house.callers[::7]:
        for path in (f"/{quote(canary)}", f"/mottatt/{quote(canary)}/x", f"/arbeidsliste/{quote(canary)}"):
            answer = full_house.ask(caller, "GET", f"{path}?filter={quote(canary)}")
            assert "Kanarisen" not in re.sub(r'href="[^"]*"', "", answer.text), (caller.name, path)
            assert answer.status_code in {403, 404}


def test_who_was_refused_is_in_the_log_in_a_row_of_its_own(full_house: House) -> None:
    db = full_house.town.kommune.db
    other = next(t for t in full_house.things if t.service == "8000033" and len(t.values) == 2)
    caller = next(c for c in full_house.callers if c.service == "8000031" and c.role == "intake")
    values = dict(other.values)
    before = _refusals(db)
    answer = full_house.ask(caller, "GET", f"/mottatt/{values['service']}/{values['referral']}")
    assert answer.status_code == 404
    after = _refusals(db)
    assert len(after) == len(before) + 1


def _refusals(db: Database) -> list[object]:
    with db.reading() as session:
        statement = select(AuditEntry.id).where(AuditEntry.outcome == Outcome.REFUSED.value)
        return list(session.execute(statement).scalars())


def test_an_act_that_the_state_forbids_is_in_the_log_in_a_row_of_its_own(full_house: House) -> None:
    db = full_house.town.kommune.db
    mine = next(t for t in full_house.things if t.service == PSYCHOLOGIST and t.shows.startswith("Kanari"))
    caller = next(c for c in full_house.callers if c.service == PSYCHOLOGIST and c.role is Role.REFERRER)
    before = len(_refusals(db))
    answer = full_house.ask(caller, "POST", f"/henvisninger/{dict(mine.values)['referral']}/angre")
    assert answer.status_code == 409
    assert len(_refusals(db)) == before + 1


def test_nothing_was_changed_by_all_that_was_refused(full_house: House) -> None:
    """Nobody but the machines and the referrers has acted in this house: no line of history is a receiver's."""
    with full_house.town.kommune.db.reading() as session:
        acts = set(session.execute(select(HistoryRow.act)).scalars())
    assert acts <= {"send", "arrive", "open"}, acts
