"""Whatever a client sends, it is told what was wrong where the protocol has a place for it; nobody else notices."""

import contextlib
import struct

import pytest

from wire import (SSL_REQUEST, Closed, Wire, bind, errors, execute, fields, message, parse, query, rows, shape, startup,
                  sync, terminate)

STARTUP = 196608
HTTP = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"


def packet(length, code, rest=b""):
    return struct.pack("!ii", length, code) + rest


def cut(kind, length):
    return kind + struct.pack("!i", length)


@pytest.fixture(scope="module")
def proxy(module_proxy):
    return module_proxy()


@pytest.fixture(autouse=True)
def neighbour(proxy, module_database):
    """Another session of the same proxy, in a transaction all the while: it must not notice anything."""
    with Wire(proxy.port, database=module_database) as wire:
        wire.ask(query("BEGIN; CREATE TEMPORARY TABLE mine ON COMMIT DROP AS SELECT 'kept' AS word"))
        yield
        assert rows(wire.ask(query("TABLE mine"))) == [["kept"]]
    assert proxy.alive()


BEFORE_STARTUP = {
    "http": HTTP,
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "random": bytes(range(200, 256)) * 40,
    "zeros": bytes(64),
    "a query": query("SELECT 1"),
    "oversized": packet(10_005, STARTUP, b"x" * 10_001),
    "too short": packet(7, STARTUP),
    "length zero": packet(0, STARTUP),
    "negative length": packet(-1, STARTUP),
    "no parameters": packet(8, STARTUP),
    "no end": packet(8 + 14, STARTUP, b"user\0postgres\0"),
    "value without end": packet(8 + 13, STARTUP, b"user\0postgres"),
    "short cancel": packet(12, 80877102, b"\0\0\0\1"),
    "something behind SSLRequest": SSL_REQUEST + startup(),
}


@pytest.mark.parametrize("data", BEFORE_STARTUP.values(), ids=BEFORE_STARTUP)
def test_before_startup(data, proxy):
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(data)
        heard = wire.until_closed()
    assert [(e["V"], e["C"]) for e in errors(heard)] == [("FATAL", "08P01")]


@pytest.mark.parametrize("version", [2 << 16, 4 << 16, 1])
def test_other_protocol_version(version, proxy):
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(packet(9, version, b"\0"))
        assert [e["C"] for e in errors(wire.until_closed())] in (["0A000"], ["08P01"])


def test_half_a_startup_packet(proxy):
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(startup()[:20])
        wire.socket.shutdown(1)
        assert wire.until_closed() == []


@pytest.mark.parametrize("user", ["scram_user", "md5_user", "clear_user"])
@pytest.mark.parametrize("sent", [query("DROP TABLE t"), parse("SELECT 1"), sync(), message("!")], ids=["Q", "P", "S", "!"])
def test_before_the_password(user, sent, proxy):
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(startup(user), sent)
        heard = wire.until_closed()
    assert shape(heard) == "R E"
    assert [(e["V"], e["C"]) for e in errors(heard)] == [("FATAL", "08P01")]


def test_oversized_password(proxy):
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(startup("clear_user"), cut(b"p", 70_000))
        assert [e["C"] for e in errors(wire.until_closed())] == ["08P01"]


# After each of these the connection is of no more use.
HOPELESS = {
    "unknown type": message("!", b"abc"),
    "type zero": b"\0\0\0\0\4",
    "length 3": cut(b"Q", 3),
    "length 0": cut(b"Q", 0),
    "negative length": cut(b"Q", -1),
    "a gigabyte": cut(b"Q", 0x40000000),
    "two gigabytes": cut(b"P", 0x7fffffff),
    "a long Sync": cut(b"S", 20_000),
    "http": HTTP,
    "a server's message": message("Z", b"I"),
    "a late password": message("p", b"secret\0"),
}


@pytest.mark.parametrize("data", HOPELESS.values(), ids=HOPELESS)
def test_stream_that_cannot_go_on(data, proxy, module_database):
    with Wire(proxy.port, database=module_database) as wire:
        wire.send(data)
        heard = wire.until_closed()
    assert [(e["V"], e["C"]) for e in errors(heard)] == [("FATAL", "08P01")]


def test_query_in_the_middle_of_a_copy(proxy, cluster, module_database):
    """The server gives the connection up as well: it can no longer tell data from messages."""
    def last_error(port):
        with Wire(port, database=module_database) as wire:
            wire.ask(query("CREATE TEMPORARY TABLE mine (c int)"))
            wire.send(query("COPY mine FROM STDIN"))
            wire.until("G")
            wire.send(query("SELECT 1"))
            error = errors(wire.until_closed())[-1]
            return error["V"], error["C"]

    assert last_error(proxy.port) == last_error(cluster.port) == ("FATAL", "08P01")


# The server refuses these, whether they look like a schema change or not, and the session goes on.
MANY, FEWER = struct.pack("!h", 32767), struct.pack("!h", -1)
REFUSED = {
    "Query without end": message("Q", b"SELECT 1"),
    "DDL without end": message("Q", b"DROP TABLE mine"),
    "Query with more": message("Q", b"SELECT 1\0x"),
    "DDL with more": message("Q", b"SELECT 1\0; DROP TABLE mine\0"),
    "empty Query": message("Q"),
    "Parse without end": message("P", b"abc") + sync(),
    "Parse, 32767 types": message("P", b"\0SELECT 1\0" + MANY) + sync(),
    "Parse, -1 types": message("P", b"\0SELECT 1\0" + FEWER) + sync(),
    "Parse of DDL, 32767 types": message("P", b"\0DROP TABLE mine\0" + MANY) + bind() + execute() + sync(),
    "Parse of DDL, -1 types": message("P", b"\0DROP TABLE mine\0" + FEWER) + bind() + execute() + sync(),
    "Bind, 32767 values": parse("SELECT 1") + message("B", b"\0\0" + MANY) + sync(),
    "Bind, -1 formats": parse("SELECT 1") + message("B", b"\0\0" + FEWER) + sync(),
    "Bind, negative size": parse("SELECT $1") + message("B", b"\0\0" + struct.pack("!hhi", 0, 1, -5)) + sync(),
    "Bind, long size": parse("SELECT $1") + message("B", b"\0\0" + struct.pack("!hhi", 0, 1, 1 << 30)) + sync(),
    "Bind to DDL, without end": parse("DROP TABLE mine") + message("B", b"\0") + execute() + sync(),
    "short Execute": parse("DROP TABLE mine") + bind() + message("E", b"\0") + sync(),
    "empty Describe": message("D") + sync(),
    "Close of nothing": message("C", b"x\0") + sync(),
    "short FunctionCall": message("F", b"\0"),
    "Sync with a body": message("S", b"xx"),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_malformed_message(data, cluster, proxy, module_database):
    def ask(port):
        with Wire(port, database=module_database) as wire:
            wire.ask(query("CREATE TEMPORARY TABLE mine AS SELECT 'kept' AS word"))
            refused = wire.ask(data)
            assert rows(wire.ask(query("TABLE mine"))) == [["kept"]]
            return refused

    assert ask(proxy.port) == ask(cluster.port)
    assert [e["C"] for e in errors(ask(proxy.port))] == ["08P01"]


@pytest.mark.parametrize("data", [query("SELECT 1")[:-3], parse("DROP TABLE t")[:7], b"Q", b"Q\0\0", message("d", b"x" * 100)[:50]])
def test_end_in_the_middle_of_a_message(data, proxy, module_database):
    with Wire(proxy.port, database=module_database) as wire:
        wire.send(data)
        wire.socket.shutdown(1)
        assert errors(wire.until_closed()) == []


def test_every_byte_value_as_a_message_type(proxy, module_database):
    """None of them makes the proxy end, or hang: the client hears something or is let go."""
    for kind in range(256):
        with Wire(proxy.port, database=module_database) as wire:
            with contextlib.suppress(ConnectionError):
                wire.send(bytes([kind]) + struct.pack("!i", 8) + b"\0\0\0\0", sync(), terminate())
                wire.until_closed()
    assert proxy.alive()


def test_silent_client_is_let_go(lockkeeper):
    proxy = lockkeeper(limits={"startup": "300ms"})
    with Wire(proxy.port, log_in=False) as wire:
        assert wire.until_closed() == []
    with Wire(proxy.port) as wire:  # the limit ends with the first ReadyForQuery
        assert rows(wire.ask(query("SELECT 1 FROM pg_sleep(0.6)"))) == [["1"]]


def test_client_that_never_gives_its_password(lockkeeper):
    with Wire(lockkeeper(limits={"startup": "300ms"}).port, log_in=False) as wire:
        wire.send(startup("scram_user"))
        heard = wire.until_closed()
    assert shape(heard) == "R E"
    assert "limits.startup" in errors(heard)[0]["M"]


def test_too_many_clients(lockkeeper):
    proxy = lockkeeper(limits={"clients": 2})
    with Wire(proxy.port), Wire(proxy.port) as second:
        with Wire(proxy.port) as third:
            assert fields(third.greeting[0][1])["C"] == "53300"
        assert rows(second.ask(query("SELECT 1"))) == [["1"]]
    with contextlib.suppress(Closed), Wire(proxy.port) as wire:
        assert wire.greeting
