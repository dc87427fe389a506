"""locks.serialize: one session at a time changes the schema of a database, through one Lockkeeper or through several."""

import contextlib
import re
import threading
import time

import psycopg2
import pytest

from cluster import wait_until
from django_versions import INSTALLED, django
from test_django_contrib import at
from test_timeouts import run, show, timed

SCHEMA_LOCK = "1819239275, -1"
SERIALIZED = {"serialize": True, "budget": "60s"}
ADD = "ALTER TABLE t ADD COLUMN x int"
HELD = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4294967295 AND granted"


def app(number, guard=""):
    """A migration as Django sends one: a table with foreign keys to tables of other apps, and an index."""
    return [f"CREATE TABLE {guard} app_{number} (id serial PRIMARY KEY, user_id int, site_id int)",
            f"ALTER TABLE app_{number} ADD CONSTRAINT app_{number}_user FOREIGN KEY (user_id) REFERENCES users (id)",
            f"ALTER TABLE app_{number} ADD CONSTRAINT app_{number}_site FOREIGN KEY (site_id) REFERENCES sites (id)",
            f"CREATE INDEX {guard} app_{number}_user_i ON app_{number} (user_id)"]


def common_index(number, guard=""):
    """Of a table that all of them build on at once: straight, such builds deadlock with each other."""
    return f"CREATE INDEX {guard} users_{number} ON users (id, name)"


@pytest.fixture
def common(straight):
    cursor = straight.cursor()
    for table in ("users", "sites"):
        cursor.execute(f"CREATE TABLE {table} (id serial PRIMARY KEY, name text)")
        cursor.execute(f"INSERT INTO {table} (name) SELECT 'n' FROM generate_series(1, 1000)")


class Session(threading.Thread):
    """One transaction, begun when the others are there; `code` is the SQLSTATE with which it ended."""

    def __init__(self, connection, statements, start):
        super().__init__(daemon=True)
        self.connection, self.statements, self.begin = connection, statements, start
        self.code = "not ended"

    def run(self):
        self.begin.wait()
        try:
            cursor = self.connection.cursor()
            for sql in self.statements:
                cursor.execute(sql)
            self.connection.commit()
            self.code = None
        except psycopg2.Error as error:
            self.code = error.pgcode
            with contextlib.suppress(psycopg2.Error):
                self.connection.rollback()


def together(sessions):
    """sessions: pairs of a proxy's connection and its statements. Their SQLSTATEs."""
    start = threading.Barrier(len(sessions))
    running = [Session(connection, statements, start) for connection, statements in sessions]
    for session in running:
        session.start()
    for session in running:
        session.join(100)
    return [session.code for session in running]


@contextlib.contextmanager
def connected(count, proxy, database):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(proxy.connect(database, autocommit=False))) for _ in range(count)]


def indexes_and_keys(straight):
    cursor = straight.cursor()
    cursor.execute("SELECT relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid AND i.indisvalid"
                   " WHERE relnamespace = 'public'::regnamespace UNION ALL SELECT conname FROM pg_constraint WHERE contype = 'f' AND convalidated")
    return sorted(name for (name,) in cursor.fetchall() if re.search(r"_\d", name))


def all_of(count, *kinds):
    return sorted(kind.format(n) for n in range(count) for kind in ("app_{}_pkey", "app_{}_user_i", *kinds))


KEYS = ("app_{}_user", "app_{}_site")


def turns(server_log):
    """The sessions in the order in which they have changed the schema, one entry for each time another one came."""
    order = []
    for line in server_log.text().split("\n"):
        found = re.match(r"(\d+)\|[^|]*\|LOG:  (?:statement|execute [^:]+): (CREATE|ALTER)", line)
        if found and (not order or order[-1] != found[1]):
            order.append(found[1])
    return order


@pytest.mark.parametrize("serialize", [True, False])
@pytest.mark.parametrize("transactions", ["defer", "split"])
def test_ten_sessions_migrate_different_apps(serialize, transactions, lockkeeper, cluster, database, common, straight, server_log):
    proxy = lockkeeper(locks={"serialize": serialize, "budget": "60s"}, transactions=transactions)
    server_log.mark()
    with connected(10, proxy, database) as connections:
        codes = together([(connection, app(n) + ([common_index(n)] if serialize else [])) for n, connection in enumerate(connections)])
    assert codes == [None] * 10
    assert indexes_and_keys(straight) == all_of(10, *KEYS, *(["users_{}"] if serialize else []))
    assert "deadlock detected" not in server_log.text()
    if serialize:
        order = turns(server_log)
        assert len(order) == len(set(order)) == 10
    assert look(straight, HELD) is None


def look(straight, sql):
    cursor = straight.cursor()
    cursor.execute(sql)
    return cursor.fetchone()


@pytest.mark.parametrize("guard, lost", [("", "42P07"), ("IF NOT EXISTS", None)])
def test_two_lockkeepers_with_the_same_migrations(guard, lost, lockkeeper, database, common, straight, server_log):
    """Both begin all of them. What one has done the other finds done: PostgreSQL's own answer, and nothing twice."""
    migrations = [[sql for sql in [*app(n, guard), common_index(n, guard)] if not (guard and sql.startswith("ALTER"))] for n in range(5)]
    proxies = [lockkeeper(locks=SERIALIZED) for _ in range(2)]
    server_log.mark()
    with connected(5, proxies[0], database) as one, connected(5, proxies[1], database) as two:
        codes = together([(connection, statements) for side in (one, two) for connection, statements in zip(side, migrations)])
    assert "deadlock detected" not in server_log.text()
    for n in range(5):
        assert sorted([codes[n], codes[n + 5]], key=str) == sorted([None, lost], key=str)
        created = f"CREATE TABLE {guard} app_{n} "
        outcomes = [[r["outcome"] for r in proxy.audit() if r["event"] == "outcome" and r["statement"].startswith(created)]
                    for proxy in proxies]
        assert sorted(outcomes) == sorted([["done"], ["failed" if lost else "done"]])
    built = [sql for sql in server_log.ran("CREATE INDEX CONCURRENTLY") if " users_" in sql]
    assert len(built) == len(set(built)) == 5
    assert indexes_and_keys(straight) == all_of(5, "users_{}", *(() if guard else KEYS))


def waiting(server_log):
    """The sessions that have tried to get the lock."""
    return set(re.findall(r"(?m)^(\d+)\|.*pg_try_advisory_lock\(" + re.escape(SCHEMA_LOCK), server_log.text()))


def test_what_was_waited_for_is_judged_anew(lockkeeper, cluster, database, table, straight, server_log):
    """The table is small when the statement comes, and large when it is its turn."""
    proxy = lockkeeper(locks=SERIALIZED, small_table="256KiB")
    server_log.mark()
    other = cluster.connect(database)
    run(other, f"SELECT pg_advisory_lock({SCHEMA_LOCK})")
    building = Session(proxy.connect(database), ["CREATE INDEX i ON t (c)"], threading.Event())
    building.begin.set()
    building.start()
    wait_until(lambda: waiting(server_log), "it waits")
    run(straight, "INSERT INTO t (c) SELECT generate_series(1, 20000)")
    other.close()
    building.join(20)
    assert building.code is None
    (outcome,) = proxy.audited(event="outcome", outcome="done")
    assert outcome["plan"] == ["CREATE INDEX CONCURRENTLY i ON t (c)"]
    assert outcome["lock_wait_ms"] > 0
    building.connection.close()


def test_the_error_names_who_changes_the_schema(lockkeeper, cluster, database, table):
    proxy = lockkeeper(locks={"serialize": True, "budget": "300ms"})
    with contextlib.closing(cluster.connect(database, application_name="by hand")) as holder, \
            contextlib.closing(proxy.connect(database)) as connection:
        run(holder, f"SELECT pg_advisory_lock({SCHEMA_LOCK})")
        began = time.monotonic()
        with pytest.raises(psycopg2.errors.LockNotAvailable) as caught:
            connection.cursor().execute(ADD)
        assert 0.3 <= time.monotonic() - began < 3
        diag = caught.value.diag
        assert "changing the schema" in diag.message_primary
        assert f"Process {holder.info.backend_pid} (user postgres, application_name by hand)" in diag.message_detail
        assert SCHEMA_LOCK in diag.message_detail
        assert run(connection, "SELECT 1") is None and show(connection) == ("0", "0")
        run(holder, f"SELECT pg_advisory_unlock({SCHEMA_LOCK})")
        assert run(connection, ADD) is None


def test_a_cancel_ends_the_wait(lockkeeper, cluster, database, table):
    with contextlib.closing(cluster.connect(database)) as holder, \
            contextlib.closing(lockkeeper(locks=SERIALIZED).connect(database)) as connection:
        run(holder, f"SELECT pg_advisory_lock({SCHEMA_LOCK})")
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        code, seconds = timed(connection, ADD)
        timer.join()
        assert code == "57014"
        assert seconds < 2


def test_the_lock_goes_with_the_session(lockkeeper, database, table, straight):
    connection = lockkeeper(locks=SERIALIZED).connect(database, autocommit=False)
    assert run(connection, ADD) is None
    assert look(straight, HELD) == (connection.info.backend_pid,)
    connection.close()
    wait_until(lambda: not look(straight, HELD), "the lock is free")


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", "ROLLBACK TO s; COMMIT", "SELECT 1/0; COMMIT", "PREPARE TRANSACTION 'p'"])
def test_the_lock_is_held_until_the_end_of_the_transaction(end, lockkeeper, database, table, straight):
    with contextlib.closing(lockkeeper(locks=SERIALIZED).connect(database)) as connection:
        for sql in ("BEGIN", "SAVEPOINT s", ADD):
            assert run(connection, sql) is None
        assert look(straight, HELD) == (connection.info.backend_pid,)
        for sql in end.split("; "):
            run(connection, sql)
        assert look(straight, HELD) is None
        if end.startswith("PREPARE"):
            run(connection, "ROLLBACK PREPARED 'p'")


def test_who_would_be_refused_for_what_another_one_is_at_waits_too(lockkeeper, cluster, database, table, straight, server_log):
    """Two deploys of the same migration: the second one finds the index of the first, which is being built and INVALID."""
    proxy = lockkeeper(locks=SERIALIZED, rules={"done-already": "rewrite"})
    with connected(2, proxy, database) as (first, second), \
            contextlib.closing(cluster.connect(database, autocommit=False)) as old:
        run(first, "CREATE INDEX i ON t (c)")
        run(old, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        run(old, "SELECT 1")
        server_log.mark()
        start = threading.Event()
        start.set()
        building, waiter = Session(first, [], start), Session(second, ["CREATE INDEX i ON t (c)"], start)
        building.start()
        wait_until(lambda: look(straight, "SELECT 1 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted"), "the build waits")
        waiter.start()
        wait_until(lambda: waiting(server_log) or not waiter.is_alive(), "the other one waits")
        old.rollback()
        for session in (building, waiter):
            session.join(20)
    assert (building.code, waiter.code) == (None, None)
    assert look(straight, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == (True,)


def test_what_is_put_off_is_done_before_the_next_turn(lockkeeper, cluster, database, table, straight, server_log):
    """And it does not wait for those who wait for it: they have no snapshot, although they are in a transaction. But for the
    moment in which they ask whose turn it is: whoever is met then is told at once, and the whole is tried once more."""
    proxy = lockkeeper(locks=SERIALIZED)

    def build_before_others(attempt):
        with connected(3, proxy, database) as (builder, *others), \
                contextlib.closing(cluster.connect(database, autocommit=False)) as old:
            run(builder, f"CREATE INDEX i_{attempt} ON t (c)")
            for number, other in enumerate(others):
                run(other, "SELECT count(*) FROM t")  # a lock and a snapshot, before the wait
                other.rollback()
                run(other, f"SELECT {number}")
            run(old, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            run(old, "SELECT 1")
            server_log.mark()
            start = threading.Event()
            start.set()
            running = [Session(builder, [], start), *(Session(other, [f"CREATE TABLE u_{attempt}_{n} ()"], start) for n, other in enumerate(others))]
            running[0].start()
            wait_until(lambda: look(straight, "SELECT 1 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted"), "the build waits")
            for session in running[1:]:
                session.start()
            wait_until(lambda: len(waiting(server_log)) == 2, "the others wait")
            assert look(straight, f"SELECT to_regclass('u_{attempt}_0'), to_regclass('u_{attempt}_1')") == (None, None)
            old.rollback()
            for session in running:
                session.join(20)
        assert look(straight, f"SELECT indisvalid FROM pg_index WHERE indexrelid = 'i_{attempt}'::regclass") == (True,)
        codes = [session.code for session in running]
        assert set(codes) <= {None, "55P03"} and codes[0] is None
        return codes == [None] * 3

    assert any(build_before_others(attempt) for attempt in range(3))


def test_a_transaction_that_the_other_one_waits_for_fails_at_once(lockkeeper, cluster, database, table, straight):
    proxy = lockkeeper(locks=SERIALIZED)
    with contextlib.closing(proxy.connect(database)) as builder, contextlib.closing(proxy.connect(database, autocommit=False)) as late:
        run(late, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        run(late, "SELECT count(*) FROM t")
        building = Session(builder, ["CREATE INDEX i ON t (c)"], threading.Event())
        building.begin.set()
        building.start()
        wait_until(lambda: look(straight, "SELECT 1 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted"), "the build waits")
        began = time.monotonic()
        with pytest.raises(psycopg2.errors.LockNotAvailable) as caught:
            late.cursor().execute(ADD)
        assert time.monotonic() - began < 3
        assert "waits for this transaction" in caught.value.diag.message_hint
        late.rollback()
        building.join(20)
        assert building.code is None


def test_a_transaction_that_has_only_begun_is_begun_anew(lockkeeper, cluster, database, straight, server_log):
    """So who waits for it, in whatever way, waits no more."""
    with contextlib.closing(cluster.connect(database)) as holder, contextlib.closing(lockkeeper(locks=SERIALIZED).connect(database)) as connection:
        run(holder, f"SELECT pg_advisory_lock({SCHEMA_LOCK})")
        run(connection, "SELECT pg_advisory_lock(1)")
        wanting = threading.Thread(target=run, args=(holder, "SET statement_timeout = '2s'; SELECT pg_advisory_lock(1)"))
        wanting.start()
        wait_until(lambda: look(straight, "SELECT 1 FROM pg_locks WHERE NOT granted"), "the holder waits for the other one")
        server_log.mark()
        freeing = threading.Thread(target=lambda: (wanting.join(), run(holder, f"SELECT pg_advisory_unlock({SCHEMA_LOCK})")))
        freeing.start()
        assert run(connection, "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE") is None
        assert run(connection, "CREATE TABLE u ()") is None
        freeing.join()
        assert "BEGIN ISOLATION LEVEL serializable READ WRITE NOT DEFERRABLE" in server_log.text()
        cursor = connection.cursor()
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("serializable",)
        assert look(straight, "SELECT to_regclass('u')") == (None,)
        run(connection, "COMMIT")
        assert look(straight, "SELECT to_regclass('u')") == ("u",)


def test_a_transaction_with_a_strong_lock_does_not_wait(lockkeeper, cluster, database, table, straight):
    """Its first statement did not have to wait for a turn."""
    proxy = lockkeeper(locks=SERIALIZED, scopes=[{"match": {"relation": "public.t"}, "locks": {"serialize": False}}])
    with contextlib.closing(cluster.connect(database)) as holder, contextlib.closing(proxy.connect(database, autocommit=False)) as connection:
        run(holder, f"SELECT pg_advisory_lock({SCHEMA_LOCK})")
        assert run(connection, ADD) is None
        code, seconds = timed(connection, "CREATE TABLE u ()")
        assert code == "55P03"
        assert seconds < 2


def test_others_are_not_held_up(lockkeeper, cluster, database, table):
    with contextlib.closing(cluster.connect(database)) as holder, \
            contextlib.closing(lockkeeper(locks={"serialize": True, "budget": "0"}).connect(database)) as connection:
        run(holder, f"SELECT pg_advisory_lock({SCHEMA_LOCK})")
        for sql in ("INSERT INTO t (c) VALUES (1)", "CREATE TEMP TABLE mine (id int)", "ALTER TABLE mine ADD c int", "VACUUM t", "ANALYZE t"):
            assert run(connection, sql) is None, sql
        assert run(connection, "CREATE TABLE theirs ()") == "55P03"


def test_django_migrates_through_two_lockkeepers_at_once(lockkeeper, cluster, database, straight, server_log):
    """Each reads first what is to be done, so one of them finds a table there; the next run has nothing to do twice."""
    proxies = [lockkeeper(locks=SERIALIZED, small_table="8MiB") for _ in range(2)]
    server_log.mark()
    done = [None, None]

    def migrate(number, proxy):
        done[number] = django(INSTALLED, "migrate", environment=at(proxy, database))
    threads = [threading.Thread(target=migrate, args=pair) for pair in enumerate(proxies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    for one in done:
        assert one.returncode == 0 or re.search(r"already exists|duplicate key", one.stderr), one.stderr
    last = django(INSTALLED, "migrate", environment=at(proxies[0], database))
    assert last.returncode == 0, last.stderr
    assert "deadlock detected" not in server_log.text()
    cursor = straight.cursor()
    cursor.execute("SELECT count(*), count(DISTINCT (app, name)) FROM django_migrations")
    assert cursor.fetchone() == (23, 23)
    made = [re.match(r"CREATE TABLE (\S+)", r["statement"])[1] for proxy in proxies for r in proxy.audit()
            if r["event"] == "outcome" and r["outcome"] == "done" and r["statement"].startswith("CREATE TABLE ")]
    assert len(made) == len(set(made)) > 8
