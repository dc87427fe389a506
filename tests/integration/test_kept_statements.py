"""Questions to the catalog that a session keeps prepared: asked in full only a few times, and never believed blindly."""

import contextlib

import pytest

from wire import Wire, close, errors, parse, query, rows, sync

KEPT = "SELECT name FROM pg_prepared_statements WHERE name LIKE '\\_lockkeeper%' ORDER BY name"
# As if there were no table t: then there is nothing to protect.
FAKE = ("SELECT 'name', ROW('', 't', NULL, NULL)::text "
        "WHERE $1::text[] IS NOT NULL AND $2::text[] IS NOT NULL AND $3::text IS NOT NULL")


@pytest.fixture
def session(lockkeeper, database, table):
    with contextlib.closing(lockkeeper().connect(database)) as connection:
        yield connection.cursor()


# More than a plain column: what the catalog is asked for that is short, and is not kept.
def change(number):
    return f"ALTER TABLE t ADD COLUMN c{number} int, ALTER COLUMN c SET DEFAULT {number}"


def add_columns(cursor, count, first=0):
    for number in range(first, first + count):
        cursor.execute(change(number))


def kept(cursor):
    cursor.execute(KEPT)
    return [name for name, in cursor.fetchall()]


def built_concurrently(cursor, server_log):
    cursor.execute("CREATE INDEX i ON t (c)")
    return bool(server_log.ran("CREATE INDEX CONCURRENTLY"))


def test_few_changes_leave_nothing(session):
    add_columns(session, 4)
    assert kept(session) == []


def test_plain_columns_leave_nothing(session):
    for number in range(12):
        session.execute(f"ALTER TABLE t ADD COLUMN c{number} int")
    assert kept(session) == []


def test_many_changes_are_asked_about_by_name(session, server_log):
    add_columns(session, 12)
    assert kept(session) == ["_lockkeeper_holders", "_lockkeeper_relations", "_lockkeeper_types"]
    session.execute("SELECT generic_plans > 0 FROM pg_prepared_statements WHERE name = '_lockkeeper_relations'")
    assert session.fetchone() == (True,)
    assert built_concurrently(session, server_log)


@pytest.mark.parametrize("away", ["DEALLOCATE ALL", "DISCARD ALL", "DEALLOCATE _lockkeeper_relations",
                                  "DO $$BEGIN EXECUTE 'DEALLOCATE ALL'; END$$"])
def test_what_the_client_deallocates_is_asked_anew(session, server_log, away):
    add_columns(session, 8)
    session.execute(away)
    assert built_concurrently(session, server_log)
    add_columns(session, 2, first=8)
    assert "_lockkeeper_relations" in kept(session)


def test_in_a_transaction_nothing_is_aborted(session, server_log):
    add_columns(session, 8)
    session.execute("BEGIN")
    session.execute("INSERT INTO t (c) VALUES (-1)")
    session.execute("DO $$BEGIN EXECUTE 'DEALLOCATE ALL'; END$$")
    add_columns(session, 2, first=8)
    session.execute("COMMIT")
    session.execute("SELECT count(*) FROM t WHERE c = -1")
    assert session.fetchone() == (1,)
    session.execute("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname IN ('c8', 'c9')")
    assert session.fetchone() == (2,)


def test_another_text_under_the_name_is_not_believed(session, server_log):
    add_columns(session, 8)
    session.execute("DEALLOCATE _lockkeeper_relations")
    session.execute(f"PREPARE _lockkeeper_relations (text[], text[], text) AS {FAKE}")
    assert built_concurrently(session, server_log)


def test_another_text_by_the_protocol_is_not_believed(lockkeeper, database, table, server_log):
    with Wire(lockkeeper().port, database=database) as wire:
        for number in range(8):
            wire.send(query(change(number)))
            assert not errors(wire.until_ready())
        wire.send(close("S", "_lockkeeper_relations") + parse(FAKE, "_lockkeeper_relations") + sync())
        assert not errors(wire.until_ready())
        wire.send(query("CREATE INDEX i ON t (c)"))
        assert not errors(wire.until_ready())
        wire.send(query(KEPT))
        assert rows(wire.until_ready())
    assert server_log.ran("CREATE INDEX CONCURRENTLY")
