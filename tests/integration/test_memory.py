"""What a transaction did before decides about what it does next, whatever message it comes in."""

import pytest

from wire import Wire, bind, errors, execute, parse, query, sync

UNDER_LOCK, AFTER_ROWS = "rows-changed-under-lock", "schema-changed-after-rows"
ADD, TOUCH = "ALTER TABLE t ADD COLUMN x int", "UPDATE t SET c = 2 WHERE c = 1"


def warnings(messages):
    return [body for kind, body in messages if kind == "N"]


def asked(connection, *texts):
    return [warnings(connection.ask(query(text))) for text in texts]


@pytest.fixture
def proxy(lockkeeper, straight, table):
    straight.cursor().execute("INSERT INTO t (c) SELECT 1 FROM pg_catalog.generate_series(1, 5)")
    return lockkeeper()


@pytest.fixture
def connection(proxy, database):
    with Wire(proxy.port, database=database) as wire:
        yield wire


def test_rows_changed_under_a_lock_are_warned_of_once(proxy, connection):
    begun, altered, first, second, committed, later = asked(connection, "BEGIN", ADD, TOUCH, TOUCH, "COMMIT", TOUCH)
    assert (begun, altered, second, committed, later) == ([], [], [], [], [])
    assert len(first) == 1 and UNDER_LOCK in str(first)
    assert [r["rules"] for r in proxy.audited(event="outcome", statement=TOUCH)] == [[UNDER_LOCK]]


def test_in_the_extended_protocol(proxy, connection):
    asked(connection, "BEGIN", ADD)
    touched = connection.ask(parse(TOUCH, "touch"), bind(statement="touch"), execute(), bind(statement="touch"), execute(), sync())
    assert not errors(touched) and UNDER_LOCK in str(warnings(touched)) and len(warnings(touched)) == 1
    asked(connection, "COMMIT")
    assert not warnings(connection.ask(bind(statement="touch"), execute(), sync()))


def test_in_one_pipeline(connection):
    """Nobody waits for a reply: what is under way counts as done."""
    sent = b"".join([parse(sql) + bind() + execute() for sql in ("BEGIN", ADD, TOUCH, "COMMIT")])
    replies = connection.ask(sent, sync())
    assert not errors(replies) and UNDER_LOCK in str(warnings(replies))


def test_a_lock_that_was_rolled_back_is_not_held_against_it(connection):
    assert asked(connection, "BEGIN", "SAVEPOINT a", ADD, "ROLLBACK TO SAVEPOINT a", TOUCH, "COMMIT") == [[]] * 6


def test_a_rule_may_refuse(lockkeeper, database, proxy, straight):
    strict = lockkeeper(rules={UNDER_LOCK: "reject"})
    with straight.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM t WHERE c = 1")
        before = cursor.fetchone()
    with Wire(strict.port, database=database) as wire:
        asked(wire, "BEGIN", ADD)
        assert [e["C"] for e in errors(wire.ask(query(TOUCH)))] == ["LK001"]
        assert [e["C"] for e in errors(wire.ask(query("SELECT 1")))] == ["25P02"]
        asked(wire, "ROLLBACK")
    with straight.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM t WHERE c = 1")
        assert cursor.fetchone() == before


def test_schema_changed_after_rows(proxy, connection):
    """The UPDATE itself passes unread: its CommandComplete tells."""
    assert AFTER_ROWS in str(asked(connection, "BEGIN", TOUCH, ADD)[2])
    asked(connection, "ROLLBACK")
    assert asked(connection, "BEGIN", "UPDATE t SET c = 2 WHERE c = -1", ADD) == [[]] * 3
    asked(connection, "ROLLBACK")
    assert asked(connection, TOUCH, "BEGIN", ADD, "ROLLBACK") == [[]] * 4


def test_a_new_table_is_nobody_elses(connection):
    assert asked(connection, "BEGIN", "CREATE TABLE n (c int)", "ALTER TABLE n ADD COLUMN d int", "UPDATE n SET d = 1 WHERE c = 1",
                 "CREATE INDEX ON n (d)", "ALTER TABLE n ALTER COLUMN d SET NOT NULL", "COMMIT") == [[]] * 7


def test_an_override_is_audited_with_its_reason(proxy, connection):
    renamed = '/* lockkeeper: allow table-renamed reason="OPS-12 announced" */ ALTER TABLE t RENAME TO u'
    assert not errors(connection.ask(query(renamed)))
    outcome = proxy.audited(event="outcome", statement=renamed)[0]
    assert (outcome["overridden"], outcome["override_reason"]) == (["table-renamed"], "OPS-12 announced")


@pytest.mark.parametrize("mode", ["observe", "guard", "enforce"])
def test_what_cannot_be_found_out_is_audited(mode, lockkeeper, database, straight, table):
    """A user who may not read the catalog: the statement is judged by its words, and the log says so."""
    proxy = lockkeeper(mode=mode)
    with straight.cursor() as cursor:
        cursor.execute("CREATE ROLE blind LOGIN; CREATE SCHEMA AUTHORIZATION blind; REVOKE SELECT ON pg_catalog.pg_class FROM public")
    try:
        with Wire(proxy.port, database=database, user="blind") as wire:
            failed = errors(wire.ask(query("CREATE TABLE blind.t (c int)")))
    finally:
        with straight.cursor() as cursor:
            cursor.execute("GRANT SELECT ON pg_catalog.pg_class TO public; DROP SCHEMA blind CASCADE; DROP ROLE blind")
    decision, outcome = proxy.audited(event="decision")[0], proxy.audited(event="outcome")[0]
    assert decision["rules"][0] == "facts-unavailable"
    if mode == "enforce":
        assert [e["C"] for e in failed] == ["LK004"]
        assert (decision["action"], outcome["outcome"], outcome["sqlstate"]) == ("reject", "refused", "LK004")
    else:
        assert not failed
        assert (decision["action"], outcome["outcome"]) == ("would reject", "done")
