"""More clients and tools, each a program of its own kind: the same output straight and through Lockkeeper."""

import asyncio
import json
import pathlib
import subprocess

import alembic.migration
import alembic.operations
import asyncpg
import pytest
import sqlalchemy
from sqlalchemy import orm

from cluster import Cluster, binaries
from proxy import Proxy

PROGRAMS = pathlib.Path(__file__).with_name("drivers")


def program(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dump(endpoint, database, *arguments):
    """Without the two lines that hold a key made up by each run (CVE-2025-8714)."""
    said = program(binaries() + "/pg_dump", *arguments, endpoint.dsn(database))
    return "".join(line for line in said.splitlines(keepends=True) if not line.startswith(("\\restrict", "\\unrestrict")))


def asyncpg_scenario(endpoint, database):
    async def work():
        connection = await asyncpg.connect(host="127.0.0.1", port=endpoint.port, user="postgres", database=database)
        found, told, noticed = [], asyncio.get_running_loop().create_future(), []
        connection.add_log_listener(lambda _, notice: noticed.append(notice.message))
        for i in range(4):
            found.append(await connection.fetchrow("SELECT $1::int + 1 AS a, $2::text[] AS b, $3::jsonb AS c", i, ["x", None], '{"k": 1}'))
        prepared = await connection.prepare("SELECT id, c FROM t WHERE id <= $1 ORDER BY id")
        found += [prepared.get_attributes(), await prepared.fetch(5), await prepared.fetchval(1, column=1)]
        await connection.executemany("INSERT INTO t (c) VALUES ($1)", [(i,) for i in range(300)])
        async with connection.transaction():
            found.append([row["id"] async for row in connection.cursor("SELECT id FROM t ORDER BY id", prefetch=70)])
            try:
                async with connection.transaction():
                    await connection.execute("SELECT 1/0")
            except asyncpg.DivisionByZeroError as error:
                found.append((error.sqlstate, str(error)))
            found.append(await connection.fetchval("SELECT count(*) FROM t"))
        found.append(await connection.copy_records_to_table("t", records=[(i,) for i in range(200)], columns=["c"]))
        out = bytearray()

        async def take(data):
            out.extend(data)
        found.append(await connection.copy_from_query("SELECT c FROM t WHERE id <= $1 ORDER BY id", 50, output=take))
        found.append(bytes(out))
        for sql in ("SELECT nothing", "SELECT 1; SELECT 2"):
            try:
                found.append(await connection.fetch(sql))
            except asyncpg.PostgresError as error:
                found.append((error.sqlstate, str(error)))
        await connection.add_listener("here", lambda *words: told.set_result(words[2:]))
        await connection.execute("NOTIFY here, 'word'; DO 'BEGIN RAISE NOTICE ''noticed''; END'")
        found += [await told, noticed]
        try:
            await connection.fetch("SELECT pg_sleep(60)", timeout=0.2)  # the driver sends a CancelRequest
        except asyncio.TimeoutError:
            found.append(await connection.fetchval("SELECT 'still here'"))
        await connection.close()
        return found
    return asyncio.run(work())


def sqlalchemy_scenario(endpoint, database):
    """The ORM's unit of work, and a migration of Alembic's operations."""
    engine = sqlalchemy.create_engine(f"postgresql+psycopg2://postgres@127.0.0.1:{endpoint.port}/{database}")
    metadata = sqlalchemy.MetaData()
    author = sqlalchemy.Table("author", metadata, sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
                              sqlalchemy.Column("name", sqlalchemy.String(50), nullable=False))
    book = sqlalchemy.Table("book", metadata, sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
                            sqlalchemy.Column("author_id", sqlalchemy.ForeignKey("author.id")))
    metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.execute(author.insert(), [{"name": f"author {i}"} for i in range(5)])
        session.execute(book.insert(), [{"author_id": 1}, {"author_id": 2}])
        session.commit()
        yield session.execute(sqlalchemy.select(author.c.name, book.c.id).join(book)).all()
        with pytest.raises(sqlalchemy.exc.IntegrityError), session.begin_nested():
            session.execute(author.insert(), [{"name": None}])
        yield session.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(author)).scalar()
    with engine.begin() as connection:
        do = alembic.operations.Operations(alembic.migration.MigrationContext.configure(connection))
        do.add_column("book", sqlalchemy.Column("pages", sqlalchemy.Integer, server_default="0"))
        do.create_check_constraint("some_pages", "book", "pages >= 0")
        do.create_index("book_author", "book", ["author_id"])
        do.alter_column("author", "name", type_=sqlalchemy.Text())
    yield dump(endpoint, database, "-s", "-t", "book", "-t", "author")
    metadata.drop_all(engine)
    yield sqlalchemy.inspect(engine).get_table_names()
    engine.dispose()


def dbd_pg_scenario(endpoint, database):
    return program("perl", PROGRAMS / "dbd_pg.pl", endpoint.port, database).splitlines()


def activerecord_scenario(endpoint, database):
    return json.loads(program("ruby", PROGRAMS / "activerecord.rb", endpoint.port, database).splitlines()[-1])


def postgres_js_scenario(endpoint, database):
    return json.loads(program("node", PROGRAMS / "postgres_js.mjs", endpoint.port, database))


SCENARIOS = [asyncpg_scenario, sqlalchemy_scenario, dbd_pg_scenario, activerecord_scenario, postgres_js_scenario]


@pytest.mark.parametrize("mode", ["observe", "enforce"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_same_results(scenario, mode, cluster, lockkeeper, database, table, straight):
    results = []
    for endpoint in (cluster, lockkeeper(mode=mode, small_table="8MiB")):
        straight.cursor().execute("TRUNCATE t RESTART IDENTITY; INSERT INTO t (c) SELECT generate_series(1, 1000)")
        results.append([repr(part) for part in scenario(endpoint, database)])
    assert results[0] == results[1]
    assert len(results[0]) > 3


# What pg_dump knows of: something of many kinds.
SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE author (id serial PRIMARY KEY, name text NOT NULL UNIQUE, feels mood DEFAULT 'happy');
CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author, pages int CHECK (pages > 0), words tsvector);
CREATE INDEX book_author ON book (author_id) INCLUDE (pages) WHERE pages > 10;
CREATE INDEX book_words ON book USING gin (words);
CREATE TABLE event (at date, id int) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX event_at ON event (at);
CREATE VIEW pages AS SELECT author_id, sum(pages) FROM book GROUP BY 1;
CREATE MATERIALIZED VIEW most AS SELECT max(pages) AS most FROM book;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE numbers START 7;
INSERT INTO author (name) SELECT 'author ' || i FROM generate_series(1, 100) i;
INSERT INTO book SELECT i, i, i, 'a b' FROM generate_series(1, 100) i;
INSERT INTO event SELECT '2025-02-03', i FROM generate_series(1, 100) i;
REFRESH MATERIALIZED VIEW most;
"""


@pytest.mark.parametrize("mode", ["observe", "enforce"])
@pytest.mark.parametrize("arguments", [[], ["--jobs=2"], ["--single-transaction"]])
def test_dump_and_restore(arguments, mode, cluster, lockkeeper, database, databases, straight, tmp_path):
    """What is restored through Lockkeeper is what was dumped through it, although its indexes are built in another way."""
    straight.cursor().execute(SCHEMA)
    proxy = lockkeeper(mode=mode, small_table="8MiB")
    assert dump(proxy, database) == (whole := dump(cluster, database))
    program(binaries() + "/pg_dump", "-Fc", "-f", tmp_path / "dump", proxy.dsn(database))
    copy = databases()
    program(binaries() + "/pg_restore", "--exit-on-error", *arguments, "-d", proxy.dsn(copy), tmp_path / "dump")
    assert dump(cluster, copy) == whole


def test_base_backup(cluster, lockkeeper, database, straight, tmp_path):
    """Two replication connections: the files, and the WAL beside them. The server's own program checks what came."""
    straight.cursor().execute(SCHEMA)
    program(binaries() + "/pg_basebackup", "-d", lockkeeper().dsn(database), "-D", tmp_path / "backup", "-X", "stream", "-c", "fast",
            "--no-sync")
    assert "successfully verified" in program(binaries() + "/pg_verifybackup", tmp_path / "backup")


@pytest.fixture(scope="module")
def logical():
    with Cluster(wal_level="logical", synchronous_commit="on") as made:
        proxy = Proxy(made.start().port)
        yield made, proxy
        proxy.stop()
        proxy.remove()


def test_logical_decoding(logical, tmp_path):
    """CopyBoth: changes come while the client's own feedback goes."""
    cluster, proxy = logical
    receive = binaries() + "/pg_recvlogical"
    with cluster.connect() as connection:
        for endpoint, slot in zip(logical, ("straight", "through")):
            program(receive, "-d", endpoint.dsn(), "--slot", slot, "--create-slot", "--plugin", "test_decoding")
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY, c text)")
        cursor.execute("INSERT INTO t SELECT i, repeat('x', 2000) FROM generate_series(1, 1000) i")
        cursor.execute("UPDATE t SET c = 'y' WHERE id = 5")
        cursor.execute("SELECT pg_current_wal_insert_lsn()")
        (end,) = cursor.fetchone()
    for endpoint, slot in zip(logical, ("straight", "through")):
        program(receive, "-d", endpoint.dsn(), "--slot", slot, "--start", "--endpos", end, "--no-loop", "-f", tmp_path / slot)
    assert (tmp_path / "through").read_text() == (changes := (tmp_path / "straight").read_text())
    assert changes.count("INSERT") == 1000
