"""The shop's database as it is when a site has been in use for a while; each run gets a copy."""

import contextlib

from web import start_migration

SEED = "shop_seed"
CUSTOMERS = 1000
MOST_PER_ROW = 16_000  # rows that scene 16 saves one by one, at least: some seconds even where the table is small


def without_currency(rows):
    """As in the account of the 47 minutes: 180,000 of 12,000,000, and the oldest."""
    return min(rows // 4, max(rows * 180_000 // 12_000_000, MOST_PER_ROW))


def orders(rows):
    # Foreign keys are not looked up row by row: it is replica's work to believe.
    return ["SET session_replication_role = replica",
            f"INSERT INTO shop_customer (name) SELECT 'customer ' || i FROM generate_series(1, {CUSTOMERS}) AS i",
            "INSERT INTO shop_order (customer_id, courier_id, number, status, currency, quantity, created, note, total)"
            f" SELECT i % {CUSTOMERS} + 1, i % {CUSTOMERS} + 1, to_char(i, 'FM00000000000'), 'new',"
            f" CASE WHEN i > {without_currency(rows)} THEN 'USD' END, i % 5 + 1,"
            f" now() - ({rows} - i) * interval '1 second', md5(i::text) || md5((i + 1)::text), i % 500"
            f" FROM generate_series(1, {rows}) AS i",
            "RESET session_replication_role"]


def half_with_currency(rows):
    return [f"UPDATE shop_order SET currency = 'USD' WHERE id BETWEEN {without_currency(rows) // 2 + 1} AND {without_currency(rows)}"]


def visits(rows):
    rows = max(rows, 200_000)  # not a small_table
    return [f"INSERT INTO shop_visit (page, seen) SELECT md5(i::text), 0 FROM generate_series(1, {rows}) AS i"]


def events(rows):
    rows = max(rows, 1_000_000)  # no partition is a small_table
    return [f"INSERT INTO shop_event (kind, created) SELECT md5((i % 100)::text)::varchar(20), now() FROM generate_series(1, {rows}) AS i"]


def execute(endpoint, database, statements):
    with contextlib.closing(endpoint.connect(database)) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)


def rows_of(endpoint, database, query):
    with contextlib.closing(endpoint.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return cursor.fetchall()


def fill(cluster, rows):
    execute(cluster, "postgres", [f"CREATE DATABASE {SEED}"])
    migration = start_migration(cluster, SEED, "index", "0001")
    _, errors = migration.communicate()
    if migration.returncode:
        raise RuntimeError(f"the shop could not be made:\n{errors}")
    execute(cluster, SEED, orders(rows) + ["VACUUM ANALYZE"])


def copied(cluster, name, statements):
    """A database of that name, with what else its scene needs."""
    execute(cluster, "postgres", [f"CREATE DATABASE {name} TEMPLATE {SEED} STRATEGY FILE_COPY"])
    execute(cluster, name, statements + (["VACUUM ANALYZE"] if statements else []))
    execute(cluster, "postgres", ["CHECKPOINT"])  # the copy's own writing is not the migration's
    return name


def removed(cluster, name):
    execute(cluster, "postgres", [f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"])
