"""The Debian package on a machine with a real systemd: what the unit file promises."""

import contextlib
import json

import psycopg2
import pytest

from engine import ROOT, SYSTEMD, Container
from kube import NETWORK, SERVER, wait_for

CONFIGURATION = """
listen: 0.0.0.0:6432
upstream: {host: %s}
mode: %s
audit: {file: /var/log/lockkeeper/audit.jsonl}
"""
SOCKET = """
[Socket]
ListenStream=0.0.0.0:6432
"""


class Machine:
    """With systemd as process 1, and the package installed."""

    def __init__(self):
        self.container = Container.run("--network", NETWORK, "--systemd=always", "--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined",
                                       "-v", f"{ROOT / 'build/package'}:/packages:ro", SYSTEMD)
        wait_for(lambda: self.run("systemctl", "is-active", "basic.target", check=False) == "active", "systemd is up")
        self.run("sh", "-c", "dpkg --install /packages/lockkeeper_*.deb")
        self.address = self.container.address(NETWORK)

    def run(self, *command, **options):
        done = self.container.execute(*command, **{"check": True, **options})
        return (done.stdout + done.stderr).strip() if done.returncode else done.stdout.strip()

    def systemctl(self, *words):
        return self.container.execute("systemctl", *words, check=False).returncode

    def property(self, name):
        return self.run("systemctl", "show", "--value", "--property", name, "lockkeeper")

    def await_property(self, name, value):
        try:
            wait_for(lambda: self.property(name) == value, f"{name} {value}")
        except TimeoutError as missed:
            raise AssertionError(f"{missed}, but {self.property(name)}\n{self.journal()}") from missed

    def journal(self, start=None):
        """Since the last start, or of another one: what Lockkeeper said, and what systemd said of it."""
        start = start or self.property("InvocationID")
        return self.run("journalctl", "--no-pager", f"_SYSTEMD_INVOCATION_ID={start}", "+", f"INVOCATION_ID={start}")

    def write(self, path, text):
        self.run("sh", "-c", 'mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"', "sh", path, text)

    def configure(self, mode="observe"):
        self.write("/etc/lockkeeper/lockkeeper.yaml", CONFIGURATION % (SERVER, mode))

    def override(self, text):
        self.write("/run/systemd/system/lockkeeper.service.d/test.conf", text)
        self.run("systemctl", "daemon-reload")

    def connect(self):
        return psycopg2.connect(host=self.address, port=6432, user="postgres", password="postgres", dbname="postgres", gssencmode="disable")

    def audit(self):
        return [json.loads(line) for line in self.run("cat", "/var/log/lockkeeper/audit.jsonl").splitlines()]


@pytest.fixture(scope="module")
def booted(server):
    made = Machine()
    yield made
    made.container.remove()


@pytest.fixture
def machine(booted):
    booted.configure()
    yield booted
    booted.run("systemctl", "stop", "lockkeeper.socket", "lockkeeper.service", check=False)
    booted.run("sh", "-c", "rm -rf /run/systemd/system/lockkeeper.*; systemctl daemon-reload; systemctl reset-failed lockkeeper", check=False)


def answers(connection):
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    return cursor.fetchone() == (1,)


def test_installed_it_does_not_start_by_itself(machine):
    assert machine.property("ActiveState") == "inactive"
    assert machine.property("UnitFileState") == "disabled"


def test_it_is_active_when_it_is_ready_and_not_before(machine):
    machine.override("[Service]\nExecStart=\nExecStart=/bin/sh -c 'read go < /run/lockkeeper/go; "
                     "exec /usr/bin/lockkeeper serve --config /etc/lockkeeper/lockkeeper.yaml'\nExecStartPre=/usr/bin/mkfifo /run/lockkeeper/go\n")
    assert machine.systemctl("start", "--no-block", "lockkeeper") == 0
    machine.await_property("SubState", "start")
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        machine.connect()
    assert machine.property("ActiveState") == "activating"
    machine.run("sh", "-c", "echo > /run/lockkeeper/go")
    machine.await_property("ActiveState", "active")
    with contextlib.closing(machine.connect()) as connection:
        assert answers(connection)


def test_it_runs_with_no_more_than_it_needs(machine):
    assert machine.systemctl("start", "lockkeeper") == 0, machine.journal()
    pid = machine.property("MainPID")
    status = machine.run("cat", f"/proc/{pid}/status")
    assert "NoNewPrivs:\t1" in status and "CapEff:\t0000000000000000" in status
    assert machine.run("stat", "-c", "%U", f"/proc/{pid}") == "lockkeeper"
    assert machine.run("stat", "-c", "%U %a", "/var/log/lockkeeper") == "lockkeeper 750"


def test_a_start_that_fails_is_told(machine):
    machine.configure(mode="strict")
    assert machine.systemctl("start", "lockkeeper") != 0
    wait_for(lambda: "lockkeeper.yaml:4:7" in machine.journal(), "it says what is wrong")
    # As it stands it would fail again and again.
    assert machine.property("ActiveState") == "failed" and machine.property("NRestarts") == "0"


def test_what_may_be_otherwise_later_is_tried_again(machine):
    machine.write("/etc/lockkeeper/lockkeeper.yaml", (CONFIGURATION % (SERVER, "observe")).replace("0.0.0.0", "203.0.113.1"))  # nobody's
    assert machine.systemctl("start", "lockkeeper") != 0
    wait_for(lambda: machine.property("NRestarts") != "0", "it is started again")
    assert "cannot listen on 203.0.113.1:6432" in machine.journal()


def test_reload_takes_a_good_file_and_no_broken_one(machine):
    assert machine.systemctl("start", "lockkeeper") == 0, machine.journal()
    pid = machine.property("MainPID")
    with contextlib.closing(machine.connect()) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE renamed (a int)")
        try:
            machine.configure(mode="strict")
            assert machine.systemctl("reload", "lockkeeper") == 0
            wait_for(lambda: "lockkeeper.yaml:4:7" in machine.journal(), "it says what is wrong")
            cursor.execute("ALTER TABLE renamed RENAME COLUMN a TO b")
            machine.configure(mode="enforce")
            assert machine.systemctl("reload", "lockkeeper") == 0
            wait_for(lambda: "mode enforce" in machine.journal(), "it says that it has the new file")
            with pytest.raises(psycopg2.Error) as refused:
                cursor.execute("ALTER TABLE renamed RENAME COLUMN b TO c")
            assert refused.value.pgcode == "LK001"
        finally:
            cursor.execute("DROP TABLE renamed")
    assert machine.property("MainPID") == pid


def test_one_that_hangs_is_started_anew(machine):
    machine.override("[Service]\nWatchdogSec=2s\n")
    assert machine.systemctl("start", "lockkeeper") == 0, machine.journal()
    pid, first = machine.property("MainPID"), machine.property("InvocationID")
    machine.run("systemctl", "kill", "--signal", "STOP", "lockkeeper")
    wait_for(lambda: machine.property("NRestarts") == "1" and machine.property("ActiveState") == "active", "it was started anew")
    assert machine.property("MainPID") not in ("0", pid)
    assert "watchdog" in machine.journal(first).lower()
    with contextlib.closing(machine.connect()) as connection:
        assert answers(connection)


def test_a_socket_of_systemds_holds_clients_back_until_it_is_there(machine):
    machine.write("/run/systemd/system/lockkeeper.socket", SOCKET)
    machine.run("systemctl", "daemon-reload")
    assert machine.systemctl("start", "lockkeeper.socket") == 0
    assert machine.property("ActiveState") == "inactive"
    with contextlib.closing(machine.connect()) as connection:
        assert answers(connection)
    pid = machine.property("MainPID")
    assert machine.systemctl("restart", "--no-block", "lockkeeper") == 0
    for _ in range(50):  # before, while and after: none is refused
        with contextlib.closing(machine.connect()) as connection:
            assert answers(connection)
    machine.await_property("ActiveState", "active")
    assert machine.property("MainPID") not in ("0", pid)


def test_stop_waits_for_those_who_are_in_a_transaction(machine):
    assert machine.systemctl("start", "lockkeeper") == 0, machine.journal()
    with contextlib.closing(machine.connect()) as busy, contextlib.closing(machine.connect()) as idle:
        busy.cursor().execute("CREATE TEMPORARY TABLE t (a int)")
        assert answers(idle)
        idle.rollback()
        assert machine.systemctl("stop", "--no-block", "lockkeeper") == 0
        machine.await_property("ActiveState", "deactivating")
        assert answers(busy)
        busy.commit()
    machine.await_property("ActiveState", "inactive")
    assert machine.property("Result") == "success"
    assert machine.audit()[-1]["event"] == "stopped"
    machine.run("lockkeeper", "audit", "verify", "/var/log/lockkeeper/audit.jsonl")


def test_removed_it_has_ended_and_left_its_log(booted):
    booted.configure()
    assert booted.systemctl("enable", "--now", "lockkeeper") == 0, booted.journal()
    booted.run("dpkg", "--purge", "lockkeeper")
    assert booted.systemctl("is-active", "lockkeeper") != 0
    assert booted.audit()[-1]["event"] == "stopped"
