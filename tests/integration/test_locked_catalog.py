"""timeouts.catalog: what Lockkeeper asks of the catalog waits where somebody locks it, and not for longer than that."""

import contextlib
import threading
import time

import pytest

from cluster import wait_until
from test_large import kinds
from wire import Wire, cancel_request, errors, query, run, sync

PLAIN = "ALTER TABLE t ADD COLUMN x int"  # asked about in short
ALTER = "ALTER TABLE t ADD COLUMN x int CHECK (x > 0)"
LIMIT = 0.5
# Of pg_description no statement of this file needs anything itself; of pg_type not even SHOW is answered.
LOCKED = [*((statement, catalog) for statement in (PLAIN, ALTER) for catalog in ("pg_class", "pg_attribute", "pg_type")),
          (ALTER, "pg_description")]


@pytest.fixture
def started(lockkeeper, database, table):
    """started(mode): (proxy, a session through it). It is there before the catalog is locked, for nobody can log in then."""
    with contextlib.ExitStack() as stack:
        def start(mode="enforce", catalog="500ms", **settings):
            proxy = lockkeeper(mode=mode, timeouts={"catalog": catalog}, **settings)
            return proxy, stack.enter_context(Wire(proxy.port, database=database))
        yield start


@pytest.fixture
def holder(cluster, database):
    with contextlib.closing(cluster.connect(database, autocommit=False)) as connection:
        yield connection


@contextlib.contextmanager
def locked(holder, catalog):
    """As by VACUUM FULL. It is let go after 10 s, so that a wait without end fails and does not hang."""
    holder.cursor().execute(f"LOCK TABLE pg_catalog.{catalog} IN ACCESS EXCLUSIVE MODE")
    mercy = threading.Timer(10, holder.rollback)
    mercy.start()
    try:
        yield
    finally:
        mercy.cancel()
        holder.rollback()


def timed(session, *messages):
    began = time.monotonic()
    return session.ask(*messages), time.monotonic() - began


def refused(answer, status):
    assert kinds(answer) == "E Z" + status
    (error,) = errors(answer)
    assert error["C"] == "LK004" and "timeouts.catalog" in error["D"], error


@pytest.mark.parametrize("statement, catalog", LOCKED)
def test_a_statement_is_refused_in_time(statement, catalog, started, holder):
    proxy, session = started()
    with locked(holder, catalog):
        answer, took = timed(session, query(statement))
        refused(answer, "I")
        assert LIMIT <= took < 5
        assert proxy.audited(event="outcome", outcome="refused")[0]["rules"][0] == "facts-unavailable"
    assert kinds(session.ask(query(statement))) == "C ZI", "the same statement, when the catalog can be read again"


def test_locks_of_the_transaction_are_given_back_in_time(started, holder, straight):
    """Taken by a function, so that nothing was asked yet: who has asked keeps others from locking what it was asked of."""
    straight.cursor().execute("CREATE TABLE site (id int); CREATE FUNCTION take() RETURNS void LANGUAGE plpgsql"
                              " AS 'BEGIN LOCK TABLE site IN ACCESS EXCLUSIVE MODE; END'")
    _, session = started()
    assert kinds(session.ask(query("BEGIN"))) == "C ZT"
    assert kinds(session.ask(query("SELECT take()"))) == "T D C ZT"
    with locked(holder, "pg_description"):
        answer, took = timed(session, query(ALTER))
        refused(answer, "E")
        assert LIMIT <= took < 5
        straight.cursor().execute("SELECT count(*) FROM site")
        assert kinds(session.ask(query("ROLLBACK"))) == "C ZI"
    assert kinds(session.ask(query("BEGIN"))) == "C ZT"
    assert kinds(session.ask(query(ALTER))) == "C ZT"
    assert kinds(session.ask(query("COMMIT"))) == "C ZI"


def test_in_a_pipeline_it_is_the_pipeline_that_fails(started, holder):
    _, session = started()
    with locked(holder, "pg_description"):
        answer, took = timed(session, run("SELECT 1"), run(ALTER), run("SELECT 2"), sync())
        assert [error["C"] for error in errors(answer)] == ["LK004"] and kinds(answer).endswith("E ZI")
        assert LIMIT <= took < 5
    assert kinds(session.ask(run(ALTER), sync())) == "1 2 C ZI"


@pytest.mark.parametrize("mode", ["observe", "guard"])
def test_observe_and_guard_go_on_by_the_words_alone(mode, started, holder):
    proxy, session = started(mode)
    with locked(holder, "pg_description"):
        answer, took = timed(session, query(ALTER))
        assert kinds(answer) == "C ZI"
        assert LIMIT <= took < 5
    record = proxy.audited(event="outcome", outcome="done")[0]
    assert (record["action"], record["rules"][0]) == ("would reject", "facts-unavailable")


def test_a_cancel_of_the_clients_ends_it_at_once(started, holder, straight):
    proxy, session = started(catalog="0")
    cursor = straight.cursor()
    with locked(holder, "pg_description"):
        session.send(query(ALTER))

        def waits():
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", (session.pid,))
            return cursor.fetchone()[0]
        wait_until(waits, "the question waits")
        with Wire(proxy.port, log_in=False) as other:
            other.send(cancel_request(session.pid, session.key))
            assert other.until_closed() == []
        answer = session.until_ready()
        assert [error["C"] for error in errors(answer)] == ["57014"] and kinds(answer) == "E ZI"
    assert kinds(session.ask(query(ALTER))) == "C ZI"


def test_cancels_meet_nothing_but_the_question(started, holder):
    """One session after the other, and whatever follows at once."""
    _, session = started(catalog="10ms")
    for _ in range(20):
        with locked(holder, "pg_description"):
            refused(session.ask(query(ALTER)), "I")
            assert kinds(session.ask(query("SELECT pg_sleep(0.01)"))) == "T D C ZI"
