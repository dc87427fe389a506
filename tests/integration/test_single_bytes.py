"""Every byte comes by itself, from the client, from the server and to the server: the answers are those of whole packets."""

import contextlib
import socket
import threading

import pytest

from conversations import DDL
from differential import Client, Unread
from proxy import Proxy
from recorded import assert_same
from test_differential import CONVERSATIONS
from wire import query

pytestmark = pytest.mark.alone  # it waits for every byte, and takes a core for that


class SingleBytes:
    """Before the server: whatever comes goes on byte by byte, each when the one before was read."""

    def __init__(self, port):
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                ends = self.listener.accept()[0], socket.create_connection(("127.0.0.1", self.to))
                for pair in ends, ends[::-1]:
                    threading.Thread(target=self._relay, args=pair, daemon=True).start()

    @staticmethod
    def _relay(one, other):
        other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.closing(Unread(other)) as unread, contextlib.suppress(OSError):
            while piece := one.recv(65536):
                for at in range(len(piece)):
                    other.sendall(piece[at:at + 1])
                    unread.wait()
            other.shutdown(socket.SHUT_WR)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


# A judged statement asks the catalog for thousands of bytes: one conversation with such will do.
JUDGED = "in a pipeline"
EVERYTHING = CONVERSATIONS | {f"DDL {JUDGED}": b"".join(step.data for step in DDL[JUDGED])}


class Stand:
    def __init__(self, cluster, database, opened):
        self.cluster, self.database, self.opened = cluster, database, opened
        self.relay = opened.enter_context(contextlib.closing(SingleBytes(cluster.port)))
        self.looking = opened.enter_context(contextlib.closing(cluster.connect(database)))
        self.looking.cursor().execute("CREATE TABLE t (id serial PRIMARY KEY, c int)")

    def proxy(self, mode, port):
        started = Proxy(port, mode=mode, small_table=0)
        self.opened.callback(started.remove)
        self.opened.callback(started.stop)
        return started

    def client(self, port):
        return self.opened.enter_context(contextlib.closing(Client(port, self.database)))

    def heard(self, client, data, cuts=()):
        self.looking.cursor().execute("DROP INDEX IF EXISTS i; TRUNCATE t RESTART IDENTITY; INSERT INTO t (c) VALUES (10), (20), (NULL)")
        return client.replies(data, cuts)


@pytest.fixture(scope="module")
def stand(cluster, module_database):
    with contextlib.ExitStack() as opened:
        yield Stand(cluster, module_database, opened)


@pytest.fixture(scope="module")
def straight(stand):
    return stand.client(stand.cluster.port)


@pytest.fixture(scope="module")
def through(stand):
    """In mode observe, where schema changes are asked about and forwarded as they are."""
    return stand.client(stand.proxy("observe", stand.relay.port).port)


@pytest.mark.parametrize("name", EVERYTHING)
def test_same_as_straight(name, stand, straight, through):
    data = EVERYTHING[name]
    assert_same(stand.heard(straight, data), stand.heard(through, data, range(1, len(data))))


def test_plan(stand):
    """Its steps are Lockkeeper's own: the answers are those of whole packets through Lockkeeper."""
    data = query("CREATE INDEX i ON t (c)") + query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")
    whole, single = (stand.client(stand.proxy("enforce", port).port) for port in (stand.cluster.port, stand.relay.port))
    heard = stand.heard(whole, data)
    assert ("D", b"\0\x01\0\0\0\x01t") in heard
    assert_same(heard, stand.heard(single, data, range(1, len(data))))
