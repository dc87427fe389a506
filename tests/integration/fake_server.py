"""Something on a loopback port that is no PostgreSQL: it says what it is told to, once, to everybody who connects."""

import contextlib
import socket
import threading


class FakeServer:
    def __init__(self, says=b"", closes=True, hears_first=True):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.says, self.closes, self.hears_first = says, closes, hears_first
        self.open = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with contextlib.suppress(OSError):
                    if self.hears_first:
                        client.recv(65536)
                    client.sendall(self.says)
                if self.closes:
                    client.close()
                else:
                    self.open.append(client)

    def stop(self):
        # shutdown() wakes accept(); close() alone would not.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        for client in self.open:
            client.close()
