"""From the first byte to the first ReadyForQuery: packets in pieces, encryption asked for, passwords, refusals."""

import contextlib
import hashlib
import os
import socket
import struct
import subprocess

import psycopg2
import psycopg2.extras
import pytest

from cluster import Cluster, binaries, free_port
from fake_server import FakeServer
from proxy import BINARY, COULD_NOT_BEGIN, Proxy

from recorded import assert_same, masked
from wire import GSSENC_REQUEST, SSL_REQUEST, Closed, Wire, errors, message, query, rows, shape, startup, text


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


# ---- versions, options, keys

def asking(minor, *options):
    """A StartupMessage for protocol 3.`minor` with these options of the protocol's own."""
    packet = startup(**{name: "1" for name in options})
    return packet[:4] + struct.pack("!i", 3 << 16 | minor) + packet[8:]


@pytest.mark.parametrize("options", [[], ["_pq_.a"], ["_pq_.a", "_pq_.test_protocol_negotiation"]], ids=len)
@pytest.mark.parametrize("minor", [0, 1, 2, 3, 9999, 65535])
def test_protocol_version_and_options(minor, options, ports):
    """The server says once what it does not know, and so does Lockkeeper, whoever of them it was that did not know it."""
    straight, through = (first_answer(port, asking(minor, *options)) for port in ports)
    assert_same(straight, through)
    assert [kind for kind, _ in through].count("v") == (1 if minor or options else 0)


AUTHENTICATION_OK = message("R", struct.pack("!i", 0))


@pytest.fixture
def server_3_2():
    """Knows protocol 3.2: says nothing about the version, and has the longest key there is."""
    fake = FakeServer([AUTHENTICATION_OK + message("K", struct.pack("!i", 77) + bytes(range(256))) + message("Z", b"I")])
    yield fake
    fake.stop()


def test_newer_server_hears_no_more_than_3_2(server_3_2, lockkeeper):
    heard = first_answer(lockkeeper(upstream=server_3_2.port).port, asking(9999, "_pq_.a"))
    assert heard[0] == ("v", struct.pack("!ii", 3 << 16 | 2, 1) + text("_pq_.a"))
    assert server_3_2.heard[-1] == asking(2)


def test_long_key_both_ways(server_3_2, lockkeeper):
    proxy = lockkeeper(upstream=server_3_2.port)
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(asking(2))
        key = dict(wire.until_ready())["K"]
        assert key == struct.pack("!i", 77) + bytes(range(256))
    request = struct.pack("!ii", 8 + len(key), 80877102) + key
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(request)
        wire.until_closed()
    assert server_3_2.heard[-1] == request


@pytest.mark.parametrize("size", [9_999, 10_000, 10_004, 10_005])
def test_longest_startup_packet(size, ports):
    """The server takes up to 10000 octets behind the length. Beyond that it hangs up without a word; Lockkeeper says why."""
    rest = size - len(startup(options=""))
    packet = startup(options="-c geqo=off".ljust(rest))
    assert len(packet) == size
    straight, through = (until_closed(port, packet) for port in ports)
    if size <= 10_004:
        assert_same(straight, through)
        assert straight[-1] == ("Z", b"I")
    else:
        assert straight == [] and errors(through)[0]["C"] == "08P01"


def until_closed(port, packet):
    with Wire(port, log_in=False) as wire:
        wire.send(packet)
        try:
            return [masked(*m) for m in wire.until_ready()]
        except (Closed, ConnectionResetError):
            return []


# ---- replication connections

def test_base_backup(cluster, module_proxy, tmp_path):
    """A physical replication connection: the backup, and the WAL streamed beside it over a second one."""
    subprocess.run([binaries() + "/pg_basebackup", "-h", "127.0.0.1", "-p", str(module_proxy().port), "-U", "postgres", "-D",
                    tmp_path / "backup", "-X", "stream", "--checkpoint=fast", "--no-sync", "--no-slot"], check=True, timeout=120)
    subprocess.run([binaries() + "/pg_verifybackup", "-n", tmp_path / "backup"], check=True, timeout=120, stdout=subprocess.DEVNULL)


def test_sql_and_commands_over_a_logical_replication_connection(module_proxy, cluster):
    def say(endpoint):
        dsn = endpoint.dsn() + " replication=database"
        with contextlib.closing(psycopg2.connect(dsn, connection_factory=psycopg2.extras.LogicalReplicationConnection)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            one = cursor.fetchone()
            cursor.execute("IDENTIFY_SYSTEM")
            return one, cursor.fetchone()[0], connection.notices
    assert say(module_proxy()) == say(cluster)


@pytest.mark.parametrize("replication", ["true", "database"])
def test_commands_of_a_walsender_are_none_to_judge(replication, lockkeeper, cluster):
    commands = ["IDENTIFY_SYSTEM", "SHOW wal_segment_size", "TIMELINE_HISTORY 7", "CREATE_REPLICATION_SLOT s TEMPORARY PHYSICAL",
                "DROP_REPLICATION_SLOT s", "BASE_BACKUP (NONSENSE)"]
    proxy = lockkeeper(unparseable="reject")
    heard = []
    for port in (cluster.port, proxy.port):
        with Wire(port, replication=replication) as wire:
            heard.append([shape(wire.ask(query(command))) for command in commands])
    assert heard[0] == heard[1]
    assert proxy.audit() == []


def test_ddl_over_a_replication_connection_is_judged(lockkeeper, database, table):
    """As far as that goes without asking the catalog, which such a connection has no way to do."""
    proxy = lockkeeper(unparseable="reject")
    with contextlib.closing(psycopg2.connect(proxy.dsn(database) + " replication=database",
                                             connection_factory=psycopg2.extras.LogicalReplicationConnection)) as connection:
        cursor = connection.cursor()
        cursor.execute("ALTER TABLE t ADD COLUMN d int")
        proxy.audited(outcome="done")
        with pytest.raises(psycopg2.Error) as refused:
            cursor.execute("ALTER TABLE t FROBNICATE")
        assert refused.value.pgcode.startswith("LK")
        cursor.execute("SELECT d FROM t LIMIT 1")


# ---- knocks at the door

def test_port_scans_leave_no_line_in_the_log(lockkeeper):
    proxy = lockkeeper()
    before = proxy.log()
    for words in (b"", b"\0", b"GET / HTTP/1.0\r\n\r\n", SSL_REQUEST, b"\x16\x03\x01\0\0", startup()[:10]):
        with Wire(proxy.port, log_in=False) as wire:
            wire.send(words)
            wire.socket.shutdown(socket.SHUT_WR)
            wire.socket.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                while wire.socket.recv(4096):
                    pass
    proxy.connect().close()
    assert proxy.log() == before


def test_login_timeout(lockkeeper):
    proxy = lockkeeper(limits={"startup": "200ms"})
    with Wire(proxy.port, log_in=False) as silent, Wire(proxy.port, log_in=False) as undecided:
        undecided.send(startup("scram_user"))
        assert undecided.read()[0] == "R"
        assert silent.until_closed() == []
        error, = errors(undecided.until_closed())
        assert (error["C"], "limits.startup" in error["M"]) == ("57014", True)


# ---- Unix sockets

def test_unix_sockets_on_both_connections(tmp_path):
    directory = tmp_path / "s"
    directory.mkdir()
    server = Cluster()
    try:
        with open(os.path.join(server.data, "postgresql.conf"), "a", encoding="ascii") as file:
            file.write(f"unix_socket_directories = '{server.directory}'\n")
        with open(os.path.join(server.data, "pg_hba.conf"), "a", encoding="ascii") as file:
            file.write("local all all trust\n")
        server.start()
        where = {"host": server.directory, "port": server.port, "tls": "require"}
        proxy = Proxy(server.port, upstream=where, unix_socket_directory=str(directory), workers=2)
        try:
            path = directory / f".s.PGSQL.{proxy.port}"
            for _ in range(10):
                with contextlib.closing(psycopg2.connect(host=str(directory), port=proxy.port, user="postgres", dbname="postgres")) as one:
                    cursor = one.cursor()
                    cursor.execute("SELECT client_addr IS NULL FROM pg_stat_activity WHERE pid = pg_backend_pid()")
                    assert cursor.fetchone() == (True,)
            proxy.connect().close()
            assert path.is_socket()
            assert proxy.stop() == 0
            assert not path.exists()
        finally:
            proxy.stop()
            proxy.remove()
    finally:
        server.remove()


def test_socket_file_of_one_that_is_gone_is_replaced_and_of_one_that_lives_is_not(lockkeeper, tmp_path):
    proxy = lockkeeper(unix_socket_directory=str(tmp_path))
    second = tmp_path / "second.yaml"  # whose TCP socket is free
    second.write_text(f"listen: 127.0.0.2:{proxy.port}\nunix_socket_directory: {tmp_path}")
    done = subprocess.run([BINARY, "serve", "--config", second], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == COULD_NOT_BEGIN and f".s.PGSQL.{proxy.port}: Address already in use" in done.stdout + done.stderr
    log_in = lambda port: psycopg2.connect(host=str(tmp_path), port=port, user="postgres", dbname="postgres").close()
    log_in(proxy.port)
    port = free_port()
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(tmp_path / f".s.PGSQL.{port}"))
    lockkeeper(port=port, unix_socket_directory=str(tmp_path))
    log_in(port)
