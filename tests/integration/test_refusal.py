"""A refused statement looks, to every client, like an error of PostgreSQL's own."""

import contextlib

import psycopg
import psycopg2
import pytest

from wire import (Wire, bind, close, describe, errors, execute, fields, flush, parse, query, rows, run, shape, sync)

RENAME = "ALTER TABLE t RENAME TO u"
COLUMN = "ALTER TABLE t RENAME COLUMN c TO d"
# Errors of the server's own, at Parse and at Execute: what a refusal is compared with.
FAILS_AT_PARSE = "ALTER TABLE t RENAME TOO u"
FAILS_AT_EXECUTE = "ALTER TABLE t RENAME COLUMN nothing TO something"


@pytest.fixture
def wires(lockkeeper, cluster, database, table):
    """(through, straight): two protocol clients, the first by way of Lockkeeper in enforce."""
    with Wire(lockkeeper().port, database=database) as through, Wire(cluster.port, database=database) as without:
        yield through, without


def exists(connection, name):
    cursor = connection.cursor()
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
    return cursor.fetchone()[0]


@pytest.mark.parametrize("statement, rule", [
    (RENAME, "table-renamed"),
    (COLUMN, "column-renamed"),
    ("alter table if exists only public.t rename c to d", "column-renamed"),
    ("SELECT 1; ALTER TABLE t RENAME TO u", "table-renamed"),
    ("/* deploy */ -- now\n ALTER TABLE t RENAME TO u;", "table-renamed"),
])
def test_says_what_and_why(statement, rule, lockkeeper, database, table, straight):
    proxy = lockkeeper()
    with contextlib.closing(proxy.connect(database)) as connection:
        with pytest.raises(psycopg2.Error) as refused:
            connection.cursor().execute(statement)
        error = refused.value
        assert error.pgcode == "LK001"
        assert error.diag.severity == "ERROR"
        assert error.diag.message_primary and error.diag.message_detail
        assert f"lockkeeper explain {rule}" in error.diag.message_hint
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone() == (1000,)
    assert exists(straight, "t") and not exists(straight, "u")
    record = proxy.audited(event="decision", action="reject")[0]
    assert rule in record["rules"]
    assert record["database"] == database and record["user"] == "postgres"


def test_in_a_transaction(lockkeeper, database, table, straight):
    with contextlib.closing(lockkeeper().connect(database, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO t (c) VALUES (-1)")
        with pytest.raises(psycopg2.Error) as refused:
            cursor.execute(RENAME)
        assert refused.value.pgcode == "LK001"
        with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
            cursor.execute("SELECT 1")
        connection.rollback()
        cursor.execute("SELECT count(*) FROM t WHERE c = -1")
        assert cursor.fetchone() == (0,)
        connection.rollback()
    assert exists(straight, "t")


def test_savepoint_brings_the_transaction_back(lockkeeper, database, table):
    with contextlib.closing(lockkeeper().connect(database, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute("SAVEPOINT s")
        with pytest.raises(psycopg2.Error):
            cursor.execute(RENAME)
        cursor.execute("ROLLBACK TO SAVEPOINT s")
        cursor.execute("INSERT INTO t (c) VALUES (-1)")
        connection.commit()


def test_observe_renames_and_tells(lockkeeper, database, table, straight):
    proxy = lockkeeper(mode="observe")
    with contextlib.closing(proxy.connect(database)) as connection:
        connection.cursor().execute(RENAME)
    assert exists(straight, "u") and not exists(straight, "t")
    assert "table-renamed" in proxy.audited(event="decision", action="would reject")[0]["rules"]


def test_rule_that_is_allowed(lockkeeper, database, table, straight):
    with contextlib.closing(lockkeeper(rules={"table-renamed": "allow"}).connect(database)) as connection:
        connection.cursor().execute(RENAME)
    assert exists(straight, "u")


def test_own_table_may_be_renamed(lockkeeper, database, straight):
    with contextlib.closing(lockkeeper().connect(database, autocommit=False)) as connection:
        connection.cursor().execute("CREATE TABLE mine (c int)")
        connection.cursor().execute("ALTER TABLE mine RENAME TO yours")
        connection.commit()
    assert exists(straight, "yours")


def test_psycopg3_pipeline(lockkeeper, database, table):
    with psycopg.connect(lockkeeper().dsn(database), autocommit=True) as connection:
        before, refused, after = (connection.cursor() for _ in range(3))
        with pytest.raises(psycopg.Error) as error:
            with connection.pipeline():
                before.execute("SELECT 1")
                refused.execute(RENAME)
                after.execute("SELECT 2")
        assert error.value.sqlstate == "LK001"
        with pytest.raises(psycopg.Error):
            after.fetchone()
        assert connection.execute("SELECT 3").fetchone() == (3,)


PIPELINES = {
    "alone": lambda sql: [run(sql), sync()],
    "described": lambda sql: [parse(sql), bind(), describe(), execute(), sync()],
    "first": lambda sql: [run(sql), run("SELECT 1"), sync()],
    "middle": lambda sql: [run("SELECT 1"), run(sql), run("SELECT 2"), sync()],
    "last": lambda sql: [run("SELECT 1"), run("SELECT 2"), run(sql), sync()],
    "after a write": lambda sql: [run("INSERT INTO t (c) VALUES (-1)"), run(sql), run("SELECT 2"), sync(),
                                  query("SELECT count(*) FROM t WHERE c = -1")],
    "twice": lambda sql: [run(sql), run(sql), sync(), run(sql), sync()],
    "then synced again": lambda sql: [run(sql), sync(), run("SELECT 2"), sync()],
    "flushed": lambda sql: [run("SELECT 1"), flush(), run(sql), flush(), run("SELECT 2"), flush(), sync()],
    "closed": lambda sql: [parse(sql, "s"), bind(statement="s"), execute(), close("S", "s"), sync()],
    "query behind it": lambda sql: [run(sql), sync(), query("SELECT 1"), run("SELECT 2"), sync()],
    "query while skipping": lambda sql: [run(sql), query("SELECT 1"), sync()],
    "transaction": lambda sql: [run("BEGIN"), run("SELECT 1"), run(sql), run("COMMIT"), sync(), query("SELECT 1"),
                                query("ROLLBACK")],
    "transaction synced": lambda sql: [query("BEGIN"), run("SELECT 1"), sync(), run(sql), sync(), run("SELECT 1"),
                                       sync(), query("ROLLBACK")],
    "simple": lambda sql: [query(sql), query("SELECT 1")],
    "simple in transaction": lambda sql: [query("BEGIN"), query(sql), query("SELECT 1"), query("ROLLBACK")],
    "failed before": lambda sql: [query("BEGIN"), query("SELECT 1/0"), query(sql), query("ROLLBACK")],
    "failed before, extended": lambda sql: [run("SELECT 1/0"), run(sql), sync(), query("SELECT 1")],
}


def replies(wire, parts):
    """All replies. A marker ends the reading, because a Query that is skipped has no ReadyForQuery to count."""
    wire.send(*parts, query("SELECT 'marker'"))
    messages = []
    while ["marker"] not in rows(messages[-8:]) or messages[-1][0] != "Z":
        messages.append(wire.read())
    return messages


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines_as_for_an_error_of_the_server(name, wires):
    through, without = wires
    build = PIPELINES[name]
    expected = {shape(replies(without, build(own))) for own in (FAILS_AT_PARSE, FAILS_AT_EXECUTE)}
    messages = replies(through, build(RENAME))
    assert shape(messages) in expected
    if not name.startswith("failed before"):
        assert errors(messages)[0]["C"] == "LK001"


def test_named_statement_of_a_refused_pipeline(wires):
    """What was to be prepared behind the refusal does not exist; what stood before it does."""
    seen = []
    for wire, sql in zip(wires, (RENAME, FAILS_AT_PARSE)):
        wire.ask(parse("SELECT 'before'", "before"), sync())
        wire.ask(parse("SELECT 'same'", "same"), run(sql), parse("SELECT 'behind'", "behind"), sync())
        seen.append([[(e["C"]) for e in errors(wire.ask(bind(statement=name), execute(), sync()))]
                     for name in ("before", "same", "behind")])
    assert seen[0] == seen[1]
    assert seen[0] == [[], [], ["26000"]]


def test_refused_again_and_again(wires):
    through, _ = wires
    for number in range(50):
        assert errors(through.ask(run(RENAME), sync()))[0]["C"] == "LK001"
        assert rows(through.ask(run("SELECT $1::text", number), sync())) == [[str(number)]]


def test_statement_prepared_with_a_name(wires):
    """Refused at its Parse or at its Execute, it never runs and the name can be used again."""
    through, _ = wires
    answer = through.ask(parse(RENAME, "r"), bind(statement="r"), execute(), sync())
    assert errors(answer)[0]["C"] == "LK001"
    through.ask(close("S", "r"), sync())
    again = through.ask(parse("SELECT 'again'", "r"), bind(statement="r"), execute(), sync())
    assert rows(again) == [["again"]]


def test_error_fields(wires):
    through, _ = wires
    for parts in ([query(RENAME)], [run(RENAME), sync()]):
        kinds = [body for kind, body in through.ask(*parts) if kind == "E"]
        error = fields(kinds[0])
        assert len(kinds) == 1
        assert {"S", "V", "C", "M", "D", "H", "R"} <= error.keys()
        assert error["S"] == error["V"] == "ERROR" and error["C"] == "LK001"
        assert "P" not in error  # no position: there is nothing in the client's text to point at


def test_sql_level_prepare(wires, straight):
    """PREPARE takes no utility statement: the server's own error comes through."""
    through, without = wires
    codes = [errors(wire.ask(query("PREPARE p AS " + RENAME)))[0]["C"] for wire in (through, without)]
    assert codes[0] in (codes[1], "LK001")
    assert exists(straight, "t")
