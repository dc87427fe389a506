"""CREATE INDEX becomes CREATE INDEX CONCURRENTLY, whatever the client and the protocol."""

import contextlib
import ctypes
import json
import os
import subprocess

import psycopg
import psycopg2
import pytest

from cluster import binaries
from wire import Wire, bind, errors, execute, parse, query, rows, sync

CREATE = "CREATE INDEX i ON t (c)"
SHOW = "SELECT current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')"
SET = "SET lock_timeout = '7s'; SET statement_timeout = '9s'"


def by_psql(proxy, database):
    script = f"SET lock_timeout = '7s';\nSET statement_timeout = '9s';\n{CREATE};\n{SHOW};\n"
    done = subprocess.run([binaries() + "/psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", proxy.dsn(database)],
                          input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[2:]


def by_libpq(proxy, database):
    """PQexecParams: the extended protocol with the unnamed statement."""
    libpq = ctypes.CDLL("libpq.so.5")
    for name in ("PQconnectdb", "PQexec", "PQexecParams"):
        getattr(libpq, name).restype = ctypes.c_void_p
    for name in ("PQcmdStatus", "PQgetvalue", "PQerrorMessage", "PQresultErrorMessage"):
        getattr(libpq, name).restype = ctypes.c_char_p
    connection = ctypes.c_void_p(libpq.PQconnectdb(proxy.dsn(database).encode()))

    def execute(sql):
        result = libpq.PQexecParams(connection, sql.encode(), 0, None, None, None, None, 0)
        return ctypes.c_void_p(result)

    try:
        assert libpq.PQstatus(connection) == 0, libpq.PQerrorMessage(connection)
        libpq.PQexec(connection, SET.encode())
        created = execute(CREATE)
        assert libpq.PQresultStatus(created) == 1, libpq.PQresultErrorMessage(created)
        shown = execute(SHOW)
        return [libpq.PQcmdStatus(created).decode(), libpq.PQgetvalue(shown, 0, 0).decode()]
    finally:
        libpq.PQfinish(connection)


def by_psycopg3(proxy, database):
    with psycopg.connect(proxy.dsn(database), autocommit=True) as connection:
        connection.execute(SET)
        tag = connection.execute(CREATE, prepare=True).statusmessage
        return [tag, connection.execute(SHOW).fetchone()[0]]


def by_psycopg2(proxy, database):
    with contextlib.closing(proxy.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute(SET)
        cursor.execute(CREATE)
        tag = cursor.statusmessage
        cursor.execute(SHOW)
        return [tag, cursor.fetchone()[0]]


NODE = """
const { Client } = require('pg');
(async () => {
  const [port, database, set, create, show, name] = process.argv.slice(1);
  const client = new Client({ host: '127.0.0.1', port: Number(port), user: 'postgres', database });
  await client.connect();
  await client.query(set);
  const created = await client.query(name ? { name, text: create } : create);
  const shown = await client.query({ text: show, rowMode: 'array' });
  console.log(JSON.stringify([created.command, shown.rows[0][0]]));
  await client.end();
})().catch(error => { console.error(error); process.exit(1); });
"""


def by_node(proxy, database, name=""):
    done = subprocess.run(["node", "-e", NODE, "--", str(proxy.port), database, SET, CREATE, SHOW, name],
                          capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr
    command, shown = json.loads(done.stdout)
    return [{"CREATE": "CREATE INDEX"}.get(command, command), shown]  # the driver keeps the tag's first word only


def by_node_prepared(proxy, database):
    return by_node(proxy, database, "named")


def index(connection, name):
    """(valid, definition) or None."""
    cursor = connection.cursor()
    cursor.execute("SELECT i.indisvalid, pg_get_indexdef(c.oid) FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
                   " WHERE c.relname = %s", [name])
    return cursor.fetchone()


@pytest.mark.parametrize("client", [by_psql, by_libpq, by_psycopg3, by_psycopg2, by_node, by_node_prepared])
def test_every_client(client, lockkeeper, database, table, straight, server_log):
    proxy = lockkeeper()
    assert client(proxy, database) == ["CREATE INDEX", "7s 9s"]
    assert server_log.ran(r"^\s*CREATE INDEX CONCURRENTLY")
    assert not server_log.ran(r"^\s*CREATE INDEX i ")
    assert index(straight, "i") == (True, "CREATE INDEX i ON public.t USING btree (c)")
    record = proxy.audited(event="decision", action="rewrite", kind="CREATE INDEX")[0]
    assert record["rules"] == ["index-without-concurrently"]
    assert any("CONCURRENTLY" in step for step in record["plan"])
    proxy.audited(event="outcome", outcome="done", tag="CREATE INDEX")


@pytest.mark.parametrize("statement, name", [
    ("CREATE INDEX ON t (c)", "t_c_idx"),
    ('create index "Odd name" on public.t (c) where c > 5', "Odd name"),
    ("/* who */ CREATE UNIQUE INDEX i2 ON t USING btree (c DESC, id) INCLUDE (id) -- why", "i2"),
    ("CREATE INDEX IF NOT EXISTS i3 ON t ((c + 1))", "i3"),
    ("CREATE INDEX i4 ON t (c);", "i4"),
])
def test_same_index_as_straight(statement, name, lockkeeper, database, table, straight, server_log):
    straight.cursor().execute(statement)
    expected = index(straight, name)
    straight.cursor().execute(f'DROP INDEX "{name}"')
    server_log.mark()
    with contextlib.closing(lockkeeper().connect(database)) as connection:
        connection.cursor().execute(statement)
    assert server_log.ran("INDEX CONCURRENTLY")
    assert index(straight, name) == expected


def test_failing_unique_index_leaves_nothing(lockkeeper, database, table, straight, server_log):
    straight.cursor().execute("INSERT INTO t (c) VALUES (1)")
    with contextlib.closing(lockkeeper().connect(database)) as connection:
        with pytest.raises(psycopg2.errors.UniqueViolation):
            connection.cursor().execute("CREATE UNIQUE INDEX u ON t (c)")
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM pg_prepared_statements")
        assert cursor.fetchall() == []
    assert server_log.ran("CREATE UNIQUE INDEX CONCURRENTLY")
    assert index(straight, "u") is None


def test_name_that_is_taken(lockkeeper, database, table, straight):
    """The undo of a failed plan never drops what was there before."""
    straight.cursor().execute("CREATE INDEX i ON t (id)")
    with contextlib.closing(lockkeeper().connect(database)) as connection:
        with pytest.raises(psycopg2.errors.DuplicateTable):
            connection.cursor().execute(CREATE)
    assert index(straight, "i") == (True, "CREATE INDEX i ON public.t USING btree (id)")


def test_small_table_is_left_alone(lockkeeper, database, table, server_log):
    with contextlib.closing(lockkeeper(small_table="8MiB").connect(database)) as connection:
        connection.cursor().execute(CREATE)
    assert server_log.ran(r"^CREATE INDEX i ON t \(c\)")
    assert not server_log.ran("CONCURRENTLY")


def test_table_of_this_transaction_is_left_alone(lockkeeper, database, server_log):
    with contextlib.closing(lockkeeper().connect(database, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE mine AS SELECT 1 AS c")
        cursor.execute("CREATE INDEX i ON mine (c)")
        connection.commit()
    assert server_log.ran(r"^CREATE INDEX i ON mine")
    assert not server_log.ran("CONCURRENTLY")


def test_temporary_table_is_left_alone(lockkeeper, database, server_log):
    with contextlib.closing(lockkeeper().connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TEMPORARY TABLE mine AS SELECT 1 AS c")
        cursor.execute("CREATE INDEX i ON mine (c)")
    assert not server_log.ran("CONCURRENTLY")


def test_inside_a_transaction_refused(lockkeeper, database, table, straight):
    with contextlib.closing(lockkeeper(transactions="reject").connect(database, autocommit=False)) as connection:
        with pytest.raises(psycopg2.Error) as refused:
            connection.cursor().execute(CREATE)
        assert refused.value.pgcode == "LK001"
        assert "atomic = False" in refused.value.diag.message_hint
        connection.rollback()
    assert index(straight, "i") is None


@pytest.mark.parametrize("mode", ["observe", "guard"])
def test_other_modes_do_not_rewrite(mode, lockkeeper, database, table, server_log):
    proxy = lockkeeper(mode=mode)
    with contextlib.closing(proxy.connect(database)) as connection:
        connection.cursor().execute(CREATE)
    assert not server_log.ran("CONCURRENTLY")
    proxy.audited(event="decision", action="would rewrite", mode=mode)


def test_the_clients_unnamed_statement_survives(lockkeeper, database, table):
    """A rewrite uses the client's connection, not the client's unnamed statement."""
    with Wire(lockkeeper().port, database=database) as wire:
        wire.ask(parse("CREATE INDEX i ON t (c)", "ix"), parse("SELECT 'kept'"), sync())
        created = wire.ask(bind(statement="ix"), execute(), sync())
        assert not errors(created)
        again = wire.ask(bind(), execute(), sync())
        assert rows(again) == [["kept"]]
        assert rows(wire.ask(query(SHOW))) == [["0 0"]]


def test_an_error_of_ours_points_nowhere_in_the_clients_text(lockkeeper, cluster, database, table):
    """The position counts in the text that ran, and the client has sent another one."""
    heard = []
    for endpoint in (cluster, lockkeeper()):
        with Wire(endpoint.port, database=database) as wire:
            heard += errors(wire.ask(query("CREATE INDEX i ON t ((c + nothing))")))
    straight, through = heard
    assert straight["C"] == through["C"] == "42703" and straight["M"] == through["M"]
    assert straight["P"] == "27" and "P" not in through
