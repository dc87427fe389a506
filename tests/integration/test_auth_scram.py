"""auth.mode: scram: Lockkeeper verifies clients itself, and logs in to the server with what their proof reveals."""

import base64
import concurrent.futures
import contextlib
import signal
import socket

import psycopg2
import psycopg2.extras
import pytest

from cluster import free_port, wait_until
from proxy import COULD_NOT_BEGIN, WRONG_CONFIGURATION, Proxy
from test_tls import by_psql, client_leg, files, proxied, startup_fails, tls_cluster, write_secrets  # noqa: F401 (fixtures)
from wire import Wire, errors, message, query, startup

QUERY = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1 AND rolcanlogin"


@pytest.fixture
def behind_scram(tls_cluster, proxied, tmp_path):  # noqa: F811
    """behind_scram(...): a proxy that knows what the server knows."""
    users = write_secrets(tls_cluster, tmp_path / "users.txt")

    def start(auth=None, **settings):
        return proxied(auth={"mode": "scram", "file": str(users), **(auth or {})}, **settings)
    start.users = users
    return start


@pytest.fixture
def role(tls_cluster):  # noqa: F811
    """role(name, password): one with a secret of SCRAM that the server asks for (trusted: that it does not), until the test ends."""
    with contextlib.closing(tls_cluster.connect()) as connection:
        cursor, made = connection.cursor(), []
        cursor.execute("SET password_encryption = 'scram-sha-256'")

        def make(name, password):
            cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD %s" if name not in made else f"ALTER ROLE {name} PASSWORD %s", [password])
            if name not in made and name != "trusted":
                cursor.execute(f"GRANT asked_for_scram TO {name}")
            made.append(name)
        yield make
        for name in set(made):
            cursor.execute(f"DROP ROLE {name}")


def log_in(proxy, user="scram_user", password="secret", **options):
    """"ok", or what the client is told."""
    try:
        with contextlib.closing(proxy.connect(user=user, password=password, **options)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT current_user, session_user")
            assert cursor.fetchone() == (user, user)
        return "ok"
    except psycopg2.OperationalError as problem:
        return str(problem)


def rows_of(cluster, sql):
    with contextlib.closing(cluster.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall()


def sasl_first(mechanism=b"SCRAM-SHA-256", text=b"n,,n=,r=abc"):
    return message("p", mechanism + b"\0" + len(text).to_bytes(4, "big") + text)


def server_first(proxy, user):
    """Salt and iterations as the user is shown them."""
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(startup(user=user))
        kind, body = wire.read()
        assert (kind, body) == ("R", b"\0\0\0\x0aSCRAM-SHA-256\0\0")
        wire.send(sasl_first())
        kind, body = wire.read()
        assert kind == "R" and body[:4] == b"\0\0\0\x0b"
        nonce, salt, iterations = body[4:].decode("ascii").split(",")
        assert nonce.startswith("r=abc") and len(nonce) == 5 + 24
        return salt, iterations


# ---- who gets in

def test_both_connections_encrypted_with_different_certificates(behind_scram, files):  # noqa: F811
    proxy = behind_scram(tls=client_leg(files), upstream_tls="require")
    for binding in ("prefer", "require", "disable"):
        assert by_psql(proxy.port, "require", channel_binding=binding) == "ok", binding
    assert "password authentication failed" in by_psql(proxy.port, "require", password="wrong")


@pytest.mark.parametrize("encrypted", [False, True])
def test_nobody_gets_in_with_a_wrong_password(encrypted, behind_scram, files):  # noqa: F811
    proxy = behind_scram(**({"tls": client_leg(files), "upstream_tls": "require"} if encrypted else {}))
    mode = {"sslmode": "require"} if encrypted else {}
    for user in ("scram_user", "stranger", "md5_user"):  # whom the file does not have
        told = log_in(proxy, user, "wrong" if user == "scram_user" else "secret", **mode)
        assert told.strip().endswith(f'FATAL:  password authentication failed for user "{user}"'), told


def test_an_unknown_user_looks_like_any_other(behind_scram):
    proxy = behind_scram()
    salt, iterations = server_first(proxy, "stranger")
    assert (salt, iterations) == server_first(proxy, "stranger")
    assert iterations == server_first(proxy, "scram_user")[1]
    assert len(base64.b64decode(salt[2:])) == len(base64.b64decode(server_first(proxy, "scram_user")[0][2:])) == 16
    assert salt != server_first(proxy, "another")[0]


def test_nothing_is_asked_of_the_server_before_the_client_is_known(behind_scram):
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = behind_scram(upstream={"port": server.getsockname()[1]})
        assert "password authentication failed" in log_in(proxy, password="wrong")
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_work_goes_on_as_ever(behind_scram, tls_cluster):  # noqa: F811
    """Judged, rewritten, cancelled, replicated."""
    proxy = behind_scram()
    with contextlib.closing(tls_cluster.connect()) as straight:
        straight.cursor().execute("CREATE TABLE of_scram AS SELECT 1 AS c; ALTER TABLE of_scram OWNER TO scram_user;"
                                  "ALTER ROLE scram_user REPLICATION; GRANT ALL ON SCHEMA public TO scram_user")
    with contextlib.closing(proxy.connect(user="scram_user", password="secret")) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE INDEX ON of_scram (c)")
        assert proxy.audited(action="rewrite", outcome="done")[0]["user"] == "scram_user"
    with contextlib.closing(proxy.connect(user="scram_user", password="secret")) as connection:
        with concurrent.futures.ThreadPoolExecutor() as beside:
            sleeping = beside.submit(connection.cursor().execute, "SELECT pg_sleep(60)")
            wait_until(lambda: rows_of(tls_cluster, "SELECT 1 FROM pg_stat_activity WHERE usename = 'scram_user' AND wait_event = 'PgSleep'"),
                       "the statement runs")
            connection.cancel()
            with pytest.raises(psycopg2.errors.QueryCanceled):
                sleeping.result(30)
    with contextlib.closing(psycopg2.connect(proxy.dsn(user="scram_user", password="secret"),
                                             connection_factory=psycopg2.extras.LogicalReplicationConnection)) as connection:
        cursor = connection.cursor()
        cursor.execute("IDENTIFY_SYSTEM")
        assert cursor.fetchone()[3] == "postgres"


def test_one_of_several_servers(behind_scram, tls_cluster):  # noqa: F811
    proxy = behind_scram(upstream={"host": f"127.0.0.1:{free_port()},127.0.0.1:{tls_cluster.port}"})
    assert log_in(proxy) == "ok"


# ---- secrets

def test_the_file_is_read_again_when_it_has_changed(behind_scram, role, tls_cluster):  # noqa: F811
    role("changing", "one")
    write_secrets(tls_cluster, behind_scram.users, "changing")
    proxy = behind_scram()
    assert log_in(proxy, "changing", "one") == "ok"
    role("changing", "two")
    assert "the server does not take the secret by which lockkeeper knows user" in log_in(proxy, "changing", "one")
    write_secrets(tls_cluster, behind_scram.users, "changing")
    assert log_in(proxy, "changing", "two") == "ok"
    assert "password authentication failed" in log_in(proxy, "changing", "one")
    behind_scram.users.write_text('"changing" "md5' + "0" * 32 + '"')
    assert log_in(proxy, "changing", "two") == "ok"
    assert "the secrets stay as they were: auth.file:" in proxy.log() and "its secret is of MD5" in proxy.log()
    behind_scram.users.write_text("")
    assert "password authentication failed" in log_in(proxy, "changing", "two")


def test_the_query_is_asked_at_each_login(behind_scram, role, tls_cluster):  # noqa: F811
    role("asked_for", "one")
    proxy = behind_scram({"file": "", "query": QUERY, "dsn": tls_cluster.dsn()})
    assert log_in(proxy, "asked_for", "one") == "ok"
    role("asked_for", "two")
    assert log_in(proxy, "asked_for", "two") == "ok"
    for user, password in (("asked_for", "one"), ("stranger", "secret"), ("o_x; --", "secret")):
        assert "password authentication failed" in log_in(proxy, user, password)
    assert "password authentication failed" in log_in(proxy, "md5_user")
    assert 'auth.query: user "md5_user": its secret is of MD5' in proxy.log()
    ended = rows_of(tls_cluster, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lockkeeper auth.query'")
    assert ended == [(True,)]
    assert log_in(proxy, "asked_for", "two") == "ok", "the connection is made anew"


def test_the_query_is_for_those_whom_the_file_does_not_have(behind_scram, role, tls_cluster):  # noqa: F811
    role("elsewhere", "one")
    write_secrets(tls_cluster, behind_scram.users, "scram_user")
    proxy = behind_scram({"query": QUERY, "dsn": tls_cluster.dsn()})
    assert log_in(proxy, "elsewhere", "one") == "ok"
    assert log_in(proxy) == "ok"


@pytest.mark.parametrize("asking, words", [
    ({"query": QUERY, "dsn": "host=127.0.0.1 port=1"}, "Connection refused"),
    ({"query": "SELECT rolname FROM pg_authid WHERE rolname = $1"}, "it must return the user and its secret, and returns one column"),
    ({"query": "SELECT $1::text, 'x' FROM generate_series(1, 2)"}, "it returns several rows for one user"),
    ({"query": "SELECT nonsense"}, "nonsense"),
], ids=["no server", "one column", "several rows", "bad"])
def test_a_query_that_fails_lets_nobody_in_and_is_logged(asking, words, behind_scram, tls_cluster):  # noqa: F811
    proxy = behind_scram({"file": "", "dsn": tls_cluster.dsn(), **asking})
    told = log_in(proxy)
    assert "lockkeeper cannot look up who may log in" in told and words not in told
    assert words in proxy.log()


def test_a_query_that_hangs_holds_up_nobody_else(behind_scram, tls_cluster):  # noqa: F811
    """Users of the file come in meanwhile, and the proxy can be stopped."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write_secrets(tls_cluster, behind_scram.users, "scram_user")
        dsn = f"host=127.0.0.1 port={silent.getsockname()[1]} sslmode=disable gssencmode=disable"
        proxy = Proxy(tls_cluster.port, workers=1, auth={"mode": "scram", "file": str(behind_scram.users), "query": QUERY, "dsn": dsn})
        try:
            with Wire(proxy.port, log_in=False) as wire:
                wire.send(startup(user="stranger"))
                asked, _ = silent.accept()
                assert log_in(proxy) == "ok"
                proxy.process.send_signal(signal.SIGTERM)
                assert errors(wire.until_closed())[0]["C"] == "57P01"
                assert proxy.process.wait(5) == 0
                asked.close()
        finally:
            proxy.stop()
            proxy.remove()


# ---- what the server may say

@pytest.mark.parametrize("user", ["md5_user", "clear_user"])
def test_a_server_that_wants_the_password_itself(user, behind_scram, role, tls_cluster):  # noqa: F811
    role("borrowed", "secret")
    write_secrets(tls_cluster, behind_scram.users, "borrowed")
    behind_scram.users.write_text(behind_scram.users.read_text().replace("borrowed", user))
    told = log_in(behind_scram(), user)
    assert f'the server does not ask user "{user}" for SCRAM, and lockkeeper has no password to give it' in told


def test_a_server_that_trusts_lockkeeper(behind_scram, role, tls_cluster):  # noqa: F811
    role("trusted", "secret")
    write_secrets(tls_cluster, behind_scram.users, "trusted")
    proxy = behind_scram()
    assert log_in(proxy, "trusted") == "ok"
    assert "password authentication failed" in log_in(proxy, "trusted", "wrong"), "Lockkeeper asks all the same"


def test_a_password_that_has_expired(behind_scram, role, tls_cluster):  # noqa: F811
    role("changing", "one")
    write_secrets(tls_cluster, behind_scram.users, "changing")
    with contextlib.closing(tls_cluster.connect()) as connection:
        connection.cursor().execute("ALTER ROLE changing VALID UNTIL '2001-01-01'")
    told = log_in(behind_scram(), "changing", "one")
    assert "the server does not take the secret" in told and "VALID UNTIL" in told


# ---- clients that do not keep to it

@pytest.mark.parametrize("sent, sqlstate, words", [
    (query("SELECT 1"), "08P01", "expected SASL response, got message type 81"),
    (b"p" + (10_001).to_bytes(4, "big") + b"x" * 10_000, "08P01", "invalid message length"),
    (b"p\x7f\xff\xff\xff", "08P01", "invalid message length"),
    (b"p\0\0\0\3", "08P01", "invalid message length"),
    (message("p", b"secret\0"), "08P01", "invalid message format"),
    (sasl_first(b"SCRAM-SHA-256-PLUS", b"p=tls-server-end-point,,n=,r=abc"), "08P01", "client selected an invalid SASL authentication mechanism"),
    (sasl_first(text=b"y,,n=,r=abc") + message("p", b"c=eSws,r=abc,p=AAAA"), "08P01", "malformed SCRAM message"),
], ids=range(7))
def test_bad_messages(sent, sqlstate, words, behind_scram):
    proxy = behind_scram()
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(startup(user="scram_user"), sent)
        error, = errors(wire.until_closed())
        assert (error["S"], error["C"]) == ("FATAL", sqlstate) and words in error["M"]
    assert log_in(proxy) == "ok"


def test_no_name(behind_scram):
    with Wire(behind_scram().port, log_in=False) as wire:
        wire.send(startup(user=""))
        error, = errors(wire.until_closed())
        assert error["C"] == "28000"


def test_a_client_that_says_nothing(behind_scram):
    with Wire(behind_scram(limits={"startup": "300ms"}).port, log_in=False) as wire:
        wire.send(startup(user="scram_user"))
        assert errors(wire.until_closed())[0]["C"] == "57014"


def test_every_byte_alone(behind_scram):
    with Wire(behind_scram().port, log_in=False) as wire:
        for byte in startup(user="scram_user") + sasl_first():
            wire.send(bytes([byte]))
        assert [wire.read()[0], wire.read()[1][:4]] == ["R", b"\0\0\0\x0b"]


# ---- what does not start

@pytest.mark.parametrize("auth, sentence, status", [
    ({}, "auth.mode: scram needs auth.file or auth.query", WRONG_CONFIGURATION),
    ({"query": QUERY}, "auth.query needs auth.dsn", WRONG_CONFIGURATION),
    ({"file": "/nonexistent"}, "auth.file: /nonexistent: cannot be read: No such file or directory", COULD_NOT_BEGIN),
], ids=range(3))
def test_settings_that_cannot_work(auth, sentence, status, tmp_path):
    assert sentence in startup_fails({"auth": {"mode": "scram", **auth}}, tmp_path, status)


def test_a_file_with_other_secrets_does_not_start(tmp_path):
    users = tmp_path / "users.txt"
    for secret, why in (("md5" + "0" * 32, "its secret is of MD5"), ("hush", "its secret is none of SCRAM")):
        users.write_text(f'; users\n"joe" "{secret}"\n')
        line = startup_fails({"auth": {"mode": "scram", "file": str(users)}}, tmp_path)
        assert f'auth.file: {users}:2: user "joe": {why}' in line and secret not in line
