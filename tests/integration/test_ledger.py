"""Work that is put off until the COMMIT outlives Lockkeeper: lockkeeper.pending, `lockkeeper pending` and `lockkeeper resume`."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading

import psycopg2
import pytest

from cluster import wait_until
from proxy import BINARY, Proxy

INDEX = "CREATE INDEX t_c ON t (c)"
UNIQUE = "ALTER TABLE t ADD CONSTRAINT t_c UNIQUE (c)"
LOCK_CLASS = 1819239275  # of the advisory lock that whoever works on a row holds


def command(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False, timeout=60)


def start_command(*arguments):
    return subprocess.Popen([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def dsn(cluster, database):
    return cluster.dsn(database)


@pytest.fixture
def look(straight):
    """look(sql): the first row."""
    def ask(sql, *parameters):
        cursor = straight.cursor()
        cursor.execute(sql, parameters)
        return cursor.fetchone()
    return ask


@pytest.fixture
def pending(dsn):
    def listed():
        done = command("pending", "--dsn", dsn, "--json")
        rows = json.loads(done.stdout)["pending"]
        assert done.returncode == (1 if rows else 0), done
        return rows
    return listed


@pytest.fixture
def resumed(dsn, pending):
    """resumed(): what is left is finished, and a second time there is nothing to do."""
    def run():
        done = command("resume", "--dsn", dsn)
        assert done.returncode == 0, done
        assert pending() == []
        assert command("resume", "--dsn", dsn).stdout == "nothing is pending\n"
        return done.stdout
    return run


@pytest.fixture
def deferring(lockkeeper, database, table):
    connection = lockkeeper(transactions="defer").connect(database, autocommit=False)
    yield connection
    connection.close()


def index_is_valid(look, name="t_c"):
    row = look("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", name)
    return row and row[0]


def test_the_row_is_there_until_the_work_is_done(deferring, look, pending, cluster, database):
    cursor = deferring.cursor()
    cursor.execute(INDEX)
    cursor.execute("SELECT relation, object, statement, session_role::text, plan->'steps'->0->>'sql' FROM lockkeeper.pending")
    assert cursor.fetchall() == [("public.t", "t_c", INDEX, "postgres", "CREATE INDEX CONCURRENTLY t_c ON t (c)")]
    assert look("SELECT to_regclass('lockkeeper.pending')") == (None,)  # nobody else sees it yet
    deferring.commit()
    assert index_is_valid(look) is True
    assert pending() == []


@pytest.mark.parametrize("undo", [["ROLLBACK"], ["ROLLBACK TO s", "COMMIT"], ["SAVEPOINT t", "ROLLBACK TO s", "COMMIT"]])
def test_the_row_vanishes_with_what_it_tells_of(deferring, look, pending, dsn, undo):
    assert command("ledger", "create", "--dsn", dsn).returncode == 0
    cursor = deferring.cursor()
    cursor.execute("SAVEPOINT s")
    cursor.execute(INDEX)
    for statement in undo:
        cursor.execute(statement)
    assert pending() == []
    assert index_is_valid(look) is None


def test_none_keeps_no_ledger(lockkeeper, database, table, look):
    with contextlib.closing(lockkeeper(transactions="defer", ledger="none").connect(database, autocommit=False)) as connection:
        connection.cursor().execute(INDEX)
        connection.commit()
    assert index_is_valid(look) is True
    assert look("SELECT to_regnamespace('lockkeeper')") == (None,)


@pytest.fixture
def second(lockkeeper, database, straight):
    """second(locks): a transaction of another session, that puts off work on a table of its own."""
    straight.cursor().execute("CREATE TABLE other (c int)")
    opened = []

    def begin(**locks):
        opened.append(lockkeeper(transactions="defer", locks=locks).connect(database, autocommit=False))
        return opened[-1]
    yield begin
    for connection in opened:
        connection.close()


@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize("ahead", ["SELECT 1", "ALTER TABLE other ADD COLUMN d int"])
def test_who_finds_another_one_making_the_ledger_goes_on_after_it(end, ahead, deferring, second, look, pending, server_log):
    server_log.mark()
    deferring.cursor().execute(INDEX)
    connection, failed = second(budget="30s"), []
    connection.cursor().execute(ahead)

    def put_off():
        try:
            connection.cursor().execute("CREATE INDEX other_c ON other (c)")
            connection.commit()
        except psycopg2.Error as error:
            failed.append(error)
    thread = threading.Thread(target=put_off, daemon=True)
    thread.start()
    wait_until(lambda: len(server_log.ran(rf"pg_try_advisory_xact_lock\({LOCK_CLASS}")) > 2, "it finds that another one is at it")
    getattr(deferring, end)()
    thread.join(20)
    assert not thread.is_alive() and not failed, failed
    assert index_is_valid(look, "other_c") is True
    assert index_is_valid(look) is (True if end == "commit" else None)
    assert pending() == []


def test_who_waits_too_long_for_the_ledger_is_told_so(deferring, second):
    deferring.cursor().execute(INDEX)
    with pytest.raises(psycopg2.Error) as refused:
        second(budget="200ms").cursor().execute("CREATE INDEX other_c ON other (c)")
    assert "another transaction is making it" in refused.value.diag.message_primary


def test_what_was_set_for_the_transaction_only_holds_behind_it(deferring, straight, look):
    straight.cursor().execute("CREATE SCHEMA other CREATE TABLE t (c int)")
    cursor = deferring.cursor()
    cursor.execute("SET LOCAL search_path TO other")
    cursor.execute(INDEX)
    deferring.commit()
    assert index_is_valid(look, "other.t_c") is True
    assert index_is_valid(look) is None
    cursor.execute("SHOW search_path")
    assert cursor.fetchone() == ('"$user", public',)


# ---- Lockkeeper dies behind the COMMIT

class Deadly:
    """A transaction that has put off work, through a proxy that is to be killed behind its COMMIT."""

    def __init__(self, cluster, database, look, statement=INDEX):
        self.cluster, self.database, self.look = cluster, database, look
        # A row is removed under lock_timeout: long enough to be found waiting.
        self.proxy = Proxy(cluster.port, transactions="defer", small_table=0, timeouts={"lock": "30s", "statement": "60s"})
        self.connection = self.proxy.connect(database, autocommit=False)
        self.connection.cursor().execute(statement)
        self.others = []

    def other(self, *statements, autocommit=True):
        connection = self.cluster.connect(self.database, autocommit=autocommit, application_name="straight")
        self.others.append(connection)
        for statement in statements:
            connection.cursor().execute(statement)
        return connection

    def old_snapshot(self):
        """What CREATE INDEX CONCURRENTLY has to wait for."""
        return self.other("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1", autocommit=False)

    def commit(self):
        """It does not come back before the proxy is dead."""
        def run():
            with contextlib.suppress(psycopg2.Error):
                self.connection.commit()
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def worker(self, lock):
        """Waits for the session of the proxy to wait for a lock of that type: its pid."""
        sql = ("SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND NOT l.granted AND l.locktype = %s"
               " WHERE a.datname = current_database() AND a.application_name <> 'straight'")
        return wait_until(lambda: self.look(sql, lock), "the server's session waits")[0]

    def kill(self):
        self.proxy.process.send_signal(signal.SIGKILL)
        self.proxy.process.wait()
        self.thread.join(20)

    def lose_work_in_hand(self, pending):
        """Killed between the COMMIT and its first step: somebody else seems to be at the work until then."""
        busy = self.other(f"SELECT pg_advisory_lock({LOCK_CLASS}, 1)")
        self.commit()
        wait_until(pending, "the COMMIT is through")
        self.kill()
        busy.close()

    def end(self, pid):
        """The server's own session lives on when its client is gone: until it has something to say."""
        self.look("SELECT pg_terminate_backend(%s)", pid)
        wait_until(lambda: not self.look("SELECT 1 FROM pg_stat_activity WHERE pid = %s", pid), "the session is gone")

    def remove(self):
        for connection in [self.connection, *self.others]:
            with contextlib.suppress(psycopg2.Error):
                connection.close()
        if self.proxy.alive():
            self.proxy.process.kill()
            self.proxy.process.wait()
        self.proxy.remove()


@pytest.fixture
def deadly(cluster, database, table, look, request):
    made = Deadly(cluster, database, look, getattr(request, "param", INDEX))
    yield made
    made.remove()


def test_killed_before_the_first_step(deadly, look, pending, resumed):
    busy = deadly.other(f"SELECT pg_advisory_lock({LOCK_CLASS}, 1)")
    deadly.commit()
    wait_until(pending, "the COMMIT is through")
    deadly.kill()
    assert index_is_valid(look) is None
    assert [row["pid"] for row in pending()] == [busy.info.backend_pid]
    busy.close()
    (row,) = pending()
    assert (row["id"], row["object"], row["relation"], row["statement"]) == (1, "t_c", "public.t", INDEX)
    assert resumed() == "1: t_c on public.t\n    done\n"
    assert index_is_valid(look) is True


@pytest.mark.parametrize("deadly", [INDEX, UNIQUE], indirect=True)
@pytest.mark.parametrize("session_ends", [True, False])
def test_killed_in_the_middle_of_the_build(deadly, look, pending, resumed, session_ends):
    old = deadly.old_snapshot()
    deadly.commit()
    pid = deadly.worker("virtualxid")
    deadly.kill()
    assert index_is_valid(look) is False
    (row,) = pending()
    assert row["pid"] == pid
    pending_statement = row["statement"]
    if session_ends:
        deadly.end(pid)
        assert [row["pid"] for row in pending()] == [None]
        assert index_is_valid(look) is False
    old.close()
    resumed()
    assert index_is_valid(look) is True
    assert look("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass") == (2,)
    if pending_statement == UNIQUE:
        assert look("SELECT contype, convalidated FROM pg_constraint WHERE conname = 't_c'") == ("u", True)


@pytest.mark.parametrize("deadly", [INDEX, UNIQUE], indirect=True)
def test_killed_before_the_row_is_removed(deadly, look, pending, resumed, server_log):
    old = deadly.old_snapshot()
    deadly.commit()
    deadly.worker("virtualxid")
    table_lock = deadly.other("LOCK TABLE lockkeeper.pending IN SHARE MODE", autocommit=False)
    old.close()
    pid = deadly.worker("relation")
    deadly.kill()
    deadly.end(pid)
    table_lock.close()
    assert index_is_valid(look) is True
    assert len(pending()) == 1
    server_log.mark()
    resumed()
    assert not server_log.ran("INDEX CONCURRENTLY|ADD CONSTRAINT")
    assert index_is_valid(look) is True


def test_two_resumes_at_once_do_it_once(deadly, look, pending, dsn, server_log):
    busy = deadly.other(f"SELECT pg_advisory_lock({LOCK_CLASS}, 1)")
    deadly.commit()
    wait_until(pending, "the COMMIT is through")
    deadly.kill()
    old = deadly.old_snapshot()
    server_log.mark()
    first, second = start_command("resume", "--dsn", dsn), start_command("resume", "--dsn", dsn)
    tries = r"pg_try_advisory_lock\(" + str(LOCK_CLASS)
    wait_until(lambda: len(server_log.ran(tries)) > 4, "both have found it taken")
    busy.close()
    deadly.worker("virtualxid")
    old.close()
    for process in (first, second):
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    assert pending() == []
    assert index_is_valid(look) is True
    assert len(server_log.ran("CREATE INDEX CONCURRENTLY")) == 1
    assert look("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == (0,)


def test_another_index_of_that_name_is_left_alone(deadly, look, pending, straight, dsn):
    deadly.lose_work_in_hand(pending)
    straight.cursor().execute("CREATE INDEX t_c ON t (c, id)")
    done = command("resume", "--dsn", dsn)
    assert done.returncode == 1
    assert "has its name by now" in done.stderr
    (row,) = pending()
    assert row["attempts"] == 1 and row["last_error"].startswith("42710")
    assert look("SELECT pg_get_indexdef('t_c'::regclass)")[0].endswith("(c, id)")


def test_an_interrupted_resume_leaves_nothing_behind(deadly, look, pending, resumed, dsn):
    deadly.lose_work_in_hand(pending)
    old = deadly.old_snapshot()
    process = start_command("resume", "--dsn", dsn)
    deadly.worker("virtualxid")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "canceling statement due to user request" in output
    assert index_is_valid(look) is None
    assert pending()[0]["last_error"].startswith("57014")
    old.close()
    resumed()
    assert index_is_valid(look) is True


def test_dry_run_shows_and_does_nothing(deadly, look, pending, dsn):
    deadly.lose_work_in_hand(pending)
    done = command("resume", "--dsn", dsn, "--dry-run")
    assert (done.returncode, done.stdout) == (1, "1: t_c on public.t\n    CREATE INDEX CONCURRENTLY t_c ON t (c)\n")
    assert command("resume", "--dsn", dsn, "--id", "7").stdout == "nothing is pending\n"
    assert len(pending()) == 1
    assert index_is_valid(look) is None
    assert f"{INDEX}\n" in command("pending", "--dsn", dsn).stdout


def test_the_client_that_goes_behind_its_commit_leaves_nothing_undone(deadly, look, pending):
    busy = deadly.other(f"SELECT pg_advisory_lock({LOCK_CLASS}, 1)")
    deadly.commit()
    wait_until(pending, "the COMMIT is through")
    with socket.socket(fileno=os.dup(deadly.connection.fileno())) as client:
        client.shutdown(socket.SHUT_RDWR)
    deadly.thread.join(20)
    busy.close()
    wait_until(lambda: not pending(), "the proxy has finished alone")
    assert index_is_valid(look) is True


# ---- the work fails

def test_what_fails_stays_until_the_data_is_mended(deferring, straight, look, pending, resumed, dsn):
    deferring.cursor().execute("ALTER TABLE t ADD CONSTRAINT small CHECK (c < 5)")
    with pytest.raises(psycopg2.Error) as failed:
        deferring.commit()
    assert failed.value.pgcode == "LK002"
    assert "lockkeeper resume --dsn ... --id 1" in failed.value.diag.message_hint
    assert pending()[0]["last_error"].startswith("23514")
    done = command("resume", "--dsn", dsn)
    assert done.returncode == 1
    assert 'check constraint "small" of relation "t" is violated by some row' in done.stderr
    assert pending()[0]["attempts"] == 2
    straight.cursor().execute("DELETE FROM t WHERE c >= 5")
    resumed()
    assert look("SELECT convalidated FROM pg_constraint WHERE conname = 'small'") == (True,)


def test_not_null_is_resumed_where_it_stopped(deferring, straight, look, pending, resumed):
    straight.cursor().execute("INSERT INTO t (c) VALUES (NULL)")
    deferring.cursor().execute("ALTER TABLE t ALTER COLUMN c SET NOT NULL")
    with pytest.raises(psycopg2.Error) as failed:
        deferring.commit()
    assert failed.value.pgcode == "LK002"
    assert pending()[0]["last_error"].startswith("23502")
    straight.cursor().execute("DELETE FROM t WHERE c IS NULL")
    resumed()
    assert look("SELECT attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'c'") == (True,)
    assert look("SELECT count(*) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'c'") == (0,)


def test_an_index_of_the_same_name_that_came_later_is_not_dropped(lockkeeper, database, table, straight, look, pending, resumed):
    straight.cursor().execute(INDEX)
    proxy = lockkeeper(transactions="defer", locks={"budget": "0"})
    with contextlib.closing(proxy.connect(database, autocommit=False)) as connection:
        straight.cursor().execute(f"SELECT pg_advisory_lock({LOCK_CLASS}, 1)")
        connection.cursor().execute("DROP INDEX t_c")
        with pytest.raises(psycopg2.Error) as failed:
            connection.commit()
    assert failed.value.pgcode == "LK002"
    assert "another session is at work on it" in failed.value.diag.message_primary
    straight.cursor().execute(f"SELECT pg_advisory_unlock_all()")
    assert len(pending()) == 1
    straight.cursor().execute("DROP INDEX t_c")
    straight.cursor().execute(INDEX)
    resumed()
    assert index_is_valid(look) is True


# ---- roles

@pytest.fixture
def role(cluster, database, straight, table):
    """A role that owns the table, and may not create schemas."""
    name = f"migrator_{database}"
    cursor = straight.cursor()
    cursor.execute(f"CREATE ROLE {name} LOGIN")
    cursor.execute(f"ALTER TABLE t OWNER TO {name}")
    cursor.execute(f"GRANT CREATE ON SCHEMA public TO {name}")
    yield name
    with contextlib.closing(cluster.connect(database)) as connection:
        connection.cursor().execute(f"REASSIGN OWNED BY {name} TO postgres; DROP OWNED BY {name}; DROP ROLE {name}")


def test_a_role_that_may_not_make_the_table_is_told_what_to_do(lockkeeper, database, role, look, pending, dsn):
    proxy = lockkeeper(transactions="defer")
    with contextlib.closing(proxy.connect(database, user=role, autocommit=False)) as connection:
        with pytest.raises(psycopg2.Error) as refused:
            connection.cursor().execute(INDEX)
        assert refused.value.pgcode == "LK001"
        assert "permission denied for database" in refused.value.diag.message_primary
        assert "lockkeeper ledger create" in refused.value.diag.message_hint
        connection.rollback()
        assert command("ledger", "create", "--dsn", dsn).stdout == "lockkeeper.pending is made\n"
        assert command("ledger", "create", "--dsn", dsn).stdout == "lockkeeper.pending is there already\n"
        connection.cursor().execute(INDEX)
        connection.commit()
    assert index_is_valid(look) is True
    assert pending() == []


def test_each_role_sees_and_finishes_its_own_work_only(lockkeeper, cluster, database, role, straight, look, dsn):
    assert command("ledger", "create", "--dsn", dsn).returncode == 0
    with contextlib.closing(lockkeeper(transactions="defer").connect(database, user=role, autocommit=False)) as connection:
        connection.cursor().execute("ALTER TABLE t ADD CONSTRAINT small CHECK (c < 5)")
        with pytest.raises(psycopg2.Error):
            connection.commit()
    straight.cursor().execute("DELETE FROM t WHERE c >= 5")
    done = command("resume", "--dsn", dsn)  # the superuser sees it, and runs nothing that another role has written
    assert done.returncode == 1 and f"it belongs to {role}" in done.stderr
    assert command("pending", "--dsn", cluster.dsn(database, user="nobody_else")).returncode == 3
    straight.cursor().execute("CREATE ROLE stranger LOGIN")
    try:
        stranger = cluster.dsn(database, user="stranger")
        assert command("pending", "--dsn", stranger).stdout == "nothing is pending\n"
        with contextlib.closing(psycopg2.connect(stranger)) as connection:
            cursor = connection.cursor()
            cursor.execute("DELETE FROM lockkeeper.pending")
            assert cursor.rowcount == 0
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute("INSERT INTO lockkeeper.pending (session_role, application_name, relation, object, statement, plan,"
                               " settings, version) VALUES ('postgres', '', '', '', '', '{}', '{}', '')")
        assert command("resume", "--dsn", cluster.dsn(database, user=role)).returncode == 0
    finally:
        straight.cursor().execute("DROP ROLE stranger")
    assert look("SELECT convalidated FROM pg_constraint WHERE conname = 'small'") == (True,)


def test_a_table_of_somebody_who_is_not_trusted_is_not_used(lockkeeper, database, role, straight, dsn):
    """Its triggers would run as whoever writes to it."""
    straight.cursor().execute(f"GRANT CREATE ON DATABASE {database} TO {role}")
    proxy = lockkeeper(transactions="defer")
    with contextlib.closing(proxy.connect(database, user=role, autocommit=False)) as connection:
        connection.cursor().execute(INDEX)
        connection.commit()
    with contextlib.closing(proxy.connect(database, autocommit=False)) as connection:
        with pytest.raises(psycopg2.Error) as refused:
            connection.cursor().execute("CREATE INDEX t_other ON t (c)")
    assert refused.value.pgcode == "LK001"
    assert f"it belongs to {role}" in refused.value.diag.message_primary
    done = command("resume", "--dsn", dsn)
    assert done.returncode == 2 and f"belongs to {role}" in done.stderr


def test_the_role_of_the_transaction_does_the_work(lockkeeper, database, role, look, dsn, server_log):
    assert command("ledger", "create", "--dsn", dsn).returncode == 0
    with contextlib.closing(lockkeeper(transactions="defer").connect(database, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(INDEX)
        connection.commit()
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("postgres",)
    assert look("SELECT relowner::regrole::text FROM pg_class WHERE relname = 't_c'") == (role,)
