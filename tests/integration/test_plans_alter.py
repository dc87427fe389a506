"""ALTER TABLE in steps: what it leaves is what the client's own statement would have left, or nothing."""

import contextlib
import subprocess

import psycopg2
import pytest

from cluster import binaries

GIVEN = """
CREATE TABLE customers (id bigint PRIMARY KEY, code text UNIQUE);
CREATE TABLE "Odd Name" (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, a int, b int, number int, status varchar(20), note text,
                     total numeric(10,2));
INSERT INTO customers SELECT i, 'c' || i FROM generate_series(1, 10) AS i;
INSERT INTO "Odd Name" SELECT i, i FROM generate_series(1, 10) AS i;
INSERT INTO orders SELECT i, 1 + i % 10, 1 + i % 10, 1 + i % 10, i, 'new', 'x', i FROM generate_series(1, 1000) AS i;
CREATE TABLE loose (id bigint, a int, b int, c text);
INSERT INTO loose SELECT i, i, i, i FROM generate_series(1, 1000) AS i;
"""


def run(connection, sql):
    cursor = connection.cursor()
    cursor.execute(sql)
    return cursor.fetchall() if cursor.description else cursor.statusmessage


def schema(cluster, database):
    done = subprocess.run([binaries() + "/pg_dump", "--schema-only", cluster.dsn(database)],
                          capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def constraints(connection):
    return run(connection, "SELECT conrelid::regclass::text, conname, convalidated FROM pg_constraint ORDER BY 1, 2")


class Copies:
    """Two databases that are alike: one that is changed by way of Lockkeeper, and one that is changed straight."""

    def __init__(self, cluster, proxy, names):
        self.cluster, self.proxy, self.names = cluster, proxy, names
        self.straight, self.copy = (cluster.connect(name, application_name="straight") for name in names)
        for connection in (self.straight, self.copy):
            run(connection, GIVEN)

    def prepare(self, sql):
        for connection in (self.straight, self.copy):
            run(connection, sql)

    def through(self, sql):
        with contextlib.closing(self.proxy.connect(self.names[1])) as connection:
            return run(connection, sql)

    def schemas(self):
        return [schema(self.cluster, name) for name in self.names]


@pytest.fixture
def copies(cluster, lockkeeper, databases):
    made = Copies(cluster, lockkeeper(), [databases(), databases()])
    yield made
    made.straight.close()
    made.copy.close()


KEYS = [
    "ALTER TABLE orders ADD CONSTRAINT buyer FOREIGN KEY (customer_id) REFERENCES customers (id)",
    "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers",
    'alter table only public.orders add constraint "The Key" foreign key (a, "b") references "Odd Name" (a, b) match full'
    " on delete cascade on update set null deferrable initially deferred -- why\n",
    "/* first */ ALTER TABLE IF EXISTS orders /* (, */ ADD FOREIGN KEY (a, b) REFERENCES \"Odd Name\" ON DELETE SET NULL (a);",
    "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers NOT DEFERRABLE",
]
CHECKS = [
    "ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0)",
    "ALTER TABLE orders ADD CHECK (number > 0)",
    "ALTER TABLE orders ADD CHECK (number > 0 AND status IN ('new', 'old, older'))",
    "ALTER TABLE orders ADD CONSTRAINT c CHECK (status ~ '^\\w+$') NO INHERIT",
    "ALTER TABLE orders ADD CHECK (1 = 1)",
    'ALTER TABLE loose ADD CONSTRAINT "a ""b" CHECK (a > -1 /* -- */)',
]


@pytest.mark.parametrize("statement", KEYS + CHECKS)
def test_same_schema(statement, copies, server_log):
    assert copies.through(statement) == "ALTER TABLE"
    assert server_log.ran(r"ADD CONSTRAINT .* NOT VALID")
    assert server_log.ran(r"VALIDATE CONSTRAINT")
    run(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight
    assert constraints(copies.copy) == constraints(copies.straight)


def test_names_that_are_taken(copies):
    copies.prepare("ALTER TABLE loose ADD CONSTRAINT orders_number_check CHECK (a > 0);"
                   "ALTER TABLE orders ADD CONSTRAINT orders_number_check1 CHECK (a > 0)")
    for _ in range(2):
        statement = "ALTER TABLE orders ADD CHECK (number > 0)"
        copies.through(statement)
        run(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight


@pytest.mark.parametrize("statement, sqlstate", [
    ("ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (number) REFERENCES customers (id)", "23503"),
    ("ALTER TABLE orders ADD CHECK (number > 1)", "23514"),
    ("ALTER TABLE orders ADD CONSTRAINT k CHECK (nothing > 1)", "42703"),
])
def test_rows_that_do_not_fit(statement, sqlstate, copies):
    before = copies.schemas()[1]
    with pytest.raises(psycopg2.Error) as straight:
        run(copies.straight, statement)
    with pytest.raises(psycopg2.Error) as through:
        copies.through(statement)
    assert through.value.pgcode == straight.value.pgcode == sqlstate
    assert through.value.diag.message_primary == straight.value.diag.message_primary
    assert copies.schemas()[1] == before


@pytest.mark.parametrize("leftover, statement", [
    ("ALTER TABLE orders ADD CONSTRAINT k CHECK (status IN ('new', 'old') AND number > -1) NOT VALID",
     "ALTER TABLE orders ADD CONSTRAINT k CHECK (status IN ('new', 'old') AND number > -1)"),
    ("ALTER TABLE orders ADD CHECK (number > 0) NOT VALID", "ALTER TABLE orders ADD CHECK (number > 0)"),
    ("ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE NOT VALID",
     "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE"),
])
def test_run_again(leftover, statement, copies):
    """An earlier run ended between its steps."""
    run(copies.copy, leftover)
    assert copies.through(statement) == "ALTER TABLE"
    run(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight


@pytest.mark.parametrize("there, statement", [
    ("ALTER TABLE orders ADD CONSTRAINT k CHECK (number > -5) NOT VALID",
     "ALTER TABLE orders ADD CONSTRAINT k CHECK (number > 0)"),
    ("ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE NOT VALID",
     "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (customer_id) REFERENCES customers"),
])
def test_what_is_not_ours_stays(there, statement, copies):
    run(copies.copy, there)
    before = copies.schemas()[1]
    with pytest.raises(psycopg2.Error) as refused:
        copies.through(statement)
    assert refused.value.pgcode == "LK001"
    assert "not known to be the same" in refused.value.diag.message_hint
    assert copies.schemas()[1] == before


def test_in_a_transaction(copies, lockkeeper):
    with contextlib.closing(lockkeeper(transactions="reject").connect(copies.names[1], autocommit=False)) as connection:
        with pytest.raises(psycopg2.Error) as refused:
            run(connection, CHECKS[0])
        assert refused.value.pgcode == "LK001"
        assert "outside of one" in refused.value.diag.message_hint
        assert "atomic = False" in refused.value.diag.message_hint
        connection.rollback()
    assert constraints(copies.copy) == constraints(copies.straight)


STEPS = [
    "ALTER TABLE loose ALTER COLUMN a SET NOT NULL",
    'ALTER TABLE loose ALTER "a" SET NOT NULL, ALTER b SET NOT NULL, ALTER c SET DEFAULT \'x, y\'',
    "ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (number)",
    "ALTER TABLE orders ADD UNIQUE NULLS NOT DISTINCT (number, id) INCLUDE (note) WITH (fillfactor = 70)"
    " USING INDEX TABLESPACE pg_default DEFERRABLE INITIALLY DEFERRED",
    "ALTER TABLE loose ADD PRIMARY KEY (id)",
    "ALTER TABLE loose ADD CONSTRAINT pk PRIMARY KEY (a, id) INCLUDE (b)",
    "ALTER TABLE orders ADD COLUMN score int CHECK (score > 0)",
    "ALTER TABLE orders ADD COLUMN score int DEFAULT 7 NOT NULL CONSTRAINT positive CHECK (score > 0) NO INHERIT"
    " CONSTRAINT buyer REFERENCES customers (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
    "ALTER TABLE orders ADD COLUMN score int UNIQUE DEFERRABLE",
    "ALTER TABLE orders ADD COLUMN score int, ADD CONSTRAINT k CHECK (score > number), ADD COLUMN other int DEFAULT 1",
    "ALTER TABLE loose ADD CHECK (a > 0), ADD FOREIGN KEY (id) REFERENCES orders, ADD UNIQUE (b), ALTER c SET NOT NULL",
]


@pytest.mark.parametrize("statement", STEPS)
def test_steps_leave_the_same_schema(statement, copies, server_log):
    assert copies.through(statement) == "ALTER TABLE"
    assert server_log.ran("CONCURRENTLY|VALIDATE CONSTRAINT")
    run(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight
    assert constraints(copies.copy) == constraints(copies.straight)
    for table in ("orders", "loose"):
        rows = f"SELECT * FROM {table} ORDER BY id"
        assert run(copies.copy, rows) == run(copies.straight, rows)


@pytest.mark.parametrize("statement, sqlstate", [
    ("ALTER TABLE loose ALTER COLUMN a SET NOT NULL", "23502"),
    ("ALTER TABLE loose ADD PRIMARY KEY (a)", "23502"),
    ("ALTER TABLE loose ADD CONSTRAINT u UNIQUE (b)", "23505"),
    ("ALTER TABLE loose ADD PRIMARY KEY (b)", "23505"),
    ("ALTER TABLE loose ADD COLUMN d int DEFAULT 1 UNIQUE", "23505"),
    ("ALTER TABLE loose ADD COLUMN d int DEFAULT 100 REFERENCES customers", "23503"),
    ("ALTER TABLE loose ADD COLUMN d int DEFAULT 0 CHECK (d > 0)", "23514"),
    ("ALTER TABLE loose ADD COLUMN d int CHECK (d > 0), ADD CHECK (b > 500), ALTER c SET NOT NULL", "23514"),
    ("ALTER TABLE loose ADD CHECK (b >= 0), ALTER a SET NOT NULL", "23502"),
    ("ALTER TABLE loose ADD CONSTRAINT loose_id UNIQUE (id)", "42P07"),
    ("ALTER TABLE orders ADD CONSTRAINT orders_pkey UNIQUE (number)", "42P07"),
    ("ALTER TABLE orders ADD COLUMN note text CHECK (note > 'a')", "42701"),
    ("ALTER TABLE loose ALTER COLUMN nothing SET NOT NULL", "42703"),
    ("ALTER TABLE loose ADD UNIQUE (nothing)", "42703"),
])
def test_steps_leave_nothing_behind(statement, sqlstate, copies):
    copies.prepare("INSERT INTO loose VALUES (0, NULL, 1, 'c'); CREATE INDEX loose_id ON loose (a)")
    before = copies.schemas()[1]
    with pytest.raises(psycopg2.Error) as straight:
        run(copies.straight, statement)
    with pytest.raises(psycopg2.Error) as through:
        copies.through(statement)
    assert through.value.pgcode == straight.value.pgcode == sqlstate
    assert copies.schemas()[1] == before
    assert constraints(copies.copy) == constraints(copies.straight)
    if sqlstate == "23502":
        assert through.value.diag.message_primary == straight.value.diag.message_primary


@pytest.mark.parametrize("leftover, statement", [
    ('ALTER TABLE loose ADD CONSTRAINT loose_a_lockkeeper CHECK ("a" IS NOT NULL) NOT VALID',
     "ALTER TABLE loose ALTER COLUMN a SET NOT NULL"),
    ("CREATE UNIQUE INDEX u ON loose (b)", "ALTER TABLE loose ADD CONSTRAINT u UNIQUE (b)"),
    ("CREATE UNIQUE INDEX u ON loose (b); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'u'::regclass",
     "ALTER TABLE loose ADD CONSTRAINT u UNIQUE (b)"),
])
def test_steps_run_again(leftover, statement, copies):
    run(copies.copy, leftover)
    assert copies.through(statement) == "ALTER TABLE"
    run(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight


def test_what_django_adds_in_one_message(copies, server_log):
    statement = ('ALTER TABLE "orders" ADD COLUMN "p" integer DEFAULT 1 NOT NULL CONSTRAINT "n" REFERENCES "customers" ("id")'
                 ' DEFERRABLE INITIALLY DEFERRED; SET CONSTRAINTS "n" IMMEDIATE')
    copies.through(statement)
    assert server_log.ran("VALIDATE CONSTRAINT")
    run(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight


def test_what_cannot_be_split(copies):
    with pytest.raises(psycopg2.Error) as refused:
        copies.through("ALTER TABLE orders DROP COLUMN note, ADD CONSTRAINT k CHECK (number > 0)")
    assert refused.value.pgcode == "LK001"
    assert "DROP COLUMN note" in refused.value.diag.message_hint


PARTITIONS = """
CREATE TABLE events (id bigint NOT NULL, kind text, at date, buyer bigint) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (1000);
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE events_2 (LIKE events);
INSERT INTO events SELECT i, 'a', '2024-01-01', 1 + i % 10 FROM generate_series(1, 999) AS i;
INSERT INTO events VALUES (5000, 'b', '2024-01-01', 1);
INSERT INTO events_2 SELECT i, 'a', '2024-01-01', 1 FROM generate_series(1000, 1999) AS i;
CREATE TABLE kinds (id bigint, kind text) PARTITION BY LIST (kind);
CREATE TABLE kinds_rest PARTITION OF kinds DEFAULT;
CREATE TABLE kinds_ab (LIKE kinds);
INSERT INTO kinds VALUES (1, 'z'), (2, NULL);
INSERT INTO kinds_ab VALUES (1, 'a'), (2, 'b, c');
CREATE TABLE days (at timestamp) PARTITION BY RANGE (at);
CREATE TABLE days_1 (LIKE days);
INSERT INTO days_1 VALUES ('2024-01-31 23:59');
"""


@pytest.mark.parametrize("statement", [
    "ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM (1000) TO ('2000')",
    "ALTER TABLE kinds ATTACH PARTITION kinds_ab FOR VALUES IN ('a', 'b, c')",
    "ALTER TABLE days ATTACH PARTITION days_1 FOR VALUES FROM (MINVALUE) TO ('2024-02-01')",
])
def test_attached_without_a_scan(statement, copies, server_log):
    copies.prepare(PARTITIONS)
    with contextlib.closing(copies.proxy.connect(copies.names[1])) as connection:
        run(connection, "SET log_min_messages = debug1")
        assert run(connection, statement) == "ALTER TABLE"
    said = server_log.text()
    run(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight
    assert "is implied by existing constraints" in said
    if "days" not in statement:
        assert "for default partition" in said


@pytest.mark.parametrize("spoil, statement", [
    ("INSERT INTO events_2 VALUES (5)", "ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM (1000) TO (2000)"),
    ("INSERT INTO events VALUES (1500)", "ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM (1000) TO (2000)"),
    ("INSERT INTO kinds VALUES (7, 'a')", "ALTER TABLE kinds ATTACH PARTITION kinds_ab FOR VALUES IN ('a', 'b, c')"),
])
def test_rows_of_another_partition(spoil, statement, copies):
    copies.prepare(PARTITIONS)
    copies.prepare(spoil)
    before = copies.schemas()[1]
    with pytest.raises(psycopg2.Error) as straight:
        run(copies.straight, statement)
    with pytest.raises(psycopg2.Error) as through:
        copies.through(statement)
    assert through.value.pgcode == straight.value.pgcode == "23514"
    assert through.value.diag.message_primary == straight.value.diag.message_primary
    assert copies.schemas()[1] == before


@pytest.mark.parametrize("setup, statement, reason", [
    ("CREATE INDEX ON events (kind)", "ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM (1000) TO (2000)",
     "lacks an index"),
    ("", "ALTER TABLE kinds ATTACH PARTITION kinds_ab FOR VALUES IN ('a', NULL)", "not plain constants"),
])
def test_partitions_that_cannot_be_attached_in_steps(setup, statement, reason, copies):
    run(copies.copy, PARTITIONS + setup)
    with pytest.raises(psycopg2.Error) as refused:
        copies.through(statement)
    assert refused.value.pgcode == "LK001"
    assert reason in refused.value.diag.message_hint


def test_foreign_key_of_a_partitioned_table(copies, server_log):
    copies.prepare(PARTITIONS)
    statement = "ALTER TABLE events ADD FOREIGN KEY (buyer) REFERENCES customers ON DELETE CASCADE"
    assert copies.through(statement) == "ALTER TABLE"
    assert server_log.ran('ALTER TABLE "public"."events_1" VALIDATE CONSTRAINT "events_buyer_fkey"')
    run(copies.straight, statement)
    straight, through = copies.schemas()
    assert through == straight
    inherited = "SELECT conrelid::regclass::text, conname, conislocal, coninhcount, convalidated FROM pg_constraint ORDER BY 1, 2"
    assert run(copies.copy, inherited) == run(copies.straight, inherited)


def test_foreign_key_of_a_partitioned_table_that_does_not_fit(copies):
    copies.prepare(PARTITIONS + "INSERT INTO events VALUES (6000, 'c', NULL, 99)")
    before = copies.schemas()[1]
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        copies.through("ALTER TABLE events ADD FOREIGN KEY (buyer) REFERENCES customers")
    assert copies.schemas()[1] == before
