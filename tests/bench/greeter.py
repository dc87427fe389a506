"""A server that greets every session on that port and keeps it, until it is killed. usage: greeter.py PORT"""

import pathlib
import selectors
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from wire import message, text  # noqa: E402

PARAMETERS = {"server_version": "15.0", "client_encoding": "UTF8", "standard_conforming_strings": "on", "TimeZone": "UTC",
              "DateStyle": "ISO, MDY", "IntervalStyle": "postgres", "application_name": "", "integer_datetimes": "on"}
GREETING = (message("R", struct.pack("!i", 0)) + b"".join(message("S", text(k) + text(v)) for k, v in PARAMETERS.items())
            + message("K", struct.pack("!ii", 1, 1)) + message("Z", b"I"))


def serve(port):
    with selectors.DefaultSelector() as all_of_them, socket.create_server(("127.0.0.1", port), backlog=4096) as listener:
        listener.setblocking(False)
        all_of_them.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in all_of_them.select():
                if key.fileobj is listener:
                    session, _ = listener.accept()
                    all_of_them.register(session, selectors.EVENT_READ)
                elif key.fileobj.recv(4096):  # the StartupMessage, in one piece on a loopback
                    key.fileobj.sendall(GREETING)
                else:
                    all_of_them.unregister(key.fileobj)
                    key.fileobj.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
