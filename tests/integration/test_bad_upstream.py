"""What a client hears when the server is not there, goes away, or is no PostgreSQL."""

import struct

import psycopg2
import pytest

from cluster import free_port
from fake_server import FakeServer
from wire import Wire, errors, message, query, shape, startup, text

GREETING = [message("R", struct.pack("!i", 0)), message("S", text("server_version") + text("15.0")),
            message("K", struct.pack("!ii", 1, 2)), message("Z", b"I")]


@pytest.fixture
def fake():
    """fake(says=..., ...): a server that is none."""
    made = []

    def make(*says, **options):
        made.append(FakeServer(list(says), **options))
        return made[-1].port

    yield make
    for server in made:
        server.stop()


def fatal(proxy):
    """What a client hears that wants to log in: one FATAL."""
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(startup())
        heard = wire.until_closed()
    assert shape(heard) == "E", heard
    assert errors(heard)[0]["V"] == "FATAL"
    return errors(heard)[0]


def test_unreachable(lockkeeper):
    port = free_port()
    proxy = lockkeeper(upstream=port)
    for _ in range(3):
        error = fatal(proxy)
        assert error["C"] == "08001"
        assert error["M"] == f"cannot connect to the server at 127.0.0.1:{port}: Connection refused"
        assert "upstream.host" in error["H"]
    with pytest.raises(psycopg2.OperationalError, match="Connection refused"):
        proxy.connect()


def test_comes_back(lockkeeper, cluster):
    """A server that was down is tried anew by each client; nothing is remembered."""
    fake = FakeServer([], hears_first=False)
    proxy = lockkeeper(upstream=fake.port)
    assert fatal(proxy)["C"] == "08006"
    fake.stop()
    assert fatal(proxy)["C"] == "08001"
    again = FakeServer([b"".join(GREETING)], port=fake.port, closes=False)
    try:
        with Wire(proxy.port) as wire:
            assert shape(wire.greeting) == "R S K ZI"
    finally:
        again.stop()


@pytest.mark.parametrize("hears_first", [True, False])
def test_closes_at_once(hears_first, lockkeeper, fake):
    error = fatal(lockkeeper(upstream=fake(hears_first=hears_first)))
    assert error["C"] == "08006"
    assert "upstream" in error["H"]


@pytest.mark.parametrize("says", [
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    b"220 mail.example.com ESMTP\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x4a\x00\x00\x00\x0a8.0.36\x00" + bytes(70),  # MySQL's greeting
    b"-ERR unknown command\r\n",
    bytes(100),
    b"R" + struct.pack("!i", 3),
    b"R" + struct.pack("!i", -1),
    message("D", b"\0\0"),
], ids=["http", "smtp", "ssh", "mysql", "redis", "zeros", "short", "negative", "a row"])
def test_speaks_something_else(says, lockkeeper, fake):
    assert fatal(lockkeeper(upstream=fake(says)))["C"] in ("08006", "08P01")


def test_says_nothing(lockkeeper, fake):
    error = fatal(lockkeeper(upstream=fake(closes=False), limits={"startup": "300ms"}))
    assert "limits.startup" in error["M"]


def asked(proxy):
    with Wire(proxy.port) as wire:
        assert shape(wire.greeting) == "R S K ZI"
        wire.send(query("SELECT 1"))
        return wire, wire.until_closed()


def test_goes_in_the_middle_of_an_answer(lockkeeper, fake):
    """Inside a message nothing of ours can be put: the client sees the end, as it would without a proxy."""
    wire, heard = asked(lockkeeper(upstream=fake(b"".join(GREETING), message("D", bytes(100))[:50])))
    assert heard == []
    assert wire.buffer == bytes(45)  # what is left behind the header


def test_goes_between_messages(lockkeeper, fake):
    _, heard = asked(lockkeeper(upstream=fake(b"".join(GREETING), message("D", b"\0\0"))))
    assert shape(heard) == "D E"
    assert errors(heard)[0]["C"] == "08006"


@pytest.mark.parametrize("says", [b"D" + struct.pack("!i", 3), b"C" + struct.pack("!i", -1)], ids=["short", "negative"])
def test_invalid_length_later(says, lockkeeper, fake):
    _, heard = asked(lockkeeper(upstream=fake(b"".join(GREETING), says)))
    assert [(e["V"], e["C"]) for e in errors(heard)] == [("FATAL", "08006")]


def test_replies_that_nobody_asked_for(lockkeeper, fake):
    """Our books do not add up: the client gets the bytes, and the proxy lives."""
    proxy = lockkeeper(upstream=fake(b"".join(GREETING) + message("1") + message("Z", b"T") + message("Z", b"?") + message("C")))
    with Wire(proxy.port) as wire:
        assert shape(wire.until_closed()) == "1 ZT Z? C E"
    assert proxy.alive()


def test_a_server_that_gives_no_key(fake, lockkeeper):
    """BackendKeyData may be missing; then there is nothing that a cancel could name, and the session goes on."""
    one = message("T", struct.pack("!h", 0)) + message("C", text("SELECT 0")) + message("Z", b"I")
    greeting = b"".join(words for words in GREETING if not words.startswith(b"K"))
    proxy = lockkeeper(upstream=fake(greeting, one, closes=False))
    with Wire(proxy.port) as wire:
        assert shape(wire.greeting) == "R S ZI"
        assert shape(wire.ask(query("SELECT 1"))) == "T C ZI"
