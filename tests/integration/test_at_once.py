"""A plain column goes to the server with its timeouts in one exchange, as a part of ours: what the client sees is the same."""

import contextlib
import threading
import time

import psycopg2
import pytest
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from cluster import Cluster, binaries, wait_until
from programs import other_postgres
from recorded import assert_same
from wire import Wire, bind, execute, parse, query, sync

MAJORS = [13, None, 18]  # None: the installed one

# What makes an ADD COLUMN do more than it does: after it has its lock, and in words that are not the server's.
HINDRANCE = """
CREATE FUNCTION hinder() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_query() LIKE '%slow%' THEN PERFORM pg_sleep(20); END IF;
    IF current_query() LIKE '%loud%' THEN RAISE NOTICE 'heard: %', current_query(); END IF;
    IF current_query() LIKE '%wrong%' THEN RAISE 'not so' USING ERRCODE = 'ZZ001', DETAIL = 'why', HINT = 'how'; END IF;
    IF current_query() LIKE '%deferred%' THEN INSERT INTO checked VALUES (1); INSERT INTO checked VALUES (1); END IF;
END$$;
CREATE EVENT TRIGGER hinder ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION hinder();
CREATE TABLE checked (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE t (id serial PRIMARY KEY, c int);
"""

STATE = """SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), (SELECT count(*) FROM pg_prepared_statements),
                  (SELECT count(*) FROM pg_cursors), txid_current_if_assigned() IS NULL"""

STATEMENTS = ["ALTER TABLE t ADD COLUMN a int", "ALTER TABLE t ADD COLUMN c int", "ALTER TABLE t ADD COLUMN b int DEFAULT 'x'",
              "ALTER TABLE t ADD COLUMN d int; -- and a comment", "ALTER TABLE t ADD COLUMN loud int", "ALTER TABLE t ADD COLUMN wrong int",
              "ALTER TABLE t ADD COLUMN IF NOT EXISTS e int", "  /* \u00fc */ ALTER TABLE t ADD COLUMN f varchar(0)",
              "ALTER TABLE t ADD COLUMN deferred int", "ALTER TABLE t ADD COLUMN g text COLLATE nowhere"]


@pytest.fixture(scope="module", params=MAJORS, ids=lambda major: f"on {major or 'the installed'}")
def cluster(request):
    with Cluster(programs=other_postgres(request.param) if request.param else binaries()) as made:
        yield made.start().create_roles()


@pytest.fixture
def both(cluster, lockkeeper, databases):
    """Through Lockkeeper and straight: [(endpoint, database)]."""
    sides = [(lockkeeper(), databases()), (cluster, databases())]
    for _, database in sides:
        with contextlib.closing(cluster.connect(database)) as connection:
            connection.cursor().execute(HINDRANCE)
    return sides


def told(session, sql):
    """All that the client is told of a statement, and what its session is like behind it."""
    cursor = session.cursor()
    session.notices.clear()
    said = []
    try:
        cursor.execute(sql)
        said.append(cursor.statusmessage)
    except psycopg2.Error as error:
        d = error.diag
        said += [d.severity, d.sqlstate, d.message_primary, d.message_detail, d.message_hint, d.statement_position, d.context, d.internal_query,
                 d.schema_name, d.table_name, d.column_name, d.constraint_name, d.source_function]
    said += session.notices
    status = session.get_transaction_status()
    if status == TRANSACTION_STATUS_INERROR:
        cursor.execute("ROLLBACK TO mine")
    cursor.execute(STATE)
    return said, cursor.fetchone(), status


def test_the_client_is_told_the_same(both, server_log):
    stories = []
    for endpoint, database in both:
        with contextlib.closing(endpoint.connect(database)) as session:
            session.cursor().execute("SET lock_timeout = '7s'; SET statement_timeout = '1min'; PREPARE mine AS SELECT 1")
            stories.append([told(session, sql) for sql in STATEMENTS])
    assert stories[0] == stories[1]
    assert len(server_log.ran("SELECT pg_catalog.set_config\\('lock_timeout', '20ms', true\\)")) >= len(STATEMENTS) - 1


def test_the_client_is_told_the_same_in_a_transaction(both, server_log):
    stories = []
    for endpoint, database in both:
        with contextlib.closing(endpoint.connect(database)) as session:
            cursor = session.cursor()
            cursor.execute("SET lock_timeout = '7s'; PREPARE mine AS SELECT 1")
            story = []
            for statements in [STATEMENTS, *([one] for one in STATEMENTS)]:  # one behind the other, and each as the first
                cursor.execute("BEGIN; SET LOCAL statement_timeout = '1min'; DECLARE mine CURSOR FOR SELECT 1")
                for sql in statements:
                    cursor.execute("SAVEPOINT mine")
                    story.append(told(session, sql))
                cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum")
                story.append(cursor.fetchall())
                cursor.execute("ROLLBACK")
            stories.append(story)
    assert stories[0] == stories[1]
    assert len(server_log.ran("SELECT pg_catalog.set_config\\('lock_timeout', '[0-9a-z]+', true\\)")) >= len(STATEMENTS) - 1


@pytest.mark.parametrize("before", [query("SELECT 1"), query("BEGIN")], ids=["alone", "in a transaction"])
@pytest.mark.parametrize("sql", ["ALTER TABLE t ADD COLUMN c int", "ALTER TABLE t ADD COLUMN wrong int", "ALTER TABLE t ADD COLUMN a int"])
def test_its_text_is_nothing_to_bind_to(both, before, sql):
    """As an unnamed statement it would be executed again, and judged by nobody."""
    replies = []
    for endpoint, database in both:
        with Wire(endpoint.port, database=database) as wire:
            # A Query in between would drop the unnamed statement itself.
            wire.send(parse("ROLLBACK", "rollback") + sync() + before + query(sql) + bind(statement="rollback") + execute() + sync()
                      + bind() + execute() + sync() + query("SELECT count(*) FROM pg_prepared_statements") + query("SELECT 'the end'"))
            heard = []
            while not heard or not heard[-1][1].endswith(b"the end"):
                heard.append(wire.read())
            replies.append(heard)
    assert_same(replies[1], replies[0])
    assert any(kind == "E" and b"26000" in body for kind, body in replies[0])


@pytest.mark.parametrize("own, ours", [("0", "300ms"), ("1min", "300ms"), ("300ms", "1min")])
def test_the_stricter_statement_timeout_counts(cluster, lockkeeper, database, straight, own, ours):
    straight.cursor().execute(HINDRANCE)
    with contextlib.closing(lockkeeper(timeouts={"statement": ours}).connect(database)) as session:
        cursor = session.cursor()
        cursor.execute(f"SET statement_timeout = '{own}'")
        begun = time.monotonic()
        with pytest.raises(psycopg2.errors.QueryCanceled, match="statement timeout"):
            cursor.execute("ALTER TABLE t ADD COLUMN slow int")
        assert time.monotonic() - begun < 10
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == (own,)


def test_a_cancel_reaches_it(cluster, lockkeeper, database, straight):
    straight.cursor().execute(HINDRANCE)
    with contextlib.closing(lockkeeper(timeouts={"statement": "1min"}).connect(database)) as session:
        cursor = session.cursor()

        def cancel():
            wait_until(lambda: asleep(straight), "the statement runs")
            session.cancel()

        canceling = threading.Thread(target=cancel)
        canceling.start()
        with pytest.raises(psycopg2.errors.QueryCanceled, match="user request"):
            cursor.execute("ALTER TABLE t ADD COLUMN slow int")
        canceling.join()
        assert told(session, "SELECT 1")[1] == ("0", "0", 0, 0, True)
        cursor.execute("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'slow'")
        assert cursor.fetchone() == (0,)


def asleep(straight):
    with straight.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        return cursor.fetchone()[0]
