"""Clients, server processes and the whole server are killed, again and again: those who are not killed work on, nobody who waits
for the killed ones waits for ever, and what Lockkeeper held for them is given back."""

import contextlib
import os
import pathlib
import random
import signal
import subprocess

import pytest

from bystanders import TABLE, Bystanders
from cluster import binaries, wait_until
from wire import Wire, copy_data, errors, query, startup

ROUNDS = 5
CLIENTS = 8
GROWTH = 4 * 1024  # kilobytes

# What pgbench's clients are killed in the middle of: each has a table of its own, and a row of the one that all share.
WORK = {
    "big result": "SELECT repeat('x', 100000) FROM generate_series(1, 50);",
    "transaction": "BEGIN; UPDATE shared SET c = c + 1 WHERE id = :client_id; SELECT pg_sleep(0.01); COMMIT;",
    "several": "SELECT 1\\; SELECT count(*) FROM shared\\; SELECT 2;",
    "judged": "BEGIN; ALTER TABLE own_:client_id ADD COLUMN x int; ROLLBACK;",
    "plan": "CREATE INDEX ON own_:client_id (c);",
}


def prepare(directory, straight):
    """pgbench's options."""
    own = "".join(f"CREATE TABLE own_{i} AS SELECT generate_series(1, 1000) AS c;" for i in range(CLIENTS))
    straight.cursor().execute(f"CREATE TABLE shared AS SELECT id, 0 AS c FROM generate_series(0, {CLIENTS}) AS id; {own}")
    for name, script in WORK.items():
        (directory / name).write_text(script)
    return ["-n", "-T", "60", "-c", str(CLIENTS), *(f"-f{directory / name}" for name in WORK)]


def started(proxy, database, work, straight):
    """pgbench, when all of its clients are in."""
    command = [binaries() + "/pgbench", "-h", "127.0.0.1", "-p", str(proxy.port), "-U", "postgres", *work, database]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: len(sessions(straight)) == CLIENTS, "all clients of pgbench are at work")
    except TimeoutError:
        process.kill()
        raise AssertionError(process.communicate()[0].decode()) from None
    return process


def sessions(straight):
    cursor = straight.cursor()
    cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench'")
    return [pid for pid, in cursor.fetchall()]


def client_dies(process, straight, chosen):
    process.kill()
    said = process.communicate()[0].decode()
    assert "error" not in said, said


def server_processes_end(process, straight, chosen):
    pids = sessions(straight)
    chosen.shuffle(pids)
    for pid in pids:
        straight.cursor().execute("SELECT pg_terminate_backend(%s)", [pid])
    process.communicate(timeout=10)


@pytest.mark.parametrize("end", [client_dies, server_processes_end])
def test_others_work_on(end, lockkeeper, database, straight, tmp_path):
    proxy = lockkeeper()
    straight.cursor().execute(TABLE)
    work = prepare(tmp_path, straight)
    chosen = random.Random(end.__name__)
    with Bystanders(proxy.port, database) as others:
        for turn in range(ROUNDS + 1):
            process = started(proxy, database, work, straight)
            others.more(chosen.randrange(20, 200))
            end(process, straight, chosen)
            wait_until(lambda: not sessions(straight), "their server processes are gone")
            if turn == 0:
                # What is taken once and for all is taken.
                at_most = wait_until(lambda: proxy.descriptors() <= 40 and proxy.descriptors(), "their descriptors are given back")
                resident = proxy.resident()
        wait_until(lambda: proxy.descriptors() <= at_most, "no descriptor is left over")
        assert proxy.resident() - resident < GROWTH
    assert "error" not in proxy.log(), proxy.log()


# ---- the whole server

def processes(cluster):
    postmaster = cluster.postmaster()
    children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
    return [postmaster, *map(int, children.split())]


def one_process_dies(cluster, pid):
    """The server ends all of its sessions then, and comes back by itself."""
    os.kill(pid, signal.SIGKILL)


def all_of_it_dies(cluster, pid):
    for process in processes(cluster):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    cluster.process.wait(10)
    cluster.start()


class Talks:
    """A session in each of the states in which the server can be lost."""

    def __init__(self, proxy, stack):
        def wire(*sent, **options):
            made = stack.enter_context(Wire(proxy.port, timeout=10, **options))
            made.send(*sent)
            return made
        wire(startup()[:20], log_in=False)
        self.holder = wire(query("BEGIN; LOCK TABLE t"))
        self.asleep = wire(query("SELECT pg_sleep(60)"))
        self.stalled = wire(query("SELECT repeat('x', 1000000) FROM generate_series(1, 100)"))
        self.copying = wire(query("COPY copied FROM STDIN"), copy_data(b"1\n" * 100))
        self.judged = wire(query("ALTER TABLE t ADD COLUMN x int"))
        self.plan = wire(query("CREATE INDEX ON t (c)"))

    def await_states(self, looking, proxy):
        def state():
            cursor = looking.cursor()
            cursor.execute("SELECT pid FROM pg_stat_activity"
                           " WHERE (pid, wait_event) IN ((%s, 'PgSleep'), (%s, 'ClientWrite'), (%s, 'ClientRead'))",
                           [self.asleep.pid, self.stalled.pid, self.copying.pid])
            return len(cursor.fetchall()) == 3
        wait_until(state, "the server's processes wait")
        for wire in self.judged, self.plan:
            proxy.audited(event="decision", server_pid=wire.pid)

    def check_ends(self):
        """Each hears of it, or is cut off in the middle of a message."""
        ends = [wire.until_closed() for wire in (self.holder, self.asleep, self.copying, self.judged, self.plan)]
        assert {errors(end)[-1]["C"] for end in ends} <= {"57P01", "57P02", "08006"}
        self.stalled.until_closed()


@pytest.mark.parametrize("end", [one_process_dies, all_of_it_dies])
def test_server_dies(end, own_cluster, lockkeeper):
    proxy = lockkeeper(upstream=own_cluster.port)
    with contextlib.closing(own_cluster.connect()) as looking:
        looking.cursor().execute("CREATE TABLE t (c int); CREATE TABLE copied (c int)")
    for turn in range(ROUNDS):
        with contextlib.ExitStack() as stack:
            looking = stack.enter_context(contextlib.closing(own_cluster.connect()))
            talks = Talks(proxy, stack)
            talks.await_states(looking, proxy)
            end(own_cluster, talks.asleep.pid)
            talks.check_ends()
        wait_until(proxy.logs_in, "the server is back")
        if turn == 0:
            at_most = wait_until(lambda: proxy.descriptors() <= 40 and proxy.descriptors(), "their descriptors are given back")
            resident = proxy.resident()
    wait_until(lambda: proxy.descriptors() <= at_most, "no descriptor is left over")
    assert proxy.resident() - resident < GROWTH
