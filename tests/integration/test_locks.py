"""A strong lock is got without making everybody queue for it."""

import contextlib
import threading
import time

import psycopg2
import pytest

from background import Background
from cluster import Cluster, wait_until
from test_timeouts import ADD, held, run, show, timed
from wire import Wire, bind, execute, parse, shape, sync

PATIENT = {"budget": "20s", "old_after": "50ms"}


class Probe(Background):
    """A reader that asks t again and again; `longest` is the longest that it had to wait, in seconds."""

    def __init__(self, cluster, database):
        self.longest = 0.0
        super().__init__((cluster.connect(database), self._ask))

    def _ask(self, cursor):
        begin = time.monotonic()
        cursor.execute("SELECT count(*) FROM t")
        self.longest = max(self.longest, time.monotonic() - begin)


@pytest.fixture
def patient(lockkeeper):
    return lockkeeper(mode="guard", locks=PATIENT, timeouts={"lock": "500ms"})


@contextlib.contextmanager
def held_for(cluster, database, seconds, mode="ACCESS SHARE"):
    """Another session holds t for a while."""
    with held(cluster, database, mode) as holder:
        timer = threading.Timer(seconds, holder.rollback)
        timer.start()
        try:
            yield
        finally:
            timer.join()


@pytest.mark.parametrize("autocommit", [True, False])
def test_readers_do_not_queue_behind_a_migration(autocommit, patient, cluster, database, table):
    with contextlib.closing(patient.connect(database, autocommit=autocommit)) as connection:
        with held_for(cluster, database, 1.5), Probe(cluster, database) as probe:
            code, seconds = timed(connection, ADD)
            connection.commit()  # at once: the probe waits for a transaction that has its lock, and we for the probe
        assert code is None
        assert seconds > 1.2
        assert probe.longest < 0.5  # straight: as long as the other session holds its lock
        assert show(connection) == ("0", "0")
    outcome = patient.audited(event="outcome", outcome="done", kind="ALTER TABLE")[0]
    assert outcome["attempts"] >= 1
    # The rest is judging, whose questions take long on a busy machine, and the work.
    assert outcome["duration_ms"] / 3 < outcome["lock_wait_ms"] < outcome["duration_ms"]


def test_straight_they_do(cluster, database, table, straight):
    """The other side of the test above: what it guards against is real."""
    with held_for(cluster, database, 1.0), Probe(cluster, database) as probe:
        assert run(straight, ADD) is None
    assert probe.longest > 0.5


def test_autovacuum_gives_way(lockkeeper):
    """The server cancels it only for who waits as long as deadlock_timeout, which an attempt must not."""
    cluster = Cluster(autovacuum_naptime="1s", autovacuum_vacuum_cost_delay="100ms", autovacuum_vacuum_cost_limit="1")
    try:
        cluster.start()
        with contextlib.closing(cluster.connect()) as straight:
            cursor = straight.cursor()
            cursor.execute("CREATE TABLE t (id serial PRIMARY KEY, c int)")
            cursor.execute("INSERT INTO t (c) SELECT generate_series(1, 50000)")
            cursor.execute("ALTER TABLE t SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1, autovacuum_enabled = on)")
            cursor.execute("DELETE FROM t WHERE id % 2 = 0")

            def vacuumed():
                cursor.execute("SELECT 1 FROM pg_stat_progress_vacuum AS v JOIN pg_stat_activity AS a USING (pid)"
                               " WHERE v.relid = 't'::regclass AND a.backend_type = 'autovacuum worker'")
                return cursor.fetchall()

            wait_until(vacuumed, "autovacuum is at work on t", 60)
            proxy = lockkeeper(mode="guard", upstream=cluster.port, timeouts={"lock": "500ms"})
            with contextlib.closing(proxy.connect()) as connection, Probe(cluster, "postgres") as probe:
                code, seconds = timed(connection, ADD)
            assert code is None
            assert 0.9 < seconds < 10  # deadlock_timeout is 1 s
            assert probe.longest < 0.5
    finally:
        cluster.remove()


def test_extended(patient, cluster, database, table):
    with held_for(cluster, database, 0.7), Wire(patient.port, database=database) as wire:
        assert shape(wire.ask(parse(ADD), bind(), execute(), sync())) == "1 2 C ZI"


def test_a_young_holder_is_met_in_the_queue(lockkeeper, cluster, database, table):
    """Nobody is old enough to be waited for: only the short attempts end the wait, and they are counted."""
    proxy = lockkeeper(mode="guard", locks={"budget": "20s", "old_after": "1h"}, timeouts={"lock": "500ms"})
    with contextlib.closing(proxy.connect(database)) as connection, held_for(cluster, database, 1.0):
        assert run(connection, ADD) is None
    assert proxy.audited(event="outcome", outcome="done")[0]["attempts"] > 1


def test_the_error_names_the_holder(lockkeeper, cluster, database, table):
    proxy = lockkeeper(mode="guard", locks={"budget": "300ms", "old_after": "50ms"})
    with contextlib.closing(proxy.connect(database)) as connection, held(cluster, database) as holder:
        wait_until(lambda: timed(connection, "SELECT 1")[0] is None, "the proxy answers")
        time_of_begin = time.monotonic()
        with pytest.raises(psycopg2.errors.LockNotAvailable) as caught:
            connection.cursor().execute(ADD)
        assert time.monotonic() - time_of_begin < 2
        detail = caught.value.diag.message_detail
        assert f"Process {holder.info.backend_pid} " in detail
        assert "AccessShareLock on public.t" in detail
        assert "idle in transaction" in detail
        assert "LOCK TABLE t" in detail
        assert "gave way" in caught.value.diag.message_hint
        assert show(connection) == ("0", "0")


def test_a_cancel_ends_the_wait(patient, cluster, database, table):
    with contextlib.closing(patient.connect(database)) as connection, held(cluster, database):
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        code, seconds = timed(connection, ADD)
        timer.join()
        assert code == "57014"
        assert seconds < 3
        assert show(connection) == ("0", "0")


def test_the_clients_own_statement_timeout_bounds_the_wait(patient, cluster, database, table):
    with contextlib.closing(patient.connect(database)) as connection, held(cluster, database):
        run(connection, "SET statement_timeout = '600ms'")
        code, seconds = timed(connection, ADD)
        assert code in ("55P03", "57014")
        assert seconds < 3
        assert show(connection) == ("0", "600ms")


@pytest.mark.parametrize("sql", ["LOCK TABLE t IN SHARE MODE", "LOCK v", "LOCK TABLE ONLY t"])
def test_lock_in_a_transaction(sql, patient, database, table, straight):
    straight.cursor().execute("CREATE VIEW v AS TABLE t")
    with contextlib.closing(patient.connect(database, autocommit=False)) as connection:
        assert run(connection, sql) is None
        assert run(connection, "SELECT 1") is None


def test_a_question_that_fails_leaves_the_transaction_alone(patient, database, table, straight):
    """This role may not look for who holds a lock; PostgreSQL says so when the portal exists already."""
    straight.cursor().execute("REVOKE SELECT ON pg_catalog.pg_locks FROM PUBLIC; GRANT ALL ON t, t_id_seq TO scram_user")
    with contextlib.closing(patient.connect(database, autocommit=False, user="scram_user", password="secret")) as connection:
        assert run(connection, "INSERT INTO t (c) VALUES (-1)") is None
        assert run(connection, "LOCK TABLE t IN SHARE MODE") is None
        assert run(connection, "SELECT 1") is None
        connection.commit()
    cursor = straight.cursor()
    cursor.execute("SELECT count(*) FROM t WHERE c = -1")
    assert cursor.fetchone() == (1,)


def test_a_transaction_with_a_lock_fails_at_once(patient, cluster, database, table, straight):
    straight.cursor().execute("CREATE TABLE other (id int)")
    with contextlib.closing(patient.connect(database, autocommit=False)) as connection, held(cluster, database):
        assert run(connection, "ALTER TABLE other ADD COLUMN x int") is None
        code, seconds = timed(connection, ADD)
        assert code == "55P03"
        assert seconds < 2
        connection.rollback()
        assert run(connection, "SELECT 1") is None
