"""Statements that Lockkeeper runs in steps, and who has to hold what so that each step waits in the middle."""

import dataclasses
from collections.abc import Callable

BYSTANDERS = """CREATE TABLE other (a int, CONSTRAINT other_a_lockkeeper CHECK (a IS NOT NULL));
    ALTER TABLE other ADD CONSTRAINT k CHECK (a > 0) NOT VALID; CREATE INDEX other_a_idx_ccnew ON other (a);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'other_a_idx_ccnew'::regclass;"""


def table(rows):
    return f"""CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers SELECT generate_series(1, 9);
    CREATE TABLE t (id int NOT NULL, c int, d text); INSERT INTO t SELECT i, 1 + i % 9, 'd' || i FROM generate_series(1, {rows}) AS i;
    CREATE INDEX i ON t (c); CREATE INDEX j ON t (d);"""


def tree(rows):
    """A table, its partition p1, and p2a below p2."""
    return f"""CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers SELECT generate_series(1, 9);
    CREATE TABLE p (id int NOT NULL, c int) PARTITION BY RANGE (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO ({rows // 2});
    CREATE TABLE p2 PARTITION OF p FOR VALUES FROM ({rows // 2}) TO (1000000) PARTITION BY RANGE (id);
    CREATE TABLE p2a PARTITION OF p2 FOR VALUES FROM ({rows // 2}) TO ({rows});
    INSERT INTO p SELECT i, 1 + i % 9 FROM generate_series(1, {rows - 1}) AS i;"""


def default_partition(rows):
    """A table with a partition for the rest, and p1, which is to become one for ids below 1,000,000."""
    return f"""CREATE TABLE p (id int NOT NULL, c int) PARTITION BY RANGE (id); CREATE TABLE rest PARTITION OF p DEFAULT;
    CREATE TABLE p1 (LIKE p); INSERT INTO rest SELECT 1000000 + i, i FROM generate_series(1, {rows - 1}) AS i;
    INSERT INTO p1 SELECT i, i FROM generate_series(1, {rows - 1}) AS i;"""


def view(rows):
    return f"""CREATE TABLE source AS SELECT g AS id FROM generate_series(1, {rows}) AS g;
    CREATE MATERIALIZED VIEW v AS SELECT id FROM source; CREATE UNIQUE INDEX ON v (id); DELETE FROM source WHERE id % 2 = 0;"""


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
    made: Callable  # made(rows): what makes the tables
    statement: str
    steps: list  # for each step, what another session has run in its transaction, so that the step waits
    more: str = ""  # ... and is run after that

    def setup(self, rows):
        return self.made(rows) + self.more


REWRITES = {
    "index": Rewrite(table, "CREATE INDEX n ON t (c, d)", [write("t")]),
    "unique index": Rewrite(table, "CREATE UNIQUE INDEX n ON t (id)", [write("t")]),
    "check": Rewrite(table, "ALTER TABLE t ADD CONSTRAINT k CHECK (c > 0)", [read("t"), vacuum("t")]),
    "foreign key": Rewrite(table, "ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES customers", [write("customers"), vacuum("t")]),
    "not null": Rewrite(table, "ALTER TABLE t ALTER COLUMN c SET NOT NULL", [read("t"), vacuum("t"), read("t")]),
    "unique": Rewrite(table, "ALTER TABLE t ADD UNIQUE (id)", [write("t"), read("t")]),
    "primary key": Rewrite(table, "ALTER TABLE t ADD PRIMARY KEY (id)", [read("t"), vacuum("t"), write("t"), read("t")],
                           "ALTER TABLE t ALTER id DROP NOT NULL"),
    "column with check": Rewrite(table, "ALTER TABLE t ADD COLUMN n int DEFAULT 7 NOT NULL CHECK (n > 0)",
                                 [read("t"), read("t"), vacuum("t")]),
    "column with unique": Rewrite(table, "ALTER TABLE t ADD COLUMN n int UNIQUE, ADD COLUMN m text",
                                  [read("t"), write("t"), read("t")]),
    "column with keys": Rewrite(table, "ALTER TABLE t ADD COLUMN n int DEFAULT 7 REFERENCES customers CHECK (n > 0)",
                                [read("t"), write("customers"), vacuum("t"), read("t"), vacuum("t")]),
    "column that is filled": Rewrite(table, "ALTER TABLE t ADD COLUMN n text DEFAULT 'n' || length(gen_random_uuid()::text)",
                                     [read("t"), lock("t", "SHARE"), lock("t", "SHARE"), vacuum("t")], "ALTER TABLE t ADD PRIMARY KEY (id)"),
    "column that is filled and not null": Rewrite(table, "ALTER TABLE t ADD COLUMN n int DEFAULT length(gen_random_uuid()::text) NOT NULL CHECK (n > 0)",
                                                  [read("t"), lock("t", "SHARE"), lock("t", "SHARE"), read("t"), vacuum("t"), read("t"), vacuum("t"),
                                                   read("t")], "ALTER TABLE t ADD PRIMARY KEY (id)"),
    "several": Rewrite(table, "ALTER TABLE t ADD CHECK (c > 0), ADD FOREIGN KEY (c) REFERENCES customers, ADD UNIQUE (id), ALTER d SET NOT NULL",
                       [read("t"), vacuum("t"), write("customers"), vacuum("t"), write("t"), read("t"), vacuum("t"), read("t")]),
    "attach": Rewrite(default_partition, "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (1000000)",
                      [read("p1"), vacuum("p1"), read("rest"), vacuum("rest"), read("rest")]),
    "detach": Rewrite(tree, "ALTER TABLE p DETACH PARTITION p1", [vacuum("p1"), read("p"), read("p1"), vacuum("p1")]),
    "drop index": Rewrite(table, "DROP INDEX i", [write("t")]),
    "drop indexes": Rewrite(table, "DROP INDEX i, j", [use_index("j"), write("t"), write("t")]),
    "reindex index": Rewrite(table, "REINDEX INDEX i", [write("t")]),
    "reindex table": Rewrite(table, "REINDEX TABLE t", [write("t")]),
    "refresh": Rewrite(view, "REFRESH MATERIALIZED VIEW v", [lock("source", "ACCESS EXCLUSIVE")]),
    "index on partitions": Rewrite(tree, "CREATE INDEX n ON p (c)",
                                   [write("p"), write("p2"), write("p1"), write("p2a"), use_index("p1_c_idx"), use_index("p2_c_idx"), use_index("p2a_c_idx")]),
    "key of partitions": Rewrite(tree, "ALTER TABLE p ADD FOREIGN KEY (c) REFERENCES customers",
                                 [write("p1"), vacuum("p1"), write("p2a"), vacuum("p2a"), write("customers")]),
}
