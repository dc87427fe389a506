"""DROP TABLE and DROP COLUMN with what they take along: each constraint and index by itself, and the same schema in the end."""

import contextlib
import threading

import psycopg2
import pytest

from cluster import wait_until
from test_plans_alter import run, schema

GIVEN = """
CREATE TABLE books (id bigint PRIMARY KEY, isbn text UNIQUE, title text);
CREATE TABLE members (id bigint PRIMARY KEY);
CREATE TABLE loans (id bigint PRIMARY KEY, book bigint REFERENCES books, isbn text REFERENCES books (isbn) DEFERRABLE INITIALLY DEFERRED,
                    member bigint REFERENCES members, before bigint REFERENCES loans, slip text UNIQUE, days int, note text,
                    CONSTRAINT once UNIQUE (book, member));
CREATE INDEX loans_book ON loans (book);
CREATE INDEX loans_days ON loans (lower(note)) WHERE days > 3;
CREATE TABLE fines (id bigint PRIMARY KEY, loan bigint REFERENCES loans, slip text REFERENCES loans (slip));
CREATE VIEW late AS SELECT id, days FROM loans;
"""


class Copies:
    """Two databases that are alike: one that is changed by way of Lockkeeper, and one that is changed straight."""

    def __init__(self, cluster, names):
        self.cluster, self.names = cluster, names
        self.straight, self.copy = (cluster.connect(name, application_name="straight") for name in names)
        for connection in (self.straight, self.copy):
            run(connection, GIVEN)

    def schemas(self):
        return [schema(self.cluster, name) for name in self.names]


@pytest.fixture
def copies(cluster, databases):
    made = Copies(cluster, [databases(), databases()])
    yield made
    made.straight.close()
    made.copy.close()


def answer(connection, sql):
    """The tag, or the SQLSTATE and the message."""
    try:
        return run(connection, sql)
    except psycopg2.Error as error:
        return error.pgcode, error.diag.message_primary


# How many statements go first.
DROPS = {
    "DROP TABLE fines": 2,
    "DROP TABLE loans CASCADE": 6,
    "DROP TABLE IF EXISTS public.fines RESTRICT -- all of it\n": 2,
    "ALTER TABLE loans DROP COLUMN book": 3,
    "ALTER TABLE loans DROP COLUMN member CASCADE": 2,
    "ALTER TABLE loans DROP COLUMN isbn": 1,
    "ALTER TABLE loans DROP COLUMN note": 1,
    "ALTER TABLE loans DROP COLUMN slip CASCADE": 2,
    "ALTER TABLE loans DROP COLUMN days CASCADE": 1,
    "ALTER TABLE loans DROP COLUMN before": 1,
    "ALTER TABLE books DROP COLUMN isbn CASCADE": 2,
}


@pytest.mark.parametrize("statement", DROPS)
def test_same_schema(statement, copies, lockkeeper):
    proxy = lockkeeper()
    with contextlib.closing(proxy.connect(copies.names[1])) as connection:
        assert answer(connection, statement) == answer(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight
    record = proxy.audited(event="outcome", outcome="done", action="rewrite")[0]
    assert [step["outcome"] for step in record["steps"]] == ["done"] * (DROPS[statement] + 1)
    assert "dropped-with-constraints" in record["rules"]


@pytest.mark.parametrize("statement", ["DROP TABLE loans", "ALTER TABLE loans DROP COLUMN slip", "ALTER TABLE loans DROP COLUMN days",
                                       "ALTER TABLE books DROP COLUMN isbn", "DROP TABLE books"])
def test_what_the_server_refuses_keeps_all_it_has(statement, copies, lockkeeper):
    with contextlib.closing(lockkeeper().connect(copies.names[1])) as connection:
        refused = answer(connection, statement)
        assert refused[0] == "2BP01" and refused == answer(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight


def test_what_an_earlier_run_has_dropped_is_passed_over(copies, lockkeeper):
    run(copies.copy, "ALTER TABLE loans DROP CONSTRAINT loans_book_fkey")
    run(copies.copy, "DROP INDEX loans_book")
    with contextlib.closing(lockkeeper().connect(copies.names[1])) as connection:
        assert run(connection, "ALTER TABLE loans DROP COLUMN book") == "ALTER TABLE"
    run(copies.straight, "ALTER TABLE loans DROP COLUMN book")
    straight, through = copies.schemas()
    assert through == straight


SLOW_FILES = """
CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS
    'BEGIN IF tg_tag = ''DROP TABLE'' THEN PERFORM pg_sleep(2); END IF; END';
CREATE EVENT TRIGGER slow ON sql_drop EXECUTE FUNCTION slow();
"""


def readable_meanwhile(copies, connection, database):
    """Can books be read while the files of loans are being dropped (as long as that may take)?"""
    dropping = threading.Thread(target=run, args=(connection, "DROP TABLE loans CASCADE"))
    dropping.start()
    try:
        with contextlib.closing(copies.cluster.connect(database, application_name="reader")) as reader:
            wait_until(lambda: run(reader, "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"),
                       "the table is being dropped")
            return answer(reader, "SET lock_timeout = '200ms'; SELECT count(*) FROM books") == [(0,)]
    finally:
        dropping.join()


def test_other_tables_are_not_locked_while_one_is_dropped(copies, lockkeeper):
    for connection in (copies.straight, copies.copy):
        run(connection, SLOW_FILES)
    with contextlib.closing(lockkeeper().connect(copies.names[1])) as connection:
        assert readable_meanwhile(copies, connection, copies.names[1])
    with contextlib.closing(copies.cluster.connect(copies.names[0])) as connection:
        assert not readable_meanwhile(copies, connection, copies.names[0])


@pytest.mark.parametrize("transactions", ["reject", "defer"])
def test_a_transaction_keeps_its_locks_anyway(transactions, copies, lockkeeper, server_log):
    """As Django's DeleteModel sends it: nothing is gained by steps, and nothing is refused."""
    with contextlib.closing(lockkeeper(transactions=transactions).connect(copies.names[1], autocommit=False)) as connection:
        assert run(connection, "DROP TABLE loans CASCADE") == "DROP TABLE"
        connection.rollback()
        assert not server_log.ran("DROP CONSTRAINT")
        assert run(connection, "DROP TABLE loans CASCADE") == "DROP TABLE"
        connection.commit()
    run(copies.straight, "DROP TABLE loans CASCADE")
    straight, through = copies.schemas()
    assert through == straight


def test_a_transaction_that_may_be_split_holds_no_lock_on_other_tables(copies, lockkeeper):
    with contextlib.closing(lockkeeper(transactions="split").connect(copies.names[1], autocommit=False)) as connection:
        assert run(connection, "DROP TABLE loans CASCADE") == "DROP TABLE"
        assert answer(copies.copy, "SET lock_timeout = '200ms'; SELECT count(*) FROM books") == [(0,)]
        connection.commit()
