"""A plan that takes its time says what it is doing, while it does it."""

import contextlib
import subprocess
import time

import psycopg
import pytest

from cluster import binaries, wait_until
from wire import Wire, fields, query, run, shape, sync

INDEX = "CREATE INDEX t_c ON t (c)"
UNIQUE = "ALTER TABLE t ADD CONSTRAINT t_u UNIQUE (c)"


@pytest.fixture
def old(cluster, database, table):
    """A snapshot that CREATE INDEX CONCURRENTLY has to wait for, until rollback()."""
    with contextlib.closing(cluster.connect(database, autocommit=False)) as connection:
        connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.cursor().execute("SELECT 1")
        yield connection


def notice(wire):
    kind, body = wire.read()
    assert kind == "N", (kind, body)
    return fields(body)


def test_a_long_build_is_told_of_every_ten_seconds(lockkeeper, database, old):
    with Wire(lockkeeper().port, database=database) as wire:
        began = time.monotonic()
        wire.send(query(INDEX))
        first = notice(wire)
        assert 1.9 < time.monotonic() - began < 5
        assert (first["S"], first["C"], first["R"]) == ("NOTICE", "00000", "lockkeeper")
        assert first["M"] == "lockkeeper: 2 s: CREATE INDEX CONCURRENTLY t_c ON t (c)"
        assert first["D"] == "reads and writes go on while the index is built"
        second = notice(wire)
        assert second["M"].startswith("lockkeeper: 12 s: ")
        assert time.monotonic() - began > 11
        old.rollback()
        assert shape(wire.until_ready()) == "C ZI"


def test_the_steps_behind_a_long_one_are_told_of_as_they_begin(lockkeeper, database, old):
    with Wire(lockkeeper().port, database=database) as wire:
        wire.send(run(UNIQUE), sync())
        assert [kind for kind, _ in (wire.read(), wire.read())] == ["1", "2"]
        told = [notice(wire)["M"]]
        old.rollback()
        told += [fields(body)["M"] for kind, body in wire.until_ready() if kind == "N"]
    assert told[0].startswith("lockkeeper: step 1 of 2, 2 s: CREATE UNIQUE INDEX CONCURRENTLY")
    assert told[1].startswith("lockkeeper: step 2 of 2: ALTER TABLE")
    assert len(told) == 2


def test_behind_a_commit(lockkeeper, database, old):
    with Wire(lockkeeper().port, database=database) as wire:
        wire.ask(query("BEGIN"))
        wire.ask(query(INDEX))
        wire.send(query("COMMIT"))
        assert "CREATE INDEX CONCURRENTLY" in notice(wire)["M"]
        old.rollback()
        assert shape(wire.until_ready()) == "C ZI"


def test_a_wait_for_a_lock_is_told_of(lockkeeper, cluster, database, table):
    with contextlib.closing(cluster.connect(database, autocommit=False)) as holder, Wire(lockkeeper().port, database=database) as wire:
        holder.cursor().execute("SELECT 1 FROM t")
        wire.send(query("ALTER TABLE t ADD CONSTRAINT positive CHECK (c > 0)"))
        assert "waiting for its lock" in notice(wire)["M"]
        holder.rollback()
        assert shape(wire.until_ready()).endswith("C ZI")


def test_psql_shows_it_at_once(lockkeeper, database, old):
    proxy = lockkeeper()
    psql = subprocess.Popen([binaries() + "/psql", "-X", "-c", INDEX, proxy.dsn(database)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with psql:
        assert psql.stderr.readline() == "NOTICE:  lockkeeper: 2 s: CREATE INDEX CONCURRENTLY t_c ON t (c)\n"
        old.rollback()
        assert psql.communicate(timeout=30)[0] == "CREATE INDEX\n"
        assert psql.returncode == 0


def test_a_driver_hands_it_on(lockkeeper, database, old):
    told = []

    def listen(diagnostic):
        told.append(diagnostic.message_primary)
        old.rollback()
    with psycopg.connect(lockkeeper().dsn(database), autocommit=True) as connection:
        connection.add_notice_handler(listen)
        connection.execute(INDEX)
    assert told == ["lockkeeper: 2 s: CREATE INDEX CONCURRENTLY t_c ON t (c)"]


def test_what_is_done_soon_is_not_told_of(lockkeeper, database, table):
    with Wire(lockkeeper().port, database=database) as wire:
        assert shape(wire.ask(query(UNIQUE))) == "C ZI"


def test_a_client_that_goes_meanwhile_does_not_end_it(lockkeeper, database, old, straight):
    with Wire(lockkeeper().port, database=database) as wire:
        wire.send(query(INDEX))
        notice(wire)
    time_is_up = time.monotonic() + 11  # the next NOTICE has nobody to go to
    wait_until(lambda: time.monotonic() > time_is_up, "the next NOTICE was due", 20)
    old.rollback()
    cursor = straight.cursor()

    def valid():
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('t_c')")
        return cursor.fetchone() == (True,)
    wait_until(valid, "the index is built")
