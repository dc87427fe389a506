"""limits.held: what all sessions together hold of long statements has a bound, and what there is no room for passes or is refused."""

import contextlib
import struct

import pytest

import wire
from admin_client import with_admin
from cluster import wait_until
from test_large import MEGABYTE, Peak, kinds
from wire import Wire, errors, query, reset, rows

pytestmark = pytest.mark.alone

HELD = 16 * MEGABYTE
LONG = 4 * MEGABYTE
CLIENTS = 40
DDL = "CREATE TABLE {name} (a text DEFAULT '{filling}')"


@pytest.fixture
def served(lockkeeper):
    """(proxy, admin)"""
    return with_admin(lockkeeper, limits={"held": "16MiB"})


def held(admin):
    return admin.metrics()["lockkeeper_held_statements_bytes", ()]


def not_held(admin):
    return admin.metrics()["lockkeeper_statements_not_held_total", ()]


def arrived(admin):
    return admin.metrics()["lockkeeper_bytes_total", (("from", "client"),)]


def ddl(name, size=LONG):
    return query(DDL.format(name=name, filling="x" * size))


@contextlib.contextmanager
def begun(proxy, admin, database, messages):
    """Sessions that have sent their messages but for the last byte, and it has come."""
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(Wire(proxy.port, database=database)) for _ in messages]
        before = arrived(admin)
        for session, message in zip(sessions, messages):
            session.socket.sendall(message[:-1])
        coming = sum(len(message) - 1 for message in messages)
        wait_until(lambda: arrived(admin) - before >= coming, "all has come")
        yield sessions


def finished(session, message):
    return session.ask(message[-1:])


def test_many_sessions_send_long_statements_at_once(served, database):
    proxy, admin = served
    message = query("SELECT length('" + "x" * LONG + "')")
    with Peak(proxy) as peak, begun(proxy, admin, database, [message] * CLIENTS) as sessions:
        assert 0 < held(admin) <= HELD / 2, "rows leave half of the room"
        assert not_held(admin) >= CLIENTS - HELD / 2 / LONG
        with Wire(proxy.port, database=database) as other:
            assert kinds(other.ask(ddl("beside"))) == "C ZI", "so there is room for a schema change"
        for session in sessions:
            assert rows(finished(session, message)) == [[str(LONG)]]
        wait_until(lambda: held(admin) == 0, "all is given back")
    assert peak.growth < 6 * HELD / 1024, "160 MB were sent"
    assert admin.metrics()["lockkeeper_held_statements_limit_bytes", ()] == HELD
    assert proxy.audited(event="outcome", outcome="done", kind="CREATE TABLE")


def test_a_schema_change_that_there_is_no_room_for(served, database):
    proxy, admin = served
    messages = [ddl(f"t{number}", HELD // 3 - 1000) for number in range(3)]
    with begun(proxy, admin, database, messages) as sessions, Wire(proxy.port, database=database) as other:
        answer = other.ask(ddl("u"))
        assert kinds(answer) == "E ZI"
        (error,) = errors(answer)
        assert error["C"] == "53400"
        assert error["M"] == "the statement was refused because there is no room to hold it until it is judged"
        assert "limits.held" in error["D"] and str(HELD) in error["D"] and "limits.held" in error["H"]
        assert proxy.audited(event="outcome", outcome="refused")[0]["rules"] == ["no-room-to-hold"]
        wait_until(lambda: not_held(admin) == 1, "it is counted")
        assert kinds(other.ask(ddl("short", 1000))) == "C ZI", "short ones need no room"
        assert kinds(other.ask(query("SELECT 1 WHERE '" + "x" * LONG + "' = ''"))) == "T C ZI", "rows pass"
        for session, message in zip(sessions, messages):
            assert kinds(finished(session, message)) == "C ZI"
        assert kinds(other.ask(ddl("u"))) == "C ZI", "the same statement, when there is room"


@pytest.mark.parametrize("end", ["reset", "terminate", "killed by the server", "reload"])
def test_room_is_given_back_whatever_ends_the_session(end, served, database, straight):
    proxy, admin = served
    unfinished = ddl("t", 5 * MEGABYTE)
    prepared = wire.parse(DDL.format(name="p", filling="x" * MEGABYTE), "p") + wire.flush()
    with begun(proxy, admin, database, [unfinished]) as (one,), Wire(proxy.port, database=database) as other:
        other.send(prepared)
        assert other.until("1")
        both = len(unfinished) + len(prepared)
        wait_until(lambda: both - 1000 < held(admin) < both, "both are counted")
        if end == "reload":
            proxy.reload(limits={"held": "32MiB"})
            wait_until(lambda: admin.metrics()["lockkeeper_held_statements_limit_bytes", ()] == 2 * HELD, "the limit is another")
            assert kinds(finished(one, unfinished)) == "C ZI"
            assert kinds(other.ask(wire.message("C", b"Sp\0"), wire.sync())) == "3 ZI"
        elif end == "killed by the server":
            straight.cursor().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN (%s, %s)", (one.pid, other.pid))
        else:
            for session in (one, other):
                session.send(wire.terminate()) if end == "terminate" and session is other else reset(session.socket)
        wait_until(lambda: held(admin) == 0, "all is given back")


def test_a_header_alone_takes_no_room(served, database):
    """Who says that a long message is coming and sends nothing keeps nobody out."""
    proxy, admin = served
    with contextlib.ExitStack() as stack:
        for _ in range(CLIENTS):
            session = stack.enter_context(Wire(proxy.port, database=database))
            session.socket.sendall(b"Q" + struct.pack("!i", HELD - 100) + b"CREATE TABLE t (a text DEFAULT '")
        with Wire(proxy.port, database=database) as other:
            assert kinds(other.ask(ddl("u"))) == "C ZI"
        assert held(admin) == 0


@pytest.mark.parametrize("mode", ["observe", "guard"])
def test_observe_and_guard_refuse_nothing(mode, lockkeeper, database):
    proxy, admin = with_admin(lockkeeper, mode=mode, limits={"held": "1MiB", "statement": "1MiB"})
    with begun(proxy, admin, database, [ddl("t", 900_000)]) as (one,), Wire(proxy.port, database=database) as other:
        assert kinds(other.ask(ddl("u", 900_000))) == "C ZI"
        assert proxy.audited(event="decision", action="would reject")[0]["rules"] == ["no-room-to-hold"]
        assert kinds(finished(one, ddl("t", 900_000))) == "C ZI"
