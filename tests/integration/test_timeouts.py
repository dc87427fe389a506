"""A blocking statement waits no longer than configured, and the client's settings come back as they were."""

import contextlib
import threading
import time

import psycopg2
import pytest

from cluster import wait_until
from wire import Wire, bind, errors, execute, parse, query, rows, sync

SHOW = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
ADD = "ALTER TABLE t ADD COLUMN x int"
ADD2 = "ALTER TABLE t ADD COLUMN x2 int"
FAST = {"lock": "300ms", "statement": "5s"}
SLOW = {"lock": "20s", "statement": "25s"}


def show(connection):
    cursor = connection.cursor()
    cursor.execute(SHOW)
    return cursor.fetchone()


def run(connection, sql):
    """The SQLSTATE, or None."""
    try:
        connection.cursor().execute(sql)
        return None
    except psycopg2.Error as error:
        return error.pgcode


def timed(connection, sql):
    begin = time.monotonic()
    return run(connection, sql), time.monotonic() - begin


@contextlib.contextmanager
def held(cluster, database, mode="ACCESS SHARE"):
    """Another session holds a lock on t; it lets go after 10 s, so that a wait without end fails and does not hang."""
    with contextlib.closing(cluster.connect(database, autocommit=False)) as holder:
        holder.cursor().execute(f"LOCK TABLE t IN {mode} MODE")
        mercy = threading.Timer(10, holder.rollback)
        mercy.start()
        try:
            yield holder
        finally:
            mercy.cancel()


@pytest.fixture
def through(lockkeeper, database, table):
    """through(timeouts, autocommit): a connection by way of a proxy with these timeouts, and one attempt at each lock."""
    opened = []

    def connect(timeouts=None, autocommit=True, mode="guard"):
        opened.append(lockkeeper(mode=mode, timeouts=timeouts or FAST, locks={"budget": "0"}).connect(database, autocommit=autocommit))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.mark.parametrize("mode", ["guard", "enforce"])
def test_autocommit(mode, through, cluster, database):
    connection = through(mode=mode)
    with held(cluster, database):
        code, seconds = timed(connection, ADD)
        assert code == "55P03"
        assert 0.25 < seconds < 2
        assert show(connection) == ("0", "0")
    assert run(connection, ADD) is None


def test_in_a_transaction(through, cluster, database):
    connection = through(autocommit=False)
    with held(cluster, database):
        run(connection, "SELECT 1")
        code, seconds = timed(connection, ADD)
        assert code == "55P03"
        assert 0.25 < seconds < 2
        assert run(connection, "SELECT 1") == "25P02"
        connection.rollback()
        assert show(connection) == ("0", "0")
    assert run(connection, ADD) is None
    connection.commit()


def test_observe_leaves_the_wait_alone(through, cluster, database):
    connection = through(mode="observe")
    with held(cluster, database) as holder:
        threading.Timer(1, holder.rollback).start()
        code, seconds = timed(connection, ADD)
    assert code is None
    assert seconds > 0.9


def test_statement_timeout(through, straight):
    """statement_timeout bounds what the statement does once it has its lock."""
    straight.cursor().execute("INSERT INTO t (c) SELECT generate_series(1, 100)")
    straight.cursor().execute("CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS"
                              " $$ BEGIN PERFORM pg_sleep(0.05); RETURN $1; END $$")
    connection = through({"lock": "5s", "statement": "400ms"})
    code, seconds = timed(connection, "ALTER TABLE t ALTER COLUMN c TYPE bigint USING slow(c)")
    assert code == "57014"
    assert 0.35 < seconds < 3
    assert show(connection) == ("0", "0")


def test_stricter_lock_timeout_of_the_client_wins(through, cluster, database):
    connection = through(SLOW)
    run(connection, "SET lock_timeout = '200ms'")
    with held(cluster, database):
        code, seconds = timed(connection, ADD)
    assert code == "55P03"
    assert seconds < 3
    assert show(connection) == ("200ms", "0")


def test_stricter_statement_timeout_of_the_client_wins(through, cluster, database):
    connection = through(SLOW)
    run(connection, "SET statement_timeout = '200ms'")
    with held(cluster, database):
        code, seconds = timed(connection, ADD)
    assert code == "57014"
    assert seconds < 3
    assert show(connection) == ("0", "200ms")


def test_looser_lock_timeout_of_the_client_loses(through, cluster, database):
    connection = through(FAST)
    run(connection, "SET lock_timeout = '1h'")
    with held(cluster, database):
        code, seconds = timed(connection, ADD)
    assert code == "55P03"
    assert seconds < 2
    assert show(connection) == ("1h", "0")


def test_restored_after_cancel(through, cluster, database, straight):
    connection = through(SLOW)
    run(connection, "SET lock_timeout = '15s'; SET statement_timeout = '16s'")
    waiting = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"

    def cancel():
        cursor = straight.cursor()
        wait_until(lambda: (cursor.execute(waiting, [connection.get_backend_pid()]), cursor.fetchone())[1], "it waits")
        connection.cancel()

    with held(cluster, database):
        canceller = threading.Thread(target=cancel)
        canceller.start()
        code, seconds = timed(connection, ADD)
        canceller.join()
    assert code == "57014"
    assert seconds < 10
    assert show(connection) == ("15s", "16s")


# What the client sees of its settings, step by step, must be what it sees without a proxy.
# `?` stands for SHOW.
SCRIPTS = {
    "success": [ADD, "?"],
    "error": ["ALTER TABLE t ADD COLUMN c int", "?"],
    "commit": ["BEGIN", ADD, "?", "COMMIT", "?"],
    "rollback": ["BEGIN", ADD, "?", "ROLLBACK", "?"],
    "error in transaction": ["BEGIN", ADD, ADD, "ROLLBACK", "?"],
    "commit of a failed transaction": ["BEGIN", ADD, ADD, "COMMIT", "?"],
    "savepoint": ["BEGIN", "SAVEPOINT s", ADD, "ROLLBACK TO s", "?", ADD, "RELEASE s", "?", "COMMIT", "?"],
    "error in savepoint": ["BEGIN", "SAVEPOINT s", ADD, ADD, "ROLLBACK TO s", "?", "COMMIT", "?"],
    "nested savepoints": ["BEGIN", "SAVEPOINT a", ADD, "SAVEPOINT b", ADD, "ROLLBACK TO b", "?", "ROLLBACK TO a", "?",
                          "COMMIT", "?"],
    "set local": ["BEGIN", "SET LOCAL lock_timeout = '3s'", ADD, "?", "COMMIT", "?"],
    "set local after": ["BEGIN", ADD, "SET LOCAL statement_timeout = '3s'", "?", ADD2, "?", "COMMIT", "?"],
    "set in transaction": ["BEGIN", "SET lock_timeout = '3s'", ADD, "?", "COMMIT", "?"],
    "set rolled back": ["BEGIN", "SET lock_timeout = '3s'", ADD, "?", "ROLLBACK", "?"],
    "set before, local inside, rolled back": ["BEGIN", "SET lock_timeout = '4s'", "SET LOCAL lock_timeout = '3s'", ADD,
                                              "?", "ROLLBACK", "?"],
    "set before, local inside, committed": ["BEGIN", "SET lock_timeout = '4s'", "SET LOCAL lock_timeout = '3s'", ADD,
                                            "?", "COMMIT", "?"],
    "set under a savepoint": ["BEGIN", "SAVEPOINT s", "SET lock_timeout = '3s'", ADD, "ROLLBACK TO s", "?", "COMMIT",
                              "?"],
    "set local under a savepoint": ["BEGIN", "SET LOCAL lock_timeout = '5s'", "SAVEPOINT s",
                                    "SET LOCAL lock_timeout = '3s'", ADD, ADD, "ROLLBACK TO s", "?", ADD, "?", "COMMIT",
                                    "?"],
    "string with begin": ["BEGIN; " + ADD + "; COMMIT", "?"],
    "string that opens": ["BEGIN; " + ADD, "?", "ROLLBACK", "?"],
    "string that closes": ["BEGIN", ADD, "ALTER TABLE t ADD y int; COMMIT", "?"],
    "string that fails": [ADD + "; SELECT 1/0", "?"],
    "string that fails in a transaction": ["BEGIN; " + ADD + "; SELECT 1/0", "?", "ROLLBACK", "?"],
    "string with set": ["SET lock_timeout = '3s'; " + ADD, "?"],
    "string with set local": ["BEGIN; SET LOCAL lock_timeout = '3s'; " + ADD, "?", "COMMIT", "?"],
    "reset": [ADD, "RESET lock_timeout", "?", "SET statement_timeout = DEFAULT", "?"],
    "reset all": [ADD, "RESET ALL", "?"],
    "discard all": [ADD, "DISCARD ALL", "?"],
    "chain": ["BEGIN", "SET LOCAL lock_timeout = '3s'", ADD, "COMMIT AND CHAIN", "?", ADD2, "?", "COMMIT", "?"],
    "prepared transaction": ["BEGIN", ADD, "PREPARE TRANSACTION 'lk'", "?", "ROLLBACK PREPARED 'lk'", "?"],
    "read only": ["BEGIN READ ONLY", ADD, "ROLLBACK", "?"],
    "read only session": ["SET default_transaction_read_only = on", ADD, "?"],
}


def play(connection, script):
    answers = []
    for sql in script:
        code = run(connection, SHOW if sql == "?" else sql)
        answers.append((sql, show(connection) if sql == "?" and code is None else code))
    return answers


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("before", ["SELECT 1", "SET lock_timeout = '7s'; SET statement_timeout = '0'",
                                    "SET lock_timeout = '250ms'; SET statement_timeout = '1h'"])
def test_settings_as_without_proxy(name, before, through, straight):
    with_proxy = through()
    answers = []
    for connection in (straight, with_proxy):
        run(connection, before)
        answers.append(play(connection, SCRIPTS[name]))
        if connection is straight:
            for sql in ("ROLLBACK", "RESET ALL", "ALTER TABLE t DROP COLUMN IF EXISTS x, DROP COLUMN IF EXISTS x2,"
                        " DROP COLUMN IF EXISTS y"):
                assert run(straight, sql) is None
    assert answers[1] == answers[0]


def test_role_settings_come_back(lockkeeper, cluster, database, table, straight):
    straight.cursor().execute(f"ALTER DATABASE {database} SET lock_timeout = '11s'")
    with contextlib.closing(lockkeeper(mode="guard").connect(database)) as connection:
        assert run(connection, ADD) is None
        assert show(connection) == ("11s", "0")
        run(connection, "RESET lock_timeout")
        assert show(connection) == ("11s", "0")


def test_clients_prepared_alter(lockkeeper, cluster, database, table):
    """The timeouts belong to Execute, also when the statement was parsed long before."""
    with Wire(lockkeeper(mode="guard", timeouts=FAST, locks={"budget": "0"}).port, database=database) as wire:
        assert not errors(wire.ask(parse(ADD, "add"), sync()))
        with held(cluster, database):
            failed = wire.ask(bind(statement="add"), execute(), sync())
            assert [e["C"] for e in errors(failed)] == ["55P03"]
            assert rows(wire.ask(query(SHOW))) == [["0", "0"]]
        assert not errors(wire.ask(bind(statement="add"), execute(), sync()))
