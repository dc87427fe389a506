"""Work on every row of a table, a few at a time, while an application reads and writes it."""

import contextlib
import threading

import psycopg2
import pytest

from cluster import wait_until
from test_plans_alter import Copies, constraints, run
from traffic import WAITED, Traffic

BIG = """CREATE TABLE big (id bigint PRIMARY KEY, number int, note text);
    INSERT INTO big SELECT i, i, 'x' FROM generate_series(1, 30000) AS i"""


@pytest.fixture
def copies(cluster, lockkeeper, databases):
    made = Copies(cluster, lockkeeper(), [databases(), databases()])
    made.prepare(BIG + "; CREATE TABLE lines (id int PRIMARY KEY, big bigint REFERENCES big ON DELETE CASCADE, n int CHECK (n < 1999));"
                 "INSERT INTO lines SELECT i, i, i FROM generate_series(1, 1998) AS i")
    yield made
    made.straight.close()
    made.copy.close()


def same_schema(copies, statement):
    run(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight
    assert constraints(copies.copy) == constraints(copies.straight)


FILLS = [
    "ALTER TABLE big ADD COLUMN token uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE big ADD COLUMN token uuid DEFAULT gen_random_uuid() NOT NULL",
    "ALTER TABLE ONLY big ADD token text COLLATE \"C\" NOT NULL DEFAULT ('a, b' || random()) CHECK (token > 'a'), ADD COLUMN other int DEFAULT 1",
    "ALTER TABLE big ADD COLUMN token uuid DEFAULT gen_random_uuid() UNIQUE, ADD COLUMN at timestamptz DEFAULT clock_timestamp() NOT NULL",
]


@pytest.mark.parametrize("statement", FILLS)
def test_a_column_is_filled_under_traffic(statement, copies, cluster, server_log):
    with Traffic(cluster, copies.names[1]) as traffic:
        assert copies.through(statement) == "ALTER TABLE"
    assert traffic.failures == [] and traffic.done > 20
    assert WAITED not in server_log.text()
    assert server_log.ran(r'UPDATE (ONLY )?"public"."big" SET "token" = DEFAULT')
    same_schema(copies, statement)
    rows, values = run(copies.copy, "SELECT count(*), count(DISTINCT token) FROM big")[0]
    assert rows == values > 20000


KEYS = {
    "two columns": "PRIMARY KEY (a, b)",
    "text": "PRIMARY KEY (t)",
    "date": "PRIMARY KEY (at, a)",
    "numeric": "PRIMARY KEY (n, a)",
    "uuid": "PRIMARY KEY (u)",
    "unique": "UNIQUE (z)",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("style", ["ISO, MDY", "German"])
def test_along_any_key(key, style, copies):
    copies.prepare(f"""CREATE TABLE keyed (a int, b int, t text COLLATE "C", at timestamptz, n numeric, u uuid, z varchar(20) NOT NULL, {key});
        INSERT INTO keyed SELECT i, i % 7, 'it''s \\ ' || i, '2024-01-01'::timestamptz + i * '77 minutes'::interval, i / 7.0,
            gen_random_uuid(), 'z' || i FROM generate_series(1, 3000) AS i""")
    statement = "ALTER TABLE keyed ADD COLUMN r float DEFAULT random() NOT NULL"
    with contextlib.closing(copies.proxy.connect(copies.names[1])) as connection:
        run(connection, f"SET DateStyle = '{style}'; SET TimeZone = 'Europe/Berlin'; SET standard_conforming_strings = off")
        assert run(connection, statement) == "ALTER TABLE"
    same_schema(copies, statement)
    assert run(copies.copy, "SELECT count(*), count(DISTINCT r) FROM keyed") == [(3000, 3000)]


def test_partitions_are_filled(copies):
    copies.prepare("""CREATE TABLE tree (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (700);
        CREATE TABLE tree_2 PARTITION OF tree FOR VALUES FROM (700) TO (3000);
        INSERT INTO tree SELECT generate_series(1, 2000)""")
    statement = "ALTER TABLE tree ADD COLUMN r float DEFAULT random()"
    copies.through(statement)
    same_schema(copies, statement)
    assert run(copies.copy, "SELECT count(DISTINCT r) FROM tree") == [(2000,)]


@pytest.mark.parametrize("setup, reason", [
    ("CREATE TABLE t (id int)", "no primary key"),
    ("CREATE TABLE t (id float PRIMARY KEY)", "no primary key"),
    ("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE below () INHERITS (t)", "inherit from"),
    ("CREATE TABLE t (id int PRIMARY KEY); CREATE TRIGGER same BEFORE UPDATE ON t FOR EACH ROW"
     " EXECUTE FUNCTION suppress_redundant_updates_trigger()", "triggers or rules"),
    ("CREATE TABLE t (id int PRIMARY KEY); CREATE RULE none AS ON UPDATE TO t DO INSTEAD NOTHING", "triggers or rules"),
    ("CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t FORCE ROW LEVEL SECURITY", "ROW LEVEL SECURITY"),
])
def test_what_is_not_filled(setup, reason, copies):
    run(copies.copy, setup)
    before = copies.schemas()[1]
    with pytest.raises(psycopg2.Error) as refused:
        copies.through("ALTER TABLE t ADD COLUMN r float DEFAULT random()")
    assert refused.value.pgcode == "LK001"
    assert reason in refused.value.diag.message_hint
    assert copies.schemas()[1] == before


def test_a_trigger_for_other_columns_is_not_in_the_way(copies):
    copies.prepare("CREATE TRIGGER same BEFORE UPDATE OF note ON big FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()")
    statement = "ALTER TABLE big ADD COLUMN r float DEFAULT random()"
    copies.through(statement)
    same_schema(copies, statement)
    assert run(copies.copy, "SELECT count(*) FROM big WHERE r IS NULL") == [(0,)]


def test_a_default_that_fails_leaves_nothing_behind(copies):
    copies.prepare("CREATE FUNCTION odd() RETURNS int VOLATILE LANGUAGE plpgsql AS $$BEGIN RAISE unique_violation; END$$")
    before = copies.schemas()[1]
    with pytest.raises(psycopg2.errors.UniqueViolation):
        copies.through("ALTER TABLE big ADD COLUMN r int DEFAULT odd()")
    assert copies.schemas()[1] == before


def test_a_default_that_may_be_null_ends(copies):
    copies.prepare("CREATE FUNCTION nothing() RETURNS int VOLATILE LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$")
    statement = "ALTER TABLE big ADD COLUMN r int DEFAULT nothing()"
    assert copies.through(statement) == "ALTER TABLE"
    same_schema(copies, statement)


SLOW = """CREATE FUNCTION slow() RETURNS float VOLATILE LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(0.001); RETURN random(); END$$;
    CREATE TABLE slowly (id bigint PRIMARY KEY, number int, note text);
    INSERT INTO slowly SELECT CASE WHEN i > 500 THEN 30000 ELSE 0 END + i, i, 'x' FROM generate_series(1, 2000) AS i"""


def test_a_locked_row_is_waited_for_and_keeps_nobody_else(copies, cluster, server_log):
    """It holds up the filling, which holds nothing meanwhile that others would want for long."""
    copies.prepare(SLOW)
    statement = "ALTER TABLE slowly ADD COLUMN r float DEFAULT slow() NOT NULL"
    done = []
    thread = threading.Thread(target=lambda: done.append(copies.through(statement)))
    with contextlib.closing(cluster.connect(copies.names[1], autocommit=False)) as holder, \
            Traffic(cluster, copies.names[1], "slowly") as traffic:
        thread.start()
        wait_until(lambda: server_log.ran('SET "r" = DEFAULT'), "it fills")
        run(holder, "UPDATE slowly SET note = 'held' WHERE id = 31900")
        wait_until(lambda: server_log.text().count("canceling statement due to lock timeout") > 3, "it has given way")
        assert not done
        holder.commit()
        thread.join()
    assert done == ["ALTER TABLE"] and traffic.failures == []
    assert WAITED not in server_log.text()
    same_schema(copies, statement)
    assert run(copies.copy, "SELECT note, r IS NOT NULL FROM slowly WHERE id = 31900") == [("held", True)]


def test_sessions_that_run_serializable(copies, cluster):
    with Traffic(cluster, copies.names[1]) as traffic, contextlib.closing(copies.proxy.connect(copies.names[1])) as connection:
        run(connection, "SET default_transaction_isolation = 'serializable'")
        statement = "ALTER TABLE big ADD COLUMN token uuid DEFAULT gen_random_uuid() NOT NULL"
        assert run(connection, statement) == "ALTER TABLE"
    assert traffic.failures == []
    same_schema(copies, statement)


def test_one_record_for_all_parts(copies):
    copies.through("ALTER TABLE big ADD COLUMN token uuid DEFAULT gen_random_uuid()")
    outcome = copies.proxy.audited(event="outcome", outcome="done")[0]
    assert len(outcome["steps"]) == 4
    assert [s["outcome"] for s in outcome["steps"]] == ["done"] * 4
