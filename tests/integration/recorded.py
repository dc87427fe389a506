"""The same client bytes, straight to the server and through Lockkeeper: what came back, ready to be compared."""

import struct

from wire import Wire, fields, message, terminate


def masked(kind, body):
    """What differs from one session to the next in any case: the server's process id and its secret key."""
    if kind == "K":
        return kind, b"key"
    if kind == "A":
        return kind, b"pid" + body[4:]
    return kind, body


DOUBT = "a statement that may change the schema could not be understood"


def without_doubt(messages):
    """Without the warning that mode enforce adds where a text may be a schema change of a newer PostgreSQL."""
    return [m for m in messages if m[0] != "N" or not fields(m[1])["M"].startswith(DOUBT)]


class Step:
    """Bytes to send, and the kind of message to wait for before the next ones go ('' does not wait)."""

    def __init__(self, *parts, until=""):
        self.data = b"".join(parts)
        self.until = until


def converse(port, database, steps, piece=0, **parameters):
    """Every message of the server's up to its end of the connection; `piece` bytes of ours go at a time."""
    with Wire(port, database=database, **parameters) as wire:
        got = list(wire.greeting)
        for step in steps:
            send(wire, step.data, piece)
            if step.until:
                got += wire.until(*step.until)
        send(wire, terminate(), piece)
        return [masked(*m) for m in got + wire.until_closed()]


def send(wire, data, piece):
    if not piece:
        return wire.send(data)
    for at in range(0, len(data), piece):
        wire.send(data[at:at + piece])


def show_difference(straight, through):
    """The first message that is not the same, for a failure that a person can read."""
    for at, (one, other) in enumerate(zip(straight, through)):
        if one != other:
            return f"message {at}: straight {brief(one)}, through {brief(other)}"
    if len(straight) != len(through):
        longer = straight if len(straight) > len(through) else through
        who = "straight" if longer is straight else "through"
        return f"{len(straight)} messages straight, {len(through)} through; only {who}: {brief(longer[min(len(straight), len(through))])}"
    return ""


def brief(m):
    whole = message(*m)
    return whole if len(whole) < 400 else whole[:200] + b"..." + struct.pack("!i", len(whole))


def assert_same(straight, through):
    assert not (found := show_difference(straight, through)), found
