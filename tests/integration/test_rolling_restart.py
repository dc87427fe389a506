"""One Lockkeeper takes over from another at the same port, and clients do not notice."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from cluster import Endpoint, accepts, binaries, free_port, wait_until
from proxy import Proxy, serve_command
from wire import Wire, errors, query, rows

TOGETHER = {"reuse_port": True, "small_table": 0}


class Load:
    """pgbench with 20 clients; with -C each transaction is a connection."""

    def __init__(self, dsn, *options):
        self.process = subprocess.Popen([binaries() + "/pgbench", "-n", "-c", "20", "-j", "2", *options, dsn],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def ended_well(self):
        out, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said
        assert not re.search("error|fatal|aborted", said, re.I), said
        assert "number of failed transactions: 0 " in out
        return int(re.search(r"actually processed: (\d+)", out)[1])


@pytest.fixture
def filled(cluster, database):
    subprocess.run([binaries() + "/pgbench", "-i", "-q", cluster.dsn(database)], check=True, capture_output=True)
    return database


@contextlib.contextmanager
def running(cluster, **settings):
    """A Lockkeeper that may end before the test does."""
    proxy = Proxy(cluster.port, **settings)
    try:
        yield proxy
    finally:
        proxy.stop()
        proxy.remove()


def connected(cluster, database):
    with contextlib.closing(cluster.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'", (database,))
        return cursor.fetchone()[0]


def test_new_connections_go_on_through_two_restarts(cluster, filled):
    """Every transaction connects anew."""
    current = Proxy(cluster.port, **TOGETHER)
    try:
        with Load(current.dsn(filled), "-C", "-S", "-T", "8") as load:
            for _ in range(2):
                wait_until(lambda: connected(cluster, filled) > 1, "clients are at work")
                following = Proxy(cluster.port, port=current.port, **TOGETHER)
                assert current.stop() == 0
                current.remove()
                current = following
            assert load.ended_well() > 100
    finally:
        current.stop()
        current.remove()


def test_sessions_end_their_work_in_a_drain(cluster, filled):
    """Busy sessions are let go on: with 20 s of grace, those who are done within ten see nothing of it."""
    with running(cluster, drain={"grace": "20s"}) as proxy:
        with Load(proxy.dsn(filled), "-T", "4") as load:
            wait_until(lambda: connected(cluster, filled) >= 20, "clients are at work")
            proxy.process.send_signal(signal.SIGTERM)
            assert load.ended_well() > 100
        assert proxy.process.wait(10) == 0


def test_second_half_of_the_grace_ends_sessions_between_transactions(cluster, filled):
    with running(cluster, drain={"grace": "2s"}) as proxy:
        with Wire(proxy.port, database=filled) as wire, Wire(proxy.port, database=filled) as holding:
            holding.ask(query("BEGIN"))
            proxy.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not accepts(proxy.port), "the doors are closed")
            said = []
            while not errors(said):
                wire.send(query("SELECT 1"))
                said = wire.until("Z", "E")
            assert errors(said)[0]["C"] == "57P01"
            assert rows(holding.ask(query("SELECT 'still there'"))) == [["still there"]]
            assert errors(holding.until_closed())[0]["C"] == "57P01"  # when the grace is over
        assert proxy.process.wait(10) == 0


@contextlib.contextmanager
def building_an_index(cluster, proxy, database, report):
    """CREATE INDEX through the proxy, which cannot end while `report` has a snapshot of what it reads."""
    with contextlib.closing(cluster.connect(database, autocommit=False)) as reader, Wire(proxy.port, database=database) as wire:
        reader.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.cursor().execute(report)
        wire.send(query("CREATE INDEX i ON pgbench_accounts (abalance)"))
        wait_until(lambda: building(cluster), "the index is being built")
        yield wire, reader


def building(cluster):
    with contextlib.closing(cluster.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event = 'virtualxid'")
        return cursor.fetchall()


def indexes(cluster, database):
    with contextlib.closing(cluster.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('i')")
        return cursor.fetchall()


def test_a_schema_change_is_taken_back_before_the_grace_is_over(cluster, filled):
    with running(cluster, drain={"grace": "4s"}, small_table=0) as proxy, \
            building_an_index(cluster, proxy, filled, "SELECT count(*) FROM pgbench_branches") as (wire, _):
        proxy.process.send_signal(signal.SIGTERM)
        said = errors(wire.until_closed())
        assert [fields["C"] for fields in said] == ["57014", "57P01"]
        assert proxy.process.wait(10) == 0
        assert indexes(cluster, filled) == []
        assert proxy.audited(event="outcome", outcome="failed", sqlstate="57014")


def test_what_the_grace_is_too_short_for_is_audited(cluster, filled):
    """The report holds a lock on the table: the DROP INDEX that would take it back waits as well."""
    with running(cluster, drain={"grace": "2s"}, small_table=0) as proxy, \
            building_an_index(cluster, proxy, filled, "SELECT count(*) FROM pgbench_accounts") as (wire, reader):
        proxy.process.send_signal(signal.SIGTERM)
        assert proxy.process.wait(10) == 0
        assert errors(wire.until_closed())[-1]["C"] == "57P01"
        assert indexes(cluster, filled) == [(False,)]
        assert proxy.audited(event="outcome", outcome="server lost")
        reader.rollback()
        with contextlib.closing(cluster.connect()) as connection:
            connection.cursor().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (filled,))
    with running(cluster, small_table=0) as again, Wire(again.port, database=filled) as wire:
        assert not errors(wire.ask(query("CREATE INDEX i ON pgbench_accounts (abalance)")))
        assert indexes(cluster, filled) == [(True,)]


def test_delay_lets_clients_in_while_it_lasts(cluster, database):
    with running(cluster, drain={"delay": "1s", "grace": "5s"}) as proxy:
        proxy.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "no more clients" in proxy.log(), "the signal is dealt with")
        with Wire(proxy.port, database=database) as wire:
            assert rows(wire.ask(query("SELECT 1"))) == [["1"]]
        assert proxy.process.wait(10) == 0


def test_second_signal_ends_all(cluster, database):
    with running(cluster) as proxy:
        with Wire(proxy.port, database=database) as wire:
            wire.ask(query("BEGIN"))
            proxy.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "no more clients" in proxy.log(), "the signal is dealt with")
            proxy.process.send_signal(signal.SIGTERM)
            assert errors(wire.until_closed())[0]["C"] == "57P01"
        assert proxy.process.wait(10) == 0


def test_without_the_setting_the_port_is_taken(cluster):
    with running(cluster, **TOGETHER) as first:
        with pytest.raises(RuntimeError, match="Address already in use"):
            Proxy(cluster.port, port=first.port)


def test_socket_file_is_taken_over(cluster, database, tmp_path):
    settings = {**TOGETHER, "unix_socket_directory": str(tmp_path)}
    with running(cluster, **settings) as first, running(cluster, port=first.port, **settings) as second:
        assert first.stop() == 0
        shown = subprocess.run([binaries() + "/psql", "-XAtc", "SELECT 1", "-h", str(tmp_path), "-p", str(first.port), "-U", "postgres",
                                database], capture_output=True, text=True, check=False)
        assert shown.stdout == "1\n", shown.stderr
        assert second.stop() == 0
        assert list(tmp_path.iterdir()) == []


class Systemd(Endpoint):
    """What systemd is to a service: sockets handed over, and one that hears of its state."""

    HANDED = "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"

    def __init__(self, upstream_port, directory, watchdog_usec):
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(str(directory / "notify"))
        self.notified.settimeout(10)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        configuration = directory / "lockkeeper.yaml"
        configuration.write_text(f"upstream: {{host: 127.0.0.1, port: {upstream_port}}}\nlisten: 127.0.0.1:{free_port()}\n")
        environment = {**os.environ, "NOTIFY_SOCKET": str(directory / "notify"), "LISTEN_FDS": "1", "WATCHDOG_USEC": str(watchdog_usec)}
        self.process = subprocess.Popen([sys.executable, "-c", self.HANDED, str(self.listening.fileno()), *serve_command(configuration)],
                                        env=environment, pass_fds=[self.listening.fileno()], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)

    def heard(self):
        return self.notified.recv(1000).decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.listening.close()
        self.notified.close()


def test_systemd(cluster, database, tmp_path):
    with Systemd(cluster.port, tmp_path, watchdog_usec=200_000) as systemd:
        assert systemd.heard() == "READY=1"
        assert [systemd.heard() for _ in range(3)] == ["WATCHDOG=1"] * 3
        with contextlib.closing(systemd.connect(database)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
        systemd.process.send_signal(signal.SIGHUP)
        told = [state for state in (systemd.heard() for _ in range(12)) if state != "WATCHDOG=1"]
        assert told == ["RELOADING=1", "READY=1"]
        systemd.process.send_signal(signal.SIGTERM)
        while systemd.heard() != "STOPPING=1":
            pass
        assert systemd.process.wait(10) == 0
        # systemd's own copy of the socket still takes connections, for the next process.
        assert accepts(systemd.port)
