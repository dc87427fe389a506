"""Every conversation that the suites have, in every state and cut anywhere: the server's answers come through unchanged."""

import contextlib
import re

import pytest

from conversations import COPY, EXTENDED, SIMPLE
from differential import Client, telling_cuts
from protocol_scripts import TABLES, protocol_scripts
from recorded import assert_same, without_doubt
from wire import bind, close, copy_data, copy_done, describe, execute, flush, parse, query, run, sync

MODES = ["observe", "enforce"]
LONG = 4096  # bytes: test_transparent.py sends what is longer, and hears what is
LONG_ANSWERS = ["eight megabytes in a row", "out, many rows"]
SHORT = 64  # bytes: up to here, every cut
WRITES = re.compile(rb"(?i)insert|update|copy|create")


class Both:
    """Two sessions, straight and through, and what their tables hold before each conversation."""

    def __init__(self, cluster, proxy, database, reset, **parameters):
        self.reset = reset
        self.straight = Client(cluster.port, database, **parameters)
        self.through = Client(proxy.port, database, **parameters)

    def close(self):
        self.straight.close()
        self.through.close()

    def compare(self, data, ways=((),)):
        """Once straight, and once through for each of `ways` to cut the bytes."""
        self.reset()
        expected = self.straight.replies(data)
        for cut in ways:
            if WRITES.search(data):
                self.reset()
            assert_same(expected, without_doubt(self.through.replies(data, cut)))


@pytest.fixture(scope="module")
def looking(cluster, module_database):
    with contextlib.closing(cluster.connect(module_database)) as connection:
        connection.cursor().execute(
            f"CREATE TABLE t (id serial PRIMARY KEY, c int); CREATE SCHEMA scripts; SET search_path = scripts; {TABLES} RESET search_path")
        yield connection


@pytest.fixture(scope="module", params=MODES)
def both(request, cluster, module_proxy, module_database, looking):
    """both(script): those two sessions, for a conversation of conversations.py or for a script of the protocol's tests."""
    def fill():
        looking.cursor().execute("DROP INDEX IF EXISTS i; TRUNCATE t RESTART IDENTITY; INSERT INTO t (c) VALUES (10), (20), (NULL)")

    def empty():
        looking.cursor().execute("TRUNCATE scripts.t, scripts.deferred, scripts.barred; DROP TABLE IF EXISTS scripts.u")

    pairs = {}
    proxy = module_proxy(request.param)
    pairs["conversation"] = Both(cluster, proxy, module_database, fill)
    pairs["script"] = Both(cluster, proxy, module_database, empty, search_path="scripts")
    yield pairs.__getitem__
    for pair in pairs.values():
        pair.close()


def whole(steps):
    return b"".join(step.data for step in steps)


CONVERSATIONS = {f"{group} {name}": data for group, steps_of in (("simple", SIMPLE), ("extended", EXTENDED), ("copy", COPY))
                 for name, steps in steps_of.items() if len(data := whole(steps)) < LONG and name not in LONG_ANSWERS}
EVERYTHING = ([pytest.param("conversation", data, id=name) for name, data in CONVERSATIONS.items()]
              + [pytest.param("script", data, id=name) for name, data in protocol_scripts().items()])


def cuts(data):
    return list(range(1, len(data))) if len(data) <= SHORT else telling_cuts(data)


@pytest.mark.parametrize("kind, data", EVERYTHING)
def test_whole(kind, data, both):
    both(kind).compare(data)


@pytest.mark.parametrize("kind, data", EVERYTHING)
def test_in_pieces(kind, data, both):
    both(kind).compare(data, [cuts(data)])


@pytest.mark.parametrize("both", ["enforce"], indirect=True)
@pytest.mark.parametrize("kind, data", EVERYTHING)
def test_cut_in_two(kind, data, both):
    both(kind).compare(data, [[at] for at in cuts(data)])


FAILS = "SELECT 1 / (id - 2) FROM t ORDER BY id"
STATES = {
    "idle": b"",
    "in a transaction": query("BEGIN"),
    "in a transaction not yet synced": run("BEGIN"),
    "in a savepoint": query("BEGIN; SAVEPOINT a"),
    "in a failed transaction": query("BEGIN") + query(FAILS),
    "in a failed pipeline": query("BEGIN") + run(FAILS),
}
STATEMENTS = ["SELECT id, c FROM t ORDER BY id", "INSERT INTO t (c) VALUES (7) RETURNING id", FAILS, "SELEC", "",
              "SET LOCAL DateStyle = 'German'", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT b", "DO $$ BEGIN RAISE NOTICE 'n'; END $$",
              "COPY t TO STDOUT"]
CHANGES = ["CREATE INDEX i ON t (c)", "DROP INDEX i", "VACUUM t"]  # forwarded as they are in observe only
SELECT = "SELECT count(*) FROM t"
ROWS = b"1\n2\n"
SHAPES = {
    "simple": query,
    "simple, first of several": lambda sql: query(f"{sql}; SELECT 1"),
    "simple, last of several": lambda sql: query(f"SELECT 1; {sql}"),
    "alone": lambda sql: run(sql) + sync(),
    "first": lambda sql: run(sql) + run(SELECT) + sync(),
    "middle": lambda sql: run("INSERT INTO t (c) VALUES (8)") + run(sql) + run(SELECT) + sync(),
    "last": lambda sql: run(SELECT) + run(sql) + sync(),
    "before a Query": lambda sql: run(sql) + query(SELECT) + sync(),
    "flushed": lambda sql: run(sql) + flush() + run(SELECT) + flush() + sync(),
    "described": lambda sql: parse(sql) + describe("S") + bind() + describe("P") + execute() + sync(),
    "named": lambda sql: parse(sql, "s") + sync() + bind(statement="s") + execute() + sync() + bind(statement="s") + execute() + sync(),
    "named, in one pipeline": lambda sql: (parse(sql, "s") + bind(statement="s", portal="p") + execute("p") + close("S", "s")
                                           + bind(statement="s") + sync()),
    "unnamed, twice": lambda sql: parse(sql) + bind() + execute() + bind() + execute() + sync(),
    "unnamed, replaced": lambda sql: parse(sql) + parse(SELECT) + bind() + execute() + sync(),
    "row-limited": lambda sql: parse(sql) + bind() + execute(rows=1) + execute(rows=1) + sync() + execute(rows=1) + sync(),
    "portal across a Sync": lambda sql: (parse(sql) + bind(portal="p") + execute("p", 1) + sync() + execute("p") + close("P", "p")
                                         + sync()),
    "before COPY": lambda sql: query(sql) + query("COPY t (c) FROM STDIN") + copy_data(ROWS) + copy_done(),
    "before COPY in one text": lambda sql: query(f"{sql}; COPY t (c) FROM STDIN; {sql}") + copy_data(ROWS) + copy_done(),
    "before COPY in one pipeline": lambda sql: (run(sql) + run("COPY t (c) FROM STDIN") + copy_data(ROWS) + copy_done() + run(SELECT)
                                                + sync()),
}


def one_after_the_other(pair, state, shape, statements):
    heard = []
    for client in (pair.straight, pair.through):
        pair.reset()
        heard.append([m for sql in statements for m in without_doubt(client.replies(STATES[state] + SHAPES[shape](sql)))])
    assert_same(*heard)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_state(shape, state, both):
    one_after_the_other(both("conversation"), state, shape, STATEMENTS)


@pytest.mark.parametrize("both", ["observe"], indirect=True)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_state_of_schema_changes(shape, state, both):
    one_after_the_other(both("conversation"), state, shape, CHANGES)
