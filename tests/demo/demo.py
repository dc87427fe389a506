"""A real Django migration through Lockkeeper: ./run demo

Starts a PostgreSQL of its own with a million orders, migrates a Django project straight and by way of Lockkeeper
while a site reads and writes, and shows both side by side. Everything is removed at the end.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from cluster import Cluster  # noqa: E402
from proxy import Proxy  # noqa: E402
from probe import report, site  # noqa: E402
from terminal import (bold, green, heading, paragraph, progress, progress_done, red, side_by_side)  # noqa: E402

ORDERS = 1_000_000
REPORT_SECONDS = 3
STRAIGHT, THROUGH = "shop_straight", "shop_through"


def manage(endpoint, database, *arguments):
    environment = {**os.environ, "SHOP_HOST": "127.0.0.1", "SHOP_PORT": str(endpoint.port), "SHOP_DATABASE": database,
                   "PGGSSENCMODE": "disable", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, str(HERE / "project/manage.py"), *arguments], cwd=HERE / "project", env=environment,
                          capture_output=True, text=True, check=False)


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


def show_waits(title, straight, through):
    print(f"\n  {title}")
    for name, one, other in (("reader", straight[0], through[0]), ("writer", straight[1], through[1])):
        print(f"    longest wait of a {name}:  straight {waited(one.longest)},  through Lockkeeper {waited(other.longest)}")


def statements(proxy):
    """What Django sent and what PostgreSQL got in its place, from the audit log."""
    sent, ran = [], []
    for record in proxy.audit():
        if record["event"] != "decision":
            continue
        sent.append(record["statement"])
        locks = ", ".join(sorted({r["lock_mode"] for r in record.get("relations", [])}))
        if record["action"] == "reject":
            ran.append("(refused)")
        elif "plan" in record:
            ran.extend(record["plan"])
        else:
            guard = " under lock_timeout and statement_timeout" if record["class"] == "blocking" else ""
            ran.append(f"the same{guard}" + (f" [{locks}]" if locks else ""))
    return sent, ran


def add_a_column(cluster, proxy):
    heading("1. Adding a column while somebody's report is running")
    paragraph(f"A transaction that has read shop_order stays open for {REPORT_SECONDS} s. ALTER TABLE needs ACCESS EXCLUSIVE; "
              "whoever comes after it queues behind it, readers too.")
    found = []
    for endpoint, database in ((cluster, STRAIGHT), (proxy, THROUGH)):
        progress("migrating to 0002 " + ("straight" if endpoint is cluster else "through Lockkeeper"))
        with site(cluster, database) as probes, report(cluster, database, REPORT_SECONDS):
            migrate(endpoint, database, "0002")
        found.append(probes)
    progress_done()
    show_waits("the site meanwhile:", *found)
    straight, through = found
    assert straight[0].longest > 0.5 * REPORT_SECONDS, "straight, the site should have stood still"
    assert through[0].longest < 0.3 * REPORT_SECONDS, "through Lockkeeper, the site should not have waited"


def add_an_index(cluster, proxy):
    heading("2. Building an index")
    for endpoint, database in ((cluster, STRAIGHT), (proxy, THROUGH)):
        migrate(endpoint, database, "0003")
    before = len(proxy.audit())
    found = []
    for endpoint, database in ((cluster, STRAIGHT), (proxy, THROUGH)):
        progress("migrating to 0004 " + ("straight" if endpoint is cluster else "through Lockkeeper"))
        with site(cluster, database) as probes:
            migrate(endpoint, database, "0004")
        found.append(probes)
    progress_done()
    proxy.audited(event="outcome", outcome="done", action="rewrite")
    sent, ran = statements(proxy)
    rewritten = [i for i, text in enumerate(ran) if "CONCURRENTLY" in text]
    side_by_side("Django sent", [sent[i] for i in rewritten], "PostgreSQL executed", [ran[i] for i in rewritten])
    show_waits("the site meanwhile:", *found)
    assert before and len(rewritten) == 1, "the index should have been built CONCURRENTLY"


def refused(proxy, database, target, rule):
    done = manage(proxy, database, "migrate", "shop", target)
    assert done.returncode == 1, f"migrate to {target} should have been refused"
    lines = done.stderr.strip().splitlines()
    first = max(i for i, line in enumerate(lines) if line.startswith("django.db.utils."))
    assert rule in done.stderr, done.stderr
    print(f"  $ manage.py migrate shop {target}")
    for line in lines[first:]:
        paragraph(line, "  ")


def refuse(cluster, proxy):
    heading("3. What cannot be made safe is refused, and says what to do")
    progress("migrating to 0005")
    refused(proxy, THROUGH, "0005", "index-without-concurrently")
    progress("migrating straight to 0011, then through Lockkeeper to 0012")
    migrate(cluster, THROUGH, "0011")
    progress_done()
    print()
    refused(proxy, THROUGH, "0012", "column-renamed")


def show_audit(proxy):
    heading("4. The audit log: every DDL, who sent it, what became of it")
    for record in proxy.audit():
        if record["event"] != "outcome":
            continue
        relation = ", ".join(f"{r['lock_mode']} on {r['name']}" for r in record.get("relations", [])) or "no lock that others feel"
        took = f"{record.get('duration_ms', 0):,.0f} ms"
        print(f"  {record['time'][11:19]} {record['user']}@{record['database']} {record['kind']:13} {record['action']:8}"
              f" {record['outcome']:8} {took:>9}  {relation}")
    print("\n  One record of the file, as it stands there:\n")
    paragraph(next(line for line in proxy.audit_path.read_text().splitlines() if '"rewrite"' in line), "  ")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        progress("starting PostgreSQL")
        cluster = Cluster(log_statement="none", shared_buffers="512MB", max_wal_size="4GB")
        stack.callback(cluster.remove)
        cluster.start()
        fill(cluster)
        proxy = Proxy(cluster.port, mode="enforce", locks={"budget": "60s"})
        stack.callback(proxy.remove)
        stack.callback(proxy.stop)
        progress_done()
        print(bold("Lockkeeper stands between Django and PostgreSQL: "), end="")
        print(f"DATABASES['default']['PORT'] = {proxy.port} instead of {cluster.port}.")
        add_a_column(cluster, proxy)
        add_an_index(cluster, proxy)
        refuse(cluster, proxy)
        show_audit(proxy)
        print("\nNext: README.md shows how to point your own deploy at it.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
