"""Stands between Lockkeeper and PostgreSQL, and stops a plan at a step: before the server hears of it, or after it has done it.
It counts the exchanges, too."""

import contextlib
import re
import socket
import struct
import threading

from wire import SSL_REQUEST, Closed

CANCEL_REQUEST = 80877102
PATIENCE = 30  # seconds: a test that has failed must not leave threads that wait forever


def without_oids(sql):
    """They differ from one run to the next."""
    return re.sub(r"\b[0-9]{5,}\b", "OID", sql)


class Hold:
    """Stops the one connection where the `turn`-th statement of Lockkeeper's comes whose text `sql` is, or begins with."""

    def __init__(self, sql, turn, answer):
        self.wanted = without_oids(sql).encode() + b"; "
        self.left, self.answer = turn, answer
        self.reached, self.released = threading.Event(), threading.Event()
        self.lost = False  # what is held is never delivered: its sender has died

    def meets(self, kind, body):
        name, text, *_ = body.split(b"\0", 2) if kind == b"P" else (b"", b"")
        if name != b"_lockkeeper" or not self.wanted.startswith(without_oids(text.decode()).encode() + b"; "):
            return False
        self.left -= 1
        return self.left == 0

    def stop(self):
        self.reached.set()
        self.released.wait(PATIENCE)
        if self.lost:
            raise Closed()


class Relay:
    def __init__(self, server_port):
        self.server_port = server_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.hold = None
        self.exchanges = 0  # messages of Lockkeeper's that the server answers at once
        threading.Thread(target=self._serve, daemon=True).start()

    @contextlib.contextmanager
    def holding(self, sql, turn, answer=False):
        """Yields when the statement may be sent; `reached` is set when it has come."""
        self.hold = Hold(sql, turn, answer)
        try:
            yield self.hold
        finally:
            self.hold.released.set()
            self.hold = None

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._talk, args=[self.listener.accept()[0]], daemon=True).start()

    def _talk(self, proxy):
        server = socket.create_connection(("127.0.0.1", self.server_port))
        for end in (proxy, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=pump, args=[proxy, self._from_server, server, proxy], daemon=True)
        back.start()
        pump(server, self._from_proxy, proxy, server)
        back.join()
        proxy.close()
        server.close()

    def _from_proxy(self, proxy, server):
        length, code = struct.unpack("!ii", exactly(proxy, 8))
        if (length, code) == struct.unpack("!ii", SSL_REQUEST):
            proxy.sendall(b"N")
            length, code = struct.unpack("!ii", exactly(proxy, 8))
        server.sendall(struct.pack("!ii", length, code) + exactly(proxy, length - 8))
        while code != CANCEL_REQUEST:
            kind, body = typed(proxy)
            self.exchanges += kind in (b"Q", b"S", b"H")
            if (hold := self.hold) and hold.meets(kind, body) and not hold.answer:
                hold.stop()
            server.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def _from_server(self, server, proxy):
        kept = b""
        while True:
            kind, body = typed(server)
            kept += kind + struct.pack("!i", len(body) + 4) + body
            hold = self.hold
            if hold and hold.answer and hold.left == 0 and not hold.released.is_set():
                if kind != b"Z":
                    continue
                hold.stop()
            proxy.sendall(kept)
            kept = b""

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise Closed(data)
        data += piece
    return data


def typed(connection):
    kind, length = struct.unpack("!ci", exactly(connection, 5))
    return kind, exactly(connection, length - 4)


def pump(to, way, *ends):
    """Until one side closes: then the other one hears of it."""
    with contextlib.suppress(Closed, OSError):
        way(*ends)
    with contextlib.suppress(OSError):
        to.shutdown(socket.SHUT_WR)
