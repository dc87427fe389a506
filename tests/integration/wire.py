"""The PostgreSQL protocol 3.0 by hand, for what drivers do not send (manual, chapter "Frontend/Backend Protocol")."""

import contextlib
import socket
import ssl
import struct

PROTOCOL_3 = 196608
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
GSSENC_REQUEST = struct.pack("!ii", 8, 80877104)


def message(kind, body=b""):
    return kind.encode("ascii") + struct.pack("!i", len(body) + 4) + body


def text(value):
    return value.encode("utf-8") + b"\0"


def startup(user="postgres", database="postgres", **parameters):
    words = dict(user=user, database=database, **parameters)
    body = struct.pack("!i", PROTOCOL_3) + b"".join(text(k) + text(v) for k, v in words.items()) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def cancel_request(pid, key):
    return struct.pack("!iiii", 16, 80877102, pid, key)


def query(sql):
    return message("Q", text(sql))


def parse(sql, name="", types=()):
    return message("P", text(name) + text(sql) + struct.pack(f"!h{len(types)}i", len(types), *types))


def bind(values=(), statement="", portal="", formats=(), results=()):
    """A value that is bytes goes as it is; format 0 is text, 1 is binary."""
    body = text(portal) + text(statement) + struct.pack(f"!h{len(formats)}hh", len(formats), *formats, len(values))
    for value in values:
        data = value if value is None or isinstance(value, bytes) else str(value).encode("utf-8")
        body += struct.pack("!i", -1) if data is None else struct.pack("!i", len(data)) + data
    return message("B", body + struct.pack(f"!h{len(results)}h", len(results), *results))


def describe(kind="P", name=""):
    return message("D", kind.encode("ascii") + text(name))


def execute(portal="", rows=0):
    return message("E", text(portal) + struct.pack("!i", rows))


def close(kind, name=""):
    return message("C", kind.encode("ascii") + text(name))


def sync():
    return message("S")


def flush():
    return message("H")


def terminate():
    return message("X")


def copy_data(data):
    return message("d", data)


def copy_done():
    return message("c")


def copy_fail(reason):
    return message("f", text(reason))


def function_call(oid, *arguments):
    """Every argument and the result in text format."""
    body = struct.pack("!ihh", oid, 0, len(arguments))
    for value in arguments:
        data = str(value).encode("utf-8")
        body += struct.pack("!i", len(data)) + data
    return message("F", body + struct.pack("!h", 0))


def run(sql, *values, name=""):
    """Parse, Bind and Execute, without Sync."""
    return parse(sql, name) + bind(values, statement=name) + execute()


def fields(body):
    """ErrorResponse and NoticeResponse: field code -> text."""
    return {part[:1].decode(): part[1:].decode("utf-8") for part in body.split(b"\0") if part}


def reset(connection):
    """Ends a connection as the kernel of a crashed machine does: RST, and what was not sent is lost."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Closed(Exception):
    """The other side closed the connection."""


def trusting():
    """A context for TLS that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Wire:
    TRUSTING = trusting()

    def __init__(self, port, user="postgres", database="postgres", log_in=True, tls=False, timeout=30, **parameters):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = b""
        self.pid = self.key = None
        if tls:
            self.send(SSL_REQUEST)
            assert self.take(1) == b"S"
            self.socket = self.TRUSTING.wrap_socket(self.socket)
        if log_in:
            self.send(startup(user, database, **parameters))
            self.greeting = self.until_ready()
            for kind, body in self.greeting:
                if kind == "K":
                    self.pid, self.key = struct.unpack("!ii", body)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def take(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(max(1 << 16, count - len(self.buffer)))
            if not data:
                raise Closed(self.buffer)
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read(self):
        kind, length = struct.unpack("!ci", self.take(5))
        return kind.decode("ascii"), self.take(length - 4)

    def until(self, *kinds):
        """Messages up to and with the first of one of these kinds."""
        messages = [self.read()]
        while messages[-1][0] not in kinds:
            messages.append(self.read())
        return messages

    def until_ready(self):
        """Up to ReadyForQuery, or to the FATAL that stands in its place."""
        messages = []
        while True:
            messages.append(self.read())
            kind, body = messages[-1]
            if kind == "Z" or (kind == "E" and fields(body)["V"] in ("FATAL", "PANIC")):
                return messages

    def until_closed(self):
        """Everything that still comes."""
        messages = []
        try:
            while True:
                messages.append(self.read())
        except (Closed, ConnectionResetError):
            return messages

    def ask(self, *parts):
        self.send(*parts)
        return self.until_ready()


def shape(messages):
    """The message types as one string, with the status of each ReadyForQuery: '1 2 C ZI'."""
    return " ".join(kind + (body.decode() if kind == "Z" else "") for kind, body in messages)


def errors(messages):
    return [fields(body) for kind, body in messages if kind == "E"]


def rows(messages):
    """The text values of every DataRow."""
    found = []
    for kind, body in messages:
        if kind == "D":
            found.append(columns(body))
    return found


def columns(body):
    count, offset, values = struct.unpack_from("!h", body)[0], 2, []
    for _ in range(count):
        size = struct.unpack_from("!i", body, offset)[0]
        offset += 4
        values.append(None if size < 0 else body[offset:offset + size].decode("utf-8"))
        offset += max(size, 0)
    return values
