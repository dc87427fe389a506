"""One client's bytes, straight and through Lockkeeper, cut into pieces that Lockkeeper is made to see one by one."""

import os
import socket
import struct
import time

from recorded import masked
from wire import Closed, Wire, copy_fail, query, sync

# Wherever a conversation has ended, this leads back to an idle session; all of it is answered, and compared, too.
LAST = b"the end"
BACK_TO_IDLE = copy_fail("end") + sync() + query("ROLLBACK") + query("DISCARD ALL") + query(f"SELECT '{LAST.decode()}'")


class Unread:
    """How many bytes the other end of a connection on this machine has not read yet, as the kernel tells (sock_diag(7))."""

    NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, REQUEST, NLMSG_ERROR = 4, 20, 1, 2
    ANY_COOKIE = b"\xff" * 8

    def __init__(self, connection):
        def address(pair):
            return socket.inet_aton(pair[0]).ljust(16, b"\0")
        here, there = connection.getsockname(), connection.getpeername()
        identity = (struct.pack("!HH", there[1], here[1]) + address(there) + address(here) + struct.pack("=I", 0)
                    + self.ANY_COOKIE)
        request = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + identity
        self.request = struct.pack("=IHHII", 16 + len(request), self.SOCK_DIAG_BY_FAMILY, self.REQUEST, 1, 0) + request
        self.kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, self.NETLINK_SOCK_DIAG)

    def bytes(self):
        """0 as well where the connection has ended meanwhile."""
        self.kernel.send(self.request)
        answer = self.kernel.recv(4096)
        if struct.unpack_from("=H", answer, 4)[0] == self.NLMSG_ERROR:
            return 0
        return struct.unpack_from("=I", answer, 16 + 4 + 48 + 4)[0]  # nlmsghdr, four bytes, the id, idiag_expires

    def wait(self):
        """No event tells of it. Without a pause: it takes microseconds, and is waited for thousands of times."""
        end = time.monotonic() + 20
        while self.bytes():
            if time.monotonic() > end:
                raise TimeoutError("Lockkeeper does not read what was sent")
            os.sched_yield()

    def close(self):
        self.kernel.close()


class Client:
    """A session that is used for one conversation after the other, as long as it lives."""

    def __init__(self, port, database, **parameters):
        self.where = dict(port=port, database=database, **parameters)
        self.wire = self.unread = self.pid = None

    def close(self):
        if self.wire:
            self.unread.close()
            self.wire.socket.close()
            self.wire = None

    def replies(self, data, cuts=()):
        """What comes back for `data`, and for the way back to idle behind it. A piece goes out when the one before was read."""
        if not self.wire:
            self.wire = Wire(**self.where)
            self.pid = str(self.wire.pid).encode()
            self.wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.unread = Unread(self.wire.socket)
        heard = []
        try:
            for begin, end in zip((0, *cuts), (*cuts, len(data))):
                self.wire.send(data[begin:end])
                if end < len(data):
                    self.unread.wait()
            self.wire.send(BACK_TO_IDLE)
            while not heard or not heard[-1][1].endswith(LAST):
                heard.append(self.wire.read())
            heard += self.wire.until("Z")
        except (Closed, ConnectionError):
            self.close()
        return [self.masked(*m) for m in heard]

    def masked(self, kind, body):
        """FunctionCallResponse: of pg_backend_pid."""
        if kind == "V" and body.endswith(self.pid):
            return kind, b"pid"
        return masked(kind, body)


def telling_cuts(data):
    """For what is too long for every cut: before, in and behind each header, and in the middle of each message."""
    cuts, at = set(), 0
    while at < len(data):
        length = 1 + struct.unpack_from("!i", data, at + 1)[0]
        cuts.update((at, at + 1, at + 3, at + 5, at + length // 2))
        at += length
    return [cut for cut in sorted(cuts) if 0 < cut < len(data)]
