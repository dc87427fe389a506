"""How often the server is asked, and what, for a schema change that nobody is in the way of: each exchange is a round trip."""

import contextlib

import psycopg2
import pytest

from relay import Relay

LOOK = "SELECT 'plain'"
LIMITS = "SELECT pg_catalog.set_config('lock_timeout', '20ms', true)"


@pytest.fixture
def relay(cluster):
    relay = Relay(cluster.port)
    yield relay
    relay.stop()


@pytest.fixture
def session(relay, lockkeeper, database, table):
    with contextlib.closing(lockkeeper(upstream=relay.port).connect(database)) as connection:
        yield connection.cursor()


def run(session, relay, server_log, sql):
    """The exchanges that the statement took, and what the server has run, without our comment."""
    before = relay.exchanges
    server_log.mark()
    session.execute(sql)
    exchanges = relay.exchanges - before
    return exchanges, [text.removeprefix("/* lockkeeper */ ") for text in server_log.statements()]


@pytest.mark.parametrize("column", ["a int", "a text", "a varchar(20)[]", "a timestamptz", "a int DEFAULT 5 NOT NULL", "a uuid, ADD COLUMN b jsonb",
                                    "IF NOT EXISTS a int"])
def test_a_plain_column_is_two_exchanges(session, relay, server_log, column):
    for turn in range(2):  # the first of a session, and another
        sql = f"ALTER TABLE t ADD COLUMN {column}"
        exchanges, ran = run(session, relay, server_log, sql)
        assert len(ran) == 3 and ran[0].startswith(LOOK) and ran[1].startswith(LIMITS) and ran[2] == sql
        assert exchanges == 2
        if turn == 0:
            session.execute("ALTER TABLE t DROP COLUMN a" + (", DROP COLUMN b" if " b " in column else ""))


def test_with_a_schema_too(session, relay, server_log, straight):
    straight.cursor().execute('CREATE SCHEMA "Sch""ema"; CREATE TABLE "Sch""ema"."T t" (id int)')
    exchanges, _ = run(session, relay, server_log, 'ALTER TABLE "Sch""ema"."T t" ADD COLUMN a int')
    assert exchanges == 2


def test_in_a_transaction_it_is_looked_at_in_short(session, relay, server_log):
    session.execute("BEGIN")
    exchanges, ran = run(session, relay, server_log, "ALTER TABLE t ADD COLUMN a int")
    assert [text.split()[0] for text in ran] == ["SAVEPOINT", "SELECT", "RELEASE", "SAVEPOINT", "SELECT", "ALTER", "SELECT", "SELECT", "RELEASE"]
    assert ran[1].startswith(LOOK) and ran[4].startswith(LIMITS)
    assert exchanges == 2
    # Another finds the transaction with an id, and the lock in its hands: it is no attempt, and may be cancelled by locks.max_hold.
    exchanges, ran = run(session, relay, server_log, "ALTER TABLE t ADD COLUMN b int")
    assert not any("WITH RECURSIVE" in text for text in ran) and any(text.startswith(LOOK) for text in ran)
    assert exchanges == 4
    session.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
    assert session.fetchone() == ("0", "0")
    session.execute("COMMIT")


def test_a_table_of_the_transaction_is_asked_about_in_full(session, relay, server_log):
    session.execute("BEGIN")
    session.execute("CREATE TABLE mine (id int)")
    _, ran = run(session, relay, server_log, "ALTER TABLE mine ADD COLUMN a int")
    assert any("WITH RECURSIVE" in text for text in ran) and not any("lock_timeout = " in text for text in ran)
    session.execute("COMMIT")


# A prepared transaction has no process.
@pytest.mark.parametrize("at_it, over", [("SELECT FROM t", "ROLLBACK"), ("LOCK TABLE t; PREPARE TRANSACTION 'held'", "ROLLBACK PREPARED 'held'")])
def test_who_is_at_the_table_is_looked_at_more_closely(session, relay, server_log, straight, at_it, over):
    for sql in ["BEGIN", *at_it.split("; ")]:
        straight.cursor().execute(sql)
    session.execute("SET statement_timeout = '300ms'")
    with pytest.raises(psycopg2.Error, match="timeout"):
        run(session, relay, server_log, "ALTER TABLE t ADD COLUMN a int")
    straight.cursor().execute(over)
    assert any("pg_locks" in text for text in server_log.statements())


def test_the_timeouts_are_gone_with_it(session):
    session.execute("SET lock_timeout = '7s'")
    session.execute("ALTER TABLE t ADD COLUMN a int")
    for name, value in (("lock_timeout", "7s"), ("statement_timeout", "0")):
        session.execute(f"SHOW {name}")
        assert session.fetchone() == (value,)
    with pytest.raises(Exception, match="already exists"):
        session.execute("ALTER TABLE t ADD COLUMN a int")
    session.execute("SHOW lock_timeout")
    assert session.fetchone() == ("7s",)


@pytest.mark.parametrize("setting_up, sql", [
    ("CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT", "ALTER TABLE p ADD COLUMN a int"),
    ("CREATE TABLE p (id int); CREATE TABLE p1 () INHERITS (p)", "ALTER TABLE p ADD COLUMN a int"),
    ("CREATE DOMAIN text AS pg_catalog.text CHECK (VALUE <> 'x'); ALTER DATABASE {} SET search_path = public, pg_catalog; CREATE TABLE p (id int)",
     "ALTER TABLE p ADD COLUMN a text"),
    ("CREATE TYPE mood AS ENUM ('x'); CREATE TABLE p (id int)", "ALTER TABLE p ADD COLUMN a mood"),
    ("CREATE TABLE p (id int)", "ALTER TABLE p ADD COLUMN IF NOT EXISTS id int"),
    ("CREATE TABLE p (id int)", "ALTER TABLE p ADD COLUMN a int CHECK (a > 0)"),
    ("CREATE TABLE p (id int)", "ALTER TABLE p ADD COLUMN a float DEFAULT random()"),
])
def test_what_is_not_plain_is_asked_about_in_full(relay, lockkeeper, database, straight, server_log, setting_up, sql):
    straight.cursor().execute(setting_up.format(database))
    with contextlib.closing(lockkeeper(upstream=relay.port).connect(database)) as connection:
        server_log.mark()
        with contextlib.suppress(Exception):
            connection.cursor().execute(sql)
    assert any("WITH RECURSIVE asked" in text for text in server_log.statements())
