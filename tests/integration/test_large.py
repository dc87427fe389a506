"""Messages larger than anything that is held: they pass in bounded memory, or are refused without being held."""

import contextlib
import hashlib
import struct
import threading

import pytest

import wire
from wire import Wire, errors, rows, shape

MEGABYTE = 1 << 20
LENGTH_OF_TEXT = 1317  # pg_proc.dat: length(text)


def kinds(messages):
    return shape([m for m in messages if m[0] not in "NS"])


class Peak:
    """The most that Lockkeeper's resident memory grows while something runs, in kilobytes."""

    def __init__(self, proxy):
        self.proxy = proxy

    def __enter__(self):
        # 5: VmHWM starts anew from VmRSS (proc(5), clear_refs).
        with open(f"/proc/{self.proxy.process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        self.before = self.proxy.resident()
        return self

    def __exit__(self, *_):
        with open(f"/proc/{self.proxy.process.pid}/status", encoding="ascii") as file:
            self.growth = int(file.read().split("VmHWM:")[1].split()[0]) - self.before


@contextlib.contextmanager
def sending(connection, kind, *pieces):
    """Sends a message made of (bytes, how many times), so that this side does not hold it either; another thread may read."""
    def run():
        connection.socket.sendall(kind.encode() + struct.pack("!i", sum(len(piece) * count for piece, count in pieces) + 4))
        for piece, count in pieces:
            for _ in range(count):
                connection.socket.sendall(piece)
    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()


def large_query(connection, beginning, megabytes, end):
    with sending(connection, "Q", (beginning.encode(), 1), (b"x" * MEGABYTE, megabytes), (end.encode() + b"\0", 1)):
        return connection.until_ready()


@pytest.fixture
def proxy(lockkeeper):
    return lockkeeper()


@pytest.fixture
def through(proxy, database, straight):
    straight.cursor().execute("CREATE TABLE t (id int, doc text)")
    with Wire(proxy.port, database=database) as connection:
        yield connection


def stored(straight):
    cursor = straight.cursor()
    cursor.execute("SELECT id, length(doc), md5(doc) FROM t ORDER BY id")
    return cursor.fetchall()


def md5(megabytes):
    digest = hashlib.md5()
    for _ in range(megabytes):
        digest.update(b"x" * MEGABYTE)
    return digest.hexdigest()


def test_a_statement_of_100_megabytes_passes_in_bounded_memory(proxy, through, straight):
    with Peak(proxy) as peak:
        assert kinds(large_query(through, "INSERT INTO t VALUES (1, '", 100, "')")) == "C ZI"
    assert stored(straight) == [(1, 100 * MEGABYTE, md5(100))]
    assert peak.growth < 20 * 1024
    assert proxy.audit() == []


def test_large_ddl_is_refused_and_the_session_goes_on(proxy, through, straight):
    with Peak(proxy) as peak:
        answer = large_query(through, "CREATE TABLE u (a text DEFAULT '", 20, "')")
    assert kinds(answer) == "E ZI"
    error = errors(answer)[0]
    assert error["C"] == "LK004"
    assert error["M"] == "the statement was refused because it is too long to be judged"
    assert "limits.statement" in error["D"] and "limits.statement" in error["H"]
    assert peak.growth < 20 * 1024
    assert rows(through.ask(wire.query("SELECT count(*) FROM pg_class WHERE relname = 'u'"))) == [["0"]]
    record = proxy.audited(event="outcome", outcome="refused")[0]
    assert record["rules"] == ["statement-too-long"] and len(record["statement"]) < 2000


@pytest.mark.parametrize("status, begin", [("I", None), ("E", "BEGIN")])
def test_ddl_behind_a_large_statement_is_refused_with_it(status, begin, proxy, through, straight):
    """The beginning is at the server already when the end shows what it is: nothing of it may run."""
    if begin:
        through.ask(wire.query(begin))
    with Peak(proxy) as peak:
        answer = large_query(through, "INSERT INTO t VALUES (1, '", 30, "'); DROP TABLE t")
    assert kinds(answer) == "E Z" + status
    assert errors(answer)[0]["C"] == "LK004"
    assert peak.growth < 20 * 1024
    if begin:
        assert kinds(through.ask(wire.query("ROLLBACK"))) == "C ZI"
    assert stored(straight) == []
    assert kinds(through.ask(wire.query("SELECT 1"))) == "T D C ZI"


def test_a_large_parse_is_refused_and_skips_to_sync(through):
    with sending(through, "P", (b"\0SELECT '", 1), (b"x" * MEGABYTE, 20), (b"'; DROP TABLE t\0\0\0", 1)):
        pass
    answer = through.ask(wire.bind(), wire.execute(), wire.sync())
    assert kinds(answer) == "E ZI"
    assert errors(answer)[0]["C"] == "LK004"
    assert kinds(through.ask(wire.run("SELECT 1"), wire.sync())) == "1 2 D C ZI"


def test_a_large_parse_passes(proxy, through):
    with Peak(proxy) as peak:
        with sending(through, "P", (b"\0SELECT length('", 1), (b"x" * MEGABYTE, 40), (b"')\0\0\0", 1)):
            pass
        answer = through.ask(wire.bind(), wire.execute(), wire.sync())
    assert kinds(answer) == "1 2 D C ZI"
    assert rows(answer) == [[str(40 * MEGABYTE)]]
    assert peak.growth < 20 * 1024


@pytest.mark.parametrize("remembered", [False, True])
def test_a_bind_of_100_megabytes_passes_in_bounded_memory(remembered, proxy, through, straight):
    """Also where the session has a prepared statement that is judged: then Binds are looked at."""
    if remembered:
        assert kinds(through.ask(wire.parse("CREATE INDEX ON t (id)", "ddl"), wire.sync())) == "1 ZI"
    through.send(wire.parse("INSERT INTO t VALUES (1, $1)", "insert"))
    size = 100 * MEGABYTE
    with Peak(proxy) as peak:
        with sending(through, "B", (b"\0insert\0" + struct.pack("!hhi", 0, 1, size), 1), (b"x" * MEGABYTE, 100), (b"\0\0", 1)):
            pass
        answer = through.ask(wire.execute(), wire.sync())
    assert kinds(answer) == "1 2 C ZI"
    assert stored(straight) == [(1, size, md5(100))]
    assert peak.growth < 20 * 1024


def test_copy_data_of_50_megabytes_passes_in_bounded_memory(proxy, through, straight):
    through.send(wire.query("COPY t FROM STDIN"))
    assert through.until("G")
    with Peak(proxy) as peak:
        with sending(through, "d", (b"1\t", 1), (b"x" * MEGABYTE, 50), (b"\n", 1)):
            pass
        assert kinds(through.ask(wire.copy_done())) == "C ZI"
    assert stored(straight) == [(1, 50 * MEGABYTE, md5(50))]
    assert peak.growth < 20 * 1024


def test_a_function_call_of_50_megabytes_passes_in_bounded_memory(proxy, through):
    size = 50 * MEGABYTE
    with Peak(proxy) as peak:
        with sending(through, "F", (struct.pack("!ihhi", LENGTH_OF_TEXT, 0, 1, size), 1), (b"x" * MEGABYTE, 50), (b"\0\0", 1)):
            answer = through.until_ready()
    assert kinds(answer) == "V ZI"
    assert answer[0][1][4:] == str(size).encode()
    assert peak.growth < 20 * 1024


def test_a_table_of_very_many_columns(proxy, database):
    """What is asked of the catalog about 1,500 columns of one type is asked once."""
    columns = ", ".join(f"c{i} bool" for i in range(1500))
    with Wire(proxy.port, database=database) as connection:
        assert kinds(connection.ask(wire.query(f"CREATE TABLE wide ({columns})"))) == "C ZI"
