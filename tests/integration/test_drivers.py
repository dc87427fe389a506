"""What real clients do gives the same results straight and through Lockkeeper, and their index is built concurrently."""

import asyncio
import contextlib
import json
import os
import subprocess

import psycopg
import psycopg2
import psycopg2.extras
import pytest

from cluster import binaries

CREATE = "CREATE INDEX i ON t (c)"


def psycopg2_scenario(endpoint, database):
    with contextlib.closing(endpoint.connect(database, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT %s, %s::text, %s", [1, None, "it's \\ ü"])
        yield cursor.fetchall(), [column.type_code for column in cursor.description]
        psycopg2.extras.execute_values(cursor, "INSERT INTO t (c) VALUES %s RETURNING c", [(i,) for i in range(250)], fetch=True)
        yield cursor.rowcount, cursor.statusmessage
        connection.rollback()
        with connection.cursor("named") as named:
            named.itersize = 100
            named.execute("SELECT id, c FROM t ORDER BY id")
            yield list(named)
        cursor.execute("SAVEPOINT s")
        with pytest.raises(psycopg2.errors.DivisionByZero) as error:
            cursor.execute("SELECT 1/0")
        yield error.value.pgcode, error.value.pgerror
        cursor.execute("ROLLBACK TO s")
        cursor.execute("DO $$ BEGIN RAISE NOTICE 'noticed'; END $$")
        yield connection.notices[-1:]
        large = connection.lobject(0, "wb")  # large objects are FunctionCalls
        large.write(b"x" * 300_000)
        yield large.tell(), large.seek(5), connection.lobject(large.oid, "rb").read()[:3]
        connection.rollback()
        with open(os.devnull, "w", encoding="ascii") as nowhere:
            cursor.copy_expert("COPY t TO STDOUT", nowhere)
        yield cursor.rowcount
        connection.set_client_encoding("LATIN1")
        cursor.execute("SELECT 'ü', current_setting('client_encoding')")
        yield cursor.fetchone()


def psycopg3_scenario(endpoint, database):
    with psycopg.connect(endpoint.dsn(database), prepare_threshold=2) as connection:
        yield [connection.execute("SELECT %s::int + 1", [i]).fetchone() for i in range(6)]  # prepared from the third on
        yield connection.execute("SELECT %b, %b", [b"\x00\xff", 2**40], binary=True).fetchone()
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO t (c) VALUES (%s) RETURNING c", [(i,) for i in range(20)], returning=True)
            yield [cursor.fetchall() for _ in iter(cursor.nextset, None)]
            with cursor.copy("COPY t (c) FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["int4"])
                for i in range(1000):
                    copy.write_row([i])
            yield cursor.statusmessage
            with cursor.copy("COPY (SELECT c FROM t ORDER BY id) TO STDOUT") as copy:
                yield b"".join(map(bytes, copy))
            with pytest.raises(psycopg.errors.BadCopyFileFormat), cursor.copy("COPY t (c, id) FROM STDIN") as copy:
                copy.write("1\n")
        connection.rollback()
        with pytest.raises(psycopg.errors.QueryCanceled), connection.cursor().copy("COPY t FROM STDIN") as copy:
            raise ZeroDivisionError  # the driver sends CopyFail
        connection.rollback()
        with connection.cursor("server_side") as cursor:
            cursor.execute("SELECT c FROM t ORDER BY id")
            yield cursor.fetchmany(7), cursor.fetchall()
        with connection.pipeline() as pipeline:
            cursors = [connection.execute("SELECT %s::text", [i]) for i in range(300)]
            pipeline.sync()
            yield [cursor.fetchone() for cursor in cursors]
        with pytest.raises(psycopg.errors.DivisionByZero), connection.pipeline():
            connection.execute("SELECT 1/0")
            connection.execute("SELECT 2")
        yield connection.info.transaction_status.name
        connection.rollback()
        with connection.transaction(force_rollback=True), connection.transaction():
            connection.execute("INSERT INTO t (c) VALUES (1)")
        yield connection.execute("SELECT count(*) FROM t").fetchone()
        told = []
        connection.add_notify_handler(lambda n: told.append((n.channel, n.payload)))
        connection.execute("LISTEN here")
        connection.execute("NOTIFY here, 'word'")
        connection.commit()
        connection.execute("SELECT 1")
        yield told


def psycopg3_async_scenario(endpoint, database):
    async def work():
        async with await psycopg.AsyncConnection.connect(endpoint.dsn(database), autocommit=True) as connection:
            found = [await (await connection.execute("SELECT %s::int", [i])).fetchall() for i in range(10)]
            async with connection.pipeline():
                cursors = [await connection.execute("SELECT %s::int * 2", [i], prepare=True) for i in range(100)]
            found.append([await cursor.fetchone() for cursor in cursors])
            async with connection.cursor() as cursor:
                async with cursor.copy("COPY t (c) FROM STDIN") as copy:
                    await copy.write("1\n2\n")
                found.append(cursor.statusmessage)
        return found

    async def several():
        return await asyncio.gather(*(work() for _ in range(5)))
    return asyncio.run(several())


NODE = """
const { Client } = require('pg');
(async () => {
  const [port, database] = process.argv.slice(1);
  const client = new Client({ host: '127.0.0.1', port: Number(port), user: 'postgres', database });
  const found = [], noticed = [];
  client.on('notice', notice => noticed.push(notice.message));
  const told = new Promise(resolve => client.on('notification', n => resolve([n.channel, n.payload])));
  await client.connect();
  const ask = async (...query) => {
    try {
      const result = await client.query(...query);
      found.push([].concat(result).map(r => [r.command, r.rowCount, r.rows]));
    } catch (error) {
      found.push([error.code, error.message, error.position]);
    }
  };
  await ask('SELECT 1 AS one; SELECT 2 AS two; SELECT now() - now() AS zero');
  await ask('SELECT $1::int AS a, $2::jsonb AS b, $3::bytea AS c', [1, { k: [1, null] }, Buffer.from([0, 255])]);
  for (let i = 0; i < 3; i++) await ask({ name: 'again', text: 'SELECT $1::text AS x', values: [i] });
  await ask('SELECT nothing FROM t');
  await ask('BEGIN');
  await ask('INSERT INTO t (c) VALUES ($1) RETURNING c', [77]);
  await ask('SELECT 1/0');
  await ask('SELECT 1');
  await ask('ROLLBACK');
  await ask({ text: 'SELECT c FROM t ORDER BY id', rowMode: 'array', values: [] });
  await Promise.all([...Array(50).keys()].map(i => ask('SELECT $1::int AS i', [i])));
  await ask("DO $$ BEGIN RAISE NOTICE 'noticed'; END $$");
  await ask('LISTEN here');
  await ask("NOTIFY here, 'word'");
  found.push(noticed, await told);
  console.log(JSON.stringify(found));
  await client.end();
})().catch(error => { console.error(error); process.exit(1); });
"""


def node_scenario(endpoint, database):
    done = subprocess.run(["node", "-e", NODE, "--", str(endpoint.port), database], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def psql(endpoint, database, *arguments, script=None):
    command = [binaries() + "/psql", "-X", "-A", *arguments, endpoint.dsn(database)]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


PSQL_SCRIPT = r"""
\timing off
\copy t (c) to program 'sort -n | tail -3' with (format csv)
\copy t (c) from stdin
5
6
\.
SELECT format('SELECT %s AS a', i) FROM generate_series(1, 3) i
\gexec
SELECT 1 AS x, 2 AS y \gset
SELECT :x + :y;
\set FETCH_COUNT 100
SELECT id FROM t ORDER BY id;
\d t
SELECT nothing;
BEGIN; SELECT 1/0; SELECT 2;
ROLLBACK;
SELECT 1 \; SELECT 2;
\echo :LAST_ERROR_SQLSTATE
"""


def psql_scenario(endpoint, database):
    yield psql(endpoint, database, script=PSQL_SCRIPT)
    yield psql(endpoint, database, "-c", "SELECT 1; SELECT 2", "-c", "\\dt", "-c", "SELECT 1/0", "-c", "SELECT 3")
    yield psql(endpoint, database, "-1", "-v", "ON_ERROR_STOP=1", script="INSERT INTO t (c) VALUES (9);\nSELECT 1/0;\n")
    yield psql(endpoint, database, "-1", "-q", "-t", script="INSERT INTO t (c) VALUES (9);\nSELECT count(*) FROM t WHERE c = 9;\n")
    yield psql(endpoint, "no_such_database", "-c", "SELECT 1")[0]


SCENARIOS = [psycopg2_scenario, psycopg3_scenario, psycopg3_async_scenario, node_scenario, psql_scenario]


@pytest.mark.parametrize("mode", ["observe", "enforce"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_same_results(scenario, mode, cluster, lockkeeper, database, table, straight):
    results = []
    for endpoint in (cluster, lockkeeper(mode=mode)):
        straight.cursor().execute("TRUNCATE t RESTART IDENTITY; INSERT INTO t (c) SELECT generate_series(1, 1000)")
        results.append([repr(part) for part in scenario(endpoint, database)])
    assert results[0] == results[1]
    assert len(results[0]) > 3


def build_psycopg3_pipeline(proxy, database):
    with psycopg.connect(proxy.dsn(database), autocommit=True) as connection, connection.pipeline():
        cursor = connection.execute(CREATE)
    return cursor.statusmessage


def build_psycopg3_async(proxy, database):
    async def work():
        async with await psycopg.AsyncConnection.connect(proxy.dsn(database), autocommit=True) as connection:
            return (await connection.execute(CREATE)).statusmessage
    return asyncio.run(work())


def build_psql_command(proxy, database):
    return psql(proxy, database, "-c", CREATE)[1].strip()


def build_psql_gexec(proxy, database):
    return psql(proxy, database, "-q", script=f"SELECT '{CREATE}'\n\\gexec\n\\echo CREATE INDEX\n")[1].splitlines()[-1]


def build_psql_several(proxy, database):
    return psql(proxy, database, "-c", "SELECT 1", "-c", CREATE, "-c", "SELECT 2")[1].splitlines()[3]


# Built by the other clients in test_rewrite.py.
@pytest.mark.parametrize("build", [build_psycopg3_pipeline, build_psycopg3_async, build_psql_command, build_psql_gexec,
                                   build_psql_several])
def test_index_becomes_concurrent(build, lockkeeper, database, table, straight, server_log):
    assert build(lockkeeper(), database) == "CREATE INDEX"
    assert server_log.ran(r"^\s*CREATE INDEX CONCURRENTLY")
    assert not server_log.ran(r"^\s*CREATE INDEX i ")
    cursor = straight.cursor()
    cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")
    assert cursor.fetchone() == (True,)


@pytest.mark.parametrize("arguments", [["-1", "-c", CREATE], ["-c", f"SELECT 1; {CREATE}"]])
def test_psql_in_a_transaction_is_refused(arguments, lockkeeper, database, table, straight):
    """One transaction holds it all, by -1 or because several statements stand in one message: CONCURRENTLY cannot run there."""
    status, _, said = psql(lockkeeper(transactions="reject"), database, "-v", "VERBOSITY=verbose", *arguments)
    assert status == 1
    assert "LK001" in said
    cursor = straight.cursor()
    cursor.execute("SELECT to_regclass('i')")
    assert cursor.fetchone() == (None,)
