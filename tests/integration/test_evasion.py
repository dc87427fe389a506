"""No spelling, order or encoding of messages gets a refused statement past the policy. evasion.py has the attempts."""

import contextlib

import pytest

from evasion import ALL, RENAME
from proxy import Proxy
from wire import Closed, Wire, errors, query, shape, sync

# What is opaque is refused here; by default it runs under timeouts, with a warning.
SETTINGS = {"small_table": 0, "unparseable": "reject", "rules": dict.fromkeys(
    ("unmodelled", "unparseable", "delete-without-where", "update-without-where", "truncate"), "reject"), "limits": {"statement": "1MiB"}}

SCHEMA = """
SELECT array_agg(d ORDER BY d) FROM (
  SELECT format('%s.%s %s', relnamespace::regnamespace, relname, relkind) AS d FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema|^s$')
  UNION ALL SELECT format('%s %s', attrelid::regclass, attname) FROM pg_attribute
    WHERE attrelid = to_regclass('public.t') AND attnum > 0
  UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL SELECT md5(string_agg(x::text, ' ' ORDER BY x::text)) FROM public.t x) _
"""
MAKE = """
DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS s, x CASCADE; CREATE SCHEMA public; CREATE SCHEMA s;
CREATE TABLE t (id serial PRIMARY KEY, c int); INSERT INTO t (c) SELECT generate_series(1, 100);
CREATE FUNCTION f_off() RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN RETURN set_config('standard_conforming_strings', 'off', false); END $$;
"""


@pytest.fixture(scope="module")
def proxy(cluster):
    made = Proxy(cluster.port, mode="enforce", **SETTINGS)
    yield made
    assert made.stop() == 0, made.log()
    made.remove()


@pytest.fixture
def watcher(cluster, module_database):
    with contextlib.closing(cluster.connect(module_database)) as connection:
        cursor = connection.cursor()
        cursor.execute(MAKE)
        yield cursor


def schema(cursor):
    cursor.execute(SCHEMA)
    return cursor.fetchone()[0]


def play(port, database, steps, piece=None):
    """The errors that the client gets. An empty Query ends each step: it is answered in any state, and only then."""
    heard = []
    with Wire(port, database=database) as wire:
        for step in steps:
            data = step + sync() + query("")
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for at in range(0, len(data), piece or len(data)):
                    wire.send(data[at:at + (piece or len(data))])
            try:
                while not heard or heard[-1][0] != "I":
                    heard.append(wire.read())
                heard += wire.until("Z")
            except (Closed, ConnectionResetError):
                break
    return errors(heard)


@pytest.mark.parametrize("name", ALL)
def test_is_not_let_through(name, proxy, module_database, watcher):
    before = schema(watcher)
    told = play(proxy.port, module_database, ALL[name])
    assert schema(watcher) == before
    assert told, "the client was not told"


def test_at_least_sixty_attempts_would_work_without_lockkeeper(cluster, module_database, watcher):
    """That they fail for want of trying would prove nothing: straight on the server most of them do what they are for."""
    work, idle = [], []
    for name, steps in ALL.items():
        watcher.execute(MAKE)
        before = schema(watcher)
        play(cluster.port, module_database, steps)
        watcher.execute("SELECT to_regclass('public.t') IS NULL")
        gone = watcher.fetchone()[0]
        (work if gone or schema(watcher) != before else idle).append(name)
    assert len(work) >= 60, idle
    print(f"{len(work)} of {len(ALL)} attempts work on the server itself; not: {idle}")


@pytest.mark.parametrize("name", ["in the middle of three", "prepared text in a byte each", "backslash that will escape, the SET in flight",
                                  "SJIS: character that ends in a backslash"])
def test_is_not_let_through_by_the_byte(name, proxy, module_database, watcher):
    before = schema(watcher)
    assert play(proxy.port, module_database, ALL[name], piece=1)
    assert schema(watcher) == before


@pytest.mark.parametrize("sql", [RENAME, f"SELECT 1; {RENAME}"])
def test_is_not_let_through_by_a_replication_connection(sql, proxy, module_database, watcher):
    """It takes SQL as simple queries."""
    before = schema(watcher)
    with Wire(proxy.port, database=module_database, replication="database") as wire:
        assert errors(wire.ask(query(sql)))[0]["C"] == "LK001"
        assert shape(wire.ask(query("SELECT 1"))) == "T D C ZI"
    assert schema(watcher) == before


@pytest.mark.parametrize("options", ["-c standard_conforming_strings=off", "-c client_encoding=SJIS -c backslash_quote=on"])
def test_is_not_let_through_by_settings_of_the_startup_packet(options, proxy, module_database, watcher):
    before = schema(watcher)
    tricks = [b"SELECT '\\''; " + RENAME.encode() + b"; --'\0", b"SELECT E'\x95\x5c'; " + RENAME.encode() + b"; --'\0"]
    with Wire(proxy.port, database=module_database, options=options) as wire:
        from wire import message
        for trick in tricks:
            wire.ask(message("Q", trick))
    assert schema(watcher) == before
