"""Each rewrite on tables that are read and written all the while: the same schema as straight, and no lock that stands in the
way of readers or writers for longer than 100 ms, as sampled from pg_locks; straight it is there for as long as the work takes."""

import contextlib
import dataclasses
import functools
import itertools
import random
import subprocess
import time

import psycopg2
import pytest

from background import Background
from cluster import binaries
from rewrites import REWRITES, Rewrite, default_partition, table, tree, view

pytestmark = pytest.mark.alone

ROWS = 200_000
MOST = 0.1  # seconds
WORTH_MEASURING = 0.05  # work that takes less is over before two samples are taken
numbers = itertools.count(1)

STOPS_READERS = ["AccessExclusiveLock"]
STOPS_WRITERS = STOPS_READERS + ["ExclusiveLock", "ShareRowExclusiveLock", "ShareLock"]

READ_T, WRITE_T = "SELECT count(d) FROM t WHERE id = %s", "UPDATE t SET d = d WHERE id = %s"
OTHERS = ["SELECT id FROM customers WHERE id = 1 + %s %% 9", "UPDATE customers SET id = id WHERE id = 1 + %s %% 9"]

# What goes on meanwhile, and the indexes by which it finds its rows.
TRAFFIC = {
    table: [READ_T, WRITE_T, *OTHERS],
    tree: ["SELECT count(c) FROM p WHERE id = %s", "UPDATE p SET c = c WHERE id = %s", *OTHERS],
    default_partition: ["SELECT count(c) FROM p WHERE id = 1000000 + %s", "UPDATE p SET c = c WHERE id = 1000000 + %s",
                        "SELECT count(c) FROM p1 WHERE id = %s", "UPDATE p1 SET c = c WHERE id = %s"],
    view: ["SELECT count(*) FROM v WHERE id = %s", "UPDATE source SET id = id WHERE id = %s"],
}
INDEXES = {
    table: "CREATE INDEX ON t (id)",
    tree: "CREATE INDEX ON p (id)",
    default_partition: "CREATE INDEX ON p (id); CREATE INDEX ON p1 (id)",
    view: "CREATE INDEX ON source (id)",
}


@dataclasses.dataclass
class Dropped:
    rewrite: Rewrite
    traffic: list


REFERENCES = "ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES customers; CREATE UNIQUE INDEX ON t (id, c);"
DROPS = {
    "drop column": Dropped(Rewrite(table, '/* lockkeeper: allow column-dropped reason="unused" */ ALTER TABLE t DROP COLUMN c', [], REFERENCES),
                           [READ_T, WRITE_T, *OTHERS]),
    "drop table": Dropped(Rewrite(table, '/* lockkeeper: allow table-dropped reason="unused" */ DROP TABLE t', [], REFERENCES), OTHERS),
}
CASES = {name: Dropped(r, TRAFFIC[r.made]) for name, r in REWRITES.items()} | DROPS


class Traffic(Background):
    """Each statement again and again in a session of its own."""

    def __init__(self, cluster, database, schema, statements):
        self.failed = []
        super().__init__(*[(cluster.connect(database, options=f"-c search_path={schema}"), functools.partial(self._send, statement))
                           for statement in statements])

    def _send(self, statement, cursor):
        try:
            cursor.execute(statement, [random.randrange(1, ROWS)])
        except psycopg2.Error as error:
            self.failed.append(f"{statement}: {error}")
            return False


class Sampler(Background):
    """For how long one session holds what stands in the way of others, on relations that were there before."""

    SQL = """SELECT extract(epoch FROM clock_timestamp()), array(
                 SELECT l.relation::regclass || ' ' || l.mode FROM pg_locks AS l
                 WHERE l.granted AND l.pid = %(pid)s AND (l.relation::text = ANY (%(written)s) AND l.mode = ANY (%(stops_writers)s)
                       OR l.relation::text = ANY (%(read)s) AND l.mode = ANY (%(stops_readers)s)))"""

    def __init__(self, cluster, database, schema, pid):
        session = cluster.connect(database)
        cursor = session.cursor()
        cursor.execute("SELECT oid::text, relkind = 'm' FROM pg_class WHERE relnamespace = %s::regnamespace", [schema])
        relations = cursor.fetchall()
        self.values = {"pid": pid, "stops_writers": STOPS_WRITERS, "stops_readers": STOPS_READERS,
                       "written": [oid for oid, only_read in relations if not only_read],
                       "read": [oid for oid, only_read in relations if only_read]}
        self.longest, self.held = (0.0, ""), {}
        super().__init__((session, self._sample))

    def _sample(self, cursor):
        cursor.execute(self.SQL, self.values)
        now, locks = cursor.fetchone()
        self.held = {lock: self.held.get(lock, now) for lock in locks}
        self.longest = max([self.longest] + [(float(now - since), lock) for lock, since in self.held.items()])


@dataclasses.dataclass
class Outcome:
    held: tuple  # seconds, and which lock
    seconds: float
    schema: list
    failed: list


def schema_of(cluster, database, schema):
    done = subprocess.run([binaries() + "/pg_dump", "--schema-only", "--schema", schema, cluster.dsn(database)],
                          capture_output=True, text=True, check=True)
    return [line for line in done.stdout.replace(schema, "SCHEMA").splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def migrate(case, cluster, database, endpoint):
    schema = f"beside_{next(numbers)}"
    with contextlib.ExitStack() as opened:
        look = opened.enter_context(contextlib.closing(cluster.connect(database)))
        look.cursor().execute(f"CREATE SCHEMA {schema}; SET search_path = {schema}; {case.rewrite.setup(ROWS)}; {INDEXES[case.rewrite.made]}")
        session = opened.enter_context(contextlib.closing(endpoint.connect(database, options=f"-c search_path={schema}")))
        with Traffic(cluster, database, schema, case.traffic) as traffic, Sampler(cluster, database, schema, session.info.backend_pid) as sampler:
            began = time.monotonic()
            session.cursor().execute(case.rewrite.statement)
            seconds = time.monotonic() - began
        made = Outcome(sampler.longest, seconds, schema_of(cluster, database, schema), traffic.failed)
        look.cursor().execute(f"DROP SCHEMA {schema} CASCADE")
    return made


@pytest.mark.parametrize("name", CASES)
def test_nobody_has_to_wait(name, cluster, module_database, module_proxy):
    straight = migrate(CASES[name], cluster, module_database, cluster)
    through = migrate(CASES[name], cluster, module_database, module_proxy())
    assert through.schema == straight.schema
    assert through.failed == straight.failed == []
    assert through.held[0] < MOST, (through, straight)
    works = name not in DROPS and not name.startswith(("drop", "detach"))
    if works and straight.seconds > WORTH_MEASURING:
        assert straight.held[0] > straight.seconds / 2, straight
    print(f"{name}: straight {straight.held[0] * 1000:.0f} ms of {straight.seconds * 1000:.0f}, "
          f"through Lockkeeper {through.held[0] * 1000:.0f} ms of {through.seconds * 1000:.0f}")
