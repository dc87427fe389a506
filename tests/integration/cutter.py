"""Stands between two ends of a connection, and resets it on both sides after so many bytes, whichever way they go."""

import contextlib
import select
import socket
import threading

from wire import reset

PIECE = 65536


def to_port(port):
    return lambda: socket.create_connection(("127.0.0.1", port))


class Cutter:
    """`connect` gives the other end for each that comes. `after` is for the next one only; without it all bytes pass."""

    def __init__(self, connect, listener=None):
        self.connect = connect
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.after = None
        self.passed = 0  # of the connection that has ended last
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                one = self.listener.accept()[0]
                after, self.after = self.after, None
                threading.Thread(target=self._relay, args=[one, after], daemon=True).start()

    def _relay(self, one, after):
        try:
            other = self.connect()
        except OSError:
            return reset(one)
        facing = {one: other, other: one}
        for end in facing:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        left = self._pass_on(facing, after)
        self.passed = (after or 0) - left
        for end in facing:
            end.close() if left else reset(end)

    @staticmethod
    def _pass_on(facing, after):
        """How many bytes of `after` were left when both sides had closed; without it, less than nothing."""
        left, reading, unsent = after or 0, set(facing), {end: b"" for end in facing}
        with contextlib.suppress(OSError):
            while (reading or any(unsent.values())) and (after is None or left):
                may_read, may_write, _ = select.select([e for e in reading if not unsent[facing[e]]], [e for e in facing if unsent[e]], [])
                for end in may_read:
                    piece = end.recv(PIECE if after is None else min(PIECE, left))
                    left -= len(piece)
                    unsent[facing[end]] = piece
                    if not piece:
                        reading.discard(end)
                        facing[end].shutdown(socket.SHUT_WR)
                for end in {*may_write, *map(facing.get, may_read)}:
                    unsent[end] = unsent[end][end.send(unsent[end], socket.MSG_DONTWAIT) if unsent[end] else 0:]
        return left

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
