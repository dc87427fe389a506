"""Both connections of each session lead over a bad line: what arrives is the same, only later; and when nothing arrives any more,
nobody waits longer than the configuration says."""

import contextlib
import socket

import pytest

from bystanders import TABLE, Bystanders
from cluster import free_port, wait_until
from cutter import Cutter, to_port
from differential import Client
from lossy_link import LossyLink
from proxy import Proxy
from recorded import assert_same, without_doubt
from test_differential import CONVERSATIONS
from wire import Wire, copy_data, copy_done, errors, query, rows, shape, startup

PATIENCE = 20  # seconds
# The kernel ends a connect by tcp_user_timeout, too: it is longer than connect_timeout, so that this one is heard of.
SETTINGS = {"small_table": 0, "tcp_user_timeout": "4s", "limits": {"startup": "10s"}}


class Stand:
    """Client - line - Lockkeeper - line - server. Both ends of it are on loopback, so that clients need not know."""

    def __init__(self, cluster, opened):
        self.line = opened.enter_context(contextlib.closing(LossyLink()))
        near, far = self.line.near, self.line.far
        server = opened.enter_context(Cutter(to_port(cluster.port), far.call(socket.create_server, (far.address, 0))))
        port = near.call(free_port)
        upstream = {"host": far.address, "port": server.port, "connect_timeout": "2s"}
        self.proxy = near.call(Proxy, 0, port, listen=f"0.0.0.0:{port}", upstream=upstream, **SETTINGS)
        opened.callback(self.proxy.remove)
        opened.callback(self.proxy.stop)
        client = Cutter(lambda: far.call(socket.create_connection, (near.address, port), PATIENCE))
        self.port = opened.enter_context(client).port
        self.server_port = server.port

    @contextlib.contextmanager
    def dead(self, port):
        self.line.dead_port = port
        try:
            yield
        finally:
            self.line.dead_port = None


@pytest.fixture(scope="module")
def stand(cluster):
    with contextlib.ExitStack() as opened:
        try:
            made = Stand(cluster, opened)
        except OSError as problem:
            # Both take rights that a container does not have of itself, nor root in it, and nothing that we could install.
            pytest.skip(f"network namespaces and TUN devices cannot be made here: {problem}")
        yield made


@pytest.fixture(scope="module")
def looking(cluster, module_database):
    with contextlib.closing(cluster.connect(module_database)) as connection:
        connection.cursor().execute(f"{TABLE}; CREATE TABLE t (id serial PRIMARY KEY, c int); CREATE TABLE copied (id int, note text)")
        yield connection


@pytest.fixture(scope="module")
def clients(cluster, stand, module_database, looking):
    with contextlib.ExitStack() as opened:
        yield [opened.enter_context(contextlib.closing(Client(port, module_database))) for port in (cluster.port, stand.port)]


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_same_as_straight(name, clients, looking):
    heard = []
    for client in clients:
        looking.cursor().execute("TRUNCATE t RESTART IDENTITY; INSERT INTO t (c) VALUES (10), (20), (NULL)")
        heard.append(without_doubt(client.replies(CONVERSATIONS[name])))
    assert_same(*heard)


def test_much_data_and_a_plan(stand, module_database, looking):
    lost = stand.line.lost
    with Bystanders(stand.port, module_database), Wire(stand.port, database=module_database, timeout=PATIENCE) as wire:
        wire.send(query("COPY copied FROM STDIN"))
        wire.until("G")
        wire.send(*(copy_data(b"%d\t%s\n" % (number, b"n" * 1000)) for number in range(500)), copy_done())
        assert shape(wire.until_ready()) == "C ZI"
        assert not errors(wire.ask(query("CREATE INDEX found ON copied (id)")))
        assert rows(wire.ask(query("SELECT * FROM copied ORDER BY id"))) == [[str(number), "n" * 1000] for number in range(500)]
    assert stand.line.lost > lost
    cursor = looking.cursor()
    cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'found'::regclass")
    assert cursor.fetchone() == (True,)


def test_server_falls_silent(stand, module_database):
    """tcp_user_timeout for those who are in, and connect_timeout for those who come."""
    descriptors = stand.proxy.descriptors()
    with Wire(stand.port, database=module_database, timeout=PATIENCE) as wire, stand.dead(stand.server_port):
        wire.send(query("SELECT 1"))
        assert [e["C"] for e in errors(wire.until_closed())] == ["08006"]
        with Wire(stand.port, log_in=False, timeout=PATIENCE) as late:
            late.send(startup())
            error, = errors(late.until_closed())
            assert error["C"] == "08001" and "connect_timeout" in error["M"]
    wait_until(lambda: stand.proxy.descriptors() <= descriptors, "no descriptor is left over")
    with Wire(stand.port, database=module_database, timeout=PATIENCE) as wire:
        assert rows(wire.ask(query("SELECT 'back'"))) == [["back"]]


def test_client_falls_silent(stand, module_database, looking):
    """In the middle of a result. Its server process goes with it."""
    descriptors = stand.proxy.descriptors()
    with Wire(stand.port, database=module_database, timeout=PATIENCE) as wire:
        wire.send(query("SELECT repeat('x', 100000) FROM generate_series(1, 1000)"))
        wire.take(100_000)
        with stand.dead(stand.proxy.port):
            def gone():
                cursor = looking.cursor()
                cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [wire.pid])
                return cursor.fetchone() is None
            wait_until(gone, "the server process is gone", PATIENCE)
            wait_until(lambda: stand.proxy.descriptors() <= descriptors, "no descriptor is left over")
