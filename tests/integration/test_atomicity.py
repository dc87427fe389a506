"""Unsafe DDL in the middle of a text of several statements, or of a pipeline: all of it is done, or nothing, as without
Lockkeeper; or the whole is refused with the reason and nothing is done. It is never cut in pieces in silence."""

import contextlib
import functools
import itertools

import pytest

from proxy import Proxy
from wire import Wire, errors, query, run, sync

numbers = itertools.count(1)

GIVEN = """CREATE TABLE t (id int PRIMARY KEY, c int); INSERT INTO t SELECT i, i FROM generate_series(1, 100) AS i;
    CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u SELECT i FROM generate_series(-10, 200) AS i; CREATE INDEX old ON t (c);"""

UNSAFE = {
    "index": "CREATE INDEX t_c ON t (c)",
    "unique": "ALTER TABLE t ADD CONSTRAINT t_key UNIQUE (c)",
    "check": "ALTER TABLE t ADD CONSTRAINT t_check CHECK (c > -100)",
    "foreign key": "ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (c) REFERENCES u",
    "not null": "ALTER TABLE t ALTER COLUMN c SET NOT NULL",
    "column": "ALTER TABLE t ADD COLUMN d int DEFAULT 1 CHECK (d > 0)",
    "drop index": "DROP INDEX old",
    "reindex": "REINDEX INDEX old",
    "drop table": "DROP TABLE u",
}
BEFORE, BEHIND = "INSERT INTO t (id, c) VALUES (-1, -1)", "INSERT INTO t (id, c) VALUES (-2, -2)"
FAILS = "INSERT INTO t (id, c) VALUES (1, 1)"

STATE = """SELECT 'row', id::text, c::text FROM t WHERE id < 0
    UNION ALL SELECT 'index', indexdef, '' FROM pg_indexes WHERE schemaname = current_schema()
    UNION ALL SELECT 'constraint', conname, convalidated::text FROM pg_constraint WHERE conrelid = 't'::regclass
    UNION ALL SELECT 'column', attname, attnotnull::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0
    UNION ALL SELECT 'table', relname, '' FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
    ORDER BY 1, 2, 3"""

# What is sent before each time that the answers are awaited.
WAYS = {
    "one text": lambda parts: [query("; ".join(parts))],
    "one text with a transaction": lambda parts: [query("; ".join(["BEGIN", *parts, "COMMIT"]))],
    "a pipeline": lambda parts: [b"".join([*map(run, parts), sync()])],
    "a pipeline with a transaction": lambda parts: [b"".join([*map(run, ["BEGIN", *parts, "COMMIT"]), sync()])],
    "one by one": lambda parts: [query(part) for part in ["BEGIN", *parts, "COMMIT"]],
}
# Transactions that a client sends statement by statement are what `split` may cut: it is asked for where atomicity is given up.
CASES = [(transactions, way) for transactions in ("reject", "defer", "split") for way in WAYS if (transactions, way) != ("split", "one by one")]
CAN_WAIT = ("index", "unique", "check", "foreign key")


@pytest.fixture(scope="module")
def proxies(cluster, module_database):
    made = {transactions: Proxy(cluster.port, small_table=0, transactions=transactions) for transactions in ("reject", "defer", "split")}
    yield made
    for proxy in made.values():
        proxy.stop()
        proxy.remove()


@functools.lru_cache(maxsize=None)
def straight_outcome(cluster, database, name, way, end):
    return outcome(cluster, database, cluster.port, WAYS[way]([BEFORE, UNSAFE[name], end]))


def outcome(cluster, database, port, messages):
    """The SQLSTATEs, and what there is afterwards."""
    schema = f"atomic_{next(numbers)}"
    with contextlib.closing(cluster.connect(database)) as look:
        cursor = look.cursor()
        cursor.execute(f"CREATE SCHEMA {schema}; SET search_path = {schema}; {GIVEN}")
        cursor.execute(STATE)
        given = cursor.fetchall()
        with Wire(port, database=database, options=f"-c search_path={schema}") as wire:
            said = [error for part in messages for error in errors(wire.ask(part))]
            wire.ask(query("ROLLBACK"))
        cursor.execute(STATE)
        state = cursor.fetchall()
        cursor.execute(f"DROP SCHEMA {schema} CASCADE")
    clean = [[tuple(str(value).replace(schema, "SCHEMA") for value in row) for row in rows] for rows in (given, state)]
    return said, *clean


@pytest.mark.parametrize("end", [BEHIND, FAILS], ids=["that succeeds", "that fails"])
@pytest.mark.parametrize("name", UNSAFE)
@pytest.mark.parametrize("transactions, way", CASES)
def test_all_or_nothing(transactions, name, way, end, proxies, cluster, module_database):
    said, given, wanted = straight_outcome(cluster, module_database, name, way, end)
    assert [error["C"] for error in said] == ([] if end == BEHIND else ["23505"])
    assert (wanted == given) == (end == FAILS)
    through, _, state = outcome(cluster, module_database, proxies[transactions].port, WAYS[way]([BEFORE, UNSAFE[name], end]))
    if through and through[0]["C"] == "LK001":
        assert (transactions, way) != ("defer", "one by one") or name not in CAN_WAIT
        assert state == given
        assert through[0]["D"] and through[0]["H"]
        assert {error["C"] for error in through[1:]} <= {"25P02"}
    else:
        assert ([error["C"] for error in through], state) == ([error["C"] for error in said], wanted)
