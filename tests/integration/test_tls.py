"""TLS on both connections, and what it does to SCRAM: by real clients, against a PostgreSQL with ssl = on."""

import asyncio
import atexit
import contextlib
import functools
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

import asyncpg
import psycopg
import psycopg2
import pytest

from authority import Authority, openssl, secure
from cluster import Cluster, binaries, free_port, wait_until
from cutter import Cutter, to_port
from programs import java_classes, java_run, pgjdbc
from proxy import BINARY, COULD_NOT_BEGIN, WRONG_CONFIGURATION, Proxy
from wire import GSSENC_REQUEST, SSL_REQUEST, Closed, Wire, cancel_request, errors, query, rows, shape, startup

AUTHENTICATION = """
host    all,replication scram_user,+asked_for_scram 127.0.0.1/32 scram-sha-256
host    all md5_user   127.0.0.1/32 md5
host    all clear_user 127.0.0.1/32 password
hostssl all joe        127.0.0.1/32 cert
host    all joe        127.0.0.1/32 reject
hostssl all only_tls   127.0.0.1/32 trust
host    all only_tls   127.0.0.1/32 reject
host    all all        127.0.0.1/32 trust
"""


class Files:
    """Certificates for everybody."""

    def __init__(self, directory):
        self.ours, self.others = Authority(directory / "ours"), Authority(directory / "others", "Somebody else")
        self.server = self.ours.issue("localhost", "DNS:localhost", "IP:127.0.0.1")
        self.proxy = self.ours.issue("localhost", "DNS:localhost", "IP:127.0.0.1")
        self.elsewhere = self.ours.issue("elsewhere")
        self.joe, self.ann = self.ours.issue("joe"), self.ours.issue("ann")
        self.stranger = self.others.issue("joe")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls_cluster(files):
    with Cluster() as made:
        secure(made, *files.server, files.ours.certificate)
        with open(os.path.join(made.data, "pg_hba.conf"), "w", encoding="ascii") as file:
            file.write(AUTHENTICATION)
        made.start().create_roles()
        with contextlib.closing(made.connect()) as connection:
            connection.cursor().execute("CREATE ROLE joe LOGIN; CREATE ROLE only_tls LOGIN; CREATE ROLE asked_for_scram")
        yield made


def client_leg(files, mode="allow", pair=None, **more):
    certificate, key = pair or files.proxy
    return {"client": mode, "certificate": str(certificate), "key": str(key), **more}


@pytest.fixture
def proxied(tls_cluster, lockkeeper):
    """proxied(tls={...}, upstream_tls=..., ...): a proxy before the server with ssl = on."""
    def start(tls=None, upstream_tls="disable", upstream=None, **settings):
        where = {"host": "127.0.0.1", "port": tls_cluster.port, "tls": upstream_tls, **(upstream or {})}
        return lockkeeper(upstream=tls_cluster.port, **{"upstream_settings": where}, **({"tls": tls} if tls else {}), **settings)
    return start


def encrypted(connection):
    """How the server sees its connection: the TLS version, or None."""
    cursor = connection.cursor()
    cursor.execute("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    return cursor.fetchone()[0]


def secured(wire, context=None, **options):
    """The same connection after SSLRequest and handshake."""
    wire.send(SSL_REQUEST)
    assert wire.take(1) == b"S"
    return wrapped(wire, context, **options)


def wrapped(wire, context=None, alpn=None):
    if context is None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols([alpn])
    wire.socket = context.wrap_socket(wire.socket, server_hostname="localhost")
    return wire


def startup_fails(configuration, tmp_path, status=COULD_NOT_BEGIN):
    """The last line of the log of a proxy that does not start."""
    path = tmp_path / "c.yaml"
    path.write_text(json.dumps({"listen": f"127.0.0.1:{free_port()}", **configuration}))
    done = subprocess.run([BINARY, "serve", "--config", path], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == status, done
    return (done.stdout + done.stderr).strip().splitlines()[-1]


# ---- the client's connection

@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls(version, proxied, files):
    context = ssl.create_default_context(cafile=files.ours.certificate)
    context.minimum_version = context.maximum_version = version
    with Wire(proxied(tls=client_leg(files)).port, log_in=False) as wire:
        secured(wire, context)
        assert wire.socket.version() == version.name.replace("_", ".")
        wire.send(startup())
        assert shape(wire.until_ready()).endswith("ZI")
        assert rows(wire.ask(query("SELECT repeat('x', 100000)")))[0][0] == "x" * 100000


def test_tls_1_3_as_the_least(proxied, files):
    proxy = proxied(tls=client_leg(files, min_version="TLSv1.3"))
    proxy.connect(sslmode="require").close()
    with pytest.raises(psycopg2.OperationalError, match="protocol version"):
        proxy.connect(sslmode="require", ssl_max_protocol_version="TLSv1.2")


def test_client_verifies_lockkeeper(proxied, files):
    proxy = proxied(tls=client_leg(files))
    proxy.connect(sslmode="verify-full", sslrootcert=files.ours.certificate).close()
    with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
        proxy.connect(sslmode="verify-full", sslrootcert=files.others.certificate)


def test_require_tells_a_client_without_tls(proxied, files):
    proxy = proxied(tls=client_leg(files, "require"))
    proxy.connect(sslmode="require").close()
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(startup())
        error, = errors(wire.until_ready())
        assert (error["S"], error["C"], error["M"]) == ("FATAL", "28000", "an encrypted connection is required")
    proxy.connect(sslmode="prefer").close()


def test_certificates_of_clients(proxied, files):
    def connect(proxy, pair=None, user="joe"):
        shown = {"sslcert": pair[0], "sslkey": pair[1]} if pair else {"sslcert": "/nonexistent"}
        for key in pair[1:] if pair else ():
            os.chmod(key, 0o600)
        with contextlib.closing(proxy.connect(user=user, sslmode="require", **shown)) as connection:
            return encrypted(connection)

    cert_user = {"tls_certificate": str(files.joe[0]), "tls_key": str(files.joe[1])}
    by_ca = proxied(tls=client_leg(files, "verify-ca", files.server, ca=str(files.ours.certificate)), upstream_tls="require",
                    upstream=cert_user)
    assert connect(by_ca, files.ann) == "TLSv1.3", "the certificate that the server sees is Lockkeeper's"
    for wrong in (None, files.stranger):
        with pytest.raises(psycopg2.OperationalError, match="certificate|alert|closed"):
            connect(by_ca, wrong)
    by_name = proxied(tls=client_leg(files, "verify-full", files.server, ca=str(files.ours.certificate)), upstream_tls="require",
                      upstream=cert_user)
    assert connect(by_name, files.joe) == "TLSv1.3"
    with pytest.raises(psycopg2.OperationalError, match='certificate authentication failed for user "joe"'):
        connect(by_name, files.ann)


def test_requests_in_any_order(proxied, files):
    port = proxied(tls=client_leg(files)).port
    with Wire(port, log_in=False) as wire:
        wire.send(GSSENC_REQUEST)
        assert wire.take(1) == b"N"
        secured(wire).send(startup())
        assert shape(wire.until_ready()).endswith("ZI")
    for again in (SSL_REQUEST, GSSENC_REQUEST):
        with Wire(port, log_in=False) as wire:
            secured(wire).send(again)
            assert errors(wire.until_ready())[0]["C"] == "0A000"


@pytest.mark.parametrize("behind", [startup(), b"\x16", b"\0"])
def test_bytes_in_the_clear_before_the_handshake_are_refused(behind, proxied, files):
    with Wire(proxied(tls=client_leg(files)).port, log_in=False) as wire:
        wire.send(SSL_REQUEST, behind)
        error, = errors(wire.until_closed())
        assert error["C"] == "08P01" and "unencrypted data" in error["M"]


@pytest.mark.parametrize("alpn", ["postgresql", "http/1.1", None])
def test_direct_tls_needs_its_protocol(alpn, proxied, files):
    with Wire(proxied(tls=client_leg(files)).port, log_in=False) as wire:
        if alpn == "postgresql":
            wrapped(wire, alpn=alpn).send(startup())
            assert wire.socket.selected_alpn_protocol() == "postgresql"
            assert shape(wire.until_ready()).endswith("ZI")
        else:
            with pytest.raises((ssl.SSLError, Closed, ConnectionResetError)):
                wrapped(wire, alpn=alpn).send(startup())
                wire.read()


def test_a_handshake_in_single_bytes(proxied, files):
    """By hand, with the ends of a pair of memory buffers: no record arrives in one piece."""
    port = proxied(tls=client_leg(files)).port
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=files.ours.certificate)
    end = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with Wire(port, log_in=False) as wire:
        wire.send(SSL_REQUEST)
        assert wire.take(1) == b"S"

        def drive(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    pass
                finally:
                    for byte in outgoing.read():
                        wire.send(bytes([byte]))
                incoming.write(wire.socket.recv(7))
        drive(end.do_handshake)
        drive(lambda: end.write(startup()))
        heard = b""
        while not heard.endswith(b"Z\0\0\0\x05I"):
            heard += drive(lambda: end.read(65536))


def test_session_is_resumed(proxied, files):
    port = proxied(tls=client_leg(files)).port
    context = ssl.create_default_context(cafile=files.ours.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def connect(session):
        with socket.create_connection(("127.0.0.1", port), 10) as plain:
            plain.sendall(SSL_REQUEST)
            assert plain.recv(1) == b"S"
            with context.wrap_socket(plain, server_hostname="localhost", session=session) as wrapped_socket:
                return wrapped_socket.session, wrapped_socket.session_reused

    session, reused = connect(None)
    assert not reused
    assert connect(session)[1]


def test_new_certificate_on_sighup(proxied, files, tmp_path):
    certificate, key = tmp_path / "c.pem", tmp_path / "c.key"
    def put(pair):
        shutil.copy(pair[0], certificate)
        shutil.copy(pair[1], key)

    def seen(port):
        with Wire(port, log_in=False) as wire:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            secured(wire, context)
            return ssl.DER_cert_to_PEM_cert(wire.socket.getpeercert(True))

    def has(pair):
        return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(pair[0].read_text()))

    put(files.proxy)
    proxy = proxied(tls=client_leg(files, pair=(certificate, key)))
    with contextlib.closing(proxy.connect(sslmode="require")) as before:
        assert seen(proxy.port) == has(files.proxy)
        put(files.elsewhere)
        proxy.process.send_signal(signal.SIGHUP)
        wait_until(lambda: seen(proxy.port) == has(files.elsewhere), "the new certificate is shown")
        key.write_text("no key")
        proxy.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "everything stays as it was: tls.key" in proxy.log(), "the bad file is told about")
        assert seen(proxy.port) == has(files.elsewhere)
        before.cursor().execute("SELECT 1")


# ---- the server's connection

@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
def test_server_leg(mode, proxied, files):
    proxy = proxied(upstream_tls=mode, upstream={"tls_ca": str(files.ours.certificate)})
    with contextlib.closing(proxy.connect(user="only_tls")) as connection:
        assert encrypted(connection) == "TLSv1.3"


def test_server_is_not_who_it_should_be(proxied, files):
    with pytest.raises(psycopg2.OperationalError, match="its certificate is not good: self-signed|unable to get local issuer"):
        proxied(upstream_tls="verify-ca", upstream={"tls_ca": str(files.others.certificate)}).connect()
    by_name = proxied(upstream_tls="verify-full", upstream={"tls_ca": str(files.ours.certificate), "host": "localhost"})
    by_name.connect(user="only_tls").close()


def test_server_does_not_take_our_certificate(proxied, files):
    proxy = proxied(upstream_tls="require", upstream={"tls_certificate": str(files.stranger[0]), "tls_key": str(files.stranger[1])})
    with pytest.raises(psycopg2.OperationalError, match="the server ended TLS before it said anything: .*alert unknown ca"):
        proxy.connect(user="joe")


def test_server_without_tls(cluster, lockkeeper):
    def connect(mode):
        return lockkeeper(upstream_settings={"host": "127.0.0.1", "port": cluster.port, "tls": mode}).connect()
    connect("prefer").close()
    with pytest.raises(psycopg2.OperationalError, match="it has no TLS .ssl = off., but upstream.tls wants it"):
        connect("require")


def test_big_rows_through_tls_on_both_connections(proxied, files):
    proxy = proxied(tls=client_leg(files, "require", files.server), upstream_tls="require")
    with contextlib.closing(proxy.connect(sslmode="require")) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT repeat(chr(97 + i % 26), 300000) FROM generate_series(1, 100) i")
        assert [(row[0][0], len(row[0])) for row in cursor] == [(chr(97 + i % 26), 300000) for i in range(1, 101)]
        cursor.execute("SELECT length(%s)", ["y" * 20_000_000])
        assert cursor.fetchone() == (20_000_000,)


def test_slow_reader_of_tls(proxied, files, tls_cluster):
    """100 MB, encrypted on both connections, that the client does not read: little is held, and nothing is lost."""
    proxy = proxied(tls=client_leg(files, "require", files.server), upstream_tls="require")
    with Wire(proxy.port, log_in=False) as wire, contextlib.closing(tls_cluster.connect()) as watcher:
        secured(wire).send(startup())
        pid = int.from_bytes(dict(wire.until_ready())["K"][:4], "big")
        wire.ask(query("SELECT repeat('x', 1000000) FROM generate_series(1, 3)"))
        before = proxy.resident()
        wire.send(query("SELECT repeat('x', 1000000) FROM generate_series(1, 100)"))
        cursor = watcher.cursor()

        def stuck():
            cursor.execute("SELECT wait_event FROM pg_stat_activity WHERE pid = %s", [pid])
            return cursor.fetchone() == ("ClientWrite",)
        wait_until(stuck, "the server is held up")
        assert proxy.resident() - before < 8 * 1024
        answer = wire.until_ready()
        assert [len(body) for kind, body in answer if kind == "D"] == [2 + 4 + 1_000_000] * 100
        assert proxy.resident() - before < 8 * 1024


@pytest.mark.parametrize("in_tls", [False, True])
def test_cancel(in_tls, proxied, files, tls_cluster):
    """In the clear or in TLS, and on to the server as upstream.tls says; the client hears the end when the server has acted."""
    proxy = proxied(tls=client_leg(files, "require", files.server), upstream_tls="require")
    with Wire(proxy.port, log_in=False) as wire:
        secured(wire).send(startup())
        for kind, body in wire.until_ready():
            if kind == "K":
                pid, secret = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:], "big", signed=True)
        wire.send(query("SELECT pg_sleep(60)"))
        with contextlib.closing(tls_cluster.connect()) as watcher:
            cursor = watcher.cursor()
            def sleeps():
                cursor.execute("SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = %s", [pid])
                return cursor.fetchone()[0]
            wait_until(sleeps, "the query runs")
        with Wire(proxy.port, log_in=False) as other:
            (secured(other) if in_tls else other).send(cancel_request(pid, secret))
            assert other.until_closed() == []
        assert errors(wire.until_ready())[0]["C"] == "57014"


# ---- SCRAM

def by_psql(port, sslmode, user="scram_user", password="secret", **options):
    words = " ".join(f"{k}={v}" for k, v in dict(host="127.0.0.1", port=port, user=user, dbname="postgres", sslmode=sslmode,
                                                 gssencmode="disable", **options).items())
    done = subprocess.run([binaries() + "/psql", "-XAtc", "SELECT current_user", words], capture_output=True, text=True, check=False,
                          timeout=30, env={**os.environ, "PGPASSWORD": password})
    return "ok" if done.stdout == user + "\n" else done.stderr


def by_driver(connect):
    def log_in(port, sslmode):
        try:
            connection = connect(f"host=127.0.0.1 port={port} user=scram_user password=secret dbname=postgres sslmode={sslmode}")
        except (psycopg.OperationalError, psycopg2.OperationalError) as problem:
            return str(problem)
        connection.close()
        return "ok"
    return log_in


def by_asyncpg(port, sslmode):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def log_in():
        connection = await asyncpg.connect(host="127.0.0.1", port=port, user="scram_user", password="secret", database="postgres",
                                           ssl=False if sslmode == "disable" else context)
        await connection.close()
    try:
        asyncio.run(log_in())
    except (asyncpg.PostgresError, OSError) as problem:
        return str(problem)
    return "ok"


NODE = """
const { Client } = require('pg')
const client = new Client({ host: '127.0.0.1', port: +process.argv[1], user: 'scram_user', password: 'secret', database: 'postgres',
    ssl: process.argv[2] === 'disable' ? false : { rejectUnauthorized: false } })
client.connect().then(() => { console.log('ok'); return client.end() }, error => console.log(error.message))
"""


def by_node(port, sslmode):
    done = subprocess.run(["node", "-e", NODE, str(port), sslmode], capture_output=True, text=True, check=False, timeout=30)
    return done.stdout.strip() or done.stderr


@functools.cache
def login_classes():
    directory = tempfile.mkdtemp(prefix="lockkeeper-jdbc-")
    atexit.register(shutil.rmtree, directory)
    return java_classes("jdbc_login.java", directory)


def by_pgjdbc(port, sslmode):
    url = f"jdbc:postgresql://127.0.0.1:{port}/postgres?user=scram_user&password=secret&sslmode={sslmode}"
    return "ok" if (said := java_run(pgjdbc(), login_classes(), "jdbc_login", url)) == "ok scram_user\n" else said


CLIENTS = {
    "psql": by_psql,
    "psql channel_binding=disable": lambda port, mode: by_psql(port, mode, channel_binding="disable"),
    "psql channel_binding=require": lambda port, mode: by_psql(port, mode, channel_binding="require"),
    "psycopg2": by_driver(psycopg2.connect),
    "psycopg 3": by_driver(psycopg.connect),
    "node-postgres": by_node,
    "asyncpg": by_asyncpg,
    "pgjdbc": by_pgjdbc,
}
LEGS = list(itertools.product(("pass", "scram"), ("plain", "same certificate", "other certificate"), ("plain", "TLS")))


def tables_of_the_page():
    """Of proxy/TLS_SCRAM.md: the cells by (auth.mode, client's connection, server's connection), and what each word says."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "proxy/TLS_SCRAM.md").read_text()
    rows_of = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    head, *cells = [row for row in rows_of if len(row) > 2]
    assert head[3:] == list(CLIENTS)
    words = {row[0]: row[1].strip("`") for row in rows_of if len(row) == 2}
    return {tuple(row[:3]): dict(zip(CLIENTS, row[3:])) for row in cells}, words


@pytest.fixture(scope="module")
def secrets_of_the_server(tls_cluster, tmp_path_factory):
    """A file for auth.file, with what the server has."""
    return write_secrets(tls_cluster, tmp_path_factory.mktemp("secrets") / "users.txt")


def write_secrets(server, path, *users):
    with contextlib.closing(server.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword LIKE 'SCRAM%%' AND (rolname = ANY (%s) OR %s)",
                       [list(users), not users])
        path.write_text("".join(f'"{user}" "{secret}"\n' for user, secret in cursor))
    return path


@pytest.mark.parametrize("auth, clients_leg, server_leg", LEGS)
def test_scram_matrix(auth, clients_leg, server_leg, proxied, files, secrets_of_the_server):
    """Each cell of the page is what these clients meet."""
    tls = {"plain": None, "same certificate": client_leg(files, pair=files.server),
           "other certificate": client_leg(files, pair=files.proxy, without_channel_binding=auth == "pass")}[clients_leg]
    proxy = proxied(tls=tls, upstream_tls="require" if server_leg == "TLS" else "disable",
                    auth={"mode": auth, **({"file": str(secrets_of_the_server)} if auth == "scram" else {})})
    mode = "disable" if tls is None else "require"
    wanted, words = tables_of_the_page()

    def cell(met):
        return next((word for word, says in words.items() if says in met), met)
    assert {name: cell(log_in(proxy.port, mode)) for name, log_in in CLIENTS.items()} == wanted[auth, clients_leg, server_leg]


def test_the_page_has_every_row_and_no_other():
    assert list(tables_of_the_page()[0]) == LEGS


def test_other_certificate_is_refused_at_start(files, tls_cluster, tmp_path):
    line = startup_fails({"upstream": {"host": "127.0.0.1", "port": tls_cluster.port, "tls": "require"}, "tls": client_leg(files)},
                         tmp_path)
    assert "tls.certificate is not the certificate of the server at 127.0.0.1:" in line
    assert "tls.without_channel_binding: true" in line


def test_other_certificate_is_refused_where_the_server_came_later(files, tls_cluster, tmp_path):
    """The server could not be asked at start, so each client that SCRAM would fail for is told."""
    port = free_port()
    proxy = Proxy(port, upstream={"host": "127.0.0.1", "port": port, "tls": "require"}, tls=client_leg(files))
    try:
        assert "cannot compare the certificates yet" in proxy.log()
        with Cutter(to_port(tls_cluster.port), socket.create_server(("127.0.0.1", port))):
            with pytest.raises(psycopg2.OperationalError, match="SCRAM with channel binding cannot pass between two different certificates"):
                proxy.connect(user="scram_user", password="secret", sslmode="require")
            proxy.connect(user="only_tls", sslmode="require").close()
            proxy.connect(user="scram_user", password="secret", sslmode="disable").close()
    finally:
        proxy.stop()
        proxy.remove()


# ---- what does not start

@pytest.mark.parametrize("break_it, sentence, status", [
    (lambda t, f: t.update(certificate=""), "tls.certificate and tls.key must name the files", WRONG_CONFIGURATION),
    (lambda t, f: t.update(certificate="/nonexistent"), "tls.certificate: /nonexistent: no certificate in PEM could be read from it: "
                                                        "No such file or directory", COULD_NOT_BEGIN),
    (lambda t, f: t.update(key=str(f.elsewhere[1])), "it is not the key of the certificate in", COULD_NOT_BEGIN),
    (lambda t, f: t.update(key=str(f.proxy[0])), "no private key in PEM without a passphrase could be read from it", COULD_NOT_BEGIN),
    (lambda t, f: t.update(client="verify-full"), "need tls.ca", WRONG_CONFIGURATION),
    (lambda t, f: t.update(ca="/nonexistent"), "tls.ca: /nonexistent", COULD_NOT_BEGIN),
], ids=range(6))
def test_bad_files(break_it, sentence, status, files, tmp_path):
    tls = client_leg(files)
    break_it(tls, files)
    assert sentence in startup_fails({"tls": tls}, tmp_path, status)


def test_key_with_a_passphrase(files, tmp_path):
    openssl("ec", "-in", files.proxy[1], "-aes256", "-passout", "pass:hush", "-out", tmp_path / "locked.key")
    line = startup_fails({"tls": client_leg(files, pair=(files.proxy[0], tmp_path / "locked.key"))}, tmp_path)
    assert "without a passphrase" in line and "hush" not in line


def test_verify_without_authority(tmp_path):
    assert "need upstream.tls_ca" in startup_fails({"upstream": {"tls": "verify-full"}}, tmp_path, WRONG_CONFIGURATION)


def test_what_was_put_off_is_resumed_over_tls(proxied, tls_cluster):
    proxy = proxied(upstream_tls="require", transactions="defer")
    with contextlib.closing(tls_cluster.connect()) as connection:
        connection.cursor().execute("CREATE TABLE late AS SELECT 7 AS c")
    with contextlib.closing(proxy.connect(autocommit=False)) as connection:
        connection.cursor().execute("ALTER TABLE late ADD CONSTRAINT small CHECK (c < 5)")
        with pytest.raises(psycopg2.Error) as failed:
            connection.commit()
        assert failed.value.pgcode == "LK002"
    with contextlib.closing(tls_cluster.connect()) as connection:
        connection.cursor().execute("UPDATE late SET c = 1")
    done = subprocess.run([BINARY, "resume", "--dsn", tls_cluster.dsn(sslmode="require")], capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done
    with contextlib.closing(tls_cluster.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'small'")
        assert cursor.fetchone() == (True,)
