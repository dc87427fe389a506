"""From the first byte to the first ReadyForQuery: packets in pieces, encryption asked for, passwords, refusals."""

import contextlib
import hashlib
import struct

import psycopg2
import pytest

from recorded import assert_same, masked
from wire import GSSENC_REQUEST, SSL_REQUEST, Wire, errors, message, query, rows, shape, startup, text


@pytest.fixture
def ports(cluster, module_proxy):
    return cluster.port, module_proxy().port


def first_answer(port, data, piece=0):
    """Everything that the server says to these bytes up to ReadyForQuery or FATAL."""
    with Wire(port, log_in=False) as wire:
        for at in range(0, len(data), piece or len(data)):
            wire.send(data[at:at + (piece or len(data))])
        return [masked(*m) for m in wire.until_ready()]


@pytest.mark.parametrize("packet", [
    startup(),
    startup(application_name="an app", options="-c geqo=off", client_encoding="LATIN1", TimeZone="UTC"),
    startup(database="does not exist"),
    startup(user="does_not_exist"),
    startup(user="nobody"),
    startup(not_a_setting="1"),
    startup(work_mem="much"),
    startup(**{"_pq_.unknown": "1"}),
    startup(database=""),
    startup(user=""),
], ids=range(10))
def test_same_answer(packet, ports):
    straight, through = (first_answer(port, packet) for port in ports)
    assert_same(straight, through)


def test_each_byte_alone(ports):
    straight, through = (first_answer(port, startup(application_name="slow"), piece=1) for port in ports)
    assert_same(straight, through)


def test_query_in_the_same_packet_as_the_startup(ports):
    """The server answers what was sent before it had asked; so does Lockkeeper."""
    heard = []
    for port in ports:
        with Wire(port, log_in=False) as wire:
            wire.send(startup(), query("SELECT 'early'"))
            heard.append([masked(*m) for m in wire.until_ready() + wire.until_ready()])
    assert_same(*heard)
    assert rows(heard[1]) == [["early"]]


@pytest.mark.parametrize("requests", [[SSL_REQUEST], [GSSENC_REQUEST], [GSSENC_REQUEST, SSL_REQUEST]])
def test_encryption_is_declined(requests, module_proxy):
    with Wire(module_proxy().port, log_in=False) as wire:
        for request in requests:
            wire.send(request)
            assert wire.take(1) == b"N"
        wire.send(startup())
        assert shape(wire.until_ready()).endswith("K ZI")


def test_sslmode_require_fails_clearly(module_proxy):
    with pytest.raises(psycopg2.OperationalError, match="server does not support SSL, but SSL was required"):
        module_proxy().connect(sslmode="require")


@pytest.mark.parametrize("user", ["scram_user", "md5_user", "clear_user"])
def test_password(user, cluster, module_proxy):
    def name_of(endpoint):
        with contextlib.closing(endpoint.connect(user=user, password="secret")) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT current_user")
            return cursor.fetchone()[0]

    def problem_of(endpoint):
        with pytest.raises(psycopg2.OperationalError) as refused:
            endpoint.connect(user=user, password="wrong")
        return str(refused.value).replace(str(endpoint.port), "PORT")

    assert name_of(cluster) == name_of(module_proxy()) == user
    assert problem_of(cluster) == problem_of(module_proxy())
    assert "password authentication failed" in problem_of(module_proxy())


@pytest.mark.parametrize("password", ["secret", "wrong"])
@pytest.mark.parametrize("user", ["md5_user", "clear_user"])
def test_password_byte_for_byte(user, password, ports):
    heard = []
    for port in ports:
        with Wire(port, log_in=False) as wire:
            wire.send(startup(user))
            kind, body = wire.read()
            method, salt = struct.unpack("!i", body[:4])[0], body[4:]
            assert (kind, method) == ("R", {"md5_user": 5, "clear_user": 3}[user])
            wire.send(message("p", text(md5(user, password, salt) if salt else password)))
            heard.append([masked(*m) for m in wire.until_ready()])
    assert_same(*heard)
    assert [e["C"] for e in errors(heard[1])] == ([] if password == "secret" else ["28P01"])


def md5(user, password, salt):
    inner = hashlib.md5((password + user).encode()).hexdigest()
    return "md5" + hashlib.md5(inner.encode() + salt).hexdigest()


def test_client_that_leaves_while_asked_for_its_password(ports, cluster):
    """psql does: it connects, sees that a password is wanted, leaves, asks its user and comes again."""
    with Wire(ports[1], log_in=False) as wire:
        wire.send(startup("scram_user"))
        assert wire.read()[0] == "R"
    with Wire(ports[1]) as wire:
        assert rows(wire.ask(query("SELECT 1"))) == [["1"]]
