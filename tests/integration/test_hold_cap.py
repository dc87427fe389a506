"""locks.max_hold: how long a transaction may go on once it holds a strong lock. LK003 tells who has exceeded it."""

import contextlib
import time

import psycopg
import psycopg2
import pytest

from cluster import wait_until

ALTER = "ALTER TABLE t ADD COLUMN d int"
CAP = 0.4


@pytest.fixture
def capped(lockkeeper, database, table):
    proxy = lockkeeper(locks={"max_hold": f"{round(CAP * 1000)}ms"})
    with contextlib.closing(proxy.connect(database)) as connection:
        connection.autocommit = False
        yield proxy, connection


def has_column(straight):
    cursor = straight.cursor()
    cursor.execute("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'd'")
    return cursor.fetchone()[0] == 1


def seconds_until_readable(straight):
    """A reader waits for the lock, and for nothing else."""
    began = time.monotonic()
    straight.cursor().execute("SELECT count(*) FROM t")
    return time.monotonic() - began


def test_a_statement_behind_the_lock_is_cancelled(capped, straight):
    proxy, connection = capped
    cursor = connection.cursor()
    cursor.execute(ALTER)
    with pytest.raises(psycopg2.Error) as failed:
        cursor.execute("SELECT pg_sleep(20)")
    assert failed.value.pgcode == "LK003"
    assert "ACCESS EXCLUSIVE on t for more than 400 ms" in failed.value.diag.message_primary.replace("public.", "")
    assert "RunPython" in failed.value.diag.message_hint
    assert seconds_until_readable(straight) < 3
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        cursor.execute("SELECT 1")
    connection.rollback()
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,) and not has_column(straight)


@pytest.mark.parametrize("pause", [0, 0.002, 0.02])  # what Python does between two of them
def test_a_statement_of_many_short_ones_is_cancelled_or_refused(capped, straight, pause):
    """As RunPython saves row by row: a cancel may meet none of them, and libpq would tell nobody why the session ends."""
    proxy, connection = capped
    cursor = connection.cursor()
    began = time.monotonic()  # not behind it: the lock is there before the client hears of it
    cursor.execute(ALTER)
    with pytest.raises(psycopg2.Error) as failed:
        while time.monotonic() < began + 20:
            cursor.execute("UPDATE t SET c = 2 WHERE id = 1")
            time.sleep(pause)
    assert failed.value.pgcode == "LK003" and CAP <= time.monotonic() - began < CAP + 10
    proxy.audited(event="outcome", outcome="held too long", statement=ALTER)
    connection.rollback()
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,) and not has_column(straight)


def test_the_next_statement_is_refused_in_the_extended_protocol_too(lockkeeper, database, table, straight):
    proxy = lockkeeper(locks={"max_hold": f"{round(CAP * 1000)}ms"})
    with contextlib.closing(psycopg.connect(proxy.dsn(database))) as connection:
        connection.execute(ALTER)
        began = time.monotonic()
        with pytest.raises(psycopg.Error) as failed:
            while time.monotonic() < began + 20:
                connection.execute("UPDATE t SET c = 2 WHERE id = %s", [1])
                time.sleep(0.002)
        assert failed.value.sqlstate == "LK003"
        connection.rollback()
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not has_column(straight)


def test_a_client_that_does_nothing_loses_its_session(lockkeeper, database, table, straight):
    proxy = lockkeeper(locks={"max_hold": f"{round(CAP * 1000)}ms"})
    connection = psycopg.connect(proxy.dsn(database))
    connection.execute(ALTER)
    assert seconds_until_readable(straight) < 3
    record = proxy.audited(event="outcome", outcome="held too long")[0]
    assert record["sqlstate"] == "LK003" and record["statement"] == ALTER and record["duration_ms"] >= CAP * 1000
    with pytest.raises(psycopg.OperationalError, match="has held ACCESS EXCLUSIVE on public.t for more than 400 ms"):
        connection.commit()
    assert not has_column(straight)


def test_rolling_back_past_the_cap_is_no_error(capped, straight):
    _, connection = capped
    connection.cursor().execute(ALTER)
    time.sleep(CAP + 0.1)  # between the cap and the session's end; neither can be seen from outside
    connection.rollback()
    connection.cursor().execute("SELECT 1")
    assert not has_column(straight)


def test_a_commit_past_the_cap_is_refused(capped, straight):
    _, connection = capped
    connection.cursor().execute(ALTER)
    time.sleep(CAP + 0.1)
    with pytest.raises(psycopg2.Error) as failed:
        connection.commit()
    assert failed.value.pgcode == "LK003" and not has_column(straight)


def test_a_savepoint_does_not_keep_the_lock(capped, straight):
    """The lock was taken before the savepoint: the error behind it does not let it go."""
    _, connection = capped
    cursor = connection.cursor()
    cursor.execute(ALTER)
    cursor.execute("SAVEPOINT s")
    with pytest.raises(psycopg2.Error) as failed:
        cursor.execute("SELECT pg_sleep(20)")
    assert failed.value.pgcode == "LK003"
    assert seconds_until_readable(straight) < 5
    with pytest.raises(psycopg2.Error):
        cursor.execute("ROLLBACK TO s")
    connection.rollback()
    cursor.execute("SELECT 1")
    assert not has_column(straight)


def test_a_transaction_that_has_failed_may_stay_open(capped, straight):
    _, connection = capped
    cursor = connection.cursor()
    cursor.execute(ALTER)
    with pytest.raises(psycopg2.errors.DivisionByZero):
        cursor.execute("SELECT 1/0")
    wait_until(lambda: has_rolled_back(straight), "the transaction is let go of")
    time.sleep(CAP)  # past the cap: nothing may happen, and nothing can be awaited
    connection.rollback()
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,) and not has_column(straight)


def has_rolled_back(straight):
    cursor = straight.cursor()
    cursor.execute("SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass AND mode = 'AccessExclusiveLock'")
    return cursor.fetchone()[0] == 0


@pytest.mark.parametrize("first", ["SELECT 1", "CREATE TABLE other ()", "INSERT INTO t (c) VALUES (1)"])
def test_transactions_without_a_strong_lock_may_go_on(capped, first):
    _, connection = capped
    cursor = connection.cursor()
    cursor.execute(first)
    cursor.execute(f"SELECT 1 FROM pg_sleep({2 * CAP})")
    assert cursor.fetchone() == (1,)
    connection.commit()


def test_the_statement_that_takes_the_lock_has_limits_of_its_own(capped, straight):
    _, connection = capped
    straight.cursor().execute("CREATE FUNCTION slow() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1 FROM pg_sleep(0.2)'")
    straight.cursor().execute("TRUNCATE t; INSERT INTO t (c) SELECT generate_series(1, 4)")
    cursor = connection.cursor()
    cursor.execute("/* lockkeeper: allow column-with-volatile-default reason=\"four rows\" */ ALTER TABLE t ADD COLUMN d int DEFAULT slow()")
    connection.commit()
    assert has_column(straight)


def test_no_cap(lockkeeper, database, table, straight):
    proxy = lockkeeper(locks={"max_hold": "0"})
    with contextlib.closing(proxy.connect(database)) as connection:
        connection.autocommit = False
        cursor = connection.cursor()
        cursor.execute(ALTER)
        cursor.execute(f"SELECT pg_sleep({2 * CAP})")
        connection.commit()
    assert has_column(straight)


def test_the_extended_protocol(lockkeeper, database, table, straight):
    proxy = lockkeeper(locks={"max_hold": f"{round(CAP * 1000)}ms"})
    with psycopg.connect(proxy.dsn(database)) as connection:
        connection.execute(ALTER, prepare=True)
        with pytest.raises(psycopg.Error) as failed:
            connection.execute("SELECT pg_sleep(%s)", [20], prepare=True)
        assert failed.value.sqlstate == "LK003"
        connection.rollback()
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not has_column(straight)
