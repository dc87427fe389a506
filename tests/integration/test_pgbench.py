"""pgbench through Lockkeeper in mode enforce: no transaction fails, and the resident size stays flat.

LOCKKEEPER_PGBENCH_SECONDS sets the length of each run; 3 by default, 30 for a serious one.
"""

import os
import re
import subprocess

import pytest

from cluster import binaries

pytestmark = pytest.mark.alone

SECONDS = int(os.environ.get("LOCKKEEPER_PGBENCH_SECONDS", "3"))
CLIENTS = 16
# Kilobytes between the first run and the last: what the allocator keeps apart for 16 sessions, not for their traffic.
GROWTH = 1024


def pgbench(endpoint, database, *options):
    command = [binaries() + "/pgbench", "-h", "127.0.0.1", "-p", str(endpoint.port), "-U", "postgres", *options, database]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS + 60)
    assert done.returncode == 0, done.stderr
    return done


def figure(pattern, text):
    found = re.search(pattern, text)
    assert found, text
    return float(found[1])


def test_pgbench(cluster, lockkeeper, database, server_log, record_property):
    pgbench(cluster, database, "--initialize", "--quiet")
    proxy = lockkeeper()
    sizes, report = [], []
    for transaction in ("-S", "-N"):
        for protocol in ("simple", "extended", "prepared"):
            done = pgbench(proxy, database, transaction, "-M", protocol, "-c", str(CLIENTS), "-j", "2",
                           "-T", str(SECONDS), "--no-vacuum")
            assert not re.search("error|fatal|aborted", done.stderr, re.I), done.stderr
            assert figure(r"number of failed transactions: (\d+)", done.stdout) == 0
            assert figure(r"number of transactions actually processed: (\d+)", done.stdout) > CLIENTS
            sizes.append(proxy.resident())
            report.append(f"{transaction} {protocol:8} {figure(r'tps = ([0-9.]+)', done.stdout):9.0f} tps, "
                          f"{figure(r'latency average = ([0-9.]+)', done.stdout):.2f} ms, {sizes[-1]} kB resident")
    print("\n".join(report))
    record_property("pgbench", "; ".join(report))
    assert "|ERROR:" not in server_log.text()
    assert sizes[-1] - sizes[0] < GROWTH, report


def test_schema_change_under_load(cluster, lockkeeper, database, straight):
    """The point of it all: an index is built and a column added while 8 clients write, and none of them fails."""
    pgbench(cluster, database, "--initialize", "--quiet")
    proxy = lockkeeper()
    load = subprocess.Popen([binaries() + "/pgbench", "-h", "127.0.0.1", "-p", str(proxy.port), "-U", "postgres", "-N", "-M",
                             "prepared", "-c", "8", "-j", "2", "-T", "3", "--no-vacuum", database],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    connection = proxy.connect(database)
    try:
        cursor = connection.cursor()
        cursor.execute("CREATE INDEX i ON pgbench_accounts (abalance)")
        cursor.execute("ALTER TABLE pgbench_history ADD COLUMN note text")
        assert load.poll() is None
    finally:
        connection.close()
        said, problems = load.communicate(timeout=60)
    assert load.returncode == 0 and "error" not in problems.lower(), problems
    assert figure(r"number of failed transactions: (\d+)", said) == 0
    cursor = straight.cursor()
    cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")
    assert cursor.fetchone() == (True,)
