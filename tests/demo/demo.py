"""A real Django migration through Lockkeeper: ./run demo

Starts a PostgreSQL of its own with half a million orders, migrates a Django project straight and by way of Lockkeeper
while a site reads and writes, and shows both side by side. Everything is removed at the end, also after Ctrl-C.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from cluster import Cluster, ServerLog  # noqa: E402
from probe import LockProbe, lock_waited_for, report, site  # noqa: E402
from proxy import Proxy  # noqa: E402
from terminal import (beside, bold, fields, green, heading, paragraph, progress, progress_done, red,  # noqa: E402
                      side_by_side)

ORDERS = 500_000
REPORT_SECONDS = 3
STRAIGHT, THROUGH = "shop_straight", "shop_through"


def manage(endpoint, database, *arguments):
    environment = {**os.environ, "SHOP_HOST": "127.0.0.1", "SHOP_PORT": str(endpoint.port), "SHOP_DATABASE": database,
                   "PGGSSENCMODE": "disable", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, str(HERE / "project/manage.py"), *arguments], cwd=HERE / "project",
                          env=environment, capture_output=True, text=True, check=False)


def migrate(endpoint, database, target):
    done = manage(endpoint, database, "migrate", "shop", target)
    if done.returncode:
        raise RuntimeError(f"migrate shop {target} failed:\n{done.stderr}")


def fill(cluster):
    """The table as it is when a site has been in use for a while; the second database is a copy of the first."""
    progress("creating the shop: Django migrates to 0001")
    with contextlib.closing(cluster.connect()) as connection:
        connection.cursor().execute(f"CREATE DATABASE {STRAIGHT}")
    migrate(cluster, STRAIGHT, "0001")
    progress(f"filling it with {ORDERS:,} orders")
    with contextlib.closing(cluster.connect(STRAIGHT)) as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO shop_customer (name) SELECT 'customer ' || i FROM generate_series(1, 1000) AS i")
        cursor.execute("INSERT INTO shop_order (customer_id, number, status, note, total, created) "
                       "SELECT i % 1000 + 1, i::text, md5((i % 50000)::text)::varchar(20), '', i % 500, now() "
                       f"FROM generate_series(1, {ORDERS}) AS i")
        cursor.execute("VACUUM ANALYZE")
    with contextlib.closing(cluster.connect()) as connection:
        connection.cursor().execute(f"CREATE DATABASE {THROUGH} TEMPLATE {STRAIGHT}")


def waited(seconds):
    text = f"{seconds * 1000:,.0f} ms"
    return red(text) if seconds > 0.25 else green(text)


def show_waits(straight, through):
    print()
    for name, one, other in zip(("reader", "writer"), straight, through):
        print(f"  longest wait of a {name}:  straight {waited(one.longest)},  through Lockkeeper {waited(other.longest)}")


def decisions(proxy, word):
    return [r for r in proxy.audit() if r["event"] == "decision" and word in r["statement"]]


def add_a_column(cluster, proxy, log):
    heading("1. Adding a column while somebody's report is running")
    paragraph(f"A transaction that has read shop_order stays open for {REPORT_SECONDS} s after the ALTER TABLE has come. "
              "It needs ACCESS EXCLUSIVE; whoever comes after it queues behind it, readers too.")
    progress("migrating to 0002 straight")
    with site(cluster, STRAIGHT) as straight, \
            report(cluster, STRAIGHT, REPORT_SECONDS, lambda: lock_waited_for(cluster, STRAIGHT)):
        migrate(cluster, STRAIGHT, "0002")
    progress("migrating to 0002 through Lockkeeper")
    log.mark()
    with site(cluster, THROUGH) as through, \
            report(cluster, THROUGH, REPORT_SECONDS, lambda: decisions(proxy, "ADD COLUMN")):
        migrate(proxy, THROUGH, "0002")
    progress_done()
    record = proxy.audited(event="outcome", outcome="done", kind="ALTER TABLE")[0]
    print()
    side_by_side("Django sent", [record["statement"]], "PostgreSQL executed", log.ran("ADD COLUMN"))
    print()
    paragraph(f"Lockkeeper stood back until the report had ended, {record['lock_wait_ms']:,.0f} ms, and took the lock "
              f"at attempt {record['attempts']}.", "  ")
    show_waits(straight, through)
    assert straight[0].longest > 0.5 * REPORT_SECONDS, "straight, the site should have stood still"
    assert through[0].longest < 0.5 * REPORT_SECONDS, "through Lockkeeper, the site should not have waited"
    assert record["lock_wait_ms"] > 500 * REPORT_SECONDS, "Lockkeeper should have waited for the report"


def add_an_index(cluster, proxy, log):
    heading("2. Building an index")
    sites, locks = [], []
    for endpoint, database, way in ((cluster, STRAIGHT, "straight"), (proxy, THROUGH, "through Lockkeeper")):
        migrate(endpoint, database, "0003")
        log.mark()
        progress(f"migrating to 0004 {way}")
        with site(cluster, database) as probes, LockProbe(cluster, database) as lock:
            migrate(endpoint, database, "0004")
        sites.append(probes)
        locks.append(lock.modes)
    progress_done()
    record = proxy.audited(event="outcome", outcome="done", action="rewrite")[0]
    executed = log.ran("CREATE INDEX")
    print()
    side_by_side("Django sent", [record["statement"]], "PostgreSQL executed", executed)
    print("\n  lock on shop_order straight:            " + red("SHARE: writes wait"))
    print("  lock on shop_order through Lockkeeper:  " + green("SHARE UPDATE EXCLUSIVE: reads and writes go on"))
    show_waits(*sites)
    assert executed == record["plan"] and "CONCURRENTLY" in executed[0], executed
    assert "ShareLock" in locks[0], locks
    assert "ShareUpdateExclusiveLock" in locks[1] and "ShareLock" not in locks[1], locks
    assert sites[1][1].longest < sites[0][1].longest, "through Lockkeeper, the writer should have waited less"


def applied(cluster, database):
    with contextlib.closing(cluster.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM django_migrations ORDER BY id")
        return cursor.fetchall()


def refused(cluster, proxy, target, rule):
    """What Django prints; the migration must not count as applied."""
    before = applied(cluster, THROUGH)
    done = manage(proxy, THROUGH, "migrate", "shop", target)
    progress_done()
    assert done.returncode == 1, f"migrate to {target} should have been refused"
    assert f"lockkeeper explain {rule}" in done.stderr, done.stderr
    assert applied(cluster, THROUGH) == before
    lines = done.stderr.strip().splitlines()
    first = max(i for i, line in enumerate(lines) if line.startswith("django.db.utils."))
    print(f"\n  $ manage.py migrate shop {target}")
    for line in lines[first:]:
        paragraph(line, "  ", "      ")


def refuse(cluster, proxy):
    heading("3. What cannot be made safe is refused, and says what to do")
    progress("migrating straight to 0012, then through Lockkeeper to 0013, RenameModel")
    migrate(cluster, THROUGH, "0012")
    refused(cluster, proxy, "0013", "table-renamed")


def show_audit(proxy):
    heading("4. The audit log: every DDL, who sent it, what became of it")
    proxy.audited(event="outcome", outcome="refused", kind="ALTER TABLE")
    for record in proxy.audit():
        if record["event"] != "outcome":
            continue
        relations = ", ".join(f"{r['lock_mode']} on {r['name']}" for r in record.get("relations", []))
        beside(f"  {record['time'][11:19]}  {record['kind']:13} {record['action']:8} {record['outcome']:8}"
               f" {record['duration_ms']:>7,.0f} ms  ", relations or "no lock that others feel")
    print("\n  One record, field by field (a line of JSON in the file):\n")
    fields(proxy.audited(event="outcome", action="rewrite")[0])


def begin(stack):
    """The server with the shop in it, and Lockkeeper before it. What is made here is removed with the stack."""
    progress("starting PostgreSQL")
    cluster = Cluster(log_statement="ddl", shared_buffers="512MB", max_wal_size="4GB")
    stack.callback(cluster.remove)
    cluster.start()
    fill(cluster)
    proxy = Proxy(cluster.port, mode="enforce")
    stack.callback(proxy.remove)
    stack.callback(proxy.stop)
    progress_done()
    return cluster, proxy


def leave(number, _):
    """The first Ctrl-C cleans up; a second one does not stop that."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def main():
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, leave)
    with contextlib.ExitStack() as stack:
        cluster, proxy = begin(stack)
        paragraph(f"{bold('Lockkeeper stands between Django and PostgreSQL:')} "
                  f"DATABASES['default']['PORT'] = {proxy.port} instead of {cluster.port}.")
        log = ServerLog(cluster)
        add_a_column(cluster, proxy, log)
        add_an_index(cluster, proxy, log)
        refuse(cluster, proxy)
        show_audit(proxy)
    print("\nNext: README.md shows how to point your own deploy at it.")


if __name__ == "__main__":
    main()
