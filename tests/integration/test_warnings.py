"""What lets a statement through all the same: warnings, small tables, and comments that set a rule aside."""

import contextlib

import psycopg2
import pytest

from wire import Wire, errors, fields, query, run, sync

RENAME = "ALTER TABLE t RENAME TO u"
OVERRIDE = '/* lockkeeper: allow table-renamed reason="OPS-12 announced" */ '


def kinds(messages):
    return "".join(kind for kind, _ in messages)


def warnings(messages):
    return [fields(body) for kind, body in messages if kind == "N"]


@pytest.mark.parametrize("send", [lambda sql: query(sql), lambda sql: run(sql) + sync()], ids=["simple", "extended"])
@pytest.mark.parametrize("settings", [{"rules": {"table-renamed": "warn"}}, {"mode": "guard"}], ids=["warn", "guard"])
def test_a_warning_is_a_notice_before_the_answer(settings, send, lockkeeper, database, table):
    with Wire(lockkeeper(**settings).port, database=database) as wire:
        answer = wire.ask(send(RENAME))
        assert errors(answer) == []
        (warning,) = warnings(answer)
        assert warning["S"] == warning["V"] == "WARNING" and warning["C"] == "01000"
        assert "renam" in warning["M"] and warning["D"]
        assert warning["H"].endswith("More: lockkeeper explain table-renamed")
        assert kinds(answer).index("N") < kinds(answer).index("C")


def test_a_warning_stands_beside_a_rewrite(lockkeeper, database, table):
    with Wire(lockkeeper(mode="guard").port, database=database) as wire:
        answer = wire.ask(query("CREATE INDEX i ON t (c)"))
        assert len(warnings(answer)) == 1, "in guard the index is built as it was written"


def built_concurrently(proxy):
    return any("CONCURRENTLY" in step for record in proxy.audited(event="decision") for step in record.get("plan", []))


def test_a_small_table_is_left_alone(lockkeeper, database, table):
    proxy = lockkeeper(small_table="1MiB")
    with contextlib.closing(proxy.connect(database)) as connection:
        connection.cursor().execute("CREATE INDEX i ON t (c)")
        assert not built_concurrently(proxy)
        connection.cursor().execute("INSERT INTO t (c) SELECT generate_series(1, 50000)")
        connection.cursor().execute("CREATE INDEX j ON t (c)")
        assert built_concurrently(proxy)


def test_a_comment_sets_a_rule_aside(lockkeeper, database, table, straight):
    proxy = lockkeeper()
    with Wire(proxy.port, database=database) as wire:
        answer = wire.ask(query(OVERRIDE + RENAME))
        assert errors(answer) == [] and warnings(answer) == []
        assert proxy.audited(event="decision", override_reason="OPS-12 announced")
        answer = wire.ask(run(OVERRIDE + "ALTER TABLE u RENAME TO t"), sync())
        assert errors(answer) == []
        # It is about its own statement only, and about the rule that it names.
        assert errors(wire.ask(query(RENAME)))[0]["C"] == "LK001"
        assert errors(wire.ask(query(OVERRIDE + "ALTER TABLE t RENAME COLUMN c TO d")))[0]["C"] == "LK001"
        assert errors(wire.ask(query(OVERRIDE + "SELECT 1; " + RENAME)))[0]["C"] == "LK001"
    cursor = straight.cursor()
    cursor.execute("SELECT to_regclass('t') IS NOT NULL, to_regclass('u') IS NULL")
    assert cursor.fetchone() == (True, True)


@pytest.mark.parametrize("comment, mistake", [
    ("/* lockkeeper: allow table-renamed */", "it gives no reason"),
    ('/* lockkeeper: allow table-rename reason="x" */', "did you mean 'table-renamed'?"),
    ('/* lockkeeper: permit table-renamed reason="x" */', "the only order is `allow`"),
])
def test_a_comment_with_a_mistake_is_refused_with_it(comment, mistake, lockkeeper, database, table):
    with Wire(lockkeeper().port, database=database) as wire:
        refused = errors(wire.ask(query(f"{comment} {RENAME}")))[0]
        assert refused["C"] == "LK001" and "override-not-valid" in refused["H"]
        assert mistake in refused["M"]


def test_who_may_is_configured(lockkeeper, database, table):
    proxy = lockkeeper(overrides={"users": "dba_*"})
    with contextlib.closing(proxy.connect(database)) as connection, pytest.raises(psycopg2.Error) as refused:
        connection.cursor().execute(OVERRIDE + RENAME)
    assert "postgres may not set rules aside" in refused.value.diag.message_primary
