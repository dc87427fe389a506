"""A cancel hits what the client waits for, whatever stands in its place; and nothing of ours stays behind."""

import contextlib
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

from cluster import WAITS_FOR_LOCK, binaries, wait_until
from test_timeouts import held
from wire import Wire, cancel_request, copy_data, copy_done, errors, parse, query, rows, run, shape, sync

SHOW = query("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
SET = query("SET lock_timeout = '15s'; SET statement_timeout = '16s'")
CREATE = "CREATE INDEX i ON t (c)"
PATIENT = {"lock": "20s", "statement": "25s"}


def cancel(port, pid, key):
    """As libpq does: the end of the connection says that the signal was sent."""
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(cancel_request(pid, key))
        assert connection.recv(1) == b""


class Watcher:
    """Sees, straight on the server, what a server process does."""

    def __init__(self, connection):
        self.cursor = connection.cursor()

    def ask(self, sql, *values):
        self.cursor.execute(sql, values)
        return self.cursor.fetchall()

    def wait_for(self, pid, condition):
        wait_until(lambda: self.ask(f"SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active' AND {condition}", pid),
                   f"the server process: {condition}")

    def wait_until_gone(self, pid):
        wait_until(lambda: not self.ask("SELECT 1 FROM pg_stat_activity WHERE pid = %s", pid), "the server process has ended")

    def indexes(self):
        """Of t, with their validity, without the primary key's."""
        return self.ask("SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 't'::regclass"
                        " AND NOT indisprimary ORDER BY 1")


@pytest.fixture
def watcher(straight):
    return Watcher(straight)


@pytest.fixture
def proxy(lockkeeper):
    return lockkeeper(timeouts=PATIENT)


@pytest.fixture
def wire(proxy, database, table):
    with Wire(proxy.port, database=database) as opened:
        opened.ask(SET)
        yield opened


def as_before(wire):
    """The session lives, idle, with its own settings."""
    heard = wire.ask(SHOW)
    assert heard[-1] == ("Z", b"I")
    assert rows(heard) == [["15s", "16s"]]


@pytest.mark.parametrize("parts", [[query("SELECT pg_sleep(30)")], [run("SELECT pg_sleep(30)"), run("SELECT 2"), sync()],
                                   [query("SELECT 1; SELECT pg_sleep(30)")]], ids=["simple", "pipeline", "second of two"])
def test_plain_query(parts, proxy, wire, watcher):
    wire.send(*parts)
    watcher.wait_for(wire.pid, "wait_event = 'PgSleep'")
    cancel(proxy.port, wire.pid, wire.key)
    assert [e["C"] for e in errors(wire.until_ready())] == ["57014"]
    as_before(wire)


def test_copy(proxy, wire):
    wire.send(query("COPY t (c) FROM STDIN"))
    wire.until("G")
    cancel(proxy.port, wire.pid, wire.key)
    wire.send(copy_data(b"1\n"), copy_done())
    assert [e["C"] for e in errors(wire.until_ready())] == ["57014"]
    as_before(wire)


def waits(wire, watcher):
    """For a lock: in the server's queue, or before it, between two of our questions."""
    wait_until(lambda: watcher.ask(f"SELECT 1 FROM pg_stat_activity WHERE pid = %s AND {WAITS_FOR_LOCK}", wire.pid), "it waits for its lock")


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("holders_age", [0, 0.5])
def test_ddl_that_waits_for_its_lock(holders_age, extended, lockkeeper, cluster, database, table, watcher):
    """A young holder is met in the queue, an old one is waited for outside: a cancel reaches both."""
    proxy = lockkeeper(timeouts=PATIENT, locks={"budget": "30s", "old_after": "200ms"})
    sql = "ALTER TABLE t ADD COLUMN x int"
    with Wire(proxy.port, database=database) as wire, held(cluster, database):
        wire.ask(SET)
        wait_until(lambda: watcher.ask("SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND"
                                       f" now() - xact_start >= '{holders_age} s'"), "the holder is that old")
        wire.send(*([run(sql), sync()] if extended else [query(sql)]))
        waits(wire, watcher)
        cancel(proxy.port, wire.pid, wire.key)
        assert [e["C"] for e in errors(wire.until_ready())] == ["57014"]
        as_before(wire)
    assert not watcher.ask("SELECT 1 FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'x'")


def test_ddl_in_a_transaction(proxy, cluster, database, wire, watcher):
    with held(cluster, database):
        wire.ask(query("BEGIN; SELECT 1"))
        wire.send(query("ALTER TABLE t ADD COLUMN x int"))
        waits(wire, watcher)
        cancel(proxy.port, wire.pid, wire.key)
        heard = wire.until_ready()
        assert [e["C"] for e in errors(heard)] == ["57014"]
        assert heard[-1] == ("Z", b"E")
        assert [e["C"] for e in errors(wire.ask(query("SELECT 1")))] == ["25P02"]
        wire.ask(query("ROLLBACK"))
        as_before(wire)


@contextlib.contextmanager
def index_build_that_waits(wire, cluster, database, watcher, parts):
    """CREATE INDEX CONCURRENTLY waits for a transaction that has written to the table."""
    with held(cluster, database, "ROW EXCLUSIVE") as holder:
        wire.send(*parts)
        watcher.wait_for(wire.pid, "wait_event_type = 'Lock' AND query LIKE '%%CONCURRENTLY%%'")
        yield holder


@pytest.mark.parametrize("parts", [[query(CREATE)], [run(CREATE), sync()], [parse(CREATE, "s"), run(CREATE), sync()]],
                         ids=["simple", "extended", "prepared"])
def test_concurrent_index_build(parts, proxy, cluster, database, wire, watcher):
    with index_build_that_waits(wire, cluster, database, watcher, parts) as holder:
        assert watcher.indexes() == [("i", False)]
        cancel(proxy.port, wire.pid, wire.key)
        # What the build has left can be dropped only when the writer has ended: the client is answered then.
        watcher.wait_for(wire.pid, "wait_event_type = 'Lock' AND query LIKE '%%DROP INDEX%%'")
        holder.rollback()
        heard = wire.until_ready()
        assert [e["C"] for e in errors(heard)] == ["57014"]
    assert watcher.indexes() == []
    as_before(wire)
    proxy.audited(event="outcome", sqlstate="57014")
    assert not errors(wire.ask(query(CREATE)))
    assert watcher.indexes() == [("i", True)]


def test_client_that_insists(proxy, cluster, database, wire, watcher):
    """Cancels hit the undo as well. The client is let go in the end; the same migration, run again, completes."""
    with index_build_that_waits(wire, cluster, database, watcher, [query(CREATE)]):
        ending = threading.Event()

        def insist():
            while not ending.wait(0.1):
                cancel(proxy.port, wire.pid, wire.key)

        insisting = threading.Thread(target=insist)
        insisting.start()
        heard = wire.until_ready()
        ending.set()
        insisting.join()
        assert [e["C"] for e in errors(heard)] == ["57014"]
        assert watcher.indexes() == [("i", False)]
    wire.ask(query("SELECT pg_sleep(0.05)"))  # takes a cancel that came late
    assert not errors(wire.ask(query(CREATE)))
    assert watcher.indexes() == [("i", True)]
    as_before(wire)


def test_client_that_vanishes_during_a_build(proxy, cluster, database, wire, watcher):
    """The build blocks nobody: it is finished, and the server process ends."""
    with index_build_that_waits(wire, cluster, database, watcher, [query(CREATE)]) as holder:
        wire.socket.close()
        holder.rollback()
        watcher.wait_until_gone(wire.pid)
    assert watcher.indexes() == [("i", True)]


def test_server_process_that_is_ended_during_a_build(proxy, cluster, database, wire, watcher):
    with index_build_that_waits(wire, cluster, database, watcher, [query(CREATE)]):
        watcher.ask("SELECT pg_terminate_backend(%s)", wire.pid)
        assert [e["C"] for e in errors(wire.until_closed())] == ["57P01"]
    # Nobody is left who could drop it; the same migration, run again, completes.
    with Wire(proxy.port, database=database) as again:
        assert not errors(again.ask(query(CREATE)))
    assert watcher.indexes() == [("i", True)]


def test_late_cancel(proxy, database, wire, watcher):
    """Whenever it comes, in the middle of our own statements too: done or canceled, and never anything in between."""
    generator = random.Random(1)
    outcomes = set()
    for _ in range(40):
        delay = generator.uniform(0, 0.03)
        late = threading.Thread(target=lambda: (time.sleep(delay), cancel(proxy.port, wire.pid, wire.key)))
        late.start()
        heard = wire.ask(query(CREATE))
        late.join()
        failed = [e["C"] for e in errors(heard)]
        # The signal may reach the server process only now: one statement takes it.
        wire.ask(query("SELECT pg_sleep(0.01)"))
        as_before(wire)
        outcomes.add(tuple(failed))
        if failed:
            assert failed == ["57014"]
            assert watcher.indexes() == []
        else:
            assert shape(heard) == "C ZI"
            assert watcher.indexes() == [("i", True)]
            watcher.cursor.execute("DROP INDEX i")
    assert ("57014",) in outcomes


def test_cancel_while_idle(proxy, wire):
    cancel(proxy.port, wire.pid, wire.key)
    wire.ask(query("SELECT pg_sleep(0.05)"))
    as_before(wire)


@pytest.mark.parametrize("pid, key", [(0, 1), (1, 0), (2**30, 0)], ids=["wrong key", "wrong pid", "neither exists"])
def test_wrong_key_is_harmless(pid, key, proxy, wire, watcher):
    wire.send(query("SELECT 'slept' FROM pg_sleep(0.3)"))
    watcher.wait_for(wire.pid, "wait_event = 'PgSleep'")
    cancel(proxy.port, wire.pid + pid if pid < 2 else pid, wire.key ^ key)
    assert rows(wire.until_ready()) == [["slept"]]
    as_before(wire)


def test_by_way_of_another_copy(proxy, lockkeeper, wire, watcher):
    """Keys pass unchanged, so any copy of Lockkeeper before the same server carries the cancel."""
    other = lockkeeper()
    wire.send(query("SELECT pg_sleep(30)"))
    watcher.wait_for(wire.pid, "wait_event = 'PgSleep'")
    cancel(other.port, wire.pid, wire.key)
    assert [e["C"] for e in errors(wire.until_ready())] == ["57014"]


def test_flood_of_cancels(proxy, wire):
    """Each costs the server a process: beyond a bound they are dropped, and the session that is meant goes on."""
    with contextlib.ExitStack() as stack:
        flood = [stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), 20)) for _ in range(300)]
        for connection in flood:
            connection.sendall(cancel_request(wire.pid, wire.key ^ 1))
        for connection in flood:
            assert connection.recv(1) == b""
    as_before(wire)


def test_control_c_in_psql(proxy, database, watcher):
    psql = subprocess.Popen([binaries() + "/psql", "-X", "-c", "SELECT pg_sleep(30)", proxy.dsn(database, application_name="psql")],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: watcher.ask("SELECT 1 FROM pg_stat_activity WHERE application_name = 'psql' AND wait_event = 'PgSleep'"),
                   "psql's statement runs")
        psql.send_signal(signal.SIGINT)
        _, said = psql.communicate(timeout=20)
    finally:
        psql.kill()
        psql.wait()
    assert "canceling statement due to user request" in said
