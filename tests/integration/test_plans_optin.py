"""Work on every row of a table, a few at a time, while an application reads and writes it."""

import contextlib
import threading

import psycopg2
import pytest

from cluster import wait_until
from test_plans_alter import Copies, constraints, run
from traffic import WAITED, Traffic
from wire import Wire, bind, execute, parse, sync

BIG = """CREATE TABLE big (id bigint PRIMARY KEY, number int, note text);
    INSERT INTO big SELECT i, i, 'x' FROM generate_series(1, 30000) AS i"""


@pytest.fixture
def copies(cluster, lockkeeper, databases):
    made = Copies(cluster, lockkeeper(rules={"update-without-where": "rewrite", "delete-without-where": "rewrite",
                                             "table-renamed": "rewrite"}), [databases(), databases()])
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


CHANGES = [
    ("UPDATE big SET note = 'all, ' || id", "UPDATE 30000"),
    ("/* all */ update only public.big AS b set note = CASE WHEN b.id > 5 THEN 'it''s' ELSE upper END -- ;\n;", "UPDATE 30000"),
    ("DELETE FROM big", "DELETE 30000"),
]


@pytest.mark.parametrize("statement, tag", CHANGES)
def test_all_rows_in_parts(statement, tag, copies, server_log):
    copies.prepare("ALTER TABLE big ADD COLUMN upper text DEFAULT 'U'")
    assert copies.through(statement) == tag
    assert run(copies.straight, statement) == tag
    assert len(server_log.ran("_lockkeeper_changed")) > 3
    for rows in ("SELECT * FROM big ORDER BY id", "SELECT count(*) FROM lines"):
        assert run(copies.copy, rows) == run(copies.straight, rows)


@pytest.mark.parametrize("statement", ["UPDATE big SET note = 'all'", "DELETE FROM big"])
def test_all_rows_in_parts_under_traffic(statement, copies, cluster, server_log):
    with Traffic(cluster, copies.names[1]) as traffic:
        tag = copies.through(statement)
    assert traffic.failures == [] and traffic.done > 20
    assert WAITED not in server_log.text()
    assert int(tag.split()[1]) >= 29900
    if statement.startswith("UPDATE"):
        assert run(copies.copy, "SELECT count(*) FROM big WHERE id <= 30000 AND note <> 'all'") == [(0,)]
    else:
        assert run(copies.copy, "SELECT count(*) FROM big WHERE id <= 30000") == [(0,)]


def test_what_is_done_stays_done(copies):
    copies.prepare("UPDATE lines SET n = -id; UPDATE lines SET n = 1998 WHERE id = 1500; ALTER TABLE lines ADD m int;"
                   "ALTER TABLE lines ADD CHECK (m <> 1998)")
    with pytest.raises(psycopg2.errors.CheckViolation) as failed:
        copies.through("UPDATE lines SET m = n")
    done = run(copies.copy, "SELECT count(m) FROM lines")[0][0]
    assert 0 < done < 1500
    assert f"{done} rows were done before that" in failed.value.diag.message_detail
    run(copies.copy, "UPDATE lines SET n = 5 WHERE id = 1500")
    assert copies.through("UPDATE lines SET m = n") == "UPDATE 1998"
    assert run(copies.copy, "SELECT count(*) FROM lines WHERE m IS DISTINCT FROM n") == [(0,)]


def test_a_killed_session_has_done_a_part(copies, cluster):
    copies.prepare(SLOW)
    run(copies.copy, "CREATE TABLE held AS SELECT 1; CREATE FUNCTION is_slow(float) RETURNS bool LANGUAGE plpgsql AS"
                     " $$BEGIN PERFORM pg_sleep(0.001); RETURN true; END$$; ALTER TABLE slowly ADD CHECK (is_slow(number))")
    connection = copies.proxy.connect(copies.names[1])
    ended = []

    def change():
        try:
            run(connection, "UPDATE slowly SET note = 'all'")
        except psycopg2.Error as error:
            ended.append(error)
    thread = threading.Thread(target=change)
    thread.start()
    some = "SELECT count(*) FROM slowly WHERE note = 'all'"
    wait_until(lambda: run(copies.copy, some)[0][0] > 0, "a part is committed")
    assert run(copies.copy, f"SELECT pg_terminate_backend({connection.info.backend_pid})")
    thread.join()
    connection.close()
    assert ended and 0 < run(copies.copy, some)[0][0] < 2000
    assert copies.through("UPDATE slowly SET note = 'all'") == "UPDATE 2000"
    assert run(copies.copy, some) == [(2000,)]


def test_extended_protocol_counts_too(copies):
    with Wire(copies.proxy.port, database=copies.names[1]) as wire:
        wire.send(parse("DELETE FROM big") + bind() + execute() + sync())
        assert [body for tag, body in wire.until_ready() if tag == "C"] == [b"DELETE 30000\0"]


@pytest.mark.parametrize("setup, statement, reason", [
    ("", "UPDATE big SET number = number + 1", "must not be done twice"),
    ("", "UPDATE big SET note = now()", "calls a function"),
    ("ALTER TABLE big ADD twice int GENERATED ALWAYS AS (number * 2) STORED", "UPDATE big SET number = twice", "generated columns"),
    ("", "UPDATE big SET id = 1", "none of the columns that are changed"),
    ("ALTER TABLE big ADD parent bigint REFERENCES big", "DELETE FROM big", "refer to each other"),
    ("CREATE TRIGGER t BEFORE DELETE ON big EXECUTE FUNCTION suppress_redundant_updates_trigger()", "DELETE FROM big", "triggers"),
    ("CREATE VIEW seen AS SELECT * FROM big", "DELETE FROM seen", "is not a table"),
])
def test_rows_that_are_not_changed_in_parts(setup, statement, reason, copies):
    if setup:
        run(copies.copy, setup)
    with pytest.raises(psycopg2.Error) as refused:
        copies.through(statement)
    assert refused.value.pgcode == "LK001"
    assert reason in refused.value.diag.message_hint
    assert run(copies.copy, "SELECT count(*) FROM big WHERE note = 'x'") == [(30000,)]


@pytest.mark.parametrize("transactions", ["reject", "defer", "split"])
def test_atomicity_is_not_changed_silently(transactions, copies, lockkeeper):
    proxy = lockkeeper(transactions=transactions, rules={"delete-without-where": "rewrite"})
    with contextlib.closing(proxy.connect(copies.names[1], autocommit=False)) as connection:
        with pytest.raises(psycopg2.Error) as refused:
            run(connection, "DELETE FROM big")
        assert refused.value.pgcode == "LK001"
        assert "ROLLBACK" in refused.value.diag.message_hint
    assert run(copies.copy, "SELECT count(*) FROM big") == [(30000,)]
