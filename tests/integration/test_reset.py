"""Connections that are reset (RST) somewhere in the middle, some hundreds of times: nobody hangs, nothing is left, and no other
session notices. The places are drawn by a generator with a fixed seed."""

import contextlib
import itertools
import random
import socket
import ssl

import pytest

from authority import Authority, secure
from bystanders import TABLE, Bystanders
from cluster import Cluster, wait_until
from cutter import Cutter, to_port
from proxy import Proxy
from test_backpressure import waits_for
from wire import (Closed, Wire, bind, copy_data, copy_done, describe, errors, execute, parse, query, reset, run, shape,
                  sync, terminate)

PATIENCE = 10  # seconds: what takes longer has been forgotten
ROUNDS = 20  # of each conversation
GROWTH = 4 * 1024  # kilobytes
numbers = itertools.count(1)  # of the names that conversations give
SERVER_IS_GONE = {"08001", "08006"}


class Talk(Wire):
    """Its server may go at any moment; where there is no answer, a FATAL says so."""

    def until_ready(self):
        messages = super().until_ready()
        if messages[-1][0] == "E":
            assert errors(messages)[-1]["C"] in SERVER_IS_GONE, messages[-1]
            raise Closed()
        return messages


def log_in(wire):
    pass


def ask(wire):
    assert shape(wire.ask(query("SELECT 1; SELECT 2"))) == "T D C T D C ZI"
    pipeline = parse("SELECT $1::int"), describe("S"), bind((1,)), execute(), run("SELECT 1/0"), sync()
    assert shape(wire.ask(*pipeline)) == "1 t T 2 D C 1 E ZI"


def big_result(wire):
    assert shape(wire.ask(query("SELECT repeat('x', 100000) FROM generate_series(1, 30)"))) == "T " + "D " * 30 + "C ZI"


def copy_in(wire):
    wire.send(query("BEGIN; COPY copied FROM STDIN"))
    wire.until("G")
    wire.send(*[copy_data(b"1\n" * 5000)] * 30, copy_done())
    assert shape(wire.until_ready()) == "C ZT"
    assert shape(wire.ask(query("ROLLBACK"))) == "C ZI"


def judged(wire):
    for sql in "BEGIN", "ALTER TABLE cut ADD COLUMN x int", "ROLLBACK":
        assert not errors(wire.ask(query(sql)))


def plan(wire):
    """In steps, outside of a transaction."""
    number = next(numbers)
    for sql in f"CREATE INDEX i{number} ON cut (c)", f"DROP INDEX i{number}":
        assert not errors(wire.ask(query(sql)))


CONVERSATIONS = [log_in, ask, big_result, copy_in, judged, plan]


def talk(conversation, port, tls):
    """Whether it came to its end."""
    try:
        with Talk(port, tls=tls, timeout=PATIENCE, application_name="cut") as wire:
            conversation(wire)
            wire.send(terminate())
            assert wire.until_closed() == []
            return True
    except (Closed, ConnectionError, ssl.SSLError):
        return False


class Stand:
    """Clients -> cutter -> Lockkeeper -> cutter -> server. Nobody's bytes are cut off but those of the next connection."""

    def __init__(self, directory, opened):
        authority = Authority(directory)
        self.pair = authority.issue("localhost")
        self.opened = opened
        self.cluster = Cluster()
        opened.callback(self.cluster.remove)
        secure(self.cluster, *self.pair)
        self.cluster.start()
        self.straight = opened.enter_context(contextlib.closing(self.cluster.connect()))
        self.straight.cursor().execute(f"{TABLE}; CREATE TABLE cut (c int); CREATE TABLE copied (c int)")
        self.before_server = opened.enter_context(Cutter(to_port(self.cluster.port)))
        self.proxies = {}

    def proxy(self, tls):
        if tls not in self.proxies:
            certificate, key = map(str, self.pair)
            upstream = {"host": "127.0.0.1", "port": self.before_server.port, "tls": "require" if tls else "disable"}
            proxy = Proxy(0, upstream=upstream, tls={"client": "allow", "certificate": certificate, "key": key}, small_table=0,
                          limits={"startup": "10s"})
            self.opened.callback(proxy.remove)
            self.opened.callback(proxy.stop)
            before = self.opened.enter_context(Cutter(to_port(proxy.port)))
            self.proxies[tls] = proxy, before
        return self.proxies[tls]

    def nobody_left(self):
        cursor = self.straight.cursor()
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cut'")
        return cursor.fetchone() == (0,)


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    with contextlib.ExitStack() as opened:
        yield Stand(tmp_path_factory.mktemp("reset"), opened)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("side", ["client", "server"])
@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_reset(conversation, side, tls, stand):
    proxy, before_proxy = stand.proxy(tls)
    cutter = before_proxy if side == "client" else stand.before_server
    places = random.Random(f"{conversation.__name__} {side} {tls}")
    with Bystanders(proxy.port, "postgres"):
        cutter.passed = 0
        assert talk(conversation, before_proxy.port, tls)
        total = wait_until(lambda: cutter.passed, "the cutter has counted")
        wait_until(stand.nobody_left, "it is gone")
        descriptors, resident = proxy.descriptors(), proxy.resident()
        ends = []
        for _ in range(ROUNDS):
            cutter.after = places.randrange(total)
            ends.append(talk(conversation, before_proxy.port, tls))
        assert ends.count(False) > ROUNDS * 2 / 3, "most of them are cut off in the middle"
        wait_until(stand.nobody_left, "the server's processes are gone")
        wait_until(lambda: proxy.descriptors() <= descriptors, "no descriptor is left over")
        assert proxy.resident() - resident < GROWTH
    assert "error" not in proxy.log(), proxy.log()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_reset_after_the_end_of_input(tls, stand):
    """A client that has nothing more to say, does not read its result, and is gone: its server process goes with it."""
    proxy, _ = stand.proxy(tls)
    with Wire(proxy.port, tls=tls, application_name="cut") as wire:
        wire.send(query("SELECT repeat('x', 100000) FROM generate_series(1, 1000)"))
        wire.take(100_000)
        wire.socket.shutdown(socket.SHUT_WR)
        waits_for(stand.straight, wire.pid, "ClientWrite")
        reset(wire.socket)
        wait_until(stand.nobody_left, "the server process is gone", PATIENCE)
