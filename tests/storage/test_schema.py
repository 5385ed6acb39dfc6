"""A database brought up to date has exactly the tables the program was written for."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn

from handover import migrations
from handover.db import Base, Database
from handover.migrations import SchemaOutdated


def test_an_operator_upgrades_an_empty_database_to_what_the_tables_say(any_url: str) -> None:
    db = Database(any_url)
    migrations.upgrade(db)
    upgraded = schema(db.engine)
    with db.engine.begin() as connection:
        connection.execute(text("drop table alembic_version"))
        migrations.all_tables().drop_all(connection)
    assert schema(db.engine) == {}, "a version makes something that the tables do not have"
    migrations.all_tables().create_all(db.engine)
    made = schema(db.engine)
    db.engine.dispose()
    differing = {name for name in upgraded.keys() | made.keys() if upgraded.get(name) != made.get(name)}
    differences = {name: (upgraded.get(name), made.get(name)) for name in sorted(differing)}
    assert differences == {}, 'run: python -m handover.migrations "What changed"'


def test_an_upgrade_may_be_run_again(any_url: str) -> None:
    db = Database(any_url)
    migrations.upgrade(db)
    migrations.upgrade(db)
    migrations.require_current(db)
    db.engine.dispose()


def test_a_node_refuses_an_outdated_schema_in_plain_words(any_url: str) -> None:
    db = Database(any_url)
    with pytest.raises(SchemaOutdated, match="handover db upgrade") as refused:
        migrations.require_current(db)
    db.engine.dispose()
    assert refused.value.stable_code == "database.outdated"


def test_every_table_of_an_agency_leads_its_keys_with_the_agency() -> None:
    for table in migrations.all_tables().tables.values():
        if "agency" in table.c and not table.c.agency.nullable:
            assert next(iter(table.primary_key.columns)).name == "agency", table.name


def test_versions_are_one_line_without_branches() -> None:
    files = sorted(path.stem for path in (migrations.HERE / "versions").glob("0*.py"))
    assert [name[:4] for name in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
    assert files


def test_an_old_sqlite_file_is_left_as_it_was_when_an_upgrade_fails(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    engine = create_engine(f"sqlite:///{path}")
    last = sorted(migrations.all_tables().tables)[-1]
    with engine.begin() as connection:
        connection.execute(text(f'create table "{last}" (in_the_way integer)'))
    db = Database(f"sqlite:///{path}")
    with pytest.raises(Exception, match="already exists"):
        migrations.upgrade(db)
    assert inspect(db.engine).get_table_names() == [last]
    db.engine.dispose()
    engine.dispose()


def schema(engine: Engine) -> dict[str, object]:
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            rows = connection.execute(text("select name, sql from sqlite_master where sql is not null"))
            return {name: lines(sql) for name, sql in rows if name != "alembic_version"}
    seen = inspect(engine)
    return {
        name: (
            [column(found) for found in seen.get_columns(name)],
            seen.get_pk_constraint(name),
            sorted(map(str, seen.get_indexes(name))),
            sorted(map(str, seen.get_unique_constraints(name))),
            sorted(map(str, seen.get_foreign_keys(name))),
            sorted(map(str, seen.get_check_constraints(name))),
        )
        for name in seen.get_table_names()
        if name != "alembic_version"
    }


def lines(sql: str) -> list[str]:
    return sorted(re.sub(r"\s+", " ", line).strip(" ,") for line in sql.splitlines() if line.strip())


def column(found: ReflectedColumn) -> tuple[str, ...]:
    return (found["name"], str(found["type"]), str(found["nullable"]), str(found["default"]))


def test_no_table_of_the_schema_was_declared_outside_the_program() -> None:
    migrations.all_tables()
    assert {mapper.class_.__module__.partition(".")[0] for mapper in Base.registry.mappers} == {"handover"}
