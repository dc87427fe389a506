"""What PostgreSQL can do CONCURRENTLY is done so: with the same result, and nobody has to wait for it."""

import contextlib
import subprocess
import threading
import time

import psycopg2
import pytest

from background import Background
from cluster import OUTSIDE_THE_QUEUE, binaries, wait_until

ROWS = 50000
TABLE = f"""CREATE TABLE t (id int PRIMARY KEY, c int, d text);
    INSERT INTO t SELECT i, i % 100, 'd' || i FROM generate_series(1, {ROWS}) AS i;
    CREATE INDEX i ON t (c); CREATE INDEX j ON t (d); ANALYZE t;"""
VIEW = f"""CREATE MATERIALIZED VIEW v AS SELECT g AS id, g % 7 AS c FROM generate_series(1, {ROWS}) AS g;
    CREATE UNIQUE INDEX v_id ON v (id);"""
TREE = f"""CREATE TABLE p (id int NOT NULL, c int, d text) PARTITION BY RANGE (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10000);
    CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10000) TO ({ROWS + 1}) PARTITION BY RANGE (id);
    CREATE TABLE p2a PARTITION OF p2 FOR VALUES FROM (10000) TO (20000);
    CREATE TABLE p2b PARTITION OF p2 FOR VALUES FROM (20000) TO ({ROWS + 1});
    INSERT INTO p SELECT i, i % 100, 'd' || i FROM generate_series(1, {ROWS}) AS i;"""

STRONG = "('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"


def fill(connection, script):
    for statement in filter(str.strip, script.split(";")):
        connection.cursor().execute(statement)


def schema(cluster, database):
    done = subprocess.run([binaries() + "/pg_dump", "--schema-only", cluster.dsn(database)], capture_output=True,
                          text=True, check=True)
    return "\n".join(line for line in done.stdout.splitlines() if not line.startswith(("--", "\\")))


def ask(connection, sql, *values):
    cursor = connection.cursor()
    cursor.execute(sql, values)
    return cursor.fetchall()


class Locks(Background):
    """Looks every few milliseconds which strong locks on tables a session holds; `longest`: in seconds, without a gap."""

    def __init__(self, cluster, database, pid):
        self.pid = pid
        self.longest = 0.0
        self.worst = None
        self.since = {}
        super().__init__((cluster.connect(database), self._look))

    def _look(self, cursor):
        before = time.monotonic()
        # EXCLUSIVE on a materialized view stops nobody: it is read, and not written.
        cursor.execute("SELECT l.relation, l.mode, c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
                       f" WHERE l.granted AND l.pid = %s AND l.mode IN {STRONG} AND l.relation >= 16384"
                       " AND NOT (c.relkind = 'm' AND l.mode = 'ExclusiveLock')", [self.pid])
        self.since = {lock: self.since.get(lock, before) for lock in cursor.fetchall()}
        for lock, start in self.since.items():
            if before - start > self.longest:
                self.longest, self.worst = before - start, lock


@contextlib.contextmanager
def transaction(cluster, database, sql):
    """Another session has run this and stays idle in its transaction; 10 s at most, so that a wait without end fails."""
    with contextlib.closing(cluster.connect(database, autocommit=False)) as holder:
        holder.cursor().execute(sql)
        mercy = threading.Timer(10, holder.rollback)
        mercy.start()
        try:
            yield holder
        finally:
            mercy.cancel()


@contextlib.contextmanager
def sent(connection, sql):
    """The statement runs while the block does; yields a list that holds the SQLSTATE (None: it went well) afterwards."""
    outcome = []

    def run():
        try:
            connection.cursor().execute(sql)
            outcome.append(None)
        except psycopg2.Error as error:
            outcome.append(error.pgcode)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield outcome
    finally:
        thread.join()


def waits(straight, pid, condition):
    wait_until(lambda: ask(straight, f"SELECT 1 FROM pg_stat_activity WHERE pid = %s AND {condition}", pid), condition)


@pytest.fixture
def proxy(lockkeeper):
    return lockkeeper(locks={"budget": "20s", "old_after": "50ms"})


CASES = {
    "drop index": (TABLE, "DROP INDEX i", r"DROP INDEX CONCURRENTLY "),
    "drop a list": (TABLE, "DROP INDEX IF EXISTS i, nothing, public.j", r"DROP INDEX CONCURRENTLY IF EXISTS .*j"),
    "reindex index": (TABLE, "REINDEX INDEX i", "REINDEX INDEX CONCURRENTLY i"),
    "reindex table": (TABLE, "REINDEX (VERBOSE) TABLE t", r"REINDEX \(VERBOSE\) TABLE CONCURRENTLY t"),
    "reindex schema": (TABLE, "/* all */ reindex schema public", "reindex schema CONCURRENTLY public"),
    "reindex partitions": (TREE + "CREATE INDEX k ON p (c);", "REINDEX TABLE p", "REINDEX TABLE CONCURRENTLY p"),
    "refresh": (VIEW, "REFRESH MATERIALIZED VIEW v WITH DATA", "VIEW CONCURRENTLY v"),
    "detach": (TREE, "ALTER TABLE p DETACH PARTITION p1", "DETACH PARTITION .* CONCURRENTLY"),
    "detach with a check": (TREE + "ALTER TABLE p1 ADD CONSTRAINT mine CHECK (c < 1000);", "ALTER TABLE p DETACH PARTITION p1",
                            "DETACH PARTITION .* CONCURRENTLY"),
    "index": (TREE, "CREATE INDEX k ON p (c)", "CREATE INDEX CONCURRENTLY .*p2b"),
    "unnamed index": (TREE, "CREATE INDEX ON public.p USING btree (lower(d), c DESC) INCLUDE (id) WHERE c > 5",
                      "CREATE INDEX CONCURRENTLY .*p2b"),
    "unique index": (TREE, 'create unique index if not exists "Odd name" on p (id, c) -- why', "unique index CONCURRENTLY .*p2b"),
    "index that is there in part": (TREE + "CREATE INDEX other ON p1 (c); CREATE INDEX p2a_c_idx ON p2a (d);", "CREATE INDEX k ON p (c)",
                                    "CREATE INDEX CONCURRENTLY .*p2b"),
}


@pytest.mark.parametrize("case", CASES)
def test_same_schema_as_straight(case, proxy, cluster, databases, server_log):
    setup, statement, pattern = CASES[case]
    made = [databases(), databases()]
    for database in made:
        with contextlib.closing(cluster.connect(database)) as connection:
            fill(connection, setup)
    with contextlib.closing(cluster.connect(made[0])) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        tag = cursor.statusmessage
    server_log.mark()
    with contextlib.closing(proxy.connect(made[1])) as connection:
        with Locks(cluster, made[1], connection.info.backend_pid) as locks:
            cursor = connection.cursor()
            cursor.execute(statement)
        assert cursor.statusmessage == tag
        assert ask(connection, "SHOW lock_timeout") == [("0",)]
    assert server_log.ran(pattern)
    assert schema(cluster, made[1]) == schema(cluster, made[0])
    with contextlib.closing(cluster.connect(made[1])) as connection:
        assert ask(connection, "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []
    assert locks.longest < 0.1, locks.worst
    outcome = proxy.audited(event="outcome", outcome="done", tag=tag)[0]
    assert outcome["statement"].strip().lower() == statement.lower()
    assert {step["outcome"] for step in outcome["steps"]} == {"done"}


@pytest.mark.parametrize("setup, statement, reason", [
    (TABLE, "DROP INDEX i CASCADE", "CASCADE"),
    (TABLE, "DROP INDEX t_pkey", "t_pkey stands on"),
    (TREE + "CREATE INDEX k ON p (c);", "DROP INDEX k", "partitioned table"),
    (TREE + "CREATE INDEX k ON p (c);", "DROP INDEX p1_c_idx", "belongs to"),
    (TABLE, "REINDEX DATABASE {database}", "system catalogs"),
    (TABLE + "ALTER TABLE t ADD EXCLUDE (id WITH =);", "REINDEX TABLE t", "exclusion constraint"),
    (VIEW + "DROP INDEX v_id; CREATE UNIQUE INDEX ON v (id) WHERE c = 1;", "REFRESH MATERIALIZED VIEW v", "UNIQUE index"),
    (TREE + "CREATE TABLE rest PARTITION OF p DEFAULT;", "ALTER TABLE p DETACH PARTITION p1", "DEFAULT partition"),
    (TABLE, "DROP INDEX i; SELECT 1", "message of its own"),
    (TABLE, "BEGIN; REINDEX INDEX i", "in a transaction"),
])
def test_refused_with_the_reason(setup, statement, reason, proxy, database, straight):
    fill(straight, setup)
    with contextlib.closing(proxy.connect(database)) as connection:
        if statement.startswith("BEGIN; "):
            connection.cursor().execute("BEGIN")
            statement = statement.removeprefix("BEGIN; ")
        with pytest.raises(psycopg2.Error) as caught:
            connection.cursor().execute(statement.format(database=database))
    assert caught.value.pgcode == "LK001"
    assert reason in caught.value.diag.message_hint


def test_a_view_that_was_never_filled_is_filled_as_it_was_asked_for(proxy, database, straight):
    fill(straight, "CREATE MATERIALIZED VIEW v AS SELECT 1 AS id WITH NO DATA; CREATE UNIQUE INDEX ON v (id);")
    with contextlib.closing(proxy.connect(database)) as connection:
        connection.cursor().execute("REFRESH MATERIALIZED VIEW v")
    assert ask(straight, "SELECT * FROM v") == [(1,)]


def test_a_canceled_reindex_leaves_nothing(proxy, cluster, database, straight):
    fill(straight, TABLE)
    before = schema(cluster, database)
    with contextlib.closing(proxy.connect(database)) as connection:
        pid = connection.info.backend_pid
        with transaction(cluster, database, "LOCK TABLE t IN ROW EXCLUSIVE MODE") as writer, sent(connection, "REINDEX TABLE t") as outcome:
            waits(straight, pid, "wait_event_type = 'Lock'")
            assert ask(straight, "SELECT 1 FROM pg_index WHERE NOT indisvalid")
            connection.cancel()
            waits(straight, pid, "query LIKE 'DROP INDEX%%'")
            writer.rollback()
        assert outcome == ["57014"]
    assert ask(straight, "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []
    assert schema(cluster, database) == before
    steps = proxy.audited(event="outcome", outcome="failed")[0]["steps"]
    assert steps[0]["outcome"] == "57014"
    assert steps[1]["undo"] is True


def test_a_canceled_detach_is_finished_by_the_next(proxy, cluster, databases):
    made = [databases(), databases()]
    for database in made:
        with contextlib.closing(cluster.connect(database)) as connection:
            fill(connection, TREE)
    statement = "ALTER TABLE p DETACH PARTITION p1"
    with contextlib.closing(cluster.connect(made[0])) as straight:
        straight.cursor().execute(statement)
    with contextlib.closing(proxy.connect(made[1])) as connection, contextlib.closing(cluster.connect(made[1])) as straight:
        with transaction(cluster, made[1], "SELECT count(*) FROM p"), sent(connection, statement) as outcome:
            waits(straight, connection.info.backend_pid, "wait_event_type = 'Lock'")
            connection.cancel()
        assert outcome == ["57014"]
        assert ask(straight, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhdetachpending") == [("p1",)]
        connection.cursor().execute(statement)
    assert schema(cluster, made[1]) == schema(cluster, made[0])


def test_a_canceled_index_on_partitions_leaves_nothing(proxy, cluster, database, straight):
    fill(straight, TREE)
    before = schema(cluster, database)
    with contextlib.closing(proxy.connect(database)) as connection:
        pid = connection.info.backend_pid
        with transaction(cluster, database, "LOCK TABLE p2b IN ROW EXCLUSIVE MODE") as writer:
            with sent(connection, "CREATE INDEX k ON p (c)") as outcome:
                waits(straight, pid, "wait_event_type = 'Lock' AND query LIKE '%%CONCURRENTLY%%p2b%%'")
                connection.cancel()
                waits(straight, pid, "query LIKE 'DROP INDEX CONCURRENTLY%%'")
                writer.rollback()
        assert outcome == ["57014"]
    assert schema(cluster, database) == before


def test_an_index_on_partitions_goes_on_with_what_is_there(proxy, cluster, databases, server_log):
    made = [databases(), databases()]
    for database in made:
        with contextlib.closing(cluster.connect(database)) as connection:
            fill(connection, TREE)
    with contextlib.closing(cluster.connect(made[0])) as straight:
        straight.cursor().execute("CREATE INDEX k ON p (c)")
    with contextlib.closing(cluster.connect(made[1])) as straight:
        fill(straight, "CREATE INDEX k ON ONLY p (c); CREATE INDEX p1_c_idx ON p1 (c); ALTER INDEX k ATTACH PARTITION p1_c_idx;"
                       "CREATE INDEX p2_c_idx ON ONLY p2 (c); CREATE INDEX p2a_c_idx ON p2a (c); CREATE INDEX p2b_c_idx ON p2b (c);"
                       "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'p2b_c_idx'::regclass")
    server_log.mark()
    with contextlib.closing(proxy.connect(made[1])) as connection:
        connection.cursor().execute("CREATE INDEX k ON p (c)")
    assert [sql.split()[-3] for sql in server_log.ran("^CREATE INDEX CONCURRENTLY")] == ["ON"]
    assert server_log.ran("^DROP INDEX CONCURRENTLY public.p2b_c_idx")
    assert schema(cluster, made[1]) == schema(cluster, made[0])


def test_a_step_that_needs_a_strong_lock_waits_without_queueing(proxy, cluster, database, straight):
    fill(straight, TREE)
    with contextlib.closing(proxy.connect(database)) as connection:
        pid = connection.info.backend_pid
        with transaction(cluster, database, "INSERT INTO p VALUES (1)") as writer, sent(connection, "CREATE INDEX k ON p (c)") as outcome:
            waits(straight, pid, OUTSIDE_THE_QUEUE)
            # Whoever comes now does not find us in the queue.
            straight.cursor().execute("SET lock_timeout = '100ms'; INSERT INTO p VALUES (1)")
            writer.rollback()
        assert outcome == [None]
    assert ask(straight, "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []


def test_a_cancel_while_a_step_waits_for_its_lock(proxy, cluster, database, straight):
    fill(straight, TREE)
    before = schema(cluster, database)
    with contextlib.closing(proxy.connect(database)) as connection:
        with transaction(cluster, database, "LOCK TABLE ONLY p2 IN ROW EXCLUSIVE MODE"), sent(connection, "CREATE INDEX k ON p (c)") as outcome:
            waits(straight, connection.info.backend_pid, OUTSIDE_THE_QUEUE)
            assert "INDEX k ON ONLY" in schema(cluster, database)
            connection.cancel()
        assert outcome == ["57014"]
        assert ask(connection, "SELECT 1") == [(1,)]
    assert schema(cluster, database) == before


def test_the_error_of_a_step_names_who_is_in_the_way(lockkeeper, cluster, database, straight):
    fill(straight, TREE)
    proxy = lockkeeper(locks={"budget": "400ms", "old_after": "50ms"})
    with contextlib.closing(proxy.connect(database)) as connection, transaction(cluster, database, "INSERT INTO p VALUES (1)") as writer:
        with pytest.raises(psycopg2.errors.LockNotAvailable) as caught:
            connection.cursor().execute("CREATE INDEX k ON p (c)")
        assert f"Process {writer.info.backend_pid} " in caught.value.diag.message_detail


def test_a_list_with_an_index_that_is_not_there_drops_nothing(proxy, database, straight):
    fill(straight, TABLE)
    with contextlib.closing(proxy.connect(database)) as connection, pytest.raises(psycopg2.errors.UndefinedObject):
        connection.cursor().execute("DROP INDEX i, nothing")
    assert ask(straight, "SELECT obj_description('i'::regclass)") == [(None,)]


@pytest.mark.parametrize("statement", ["REINDEX TABLE t", "REINDEX INDEX i"])
def test_what_an_earlier_reindex_has_left_is_dropped(statement, proxy, database, straight):
    fill(straight, TABLE + "CREATE INDEX i_ccnew ON t (c); CREATE INDEX i_ccnew1 ON t (c, d);"
                           "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('i_ccnew'::regclass, 'i_ccnew1'::regclass)")
    with contextlib.closing(proxy.connect(database)) as connection:
        if statement == "REINDEX TABLE t":
            with pytest.raises(psycopg2.Error, match="i_ccnew1"):  # whose that is nobody knows
                connection.cursor().execute(statement)
            fill(straight, "DROP INDEX i_ccnew1")
        connection.cursor().execute(statement)
    left = ask(straight, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
    assert left == ([] if statement == "REINDEX TABLE t" else [("i_ccnew1",)])


def test_names_that_look_like_operators(proxy, cluster, databases):
    made = [databases(), databases()]
    for database in made:
        with contextlib.closing(cluster.connect(database)) as connection:
            fill(connection, """CREATE TABLE "p = > q" (id int NOT NULL, "a - b" int) PARTITION BY RANGE (id);
                CREATE TABLE "it's = 1" PARTITION OF "p = > q" FOR VALUES FROM (0) TO (10)""")
    statement = 'CREATE INDEX "i <> j" ON "p = > q" ("a - b")'
    with contextlib.closing(cluster.connect(made[0])) as straight:
        straight.cursor().execute(statement)
    with contextlib.closing(proxy.connect(made[1])) as connection:
        connection.cursor().execute(statement)
    assert schema(cluster, made[1]) == schema(cluster, made[0])
