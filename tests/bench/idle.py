"""What an idle session costs: many of them, against a server that only greets. Also that server: `idle.py PORT`."""

import resource
import selectors
import socket
import ssl
import struct
import subprocess
import sys

WARM = 200  # sessions that come first, so that what is made once is not counted
# A session is two descriptors of the proxy's; where the machine does not allow 20,000 there are fewer sessions.
DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
SESSIONS = min(10_000, (DESCRIPTORS - 100) // 2 - WARM)

PROTOCOL_3, SSL_REQUEST = 196608, 80877103


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


PARAMETERS = {"server_version": "15.0", "client_encoding": "UTF8", "standard_conforming_strings": "on", "TimeZone": "UTC",
              "DateStyle": "ISO, MDY", "IntervalStyle": "postgres", "application_name": "", "integer_datetimes": "on"}
GREETING = (message(b"R", struct.pack("!i", 0)) + b"".join(message(b"S", f"{k}\0{v}\0".encode()) for k, v in PARAMETERS.items())
            + message(b"K", struct.pack("!ii", 1, 1)) + message(b"Z", b"I"))


def may_open_many():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


def serve(port):
    """Greets every session and keeps it, until it is killed."""
    may_open_many()
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


def log_in(port, tls):
    client = socket.create_connection(("127.0.0.1", port), 30)
    if tls:
        client.sendall(struct.pack("!ii", 8, SSL_REQUEST))
        if client.recv(1) != b"S":
            raise RuntimeError("no TLS")
        client = tls.wrap_socket(client, server_hostname="localhost")
    body = struct.pack("!i", PROTOCOL_3) + b"user\0u\0database\0d\0\0"
    client.sendall(struct.pack("!i", len(body) + 4) + body)
    heard = b""
    while not heard.endswith(b"Z\0\0\0\5I"):
        heard += client.recv(4096)
    return client


def bytes_per_session(make, free_port, accepts, wait_until, tls):
    """Resident bytes of the contender that is made for a server's port, for each of SESSIONS idle sessions."""
    may_open_many()
    port = free_port()
    server = subprocess.Popen([sys.executable, "-B", __file__, str(port)], stdin=subprocess.DEVNULL)
    contender, clients = None, []
    try:
        wait_until(lambda: accepts(port), "the greeting server accepts connections")
        contender = make(port)
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        clients += [log_in(contender.port, context) for _ in range(WARM)]
        before = contender.resident_kilobytes()
        clients += [log_in(contender.port, context) for _ in range(SESSIONS)]
        return (contender.resident_kilobytes() - before) * 1024 / SESSIONS
    finally:
        for client in clients:
            client.close()
        if contender:
            contender.stop()
        server.kill()
        server.wait()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
