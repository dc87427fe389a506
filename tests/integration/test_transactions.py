"""Statements in a transaction block whose safe way cannot run in one: put off until the COMMIT, or the transaction is split."""

import psycopg
import psycopg2
import pytest

from wire import Wire, query, run, shape, sync

INDEX = "CREATE INDEX t_c ON t (c)"


def index_state(straight, name="t_c"):
    """None: there is none. Else whether it is valid."""
    cursor = straight.cursor()
    cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
    row = cursor.fetchone()
    return row and row[0]


def state_of(error):
    return error.value.pgcode if hasattr(error.value, "pgcode") else error.value.sqlstate


@pytest.fixture
def deferring(lockkeeper, database, table):
    proxy = lockkeeper(transactions="defer")
    connection = proxy.connect(database)
    connection.autocommit = False
    yield proxy, connection
    connection.close()


def test_an_index_is_built_behind_the_commit(deferring, straight, server_log):
    proxy, connection = deferring
    cursor = connection.cursor()
    cursor.execute(INDEX)
    assert cursor.statusmessage == "CREATE INDEX"
    cursor.execute("INSERT INTO t (c) VALUES (-1)")
    assert index_state(straight) is None
    connection.commit()
    assert index_state(straight) is True
    assert server_log.ran("CREATE INDEX CONCURRENTLY t_c")
    assert proxy.audited(event="outcome", outcome="put off until the COMMIT")
    assert proxy.audited(event="outcome", outcome="done", kind="CREATE INDEX")


def test_the_extended_protocol_gets_it_before_ready_for_query(deferring, database, straight):
    proxy, _ = deferring
    with psycopg.connect(proxy.dsn(database)) as connection:
        connection.execute(INDEX, prepare=True)
        connection.execute("SELECT 1", prepare=True)
        connection.commit()
        assert index_state(straight) is True
    with Wire(proxy.port, database=database) as wire:
        wire.ask(query("DROP INDEX t_c"))
        wire.ask(query("BEGIN"))
        assert shape(wire.ask(run(INDEX), run("COMMIT"), sync())) == "1 2 C 1 2 C ZI"
    assert index_state(straight) is True


@pytest.mark.parametrize("undo", [["ROLLBACK"], ["ROLLBACK TO s", "COMMIT"]])
def test_what_is_rolled_back_is_never_done(deferring, straight, undo):
    proxy, connection = deferring
    cursor = connection.cursor()
    cursor.execute("SAVEPOINT s")
    cursor.execute(INDEX)
    for statement in undo:
        cursor.execute(statement)
    assert proxy.audited(event="outcome", outcome="rolled back")
    assert index_state(straight) is None


def test_a_commit_that_fails_does_nothing_more(deferring, straight):
    _, connection = deferring
    straight.cursor().execute("ALTER TABLE t ADD CONSTRAINT one UNIQUE (c) DEFERRABLE INITIALLY DEFERRED")
    cursor = connection.cursor()
    cursor.execute("INSERT INTO t (c) SELECT 1 FROM generate_series(1, 2)")
    cursor.execute("CREATE INDEX t_other ON t (c, id)")
    with pytest.raises(psycopg2.Error) as failed:
        connection.commit()
    assert state_of(failed) == "23505"
    assert index_state(straight, "t_other") is None


def test_a_validation_that_fails_is_told_of_behind_the_commit(deferring, straight):
    _, connection = deferring
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE beside (id int)")
    cursor.execute("ALTER TABLE t ADD CONSTRAINT small CHECK (c < 5)")
    with pytest.raises(psycopg2.Error) as failed:
        connection.commit()
    assert state_of(failed) == "LK002"
    assert "VALIDATE CONSTRAINT" in failed.value.diag.message_hint
    look = straight.cursor()
    look.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'small'")
    assert look.fetchone() == (False,)
    look.execute("SELECT to_regclass('beside') IS NOT NULL")
    assert look.fetchone() == (True,)


def test_constraints_are_there_at_once_and_valid_in_the_end(deferring, straight):
    _, connection = deferring
    cursor = connection.cursor()
    cursor.execute("ALTER TABLE t ADD CONSTRAINT positive CHECK (c > 0)")
    with pytest.raises(psycopg2.Error) as failed:
        cursor.execute("INSERT INTO t (c) VALUES (-1)")
    assert state_of(failed) == "23514"
    connection.rollback()
    cursor.execute("ALTER TABLE t ADD CONSTRAINT positive CHECK (c > 0)")
    cursor.execute("ALTER TABLE t ALTER COLUMN c SET NOT NULL")
    connection.commit()
    look = straight.cursor()
    look.execute("SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'c'")
    assert look.fetchall() == [("positive", True)]
    look.execute("SELECT attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'c'")
    assert look.fetchone() == (True,)


@pytest.mark.parametrize("statement", ["ALTER INDEX t_c RENAME TO other", "DROP INDEX t_c", "DROP TABLE t",
                                       "ALTER TABLE t DROP COLUMN c", "ALTER TABLE t RENAME TO u", "PREPARE TRANSACTION 'x'",
                                       "CREATE INDEX t_c ON t (id)"])
def test_what_counts_on_work_that_is_put_off_is_refused(deferring, straight, statement):
    _, connection = deferring
    cursor = connection.cursor()
    cursor.execute(INDEX)
    with pytest.raises(psycopg2.Error) as refused:
        cursor.execute(statement)
    assert state_of(refused) == "LK001"
    connection.rollback()
    assert index_state(straight) is None


@pytest.mark.parametrize("statement", ["CREATE TABLE r (c int REFERENCES t (c))", "ALTER TABLE r ADD FOREIGN KEY (c) REFERENCES t (c)",
                                       "ALTER TABLE r ADD COLUMN d int REFERENCES t (c)"])
def test_a_foreign_key_to_what_is_not_unique_yet_is_refused(deferring, straight, statement):
    _, connection = deferring
    if statement.startswith("ALTER"):
        straight.cursor().execute("CREATE TABLE r (c int)")
    cursor = connection.cursor()
    cursor.execute("ALTER TABLE t ADD CONSTRAINT t_c UNIQUE (c)")
    cursor.execute("CREATE TABLE other (id int REFERENCES t (id))")
    with pytest.raises(psycopg2.Error) as refused:
        cursor.execute(statement)
    assert state_of(refused) == "LK001" and "t_c on public.t, which is put off" in str(refused.value)


UNIQUE = ["CREATE UNIQUE INDEX t_c ON t (c)", "ALTER TABLE t ADD CONSTRAINT t_c UNIQUE (c)",
          "ALTER TABLE t ADD COLUMN d int DEFAULT 1 CONSTRAINT t_c UNIQUE"]


@pytest.mark.parametrize("statement", UNIQUE[:2])
def test_uniqueness_is_there_when_the_commit_is_answered(deferring, straight, statement):
    _, connection = deferring
    connection.cursor().execute(statement)
    assert index_state(straight) is None
    connection.commit()
    assert index_state(straight) is True


@pytest.mark.parametrize("statement", UNIQUE)
def test_rows_that_are_not_unique_are_told_of_behind_the_commit(deferring, straight, statement):
    _, connection = deferring
    cursor = connection.cursor()
    cursor.execute("INSERT INTO t (c) VALUES (1)")
    cursor.execute(statement)
    with pytest.raises(psycopg2.Error) as failed:
        connection.commit()
    assert state_of(failed) == "LK002"
    assert "UNIQUE INDEX" in failed.value.diag.message_hint
    assert index_state(straight) is None


def test_commit_and_chain_waits_for_the_end_of_the_next_transaction(deferring, straight):
    _, connection = deferring
    cursor = connection.cursor()
    cursor.execute(INDEX)
    cursor.execute("COMMIT AND CHAIN")
    assert index_state(straight) is None
    cursor.execute("ROLLBACK")
    assert index_state(straight) is True


@pytest.fixture
def splitting(lockkeeper, database, table):
    connection = lockkeeper(transactions="split").connect(database)
    connection.autocommit = False
    yield connection
    connection.close()


def test_a_transaction_is_split_around_the_index(splitting, straight):
    cursor = splitting.cursor()
    cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    cursor.execute("INSERT INTO t (c) VALUES (-1)")
    cursor.execute('SAVEPOINT "The One"')
    cursor.execute("CREATE UNIQUE INDEX t_c ON t (c, id)")
    assert index_state(straight) is True
    cursor.execute("SHOW transaction_isolation")
    assert cursor.fetchone() == ("serializable",)
    cursor.execute("INSERT INTO t (c) VALUES (-2)")
    cursor.execute('ROLLBACK TO SAVEPOINT "The One"')
    cursor.execute("INSERT INTO t (c) VALUES (-3)")
    splitting.commit()
    cursor.execute("SELECT c FROM t WHERE c < 0 ORDER BY c")
    assert cursor.fetchall() == [(-3,), (-1,)]


def test_what_fails_behind_a_split_fails_the_transaction(splitting, straight):
    cursor = splitting.cursor()
    cursor.execute("INSERT INTO t (c) VALUES (5), (5)")
    with pytest.raises(psycopg2.Error) as failed:
        cursor.execute("CREATE UNIQUE INDEX t_c ON t (c)")
    assert state_of(failed) == "23505"
    with pytest.raises(psycopg2.Error) as ignored:
        cursor.execute("SELECT 1")
    assert state_of(ignored) == "25P02"
    splitting.rollback()
    assert index_state(straight) is None
    cursor.execute("SELECT count(*) FROM t WHERE c = 5")
    assert cursor.fetchone()[0] > 2


WITH_SET_CONSTRAINTS = [
    "ALTER TABLE t ADD COLUMN u int DEFAULT 1 NOT NULL CONSTRAINT t_u REFERENCES u (id) DEFERRABLE INITIALLY DEFERRED; SET CONSTRAINTS t_u IMMEDIATE",
    "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (c) REFERENCES v (id)",
]


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("transactions", ["defer", "split"])
@pytest.mark.parametrize("text", WITH_SET_CONSTRAINTS)
def test_each_statement_of_a_text_has_its_own_answer(text, transactions, begun, lockkeeper, cluster, database, table, straight):
    """Django sends SET CONSTRAINTS in one text with the foreign key."""
    straight.cursor().execute("CREATE TABLE u AS SELECT 1 AS id; ALTER TABLE u ADD PRIMARY KEY (id);"
                              "CREATE TABLE v AS SELECT generate_series(1, 1000) AS id; ALTER TABLE v ADD PRIMARY KEY (id)")
    proxy = lockkeeper(transactions=transactions)

    def said(port, end):
        with Wire(port, database=database) as wire:
            if begun:
                wire.ask(query("BEGIN"))
            answers = [message for message in wire.ask(query(text)) if message[0] in "CEZ"]
            if begun:
                wire.ask(query(end))
            return answers

    answered = said(proxy.port, "COMMIT")
    straight.cursor().execute("ALTER TABLE t DROP CONSTRAINT t_u, DROP COLUMN IF EXISTS u")
    assert answered == said(cluster.port, "ROLLBACK") and len(answered) == 3


def test_set_constraints_counts_for_the_transaction(splitting, straight, table):
    straight.cursor().execute("CREATE TABLE u AS SELECT 1 AS id; ALTER TABLE u ADD PRIMARY KEY (id)")
    cursor = splitting.cursor()
    cursor.execute(WITH_SET_CONSTRAINTS[0])
    with pytest.raises(psycopg2.Error) as failed:
        cursor.execute("INSERT INTO t (c, u) VALUES (-1, 2)")
    assert state_of(failed) == "23503"


KEPT = {"default-dropped-after-add": "rewrite"}


@pytest.mark.parametrize("transactions", ["reject", "defer", "split"])
def test_the_default_of_a_new_column_is_kept_on_request(transactions, lockkeeper, database, table):
    proxy = lockkeeper(transactions=transactions, rules=KEPT)
    connection = proxy.connect(database)
    connection.autocommit = False
    cursor = connection.cursor()
    cursor.execute("ALTER TABLE t ADD COLUMN d int DEFAULT 7 NOT NULL CHECK (d > 0)" if transactions == "split" else
                   "ALTER TABLE t ADD COLUMN d int DEFAULT 7 NOT NULL")
    cursor.execute("ALTER TABLE t ALTER COLUMN d DROP DEFAULT")
    assert cursor.statusmessage == "ALTER TABLE"
    assert "answered without being run: the default of the new column d" in connection.notices[-1]
    connection.commit()
    cursor.execute("INSERT INTO t (c) VALUES (-1) RETURNING d")
    assert cursor.fetchone() == (7,)
    cursor.execute("ALTER TABLE t ALTER COLUMN d DROP DEFAULT")  # of a column that was there
    cursor.execute("SELECT atthasdef FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'd'")
    assert cursor.fetchone() == (False,)
    assert proxy.audited(event="outcome", outcome="answered without being run", tag="ALTER TABLE")
    connection.close()


def test_a_rule_can_split_where_the_others_defer(lockkeeper, database, table, straight):
    """What was put off until the COMMIT is done behind the one that the split makes."""
    proxy = lockkeeper(transactions="defer", rules={"index-without-concurrently": {"action": "rewrite", "transactions": "split"}})
    connection = proxy.connect(database, autocommit=False)
    cursor, look = connection.cursor(), straight.cursor()
    cursor.execute("INSERT INTO t (c) VALUES (7777)")
    look.execute("SELECT count(*) FROM t WHERE c = 7777")
    assert look.fetchone() == (0,)
    cursor.execute("ALTER TABLE t ADD CONSTRAINT positive CHECK (c > 0)")
    cursor.execute(INDEX)
    assert index_state(straight) is True
    look.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'positive'")
    assert look.fetchone() == (True,)
    look.execute("SELECT count(*) FROM lockkeeper.pending")
    assert look.fetchone() == (0,)
    connection.rollback()
    look.execute("SELECT count(*) FROM t WHERE c = 7777")
    assert look.fetchone() == (1,)
    assert proxy.audited(event="outcome", outcome="done", kind="ALTER TABLE")
    assert not [r for r in proxy.audit() if r.get("outcome") == "rolled back"]
    connection.close()


def test_a_rule_can_refuse_where_the_others_split(lockkeeper, database, table, straight):
    proxy = lockkeeper(transactions="split", rules={"index-without-concurrently": {"transactions": "reject"}})
    connection = proxy.connect(database, autocommit=False)
    with pytest.raises(psycopg2.Error) as refused:
        connection.cursor().execute(INDEX)
    assert state_of(refused) == "LK001"
    connection.rollback()
    connection.close()
