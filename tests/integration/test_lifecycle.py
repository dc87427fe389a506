"""How sessions end: in order, by force, one side at a time; and that nothing is left of them."""

import concurrent.futures
import contextlib
import os
import signal
import socket
import struct
import subprocess
import time

import psycopg2
import pytest

from cluster import accepts, binaries, free_port, wait_until
from fake_server import FakeServer
from proxy import Proxy
from wire import Wire, cancel_request, errors, fields, message, query, reset, rows, run, shape, startup, sync, terminate

AUTHENTICATION_OK = message("R", struct.pack("!i", 0))


@pytest.fixture
def backend(straight):
    """backend(pid): whether the server still has this process."""
    def lives(pid):
        cursor = straight.cursor()
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
        return cursor.fetchone()[0] == 1
    return lives


# ---- the client goes

@pytest.mark.parametrize("leave", [lambda w: w.send(terminate()), lambda w: w.socket.close(), lambda w: reset(w.socket)],
                         ids=["Terminate", "FIN", "RST"])
def test_idle_client_takes_its_server_process_along(leave, lockkeeper, database, backend):
    with Wire(lockkeeper().port, database=database) as wire:
        leave(wire)
        wait_until(lambda: not backend(wire.pid), "the server process is gone", 5)


def test_killed_client_gives_its_lock_back(lockkeeper, database, table, straight):
    psql = subprocess.Popen([binaries() + "/psql", "-X", lockkeeper().dsn(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    psql.stdin.write(b"BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE;\n\\echo locked\n")
    psql.stdin.flush()
    while b"locked" not in psql.stdout.readline():
        pass
    psql.kill()
    psql.communicate()
    cursor = straight.cursor()
    cursor.execute("SET lock_timeout = '5s'")
    cursor.execute("SELECT count(*) FROM t")
    assert cursor.fetchone() == (1000,)


def test_half_close_lets_the_results_come(cluster, lockkeeper, database):
    """The client says that it has nothing more to say, and still hears the answer: as without a proxy."""
    def heard(port):
        with Wire(port, database=database) as wire:
            wire.send(query("SELECT pg_sleep(0.2), 'late'"))
            wire.socket.shutdown(socket.SHUT_WR)
            return shape(wire.until_closed())
    assert heard(lockkeeper().port) == heard(cluster.port) == "T D C ZI"


def test_client_that_resets_in_the_middle_of_a_big_answer(lockkeeper, database, backend):
    proxy = lockkeeper()
    with Wire(proxy.port, database=database) as wire, Wire(proxy.port, database=database) as other:
        wire.send(query("SELECT repeat('x', 1000000) FROM generate_series(1, 1000)"))
        wire.take(100_000)
        reset(wire.socket)
        wait_until(lambda: not backend(wire.pid), "the server process is gone", 5)
        assert rows(other.ask(query("SELECT 1"))) == [["1"]]


# ---- the server goes

def test_fatal_error_of_the_server_arrives_and_then_the_end(lockkeeper, database, straight):
    with Wire(lockkeeper().port, database=database) as wire:
        straight.cursor().execute("SELECT pg_terminate_backend(%s)", [wire.pid])
        error, = errors(wire.until_closed())
        assert (error["S"], error["C"], error["R"]) == ("FATAL", "57P01", "ProcessInterrupts")


def test_fatal_error_reaches_a_client_that_floods(lockkeeper, database, straight):
    """What the client sends meanwhile is read and dropped: closing would reset the connection and lose the server's words."""
    with Wire(lockkeeper().port, database=database) as wire:
        wire.send(query("SELECT pg_sleep(60)"), *[run("SELECT 1") + sync()] * 200)
        straight.cursor().execute("SELECT pg_terminate_backend(%s)", [wire.pid])
        with contextlib.suppress(OSError):
            for _ in range(200):
                wire.send(run("SELECT 1"), sync())
        assert [e["C"] for e in errors(wire.until_closed())] == ["57P01"]


def test_killed_server_process_is_08006(own_cluster, lockkeeper):
    proxy = lockkeeper(upstream=own_cluster.port)
    with Wire(proxy.port) as idle, Wire(proxy.port) as busy:
        busy.send(query("SELECT pg_sleep(60)"))
        wait_until(lambda: "pg_sleep" in own_cluster.log(), "the query runs")
        os.kill(busy.pid, signal.SIGKILL)
        error = errors(busy.until_closed())[-1]
        assert (error["S"], error["V"], error["C"]) == ("FATAL", "FATAL", "08006")
        # The others hear the server's own words about it.
        assert "57P02" in [fields(body)["C"] for kind, body in idle.until_closed() if kind in "EN"]
    wait_until(proxy.logs_in, "the server has recovered")


def test_killed_server_is_heard_of_and_comes_back(own_cluster, lockkeeper):
    proxy = lockkeeper(upstream=own_cluster.port)
    with Wire(proxy.port) as wire:
        own_cluster.stop(signal.SIGQUIT)
        assert {fields(body)["C"] for kind, body in wire.until_closed() if kind in "EN"} <= {"57P01", "57P02", "08006"}
    with pytest.raises(psycopg2.OperationalError, match="cannot connect to the server at 127.0.0.1:.*Connection refused"):
        proxy.connect()
    own_cluster.start()
    assert proxy.logs_in()


# ---- Lockkeeper goes

def test_killed_lockkeeper_leaves_nothing_behind(cluster, database, straight):
    proxy = Proxy(cluster.port)
    try:
        with contextlib.closing(proxy.connect(database, autocommit=False, application_name="orphan")) as connection:
            connection.cursor().execute("CREATE TABLE half (i int)")
            proxy.process.kill()
            proxy.process.wait()
            with pytest.raises(psycopg2.OperationalError):
                connection.cursor().execute("SELECT 1")
        cursor = straight.cursor()

        def gone():
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'orphan'")
            return cursor.fetchone()[0] == 0
        wait_until(gone, "its server processes are gone", 5)
        cursor.execute("SELECT to_regclass('half')")
        assert cursor.fetchone() == (None,)
    finally:
        proxy.remove()


def test_stop_lets_transactions_end(cluster, database):
    proxy = Proxy(cluster.port)
    try:
        idle, busy = Wire(proxy.port, database=database), Wire(proxy.port, database=database)
        busy.ask(query("BEGIN"))
        proxy.process.send_signal(signal.SIGTERM)
        assert errors(idle.until_closed())[0]["C"] == "57P01"
        wait_until(lambda: not accepts(proxy.port), "every worker has closed its listener", 5)
        assert rows(busy.ask(query("SELECT 'still there'"))) == [["still there"]]
        assert shape(busy.ask(query("COMMIT"))) == "C ZI"
        assert errors(busy.until_closed())[0]["C"] == "57P01"
        idle.socket.close()
        busy.socket.close()
        assert proxy.process.wait(10) == 0
    finally:
        proxy.remove()


# ---- which server

@pytest.fixture
def nobody():
    return free_port()


@pytest.fixture
def mute():
    """A port where connecting never ends: nobody accepts, and the queue is full."""
    with contextlib.ExitStack() as everything:
        listener = everything.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = everything.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_next_host_where_the_first_is_down(lockkeeper, cluster, nobody):
    proxy = lockkeeper(upstream_settings={"host": f"127.0.0.1:{nobody},localhost", "port": cluster.port})
    assert proxy.logs_in()


def test_next_host_where_the_first_does_not_answer(lockkeeper, cluster, mute):
    where = {"host": f"127.0.0.1:{mute},127.0.0.1", "port": cluster.port, "connect_timeout": "300ms"}
    began = time.monotonic()
    assert lockkeeper(upstream_settings=where).logs_in()
    assert 0.3 <= time.monotonic() - began < 10


def test_connect_timeout(lockkeeper, mute):
    proxy = lockkeeper(upstream_settings={"host": "127.0.0.1", "port": mute, "connect_timeout": "300ms"})
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(startup())
        error, = errors(wire.until_closed())
        assert error["C"] == "08001" and error["M"].endswith("no answer within connect_timeout")


def test_cancel_finds_the_session_on_whichever_host(lockkeeper, cluster, database, standby):
    """The key does not say where the session is: every host gets the request."""
    proxy = lockkeeper(upstream_settings={"host": f"127.0.0.1:{standby.port},127.0.0.1:{cluster.port}", "target_session_attrs": "primary"})
    wait_until(proxy.logs_in, "the primary is found")
    with Wire(proxy.port, database=database) as wire, Wire(proxy.port, log_in=False) as other:
        wire.send(query("SELECT pg_sleep(60)"))
        wait_until(lambda: cluster.log().count("pg_sleep(60)"), "the query runs")
        other.send(cancel_request(wire.pid, wire.key))
        assert other.until_closed() == []
        assert errors(wire.until_ready())[0]["C"] == "57014"
        assert standby.heard[-1] == cancel_request(wire.pid, wire.key)


@pytest.fixture
def standby():
    def parameter(name, value):
        return message("S", name + b"\0" + value + b"\0")
    fake = FakeServer([AUTHENTICATION_OK + parameter(b"in_hot_standby", b"on") +
                       parameter(b"default_transaction_read_only", b"off") + message("Z", b"I")])
    yield fake
    fake.stop()


@pytest.mark.parametrize("wanted", ["primary", "read-write"])
def test_primary_is_found_behind_a_standby(wanted, lockkeeper, cluster, standby):
    """The session that finds the wrong server is told to come again; from then on the right one is first."""
    where = {"host": f"127.0.0.1:{standby.port},127.0.0.1:{cluster.port}", "target_session_attrs": wanted}
    proxy = lockkeeper(upstream_settings=where)
    with Wire(proxy.port, log_in=False) as wire:
        wire.send(startup())
        error, = errors(wire.until_closed())
        assert (error["S"], error["C"], error["M"]) == ("FATAL", "08004", "the server is in hot standby mode")
    for _ in range(5):
        assert proxy.logs_in()


def test_standby_is_wanted(lockkeeper, cluster, standby):
    proxy = lockkeeper(upstream_settings={"host": f"127.0.0.1,127.0.0.1:{standby.port}", "port": cluster.port,
                                          "target_session_attrs": "standby"})
    with pytest.raises(psycopg2.OperationalError, match="the server is the primary"):
        proxy.connect()
    with Wire(proxy.port) as wire:
        assert shape(wire.greeting) == "R S S ZI"


# ---- many, and for long

def test_dead_peers_are_looked_for(lockkeeper, cluster, database):
    """On both TCP connections of a session: keepalive within minutes, and tcp_user_timeout where it is set."""
    proxy = lockkeeper(tcp_user_timeout="90s")
    with Wire(proxy.port, database=database) as wire:
        client = wire.socket.getsockname()[1]
        done = subprocess.run(["ss", "-tnoHi", "state", "established", f"( sport = :{proxy.port} and dport = :{client} ) or "
                               f"( dport = :{cluster.port} )"], capture_output=True, text=True, check=True)
        assert done.stdout.count("timer:(keepalive") >= 2, done.stdout


def test_many_connections_leave_nothing(lockkeeper, cluster):
    """Knocks without a word, logins, resets in the middle of it: some thousands within seconds, then all is as before."""
    proxy = lockkeeper()
    proxy.connect().close()

    def knock(_):
        socket.create_connection(("127.0.0.1", proxy.port), 20).close()

    def half(_):
        with Wire(proxy.port, log_in=False) as wire:
            wire.send(startup())
            reset(wire.socket)

    def whole(_):
        with Wire(proxy.port) as wire:
            return shape(wire.ask(query("SELECT 1")))

    with concurrent.futures.ThreadPoolExecutor(16) as many:
        list(many.map(knock, range(500)))
        list(many.map(whole, range(50)))
        wait_until(lambda: proxy.descriptors() <= 40, "the first ones are gone")
        descriptors, resident = proxy.descriptors(), proxy.resident()
        began = time.monotonic()
        list(many.map(knock, range(2500)))
        assert time.monotonic() - began < 10, "500 connects a second are not much"
        list(many.map(half, range(100)))
        assert set(many.map(whole, range(200))) == {"T D C ZI"}
    wait_until(lambda: proxy.descriptors() <= descriptors, "no descriptor is left over")
    assert proxy.resident() - resident < 4 * 1024


def test_sessions_in_single_bytes_do_not_hold_up_others(lockkeeper, database):
    proxy = lockkeeper()
    with Wire(proxy.port, database=database) as slow, Wire(proxy.port, database=database) as other:
        slow.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in query("SELECT 'by the byte'"):
            slow.send(bytes([byte]))
            other.send(query("SELECT 1"))
            assert shape(other.until_ready()) == "T D C ZI"
        assert rows(slow.until_ready()) == [["by the byte"]]
