"""A slow side slows the other one down; nothing piles up in between."""

import contextlib
import select

import pytest

from cluster import wait_until
from wire import Wire, copy_data, copy_done, query, rows, shape

# What Lockkeeper may grow by, in kilobytes, however much goes through: a few buffers of its own. The data is far more.
GROWTH = 8 * 1024


@pytest.fixture
def proxy(lockkeeper, database):
    """Warmed up: what a first session takes once and for all is in its resident size."""
    started = lockkeeper()
    with Wire(started.port, database=database) as wire:
        wire.ask(query("SELECT repeat('x', 100000) FROM generate_series(1, 100)"))
    started.before = started.resident()
    return started


def waits_for(straight, pid, event):
    cursor = straight.cursor()

    def find():
        cursor.execute("SELECT wait_event FROM pg_stat_activity WHERE pid = %s", [pid])
        return cursor.fetchone() == (event,)
    wait_until(find, f"the server process waits: {event}")


def test_slow_reader(proxy, database, straight):
    """200 MB that the client does not read: the server is held up, and nothing is lost."""
    with Wire(proxy.port, database=database) as wire:
        wire.send(query("SELECT repeat('x', 1000000) FROM generate_series(1, 200)"))
        waits_for(straight, wire.pid, "ClientWrite")
        assert proxy.resident() - proxy.before < GROWTH
        largest = max(proxy.resident() for _ in skipped_rows(wire, 200))
        assert shape(wire.until_ready()) == "C ZI"
        assert largest - proxy.before < GROWTH


def skipped_rows(wire, count):
    """The answer to a SELECT up to its last row; yields behind each message."""
    for kind in "T" + "D" * count:
        header = wire.take(5)
        assert header[:1] == kind.encode()
        skip(wire, int.from_bytes(header[1:], "big") - 4)
        yield


def skip(wire, size):
    """Reads and forgets: the test must not hold what the proxy may not hold."""
    kept = min(size, len(wire.buffer))
    wire.buffer = wire.buffer[kept:]
    scratch, left = bytearray(1 << 20), size - kept
    while left > 0:
        left -= wire.socket.recv_into(scratch, min(left, len(scratch)))


def send_until_stuck(wire, data):
    """How many bytes went before nobody took more for half a second."""
    sent = 0
    wire.socket.setblocking(False)
    while sent < len(data) and select.select([], [wire.socket], [], 0.5)[1]:
        sent += wire.socket.send(data[sent:sent + (1 << 20)])
    wire.socket.settimeout(30)
    return sent


def test_slow_server(proxy, database, straight):
    """The client floods the data of a COPY whose first row waits for a lock."""
    cursor = straight.cursor()
    cursor.execute("CREATE TABLE t (c text)")
    cursor.execute("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS"
                   " 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END'")
    cursor.execute("CREATE TRIGGER w BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.c LIKE 'first%') EXECUTE FUNCTION wait()")
    cursor.execute("SELECT pg_advisory_lock(1)")
    line = b"z" * 999 + b"\n"
    with Wire(proxy.port, database=database) as wire:
        wire.ask(query("BEGIN"))
        wire.send(query("COPY t FROM STDIN"))
        wire.until("G")
        data = copy_data(b"first\n") + copy_data(line * 50) * 2000  # 100 MB
        sent = send_until_stuck(wire, data)
        assert sent < len(data) / 2
        waits_for(straight, wire.pid, "advisory")
        assert proxy.resident() - proxy.before < GROWTH
        cursor.execute("SELECT pg_advisory_unlock(1)")
        wire.send(data[sent:], copy_done())
        assert shape(wire.until_ready()) == "C ZT"
        assert rows(wire.ask(query("SELECT count(*), max(length(c)) FROM t"))) == [["100001", "999"]]
        assert proxy.resident() - proxy.before < GROWTH


def test_client_that_asks_and_does_not_read(proxy, database):
    """Replies that nobody reads stop the questions, and every question is answered in the end."""
    question = query("SELECT repeat('y', 10000) -- " + "a" * 960)
    with Wire(proxy.port, database=database) as wire:
        data = question * 20_000
        sent = send_until_stuck(wire, data)
        assert sent < len(data)
        assert proxy.resident() - proxy.before < GROWTH
        for _ in range(sent // len(question)):
            assert shape(wire.until_ready()) == "T D C ZI"
        assert shape(wire.ask(data[sent:sent // len(question) * len(question) + len(question)])) == "T D C ZI"


def test_idle_session_holds_no_buffers(proxy, database):
    """What a session took for a big statement and a big result is given back when it idles."""
    with Wire(proxy.port, database=database) as wire:
        wire.ask(query("SELECT '" + "x" * 8_000_000 + "'"))
        wire.ask(query("SELECT 1"))
        assert proxy.resident() - proxy.before < GROWTH


def test_other_sessions_go_on(proxy, database, straight):
    """One session that is stuck does not keep the others of its worker waiting."""
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            wire = stack.enter_context(Wire(proxy.port, database=database))
            wire.send(query("SELECT repeat('x', 1000000) FROM generate_series(1, 50)"))
            waits_for(straight, wire.pid, "ClientWrite")
        for _ in range(4):
            wire = stack.enter_context(Wire(proxy.port, database=database))
            assert rows(wire.ask(query("SELECT 1"))) == [["1"]]
