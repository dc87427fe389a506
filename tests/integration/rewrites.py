"""Statements that Lockkeeper runs in steps, and who has to hold what so that each step waits in the middle."""

import dataclasses

BYSTANDERS = """CREATE TABLE other (a int, CONSTRAINT other_a_lockkeeper CHECK (a IS NOT NULL));
    ALTER TABLE other ADD CONSTRAINT k CHECK (a > 0) NOT VALID; CREATE INDEX other_a_idx_ccnew ON other (a);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'other_a_idx_ccnew'::regclass;"""
TABLE = BYSTANDERS + """CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers SELECT generate_series(1, 9);
    CREATE TABLE t (id int NOT NULL, c int, d text); INSERT INTO t SELECT i, 1 + i % 9, 'd' || i FROM generate_series(1, 200) AS i;
    CREATE INDEX i ON t (c); CREATE INDEX j ON t (d);"""
TREE = BYSTANDERS + """CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers SELECT generate_series(1, 9);
    CREATE TABLE p (id int NOT NULL, c int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
    CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (1000) PARTITION BY RANGE (id);
    CREATE TABLE p2a PARTITION OF p2 FOR VALUES FROM (100) TO (200);
    INSERT INTO p SELECT i, 1 + i % 9 FROM generate_series(1, 199) AS i;"""
DEFAULTS = BYSTANDERS + """CREATE TABLE p (id int NOT NULL, c int) PARTITION BY RANGE (id); CREATE TABLE rest PARTITION OF p DEFAULT;
    CREATE TABLE p1 (LIKE p); INSERT INTO rest VALUES (500, 1); INSERT INTO p1 SELECT i, i FROM generate_series(1, 99) AS i;"""
VIEW = BYSTANDERS + """CREATE TABLE source AS SELECT g AS id FROM generate_series(1, 99) AS g;
    CREATE MATERIALIZED VIEW v AS SELECT id FROM source; CREATE UNIQUE INDEX ON v (id); DELETE FROM source WHERE id < 50;"""


def lock(table, mode):
    return f"LOCK TABLE ONLY {table} IN {mode} MODE"


def read(table):
    return lock(table, "ACCESS SHARE")


def write(table):
    return lock(table, "ROW EXCLUSIVE")


def vacuum(table):
    """A VALIDATE waits for it, and nobody else does."""
    return lock(table, "SHARE UPDATE EXCLUSIVE")


def use_index(name):
    """The index alone is locked, its table is not."""
    return f"COMMENT ON INDEX {name} IS NULL"


@dataclasses.dataclass
class Rewrite:
    setup: str
    statement: str
    steps: list  # for each step, what another session has run in its transaction, so that the step waits


REWRITES = {
    "index": Rewrite(TABLE, "CREATE INDEX n ON t (c, d)", [write("t")]),
    "unique index": Rewrite(TABLE, "CREATE UNIQUE INDEX n ON t (id)", [write("t")]),
    "check": Rewrite(TABLE, "ALTER TABLE t ADD CONSTRAINT k CHECK (c > 0)", [read("t"), vacuum("t")]),
    "foreign key": Rewrite(TABLE, "ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES customers", [write("customers"), vacuum("t")]),
    "not null": Rewrite(TABLE, "ALTER TABLE t ALTER COLUMN c SET NOT NULL", [read("t"), vacuum("t"), read("t")]),
    "unique": Rewrite(TABLE, "ALTER TABLE t ADD UNIQUE (id)", [write("t"), read("t")]),
    "primary key": Rewrite(TABLE + "ALTER TABLE t ALTER id DROP NOT NULL", "ALTER TABLE t ADD PRIMARY KEY (id)",
                           [read("t"), vacuum("t"), write("t"), read("t")]),
    "column with check": Rewrite(TABLE, "ALTER TABLE t ADD COLUMN n int DEFAULT 7 NOT NULL CHECK (n > 0)",
                                 [read("t"), read("t"), vacuum("t")]),
    "column with unique": Rewrite(TABLE, "ALTER TABLE t ADD COLUMN n int UNIQUE, ADD COLUMN m text",
                                  [read("t"), write("t"), read("t")]),
    "column with keys": Rewrite(TABLE, "ALTER TABLE t ADD COLUMN n int DEFAULT 7 REFERENCES customers CHECK (n > 0)",
                                [read("t"), write("customers"), vacuum("t"), read("t"), vacuum("t")]),
    "several": Rewrite(TABLE, "ALTER TABLE t ADD CHECK (c > 0), ADD FOREIGN KEY (c) REFERENCES customers, ADD UNIQUE (id), ALTER d SET NOT NULL",
                       [read("t"), vacuum("t"), write("customers"), vacuum("t"), write("t"), read("t"), vacuum("t"), read("t")]),
    "attach": Rewrite(DEFAULTS, "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (100)",
                      [read("p1"), vacuum("p1"), read("rest"), vacuum("rest"), read("rest")]),
    "detach": Rewrite(TREE, "ALTER TABLE p DETACH PARTITION p1", [vacuum("p1"), read("p"), read("p1"), vacuum("p1")]),
    "drop index": Rewrite(TABLE, "DROP INDEX i", [write("t")]),
    "drop indexes": Rewrite(TABLE, "DROP INDEX i, j", [use_index("j"), write("t"), write("t")]),
    "reindex index": Rewrite(TABLE, "REINDEX INDEX i", [write("t")]),
    "reindex table": Rewrite(TABLE, "REINDEX TABLE t", [write("t")]),
    "refresh": Rewrite(VIEW, "REFRESH MATERIALIZED VIEW v", [lock("source", "ACCESS EXCLUSIVE")]),
    "index on partitions": Rewrite(TREE, "CREATE INDEX n ON p (c)",
                                   [write("p"), write("p2"), write("p1"), write("p2a"), use_index("p1_c_idx"), use_index("p2_c_idx"), use_index("p2a_c_idx")]),
    "key of partitions": Rewrite(TREE, "ALTER TABLE p ADD FOREIGN KEY (c) REFERENCES customers",
                                 [write("p1"), vacuum("p1"), write("p2a"), vacuum("p2a"), write("customers")]),
}
