"""The scenarios: one for each of the hazards that the project exists for."""

import dataclasses
from typing import Callable

import seed


@dataclasses.dataclass
class Scenario:
    number: str
    name: str
    scene: str                        # the migrations, under project/scenes
    audited: dict                     # what one record of the audit log says, at least; `rules`: the first of them
    check: tuple = ()                 # a query, and what it says when the migration, or what was advised, is done
    settings: dict = dataclasses.field(default_factory=dict)   # of Lockkeeper's, where it has to be asked for something
    prepare: Callable = lambda rows: []  # rows -> statements for this database only
    report: bool = False              # a report has read the orders, and its transaction is still open
    deploys: int = 1                  # so many run `migrate` at once
    next_version: str = ""            # of the application, put beside the first one after the migration
    next_straight: str = ""           # where it is another one straight
    refused: str = ""                 # what the message must tell a Django developer to write
    advised: str = ""                 # the migrations that follow that advice
    advised_to: str = ""              # how far, as long as the first version runs
    finish: bool = False              # `lockkeeper finish` when the first version is gone
    differs: str = ""                 # why the schema is not what the same migration leaves straight
    half_of: str = ""                 # the scenario that this one is, of twice as many rows
    cut: bool = False                 # the first migration is stopped by locks.max_hold, and sites wait until then

    @property
    def database(self):
        return "shop_" + self.number


COUNT = "SELECT count(*) FROM shop_order "


def under_lock(number, name, last, **more):
    """Until locks.max_hold all sites wait, whatever is to be done."""
    return Scenario(number, name, "lock_then_row_by_row", {"rules": "rows-changed-under-lock"},
                    (COUNT + f"WHERE currency IS NULL OR region IS NULL AND id <= {last}", 0),
                    refused="in Django: a migration for the schema, another one for RunPython", advised="lock_then_row_by_row_advised",
                    cut=True, **more)


SCENARIOS = [
    Scenario("1", "NOT NULL on an existing column", "not_null",
             {"rules": "not-null-set-with-scan", "action": "rewrite"},
             ("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'shop_order'::regclass AND attname = 'quantity'", True)),
    Scenario("2", "column added with a default, old code still inserts", "column_with_default",
             {"rules": "default-dropped-after-add", "action": "rewrite"}, (COUNT + "WHERE channel <> 'web'", 0),
             settings={"rules": {"default-dropped-after-add": "rewrite"}}, next_version="with_channel",
             differs="the default stays until the old code is gone"),
    Scenario("3", "index created", "index", {"rules": "index-without-concurrently", "action": "rewrite"},
             ("SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop_order_status'::regclass", True)),
    Scenario("4a", "column type made wider", "wider_type", {"kind": "ALTER TABLE", "action": "allow"},
             ("SELECT atttypmod - 4 FROM pg_attribute WHERE attrelid = 'shop_order'::regclass AND attname = 'note'", 500)),
    Scenario("4b", "column type changed, rows are written anew", "other_type",
             {"rules": "column-type-rewritten", "action": "reject"}, (COUNT + "WHERE amount IS DISTINCT FROM total", 0),
             refused="In Django: add a field of the new type, fill it in a RunPython in batches with `atomic = False`",
             advised="other_type_advised"),
    Scenario("5", "column dropped while old code uses it", "column_dropped", {"rules": "column-dropped", "action": "reject"},
             ("SELECT count(*) FROM pg_attribute WHERE attrelid = 'shop_order'::regclass AND attname = 'note'", 0),
             settings={"rules": {"column-dropped": "reject"}}, next_version="without_note",
             refused="In Django: remove the field in one deploy with SeparateDatabaseAndState",
             advised="column_dropped_advised", advised_to="0002"),
    Scenario("6a", "all rows filled by RunPython", "backfill_python", {"rules": "update-without-where", "action": "reject"},
             (COUNT + "WHERE quantity <> 2 AND id <= {rows}", 0), settings={"rules": {"update-without-where": "rewrite"}},
             refused="In Django: set `atomic = False` on the migration", advised="backfill_python_advised"),
    Scenario("6b", "all rows filled by RunSQL", "backfill_sql", {"rules": "update-without-where", "action": "reject"},
             (COUNT + "WHERE quantity <> 2 AND id <= {rows}", 0), settings={"rules": {"update-without-where": "rewrite"}},
             refused="In Django: set `atomic = False` on the migration", advised="backfill_sql_advised"),
    Scenario("7", "foreign key added", "foreign_key", {"rules": "foreign-key-validated-at-once", "action": "rewrite"},
             ("SELECT convalidated FROM pg_constraint WHERE conname LIKE 'shop_order_courier_id%'", True)),
    Scenario("8", "index dropped, beside a report", "index_dropped",
             {"rules": "drop-index-without-concurrently", "action": "rewrite"},
             ("SELECT to_regclass('shop_order_created')", None), report=True),
    Scenario("9", "default changed, beside a report", "default", {"kind": "ALTER TABLE", "action": "allow"},
             ("SELECT column_default FROM information_schema.columns WHERE table_name = 'shop_order' AND column_name = 'status'",
              "'open'::character varying"), report=True),
    Scenario("10", "all rows of a table deleted", "large_delete", {"rules": "delete-without-where", "action": "reject"},
             ("SELECT count(*) FROM shop_visit", 0), settings={"rules": {"delete-without-where": "rewrite"}}, prepare=seed.visits,
             refused="In Django: set `atomic = False` on the migration, and send the DELETE by RunSQL", advised="large_delete_advised"),
    Scenario("11", "unique constraint added", "unique", {"rules": "unique-constraint-without-index", "action": "rewrite"},
             ("SELECT contype FROM pg_constraint WHERE conname = 'shop_order_number_unique'", "u")),
    Scenario("12", "check constraint added", "check", {"rules": "check-validated-at-once", "action": "rewrite"},
             ("SELECT convalidated FROM pg_constraint WHERE conname = 'shop_order_quantity_positive'", True)),
    Scenario("13", "primary key made bigint", "primary_key", {"rules": "column-type-rewritten", "action": "reject"},
             ("SELECT pg_get_constraintdef(oid) || ' ' || (SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = conrelid AND"
              " attname = 'id') FROM pg_constraint WHERE conname = 'shop_order_pkey'", "PRIMARY KEY (id) bigint"),
             refused="In Django: add a field of the new type, fill it in a RunPython in batches with `atomic = False`",
             advised="primary_key_advised"),
    Scenario("14a", "table renamed, old and new code at once", "table_renamed", {"rules": "table-renamed", "action": "rewrite"},
             ("SELECT relkind FROM pg_class WHERE relname = 'shop_purchase'", "r"),
             settings={"rules": {"table-renamed": "rewrite"}}, next_version="renamed", finish=True),
    Scenario("14b", "column renamed, old and new code at once", "column_renamed", {"rules": "column-renamed", "action": "reject"},
             (COUNT + "WHERE total IS NULL", 0), next_version="amount", next_straight="column_amount",
             refused="In Django: rename the field and set db_column to the present name", advised="column_renamed_advised"),
    Scenario("15", "column added, behind a long report", "column_added", {"kind": "ALTER TABLE", "action": "allow"},
             (COUNT + "WHERE priority IS NOT NULL", 0), report=True),
    Scenario("16a", "the 47 minutes: rows one by one, then the schema", "row_by_row",
             {"rules": "schema-changed-after-rows", "action": "reject"}, (COUNT + "WHERE currency IS NULL", 0),
             settings={"rules": {"schema-changed-after-rows": "reject"}},
             refused="In Django: put the RunPython or RunSQL that changes rows into a migration of its own", advised="row_by_row_advised"),
    under_lock("16b", "the 47 minutes: a lock, then rows one by one", "{without}"),
    under_lock("16c", "... of half as many rows", "{without} / 2", prepare=seed.half_with_currency, half_of="16b"),
    Scenario("17", "two deploys at once", "two_deploys", {"rules": "index-without-concurrently", "action": "rewrite"},
             ("SELECT count(*) FROM pg_index WHERE indexrelid = 'shop_order_number'::regclass AND indisvalid", 1),
             settings={"locks": {"serialize": True}, "rules": {"done-already": "rewrite"}}, deploys=2),
    Scenario("18", "index on a partitioned table", "partitioned", {"rules": "index-without-concurrently", "action": "rewrite"},
             ("SELECT count(*) FROM pg_index WHERE indexrelid::regclass::text LIKE 'shop_event%kind%' AND indisvalid", 5),
             prepare=seed.events),
]
