"""SIGTERM in the middle of a migration: what was begun is finished or taken back, and the audit log tells which."""

import contextlib

from engine import DEMO, Container
from kube import NETWORK, wait_for

CONFIGURATION = """
listen: 0.0.0.0:6432
admin: {listen: '0.0.0.0:9432'}
upstream: {host: postgres}
audit: {stdout: true}
drain: {grace: %s}
"""
INDEX = "shop_order_status_idx"
BUILDING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'"


@contextlib.contextmanager
def migration(keeper, target):
    """manage.py migrate, under way."""
    made = Container.run("--network", NETWORK, "-e", f"SHOP_HOST={keeper.address(NETWORK)}", "-e", "SHOP_USER=shop",
                         "-e", "PGPASSWORD=change-me", DEMO, "python3", "manage.py", "migrate", "shop", target)
    try:
        yield made
    finally:
        made.remove()


@contextlib.contextmanager
def old_snapshot(shop):
    """A report with one snapshot for all of it, of other tables: CREATE INDEX CONCURRENTLY waits for its end, DROP INDEX does not."""
    with contextlib.closing(shop.connect()) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", autocommit=False)
        connection.cursor().execute("SELECT count(*) FROM shop_customer")
        yield connection.commit


def at_0003(keeper):
    with migration(keeper, "0003") as before:
        assert before.ended(120) == 0, before.output()
    return keeper


def index(shop):
    return shop.ask(f"SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = '{INDEX}'")


def await_building(shop, keeper, under_way):
    """Until the server is at the index, and waits there for the report. Where that does not come it tells what there was instead."""
    try:
        wait_for(lambda: shop.ask(BUILDING)[0][0] or not under_way.running(), "the index is being built")
        assert shop.ask(BUILDING)[0][0] == 1, "the migration has ended before"
    except (AssertionError, TimeoutError) as missed:
        sessions = shop.ask("SELECT pid, usename, application_name, state, wait_event_type, wait_event, clock_timestamp() - xact_start, "
                            "left(query, 200) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                            "AND backend_type IN ('client backend', 'autovacuum worker')")
        told = ["Sessions:", *map(str, sessions), "The migration:", under_way.output(), "Lockkeeper:", keeper.output()]
        raise AssertionError("\n".join([str(missed), *told])) from missed


def outcome(keeper):
    """Of the index, and that the log ends in order."""
    audit = keeper.audit()
    assert audit[-1]["event"] == "stopped", audit[-1]
    (record,) = [r for r in audit if r["event"] == "outcome" and INDEX in r["statement"]]
    return record


def test_what_can_be_finished_in_time_is_finished(lockkeeper, shop):
    first = at_0003(lockkeeper(CONFIGURATION % "60s"))
    with old_snapshot(shop) as end_it, migration(first, "0004") as under_way:
        await_building(shop, first, under_way)
        first.signal("TERM")
        wait_for(lambda: "SIGTERM" in first.output(), "the signal is heard")
        assert first.running() and shop.ask(BUILDING)[0][0] == 1
        end_it()
        assert under_way.ended() == 0, under_way.output()
        assert first.ended() == 0, first.output()
    assert index(shop) == [(True,)]
    assert shop.applied()[-1] == "0004_order_status_index"
    assert outcome(first)["outcome"] == "done"


def test_what_cannot_is_taken_back_and_completes_later(lockkeeper, shop):
    first = at_0003(lockkeeper(CONFIGURATION % "8s"))
    with old_snapshot(shop), migration(first, "0004") as under_way:
        await_building(shop, first, under_way)
        first.signal("TERM")
        assert first.ended() == 0, first.output()
        assert under_way.ended() != 0
        assert index(shop) == []
    assert shop.applied()[-1] == "0003_order_currency"
    record = outcome(first)
    assert record["outcome"] != "done" and any(step.get("undo") for step in record["steps"]), record
    again = lockkeeper(CONFIGURATION % "8s")
    with migration(again, "0004") as repeated:
        assert repeated.ended() == 0, repeated.output()
    assert index(shop) == [(True,)]


def test_killed_it_leaves_what_the_same_migration_completes(lockkeeper, shop):
    """SIGKILL, as when the grace period of the pod is over; and the server process, which would finish the index by itself, with it."""
    first = at_0003(lockkeeper(CONFIGURATION % "60s"))
    with old_snapshot(shop), migration(first, "0004") as under_way:
        await_building(shop, first, under_way)
        first.signal("KILL")
        assert under_way.ended() != 0
        shop.ask(BUILDING.replace("count(*)", "pg_terminate_backend(pid)"))
        wait_for(lambda: not shop.ask(BUILDING)[0][0], "the server process is gone")
        assert index(shop) == [(False,)]
    decided = [r for r in first.audit() if r["event"] == "decision" and INDEX in r["statement"]]
    assert decided[-1]["action"] == "rewrite"
    again = lockkeeper(CONFIGURATION % "8s")
    with migration(again, "0004") as repeated:
        assert repeated.ended() == 0, repeated.output()
    assert index(shop) == [(True,)]
    assert shop.ask("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
