"""Queries about patients; each names the agency that asks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from itertools import chain

from sqlalchemy import LargeBinary, Select, column, delete, func, insert, select, update, values
from sqlalchemy.orm import Session, aliased

from handover.db import insert_into, provided
from handover.ids import AgencyId, PersonId
from handover.keys.vault import Vault
from handover.person.model import Identity
from handover.person.tables import PersonRow, PersonTokenRow
from handover.values import dump, load

NUMBER = "person-number"
NAME = "person-name"
WORD = "person-name-word"
"""Of whole words of names: in a text a word is looked up whole."""
_AT_ONCE = 500
_FREQUENT = 1000
"""Words that more patients have count as equally frequent."""


def add(session: Session, agency: AgencyId, id_: PersonId, identity: Identity, *, now: datetime) -> bool:
    """Store a new patient; False when somebody with that number was stored in the meantime."""
    row = {
        "agency": agency,
        "id": id_,
        "number_hash": hash_of(session, agency, identity.number),
        "identity": _sealed(session, agency, id_, identity),
        "created_at": now,
        "updated_at": now,
    }
    statement = insert_into(session, PersonRow).values(row)
    added = session.execute(statement.on_conflict_do_nothing().returning(PersonRow.id)).first() is not None
    if added:
        _index(session, agency, id_, identity)
    return added


def change(session: Session, agency: AgencyId, id_: PersonId, identity: Identity, *, now: datetime) -> None:
    """Replace what is known about a patient."""
    session.execute(
        update(PersonRow)
        .where(PersonRow.agency == agency, PersonRow.id == id_)
        .values(
            number_hash=hash_of(session, agency, identity.number),
            identity=_sealed(session, agency, id_, identity),
            updated_at=now,
        )
    )
    session.execute(delete(PersonTokenRow).where(PersonTokenRow.agency == agency, PersonTokenRow.person == id_))
    _index(session, agency, id_, identity)


def by_number(session: Session, agency: AgencyId, number: str) -> PersonId | None:
    """Return who has that national number at the agency."""
    found = session.scalar(
        select(PersonRow.id).where(
            PersonRow.agency == agency, PersonRow.number_hash == hash_of(session, agency, number)
        )
    )
    return None if found is None else PersonId(found)


def by_name(session: Session, agency: AgencyId, text: str, *, limit: int) -> Sequence[PersonId]:
    """Return those whose names hold every word of three letters and more (shorter ones count where none is)."""
    tokens = provided(session, Vault).search_tokens(agency, NAME, text)
    if not tokens:
        return []
    rarest, *others = sorted(tokens, key=partial(_frequency, session, agency)) if len(tokens) > 1 else tokens
    first, other = aliased(PersonTokenRow), aliased(PersonTokenRow)
    statement = select(first.person).where(first.agency == agency, first.token == rarest)
    for token in others:
        has_it = select(other.person).where(
            other.agency == agency, other.token == token, other.person == first.person
        )
        statement = statement.where(has_it.exists())
    return [PersonId(id_) for id_ in session.scalars(statement.limit(limit))]


def name_words(session: Session, agency: AgencyId, words: Iterable[str]) -> frozenset[str]:
    """Return those of the words that are part of a patient's name; never whose."""
    spelt = _by_token(session, agency, words)
    tokens = sorted(spelt)
    found: set[bytes] = set()
    for start in range(0, len(tokens), _AT_ONCE):
        statement = (
            select(PersonTokenRow.token)
            .where(PersonTokenRow.agency == agency, PersonTokenRow.token.in_(tokens[start : start + _AT_ONCE]))
            .distinct()
        )
        found.update(session.scalars(statement))
    return frozenset(spelt[token] for token in found)


def named_together(
    session: Session, agency: AgencyId, pairs: Iterable[tuple[str, str]]
) -> frozenset[tuple[str, str]]:
    """Return those of the pairs of words that one patient's name has both of."""
    wanted = sorted(set(pairs))
    tokens = {word: token for token, word in _by_token(session, agency, chain.from_iterable(wanted)).items()}
    spelt = {(tokens[one], tokens[other]): (one, other) for one, other in wanted}
    found: set[tuple[str, str]] = set()
    for start in range(0, len(spelt), _AT_ONCE):
        rows = session.execute(_of_one_person(agency, list(spelt)[start : start + _AT_ONCE]))
        found.update(spelt[bytes(row.one), bytes(row.other)] for row in rows)
    return frozenset(found)


def _of_one_person(agency: AgencyId, pairs: Sequence[tuple[bytes, bytes]]) -> Select[tuple[bytes, bytes]]:
    """Return a query for those of the pairs of tokens that somebody has; it stops at the first who has them."""
    pair = values(column("one", LargeBinary), column("other", LargeBinary)).data(pairs).cte("pair")
    first, second = aliased(PersonTokenRow), aliased(PersonTokenRow)
    has_both = (
        select(first.person)
        .join(second, (second.agency == first.agency) & (second.person == first.person))
        .where(first.agency == agency, first.token == pair.c.one, second.token == pair.c.other)
    )
    return select(pair.c.one, pair.c.other).where(has_both.exists())


def _by_token(session: Session, agency: AgencyId, words: Iterable[str]) -> dict[bytes, str]:
    vault = provided(session, Vault)
    return {token: word for word in set(words) for token in vault.word_tokens(agency, WORD, word)}


def made_at(session: Session, agency: AgencyId, person: PersonId) -> datetime:
    """Return when the agency first wrote a patient down."""
    found = select(PersonRow.created_at).where(PersonRow.agency == agency, PersonRow.id == person)
    return session.execute(found).scalar_one()


def identities(session: Session, agency: AgencyId, ids: Iterable[PersonId]) -> dict[PersonId, Identity]:
    """Return the identities of those the agency knows among `ids`."""
    vault = provided(session, Vault)
    rows = session.execute(
        select(PersonRow.id, PersonRow.identity).where(PersonRow.agency == agency, PersonRow.id.in_(set(ids)))
    )
    return {
        PersonId(row.id): load(Identity, vault.open(agency, "person", "identity", row.id, row.identity))
        for row in rows
    }


def _frequency(session: Session, agency: AgencyId, token: bytes) -> int:
    some = (
        select(PersonTokenRow.person)
        .where(PersonTokenRow.agency == agency, PersonTokenRow.token == token)
        .limit(_FREQUENT)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def hash_of(session: Session, agency: AgencyId, number: str | None) -> bytes | None:
    """Return the keyed hash a number is found by."""
    return None if not number else provided(session, Vault).blind(agency, NUMBER, number)


def _sealed(session: Session, agency: AgencyId, id_: PersonId, identity: Identity) -> bytes:
    return provided(session, Vault).seal(agency, "person", "identity", id_, dump(identity))


def _index(session: Session, agency: AgencyId, id_: PersonId, identity: Identity) -> None:
    vault = provided(session, Vault)
    tokens = {*vault.tokens(agency, NAME, identity.name), *vault.word_tokens(agency, WORD, identity.name)}
    if tokens:
        session.execute(
            insert(PersonTokenRow), [{"agency": agency, "token": token, "person": id_} for token in sorted(tokens)]
        )
