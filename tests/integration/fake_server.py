"""Something on a loopback port that is no PostgreSQL: it says one thing after each thing it hears, then closes."""

import contextlib
import socket
import threading


class FakeServer:
    def __init__(self, says, closes=True, hears_first=True, port=0):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.says, self.closes, self.hears_first = says, closes, hears_first
        self.open, self.heard = [], []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with contextlib.suppress(OSError):
                    self._talk(client)
                if self.closes:
                    client.close()
                else:
                    self.open.append(client)

    def _talk(self, client):
        client.settimeout(10)
        if self.hears_first:
            self.heard.append(client.recv(65536))
        for at, words in enumerate(self.says):
            if at > 0:
                self.heard.append(client.recv(65536))
            client.sendall(words)

    def stop(self):
        # shutdown() wakes accept(); close() alone would not.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(15)
        for client in self.open:
            client.close()
