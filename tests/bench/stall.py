"""How long traffic stands still while a migration runs: straight, straight with lock_timeout and retries, and through Lockkeeper.

usage: stall.py [--quick] [--most MILLISECONDS] [CASE...]   (a CASE is a part of a case's name)

Readers and writers use one table; another session has read it and keeps its transaction open. The figure is the longest that
one statement of theirs had to wait. With --most it is an error if that was longer through Lockkeeper.
"""

import argparse
import dataclasses
import functools
import random
import sys
import threading
import time

from contenders import CONTENDERS  # noqa: F401  first: it makes the integration suite's modules known
from background import Background
from bench import machine
from cluster import Cluster
from proxy import Proxy
import psycopg2


@dataclasses.dataclass
class Case:
    name: str
    statement: str
    back: str  # afterwards, in peace


CASES = [
    Case("ADD COLUMN", "ALTER TABLE t ADD COLUMN x int", "ALTER TABLE t DROP COLUMN x"),
    Case("DROP INDEX", "DROP INDEX t_c", "CREATE INDEX t_c ON t (c)"),
    Case("ADD FOREIGN KEY", "ALTER TABLE t ADD CONSTRAINT t_other FOREIGN KEY (c) REFERENCES other (id)",
         "ALTER TABLE t DROP CONSTRAINT t_other"),
    Case("SET NOT NULL", "ALTER TABLE t ALTER COLUMN c SET NOT NULL", "ALTER TABLE t ALTER COLUMN c DROP NOT NULL"),
    Case("ATTACH PARTITION", "ALTER TABLE p ATTACH PARTITION t FOR VALUES FROM (0) TO (1000000000)", "ALTER TABLE p DETACH PARTITION t"),
]


@dataclasses.dataclass
class Outcome:
    stall: float = 0.0    # seconds
    seconds: float = 0.0  # that the statement took
    refused: str = ""     # the SQLSTATE


class Traffic(Background):
    """Readers and writers of t, each with a session of its own; `longest`: that one statement of theirs took, in seconds."""

    def __init__(self, cluster, rows, readers=4, writers=4):
        self.rows = rows
        self.longest = 0.0
        self.guard = threading.Lock()
        statements = ["SELECT c FROM t WHERE id = %s"] * readers + ["UPDATE t SET d = d + 1 WHERE id = %s"] * writers
        super().__init__(*[(cluster.connect(), functools.partial(self._send, statement)) for statement in statements])

    def _send(self, statement, cursor):
        begin = time.monotonic()
        cursor.execute(statement, [random.randrange(self.rows)])
        took = time.monotonic() - begin
        with self.guard:
            self.longest = max(self.longest, took)

    def __enter__(self):
        super().__enter__()
        time.sleep(0.3)  # the measurement is of traffic that is under way
        return self


def straight(cursor, statement):
    cursor.execute(statement)


def with_retries(cursor, statement):
    """What people write by hand."""
    cursor.execute("SET lock_timeout = '2s'")
    while True:
        try:
            return cursor.execute(statement)
        except psycopg2.errors.LockNotAvailable:
            time.sleep(0.1)


def run(case, how, cluster, target, options):
    outcome = Outcome()
    reader, migration = cluster.connect(autocommit=False), target.connect()
    with Traffic(cluster, options.rows) as traffic:
        reader.cursor().execute("SELECT count(*) FROM t WHERE id < 100")
        timer = threading.Timer(options.open_for, reader.rollback)
        timer.start()
        begin = time.monotonic()
        try:
            how(migration.cursor(), case.statement)
        except psycopg2.Error as error:
            outcome.refused = error.pgcode
        outcome.seconds = time.monotonic() - begin
        timer.cancel()
    outcome.stall = traffic.longest
    reader.close()
    migration.close()
    if not outcome.refused:
        with cluster.connect() as again:
            again.autocommit = True
            again.cursor().execute(case.back)
        again.close()
    return outcome


def prepare(cluster, rows):
    session = cluster.connect()
    for statement in [
            "CREATE TABLE other (id int PRIMARY KEY)",
            "INSERT INTO other SELECT generate_series(0, 99)",
            "CREATE TABLE t (id int NOT NULL PRIMARY KEY, c int, d int)",
            f"INSERT INTO t SELECT i, i % 100, 0 FROM generate_series(0, {rows - 1}) AS i",
            "CREATE INDEX t_c ON t (c)",
            "CREATE TABLE p (id int NOT NULL PRIMARY KEY, c int, d int) PARTITION BY RANGE (id)",
            "VACUUM ANALYZE t"]:
        session.cursor().execute(statement)
    session.close()


def shown(outcome):
    if outcome.refused:
        return f"refused ({outcome.refused})"
    return f"{outcome.stall * 1000:,.0f} ms ({outcome.seconds:.1f} s)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100,000 rows, and the transaction stays open for 1.5 s")
    parser.add_argument("--most", type=float, help="milliseconds that traffic may stand still through Lockkeeper")
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    options.rows, options.open_for = (100_000, 1.5) if options.quick else (1_000_000, 6.0)
    cases = [case for case in CASES if not options.case or any(part.lower() in case.name.lower() for part in options.case)]
    cluster = Cluster(log_statement="none", autovacuum="off", shared_buffers="256MB", max_wal_size="4GB")
    proxy, slow = None, []
    try:
        cluster.start()
        prepare(cluster, options.rows)
        proxy = Proxy(cluster.port, mode="enforce", small_table=0)
        print(machine())
        print(f"{options.rows:,} rows, 4 readers, 4 writers, a transaction open for {options.open_for} s: the longest wait of one "
              "statement (and what the migration took)")
        print(f"{'':18}{'straight':>22}{'lock_timeout 2 s':>22}{'Lockkeeper':>22}")
        for case in cases:
            ways = [(straight, cluster), (with_retries, cluster), (straight, proxy)]
            results = [run(case, how, cluster, target, options) for how, target in ways]
            print(f"{case.name:18}" + "".join(f"{shown(result):>22}" for result in results), flush=True)
            if options.most and not results[2].refused and results[2].stall * 1000 > options.most:
                slow.append(case.name)
    finally:
        if proxy:
            proxy.stop()
            proxy.remove()
        cluster.remove()
    if slow:
        sys.exit(f"longer than {options.most} ms: {', '.join(slow)}")


if __name__ == "__main__":
    main()
