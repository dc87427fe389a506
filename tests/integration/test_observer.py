"""The observer: who blocks a schema change, who queues behind it, how far it is, and what is done about it."""

import contextlib
import subprocess
import threading
import time

import psycopg2
import pytest

from admin_client import with_admin
from background import Background
from cluster import free_port, wait_until
from proxy import BINARY
from test_timeouts import ADD, run

IMPATIENT = {"budget": "60s", "old_after": "1h"}  # straight into the server's queue
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"


@pytest.fixture
def observed(lockkeeper, cluster):
    """observed(**settings): a proxy with an observer that looks often, and its admin client."""
    def start(dsn=None, **settings):
        return with_admin(lockkeeper, observer={"dsn": dsn or cluster.dsn(), "interval": "20ms"}, **settings)
    return start


@contextlib.contextmanager
def idle_in_transaction(cluster, database, sql="SELECT count(*) FROM t", **options):
    with contextlib.closing(cluster.connect(database, autocommit=False, **options)) as holder:
        holder.cursor().execute(sql)
        yield holder


class Job:
    """A statement in a thread of its own; result() is its SQLSTATE, or None."""

    def __init__(self, connection, sql):
        self.connection, self.code = connection, None
        self.thread = threading.Thread(target=self._run, args=(sql,))
        self.thread.start()

    def _run(self, sql):
        self.code = run(self.connection, sql)

    def result(self):
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.code


@contextlib.contextmanager
def job(endpoint, database, sql, **options):
    """It has ended when the block has."""
    with contextlib.closing(endpoint.connect(database, **options)) as connection:
        one = Job(connection, sql)
        try:
            yield one
        finally:
            one.thread.join()


def changing(admin):
    """The session that changes the schema, as the admin page has it."""
    return next((s for s in admin.state()["sessions"] if "ddl" in s and "observed" in s), None)


def seen(admin, condition, what):
    def look():
        s = changing(admin)
        return s if s and condition(s) else None
    return wait_until(look, what)


def among(admin, pid, state):
    return next((b for b in admin.state()["observer"]["backends"] if (b["pid"], b["state"]) == (pid, state)), None)


def test_names_who_blocks_and_counts_who_queues(observed, cluster, database, table, straight):
    proxy, admin = observed(mode="guard", locks={"budget": 0}, timeouts={"lock": "30s", "statement": "60s"})
    report = "SELECT count(*), 'password=hunter2' FROM t"
    with contextlib.ExitStack() as stack:
        holder = stack.enter_context(idle_in_transaction(cluster, database, report, application_name="nightly report"))
        change = stack.enter_context(job(proxy, database, ADD))
        try:
            s = seen(admin, lambda s: s["observed"]["waits"], "it waits in the server's queue")
            assert s["observed"]["blockers"] == [holder.info.backend_pid] and s["observed"]["queued"] == 0
            # The server tells states and blockers of one look at two moments: the first look may have seen it before its transaction.
            who = wait_until(lambda: among(admin, holder.info.backend_pid, "idle in transaction"), "its state is seen")
            assert (who["user"], who["database"], who["application_name"]) == ("postgres", database, "nightly report")
            assert who["seconds"] > 0 and who["query"].startswith("SELECT count(*)") and "hunter2" not in str(admin.state())
            readers = [stack.enter_context(job(cluster, database, "SELECT count(*) AS reader FROM t")) for _ in range(3)]
            s = seen(admin, lambda s: s["observed"]["queued"] == 3, "three queue behind it")
            waits = admin.state()["observer"]["waits"]
            assert {"pid": s["server_pid"], "for": holder.info.backend_pid} in waits
            assert sum(w["for"] == s["server_pid"] for w in waits) == 3
            numbers = admin.metrics()
            assert numbers["lockkeeper_ddl_queued_sessions", ()] == 3 and numbers["lockkeeper_observer_up", ()] == 1
        finally:
            holder.rollback()
        pid = holder.info.backend_pid
        assert change.result() is None and [r.result() for r in readers] == [None] * 3
    outcome = proxy.audited(event="outcome", outcome="done")[0]
    assert outcome["queued"] == 3
    [blocker] = outcome["blockers"]
    assert (blocker["pid"], blocker["state"]) == (pid, "idle in transaction") and "hunter2" not in blocker["query"]
    wait_until(lambda: admin.metrics()["lockkeeper_ddl_queued_sessions", ()] == 0, "nobody waits any more")


def test_a_wait_outside_of_the_queue_names_the_holder_too(observed, cluster, database, table):
    proxy, admin = observed(locks={"budget": "60s", "old_after": "10ms"})
    with idle_in_transaction(cluster, database) as holder, job(proxy, database, ADD) as change:
        try:
            s = seen(admin, lambda s: s["observed"]["blockers"], "it waits")
            assert s["observed"]["blockers"] == [holder.info.backend_pid] and s["observed"]["queued"] == 0
        finally:
            holder.rollback()
        assert change.result() is None


def test_tells_how_far_the_server_is(observed, cluster, database, table):
    proxy, admin = observed()
    with idle_in_transaction(cluster, database, "INSERT INTO t (c) VALUES (1)") as writer, \
            job(proxy, database, "CREATE INDEX by_c ON t (c)") as change:
        try:
            s = seen(admin, lambda s: "progress" in s["observed"], "the index is being built")
            assert s["observed"]["progress"] == {"command": "CREATE INDEX CONCURRENTLY", "phase": "waiting for writers before build", "percent": 0}
            assert s["observed"]["blockers"] == [writer.info.backend_pid]
        finally:
            writer.rollback()
        assert change.result() is None


class Reader(Background):
    def __init__(self, cluster, database):
        self.longest = 0.0
        super().__init__(*[(cluster.connect(database), self._ask) for _ in range(4)])

    def _ask(self, cursor):
        begin = time.monotonic()
        cursor.execute("SELECT count(*) FROM t")
        self.longest = max(self.longest, time.monotonic() - begin)


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a transaction"])
@pytest.mark.parametrize("sql", [ADD, "ALTER TABLE t ADD CONSTRAINT positive CHECK (c > 0)"], ids=["statement", "plan"])
def test_gives_way_to_a_long_queue(sql, inside, observed, cluster, database, table):
    """Attempts grow to 30 s; each is given up when three sessions stand behind it, and another one follows."""
    proxy, admin = observed(locks={**IMPATIENT, "max_queue": 2}, timeouts={"lock": "30s", "statement": "60s"})
    with idle_in_transaction(cluster, database) as holder, Reader(cluster, database) as readers, \
            contextlib.closing(proxy.connect(database)) as connection:
        if inside:
            connection.cursor().execute("BEGIN; SELECT 1")
        change = Job(connection, sql)
        try:
            wait_until(lambda: admin.metrics()["lockkeeper_lock_attempts_given_up_total", ()] >= 3, "attempts are given up", 60)
        finally:
            holder.rollback()
        assert change.result() is None, "it succeeds when the blocker has gone"
        if inside:
            connection.cursor().execute("COMMIT")
    assert readers.longest < 2
    outcome = proxy.audited(event="outcome", outcome="done")[0]
    assert outcome["gave_way"] >= 1 and outcome["queued"] > 2 and outcome["attempts"] > outcome["gave_way"]


def test_gives_way_until_the_budget_is_spent(observed, cluster, database, table):
    proxy, admin = observed(locks={**IMPATIENT, "budget": "2s", "max_queue": 2}, timeouts={"lock": "30s", "statement": "60s"})
    with idle_in_transaction(cluster, database) as holder, Reader(cluster, database), contextlib.closing(proxy.connect(database)) as connection:
        try:
            with pytest.raises(psycopg2.errors.LockNotAvailable) as caught:
                connection.cursor().execute(ADD)
        finally:
            holder.rollback()
        assert "Lockkeeper tried" in caught.value.diag.message_hint
        connection.cursor().execute("SELECT count(*) FROM t")
    assert proxy.audited(event="outcome", sqlstate="55P03")[0]["gave_way"] >= 1


def test_a_short_queue_is_no_reason(observed, cluster, database, table):
    proxy, admin = observed(locks={**IMPATIENT, "max_queue": 20}, timeouts={"lock": "2s", "statement": "60s"})
    with idle_in_transaction(cluster, database) as holder, job(proxy, database, ADD) as change, Reader(cluster, database):
        try:
            seen(admin, lambda s: s["observed"]["queued"] == 4, "four queue behind it")
        finally:
            holder.rollback()
        assert change.result() is None
    assert admin.metrics()["lockkeeper_lock_attempts_given_up_total", ()] == 0
    assert "gave_way" not in proxy.audited(event="outcome", outcome="done")[0]


def test_no_other_statement_is_ever_cancelled(lockkeeper, cluster, database, table):
    """The blocker lets go at every moment around the one in which the attempt is given up."""
    proxy, _ = with_admin(lockkeeper, observer={"dsn": cluster.dsn(), "interval": "10ms"}, locks={**IMPATIENT, "max_queue": 1},
                              timeouts={"lock": "30s", "statement": "60s"})
    failed = []

    def change_and_go_on(connection, number):
        for sql in (f"ALTER TABLE t ADD COLUMN n{number} int", *["SELECT pg_sleep(0.003)"] * 20):
            if code := run(connection, sql):
                failed.append((number, sql, code))

    with Reader(cluster, database), contextlib.closing(proxy.connect(database)) as connection:
        for number in range(200):  # on a busy machine the observer comes too late for most of them
            with idle_in_transaction(cluster, database) as holder:
                release = threading.Timer(0.1 + 0.03 * (number % 30), holder.rollback)
                release.start()
                change_and_go_on(connection, number)
                release.join()
            given_up = sum(r.get("gave_way", 0) for r in proxy.audit())
            if number >= 30 and given_up > 10:
                break
    assert not failed
    assert given_up > 10


@pytest.fixture
def ordinary(cluster):
    """Roles that are no superusers."""
    with contextlib.closing(cluster.connect()) as connection:
        cursor = connection.cursor()
        for role in ("shop_web", "shop_boss", "watcher"):
            cursor.execute(f"DROP ROLE IF EXISTS {role}")
            cursor.execute(f"CREATE ROLE {role} LOGIN")
        cursor.execute("GRANT pg_monitor TO watcher")
    yield
    with contextlib.closing(cluster.connect()) as connection:
        connection.cursor().execute("DROP ROLE shop_web, shop_boss, watcher")


@pytest.fixture
def readable(straight, table, ordinary):
    cursor = straight.cursor()
    cursor.execute("GRANT SELECT ON t TO shop_web, shop_boss")
    yield
    cursor.execute("REVOKE ALL ON t FROM shop_web, shop_boss")


def alive(straight, pid):
    cursor = straight.cursor()
    cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", (pid,))
    return cursor.fetchone()[0] == 1


def in_transaction_for(admin, seconds, *holders):
    """The observer has looked at them for so long: whom it would end it would have ended by then."""
    pids = [h.info.backend_pid for h in holders]
    wait_until(lambda: all(any(b["pid"] == pid and b["seconds"] > seconds for b in admin.state()["observer"]["backends"]) for pid in pids),
               "they are in the way for long")


ENDING = {"terminate_blockers": "1s", "terminate_blockers_user": "shop_*", "terminate_blockers_application": "web *"}


@pytest.mark.parametrize("wait", [{"budget": "60s", "old_after": "10ms"}, IMPATIENT], ids=["outside of the queue", "in the queue"])
def test_ends_only_who_is_idle_and_fits(wait, observed, cluster, database, table, straight, readable):
    proxy, admin = observed(locks={**wait, **ENDING})
    with contextlib.ExitStack() as stack:
        def idle(user, name):
            return stack.enter_context(idle_in_transaction(cluster, database, user=user, application_name=name))
        ended, other_name, other_user = idle("shop_web", "web 1"), idle("shop_web", "cron"), idle("postgres", "web 2")
        active = stack.enter_context(contextlib.closing(cluster.connect(database, user="shop_boss", application_name="web 3", autocommit=False)))
        at_work = Job(active, "SELECT pg_sleep(600) FROM t LIMIT 1")
        pid = ended.info.backend_pid
        change = stack.enter_context(job(proxy, database, ADD))
        try:
            record = proxy.audited(event="terminated")[0]
            wait_until(lambda: not alive(straight, pid), "it is gone")
            in_transaction_for(admin, 3, other_name, other_user)
            assert all(alive(straight, c.info.backend_pid) for c in (other_name, other_user, active))
        finally:
            for connection in (other_name, other_user):
                connection.rollback()
            straight.cursor().execute("SELECT pg_cancel_backend(%s)", (active.info.backend_pid,))
            at_work.result()
            active.rollback()
        assert change.result() is None
    [blocker] = record["blockers"]
    assert (blocker["pid"], blocker["user"], blocker["application_name"]) == (pid, "shop_web", "web 1")
    assert blocker["state"] == "idle in transaction" and blocker["idle_seconds"] >= 1 and blocker["query"] == "SELECT count(*) FROM t"
    assert (record["user"], record["database"]) == ("postgres", database)
    assert len([r for r in proxy.whole_audit() if r["event"] == "terminated"]) == 1
    assert admin.metrics()["lockkeeper_blockers_terminated_total", ()] == 1
    with pytest.raises(psycopg2.Error):
        ended.cursor().execute("SELECT 1")


def test_a_session_of_ours_that_changes_the_schema_is_never_ended(observed, cluster, database, table, straight, ordinary):
    straight.cursor().execute("ALTER TABLE t OWNER TO shop_web")
    proxy, admin = observed(mode="guard", locks={**IMPATIENT, "max_hold": 0, "terminate_blockers": "1s"})
    try:
        with contextlib.closing(proxy.connect(database, user="shop_web", autocommit=False)) as first:
            first.cursor().execute(ADD)
            with job(proxy, database, "ALTER TABLE t ADD COLUMN other int") as second:
                seen(admin, lambda s: s["observed"]["blockers"] == [first.info.backend_pid], "the second one waits for it")
                in_transaction_for(admin, 3, first)
                assert alive(straight, first.info.backend_pid)
                first.commit()
                assert second.result() is None
        assert not [r for r in proxy.whole_audit() if r["event"] == "terminated"]
    finally:
        straight.cursor().execute("ALTER TABLE t OWNER TO postgres")


def test_in_observe_nobody_is_ended(observed, cluster, database, table, straight, readable):
    proxy, admin = observed(mode="observe", locks=ENDING)
    with idle_in_transaction(cluster, database, user="shop_web", application_name="web 1") as holder, job(proxy, database, ADD) as change:
        try:
            in_transaction_for(admin, 3, holder)
            assert alive(straight, holder.info.backend_pid)
        finally:
            holder.rollback()
        assert change.result() is None


def test_a_missing_right_is_told_once(observed, cluster, database, table, readable):
    proxy, admin = observed(dsn=cluster.dsn(user="watcher"), locks={**IMPATIENT, **ENDING})
    with idle_in_transaction(cluster, database, user="shop_web", application_name="web 1") as holder, job(proxy, database, ADD) as change:
        try:
            wait_until(lambda: "Grant pg_signal_backend" in proxy.log(), "the log says so")
            first = changing(admin)["observed"]
            wait_until(lambda: changing(admin)["ddl"]["ms"] > 2500, "it goes on looking")
            assert first["blockers"] == [holder.info.backend_pid]
        finally:
            holder.rollback()
        assert change.result() is None
    assert proxy.log().count("Grant pg_signal_backend") == 1


def test_a_role_that_sees_little_is_told_of(observed, cluster, database, table, readable):
    proxy, admin = observed(dsn=cluster.dsn(user="shop_boss"), locks={"budget": "60s", "old_after": "10ms"})
    with idle_in_transaction(cluster, database, user="shop_web") as holder, job(proxy, database, ADD) as change:
        try:
            seen(admin, lambda s: s["observed"]["blockers"] == [holder.info.backend_pid], "it sees whom, though not what that one does")
            assert among(admin, holder.info.backend_pid, "")
        finally:
            holder.rollback()
        assert change.result() is None
    assert "shop_boss is no member of pg_monitor" in proxy.log()


def test_a_server_that_cannot_be_reached_is_told_of_once(observed, cluster, database, table):
    port = free_port()
    proxy, admin = observed(dsn=f"postgresql://watcher:hunter2@127.0.0.1:{port}/postgres")
    wait_until(lambda: admin.metrics()["lockkeeper_observer_up", ()] == 0, "it has failed")
    assert admin.status("/readyz") == 200
    with idle_in_transaction(cluster, database) as holder, job(proxy, database, ADD) as change:
        try:
            wait_until(lambda: admin.metrics()["lockkeeper_observer_failures_total", ()] >= 3, "it has tried again")
            waiting = next(s for s in admin.state()["sessions"] if "ddl" in s)
            assert "observed" not in waiting and waiting["waits_for"], "what the session itself knows is still told"
            assert admin.state()["observer"]["up"] is False
        finally:
            holder.rollback()
        assert change.result() is None
    assert proxy.log().count("observer:") == 1 and "cannot look at the server" in proxy.log()
    assert "hunter2" not in proxy.log() and "hunter2" not in str(admin.state())


def test_survives_a_restart_of_the_server(observed, lockkeeper, own_cluster):
    with contextlib.closing(own_cluster.connect()) as connection:
        connection.cursor().execute("CREATE TABLE t (id serial PRIMARY KEY, c int)")
    proxy, admin = observed(dsn=own_cluster.dsn(), upstream=own_cluster.port, locks={"budget": "60s", "old_after": "10ms"})

    def look():
        with idle_in_transaction(own_cluster, "postgres") as holder, job(proxy, "postgres", "ALTER TABLE t ADD COLUMN IF NOT EXISTS d int") as change:
            try:
                seen(admin, lambda s: s["observed"]["blockers"] == [holder.info.backend_pid], "it sees who is in the way")
            finally:
                holder.rollback()
            assert change.result() is None

    look()
    own_cluster.stop()
    own_cluster.start()
    look()
    assert admin.metrics()["lockkeeper_observer_up", ()] == 1


def test_a_reload_moves_it(observed, cluster, database, table):
    port = free_port()
    proxy, admin = observed(dsn=f"host=127.0.0.1 port={port} user=postgres password=hunter2")
    wait_until(lambda: admin.metrics()["lockkeeper_observer_up", ()] == 0, "it has failed")
    assert "everything stays" in proxy.reload(observer={"dsn": "postgresql://lk:hunter3@[::1"}), "a mistake changes nothing"
    assert "everything stays" in proxy.reload(observer={"dsn": ""}, locks={"max_queue": 3})
    proxy.reload(observer={"dsn": cluster.dsn(), "interval": "20ms"}, locks={"max_queue": 3})
    wait_until(lambda: admin.metrics()["lockkeeper_observer_up", ()] == 1, "it looks somewhere else")
    proxy.reload(observer={}, locks={})
    wait_until(lambda: ("lockkeeper_observer_up", ()) not in admin.metrics(), "it is there no more")
    assert "hunter" not in proxy.log()


def test_changes_nothing_on_the_server(observed, cluster, database, table, server_log):
    proxy, admin = observed()
    with idle_in_transaction(cluster, database) as holder, job(proxy, database, ADD) as change:
        try:
            seen(admin, lambda s: s["observed"]["blockers"] == [holder.info.backend_pid], "it looks")
        finally:
            holder.rollback()
        assert change.result() is None
    asked = server_log.statements("lockkeeper observer")
    assert asked and all("SELECT" in s for s in asked)
    with contextlib.closing(cluster.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lockkeeper observer'")
        assert cursor.fetchone()[0] == 1


def test_the_command_line_checks_it_and_keeps_its_password(tmp_path):
    def config(command, text):
        (tmp_path / "c.yaml").write_text(text)
        return subprocess.run([str(BINARY), "config", command, "--config", str(tmp_path / "c.yaml")], capture_output=True, text=True, check=False)

    for key, value in (("max_queue", "5"), ("terminate_blockers", "5s")):
        for text in (f"locks: {{{key}: {value}}}", f"scopes: [{{match: {{user: a}}, locks: {{{key}: {value}}}}}]"):
            done = config("check", text)
            assert done.returncode == 2 and f"locks.{key} needs observer.dsn" in done.stderr, text
        assert config("check", f"locks: {{{key}: {value}}}\nobserver: {{dsn: host=db}}").returncode == 0
    done = config("check", "locks: {terminate_blockers: 500ms}")
    assert done.returncode == 2 and "c.yaml:1:29: 'locks.terminate_blockers': expected 1s to" in done.stderr
    for dsn in ("postgresql://lk:hunter2@[::1", "host=db password hunter2=", "host=db nonsense=hunter2"):
        done = config("check", f"observer: {{dsn: '{dsn}'}}")
        assert done.returncode == 2 and "observer.dsn: libpq does not understand it" in done.stderr and "hunter2" not in done.stderr
    for section in ("observer", "auth"):
        printed = config("print", f"{section}: {{dsn: 'host=db password=hunter2 user=lk'}}").stdout
        assert "dsn: 'host=db password=*** user=lk'" in printed and "hunter2" not in printed
