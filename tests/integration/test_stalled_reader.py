"""Clients that ask for a gigabyte and then do not read it: Lockkeeper holds next to nothing of it, the sessions beside them are as
fast as without them, and they can be got rid of."""

import contextlib
import pathlib
import signal
import subprocess
import sys

import pytest

from authority import Authority
from bystanders import Bystanders, extended, p99, simple
from cluster import wait_until
from proxy import Proxy
from test_backpressure import skipped_rows, waits_for
from test_large import Peak
from wire import Wire, query, shape

pytestmark = pytest.mark.alone

ROWS = 1000
GIGABYTE = f"SELECT repeat('x', 1000000) FROM generate_series(1, {ROWS})"
STALLED = 4
# Kilobytes. A stalled session holds a few hundred of them (proxy/session.cpp, high_water), and the TLS library some of its own.
GROWTH = 8 * 1024
TURNS = 3000
# How much slower the slowest of a hundred queries may become, and what is within the noise of a machine of two cores.
TIMES, NOISE = 3, 0.010

# Asks, says so, and never reads: in a process of its own, so that it can be killed.
READER = """
import sys
from wire import Wire, query
wire = Wire(int(sys.argv[1]), database=sys.argv[2])
wire.send(query(sys.argv[3]))
print(wire.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=[False, True], ids=["plain", "TLS"])
def tls(request):
    return request.param


@pytest.fixture
def proxy(tls, lockkeeper, database, tmp_path):
    """Warmed up, as in test_backpressure.py."""
    certificate, key = Authority(tmp_path).issue("localhost")
    started = lockkeeper(tls={"client": "allow", "certificate": str(certificate), "key": str(key)})
    with Wire(started.port, database=database, tls=tls) as wire:
        wire.ask(query("SELECT repeat('x', 100000) FROM generate_series(1, 100)"))
    return started


def test_nobody_notices(proxy, database, straight, tls, record_property):
    with Bystanders(proxy.port, database, [simple, extended], pause=0) as others, contextlib.ExitStack() as stack:
        others.more(TURNS)
        without = p99(others.more(TURNS))
        with Peak(proxy) as peak:
            stalled = [stack.enter_context(Wire(proxy.port, database=database, tls=tls)) for _ in range(STALLED)]
            for wire in stalled:
                wire.send(query(GIGABYTE))
            for wire in stalled:
                waits_for(straight, wire.pid, "ClientWrite")
            beside = p99(others.more(TURNS))
        report = f"p99 {without * 1000:.2f} ms without, {beside * 1000:.2f} ms beside; {peak.growth} kB more"
        print(report)
        record_property("stalled", report)
        assert peak.growth < GROWTH
        assert beside < without * TIMES + NOISE
    wait_until(lambda: proxy.descriptors() <= 40, "no descriptor is left over")


def test_a_gigabyte_passes(proxy, database, straight, tls):
    """Who stalls, then reads it all, loses nothing; at no time it was anywhere but in the buffers of both sockets."""
    with Peak(proxy) as peak, Wire(proxy.port, database=database, tls=tls) as wire:
        wire.send(query(GIGABYTE))
        waits_for(straight, wire.pid, "ClientWrite")
        for _ in skipped_rows(wire, ROWS):
            pass
        assert shape(wire.until_ready()) == "C ZI"
    assert peak.growth < GROWTH


def test_the_reader_is_killed(lockkeeper, database, straight):
    proxy = lockkeeper()
    with stalled_process(proxy, database, straight) as (reader, pid):
        reader.kill()
        gone(straight, pid)


def test_the_server_process_is_ended(lockkeeper, database, straight):
    """While it waits for a client that does not read, nothing else ends it."""
    proxy = lockkeeper()
    with stalled_process(proxy, database, straight) as (reader, pid):
        straight.cursor().execute("SELECT pg_terminate_backend(%s)", [pid])
        gone(straight, pid)


def test_lockkeeper_is_stopped(cluster, database, straight):
    """It does not wait for a client that does not read: at the second signal at the latest."""
    proxy = Proxy(cluster.port)
    try:
        with stalled_process(proxy, database, straight) as (_, pid):
            proxy.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "SIGTERM" in proxy.log(), "the first signal has come")
            assert proxy.stop() == 0
            gone(straight, pid)
    finally:
        proxy.remove()


@contextlib.contextmanager
def stalled_process(proxy, database, straight):
    reader = subprocess.Popen([sys.executable, "-c", READER, str(proxy.port), database, GIGABYTE], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, cwd=pathlib.Path(__file__).parent)
    try:
        pid = int(reader.stdout.readline())
        waits_for(straight, pid, "ClientWrite")
        yield reader, pid
    finally:
        reader.kill()
        reader.communicate()


def gone(straight, pid):
    def find():
        cursor = straight.cursor()
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
        return cursor.fetchone() is None
    wait_until(find, "the server process is gone", 5)
