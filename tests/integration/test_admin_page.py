"""The admin page in a real browser: what it shows while nothing happens, while a schema change runs and while one waits.

The screenshots lie in build/screenshots, for people to look at."""

import contextlib
import pathlib
import re
import subprocess
import threading
import time

import psycopg2
import pytest

from admin_client import with_admin
from browser import Browser
from cluster import wait_until
from proxy import Proxy

SCREENSHOTS = pathlib.Path(__file__).resolve().parents[2] / "build/screenshots"


@pytest.fixture(scope="module")
def browser():
    with contextlib.closing(Browser()) as one:
        yield one


@pytest.fixture
def page(browser, lockkeeper):
    """page(**settings): a proxy, its admin client, and the browser with the page open."""
    def open_page(**settings):
        proxy, admin = with_admin(lockkeeper, **settings)
        browser.size(1280, 900)
        browser.color_scheme("light")
        browser.open(f"http://127.0.0.1:{admin.port}/")
        browser.until("document.body.dataset.polls >= 2", "the page has data")
        return proxy, admin, browser
    yield open_page
    complaints = browser.complaints()
    browser.open("about:blank")
    assert [c for c in complaints if "ERR_CONNECTION_REFUSED" not in c] == []  # a proxy that was ended on purpose


def psql(proxy, database, sql, name="deploy"):
    return subprocess.Popen(["psql", "-q", proxy.dsn(database, application_name=name), "-c", sql], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def fits(browser):
    return browser.script("return document.documentElement.scrollWidth <= innerWidth")


def test_idle(page, database):
    proxy, _, browser = page()
    with contextlib.closing(proxy.connect(database, application_name="shop web")), contextlib.closing(proxy.connect(database)):
        browser.until("document.querySelectorAll('#sessions tbody tr').length == 2", "both sessions are there")
        text = browser.text()
        assert "Nobody waits for a lock." in text and "shop web" in text and "enforce" in text and "live" in text
        browser.screenshot(SCREENSHOTS / "idle.png")
        assert fits(browser)


def deployed(proxy, database):
    """Some history: what was rewritten, refused, allowed."""
    with contextlib.closing(proxy.connect(database, application_name="manage.py migrate")) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE INDEX orders_status ON t (c)")
        with contextlib.suppress(psycopg2.Error):
            cursor.execute("ALTER TABLE t RENAME COLUMN c TO d")
        cursor.execute("ALTER TABLE t ADD CONSTRAINT positive CHECK (c > 0)")
        cursor.execute("ALTER TABLE t ADD COLUMN note text")
        cursor.execute("CREATE TABLE other (id int)")
    proxy.audited(event="outcome", statement="CREATE TABLE other (id int)")


def test_a_schema_change_in_progress(page, database, straight, table):
    proxy, _, browser = page()
    deployed(proxy, database)
    with contextlib.closing(psycopg2.connect(straight.dsn)) as writer:
        writer.cursor().execute("INSERT INTO t (c) VALUES (1)")  # CREATE INDEX CONCURRENTLY waits for its end
        change = psql(proxy, database, "ALTER TABLE t ADD CONSTRAINT one_c UNIQUE (id, c)")
        browser.until("document.querySelector('#work .track .now') && document.querySelector('#work').innerText.includes('step 1 of 2')", "its bar moves")
        text = browser.text("#work")
        assert "ALTER TABLE" in text and "step 1 of 2" in text and "CREATE UNIQUE INDEX CONCURRENTLY" in text and "(deploy)" in text
        browser.screenshot(SCREENSHOTS / "in_progress.png")
        writer.rollback()
        assert change.wait(20) == 0
    browser.until("document.querySelector('#work .empty')", "it is over")
    browser.until("document.querySelector('#recent summary').innerText.includes('done')", "and told of")


def test_how_far_an_index_is(page, cluster, database, straight, table):
    """What the observer tells: the server's phase, with a bar."""
    proxy, _, browser = page(observer={"dsn": cluster.dsn(), "interval": "50ms"})
    deployed(proxy, database)
    cursor = straight.cursor()
    cursor.execute("CREATE FUNCTION slowly(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN $1; END $$")
    cursor.execute("CREATE TABLE wide AS SELECT n, repeat('x', 1500) FROM generate_series(1, 400) AS n")  # 80 pages, five rows each
    change = psql(proxy, database, "CREATE INDEX slow ON wide (slowly(n))")
    shown = "Number((document.querySelector('#work .meter') || document.body).getAttribute('aria-valuenow'))"
    browser.until(f"{shown} >= 30 && {shown} < 90", "the bar moves")
    text = browser.text("#work")
    assert re.search(r"building index: scanning table, \d+ %", text), text
    assert browser.script("return document.querySelector('#work .meter div').offsetWidth") > 30
    browser.screenshot(SCREENSHOTS / "progress.png")
    browser.size(390, 844, mobile=True)
    assert fits(browser)
    browser.screenshot(SCREENSHOTS / "progress_mobile.png")
    assert change.wait(30) == 0
    browser.until("document.querySelector('#work .empty')", "it is over")


def test_a_queue_behind_a_schema_change(page, cluster, database, straight, table):
    """What the observer tells: all who wait, whoever they are."""
    proxy, _, browser = page(observer={"dsn": cluster.dsn(), "interval": "50ms"}, locks={"budget": 0},
                             timeouts={"lock": "60s", "statement": "60s"})
    deployed(proxy, database)
    with contextlib.closing(psycopg2.connect(straight.dsn, application_name="nightly report")) as holder:
        holder.cursor().execute("SELECT count(*), max(c) FROM t  -- the report")
        change = psql(proxy, database, "ALTER TABLE t ADD COLUMN total int", "deploy 41")
        browser.until("document.querySelectorAll('#waits .node').length == 2", "it waits")
        assert "waits in the server's queue" in browser.text("#work")
        straight_reader = subprocess.Popen(["psql", "-q", cluster.dsn(database, application_name="cron"), "-c", "SELECT sum(c) FROM t"],
                                           stdout=subprocess.DEVNULL)
        readers = [straight_reader] + [psql(proxy, database, f"SELECT c FROM t WHERE id = {n}", f"web {n}") for n in (1, 2)]
        browser.until("document.querySelectorAll('#waits .node').length == 5", "three wait behind it")
        assert browser.script("return document.querySelectorAll('#waits ul ul ul .node').length") == 3
        text = browser.text("#waits")
        assert "4 waiting, 4 of them in the server's queue" in browser.text("#waits-count")
        assert all(name in text for name in ("nightly report", "deploy 41", "cron", "web 1", "web 2", "it stands before this one"))
        assert "idle in transaction" in browser.text("#waits .blocker") and "SELECT sum(c) FROM t" in text
        assert "3 sessions queue behind it" in browser.text("#work")
        browser.screenshot(SCREENSHOTS / "queue.png")
        browser.size(390, 844, mobile=True)
        assert fits(browser)
        browser.screenshot(SCREENSHOTS / "queue_mobile.png")
        holder.rollback()
        assert change.wait(20) == 0 and [r.wait(20) for r in readers] == [0] * 3
    browser.until("document.querySelector('#waits .empty')", "nobody waits any more")
    browser.click("#recent details:first-of-type summary")
    browser.until("document.querySelector('#recent details').open", "it opens")
    assert "3 sessions at most" in browser.text("#recent details") and "nightly report" in browser.text("#recent details")


def test_a_blocked_schema_change_and_who_is_in_the_way(page, database, straight, table):
    proxy, _, browser = page(locks={"serialize": True})
    deployed(proxy, database)
    with contextlib.closing(psycopg2.connect(straight.dsn, application_name="nightly report")) as holder:
        holder.cursor().execute("SELECT count(*), max(c) FROM t  -- the report")
        time.sleep(0.15)  # locks.old_after
        first = psql(proxy, database, "ALTER TABLE t ADD COLUMN total int", "deploy 41")
        browser.until("document.querySelectorAll('#waits .node').length == 2", "the first one waits")
        second = psql(proxy, database, "ALTER TABLE t ADD COLUMN state text DEFAULT 'new' NOT NULL", "deploy 42")
        browser.until("document.querySelectorAll('#waits .node').length == 3", "the second one waits for the first")
        assert browser.script("return document.querySelectorAll('#waits ul ul ul .node').length") == 1
        blocker = browser.text("#waits .blocker")
        assert "nightly report" in blocker and "idle in transaction" in blocker and str(holder.info.backend_pid) in blocker
        assert "waits for its turn" in browser.text("#work") and "it has the turn" in browser.text("#waits")
        assert "deploy 41" in browser.text("#waits") and "its ACCESS SHARE lock on public.t is in the way" in browser.text("#waits")
        browser.screenshot(SCREENSHOTS / "blocked.png")
        browser.color_scheme("dark")
        browser.screenshot(SCREENSHOTS / "blocked_dark.png")
        browser.size(390, 844, mobile=True)
        assert fits(browser)
        browser.screenshot(SCREENSHOTS / "mobile_dark.png")
        browser.color_scheme("light")
        browser.screenshot(SCREENSHOTS / "mobile.png")
        holder.rollback()
        assert first.wait(20) == 0 and second.wait(20) == 0
    browser.until("document.querySelector('#waits .empty')", "nobody waits any more")


def test_clicking_through(page, database, table):
    proxy, _, browser = page()
    deployed(proxy, database)
    browser.until("document.querySelectorAll('#recent details').length >= 5", "what was decided is there")
    rewritten = "#recent details:has(.pill.busy):last-of-type"
    browser.click(f"{rewritten} summary")
    browser.until(f"document.querySelector('{rewritten}').open", "it opens")
    text = browser.text(rewritten)
    assert "CREATE INDEX CONCURRENTLY" in text and "index-without-concurrently" in text and "manage.py migrate" in text
    polls = browser.script("return Number(document.body.dataset.polls)")
    browser.until(f"document.body.dataset.polls > {polls + 1}", "it goes on")
    assert browser.script(f"return document.querySelector('{rewritten}').open"), "what was opened stays open"
    browser.screenshot(SCREENSHOTS / "decision.png")

    with contextlib.closing(proxy.connect(database, application_name="web")), \
            contextlib.closing(proxy.connect(database, application_name="worker", autocommit=False)) as worker:
        worker.cursor().execute("SELECT 1")
        browser.until("document.querySelectorAll('#sessions tbody tr').length == 2", "both sessions are there")
        browser.type("#filter", "worker")
        browser.until("document.querySelectorAll('#sessions tbody tr').length == 1", "one of them fits")
        assert "idle in transaction" in browser.text("#sessions")
        browser.script("const f = document.querySelector('#filter'); f.value = ''; f.dispatchEvent(new Event('input'))")
        browser.click("#show-idle")
        browser.until("document.querySelectorAll('#sessions tbody tr').length == 1", "the idle one is hidden")
        browser.click("#show-idle")
        browser.click("#pause")
        browser.until("document.querySelector('#live-text').innerText == 'paused'", "it stands still")
        browser.click("#pause")
        browser.until("document.querySelector('#live-text').innerText == 'live'", "it goes on")


def test_what_comes_from_clients_stays_text(page, database, table):
    proxy, _, browser = page()
    evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    with contextlib.closing(proxy.connect(database, application_name=evil)) as connection:
        connection.cursor().execute(f'CREATE TABLE "<b>evil</b>" (c text DEFAULT $x${evil}$x$)')
        browser.until("document.querySelector('#recent details') && document.querySelector('#sessions tbody tr')", "it is shown")
        browser.click("#recent summary")
        assert evil in browser.text("#recent .sql") and "<img src=x" in browser.text("#sessions")
    assert browser.script("return [document.title, document.images.length, document.scripts.length]") == ["Lockkeeper", 0, 1]


def test_tells_when_lockkeeper_drains_and_is_gone(browser, cluster, database):
    proxy, admin = with_admin(lambda **settings: Proxy(cluster.port, **settings))
    try:
        browser.size(1280, 900)
        browser.open(f"http://127.0.0.1:{admin.port}/")
        browser.until("document.body.dataset.polls >= 1", "the page has data")
        with contextlib.closing(proxy.connect(database, autocommit=False)) as busy:
            busy.cursor().execute("SELECT 1")
            assert admin.status("/quitquitquit", "POST") == 200
            browser.until("!document.querySelector('#notice').hidden", "it says so")
            assert "Draining" in browser.text("#notice")
            busy.rollback()
        assert proxy.process.wait(20) == 0
        browser.until("document.querySelector('#live-text').innerText.startsWith('no answer since')", "nobody answers")
    finally:
        proxy.stop()
        proxy.remove()
        browser.complaints()
        browser.open("about:blank")


def heap(browser):
    browser.command("HeapProfiler.collectGarbage")
    return browser.script("return performance.memory.usedJSHeapSize"), browser.script("return document.getElementsByTagName('*').length")


@pytest.mark.alone
def test_stays_small_under_load(page, database, straight, table):
    """LOCKKEEPER_PAGE_SECONDS=600 for the long run."""
    import os
    seconds = int(os.environ.get("LOCKKEEPER_PAGE_SECONDS", "30"))
    proxy, admin, browser = page()
    ended = threading.Event()

    def load(number):
        while not ended.is_set():
            with contextlib.closing(proxy.connect(database, application_name=f"load {number}")) as connection:
                cursor = connection.cursor()
                for turn in range(20):
                    cursor.execute("SELECT count(*) FROM t")
                    cursor.execute(f"CREATE TABLE IF NOT EXISTS made_{number}_{turn} (id int)")
                    cursor.execute(f"DROP TABLE made_{number}_{turn}")

    threads = [threading.Thread(target=load, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        browser.until("document.querySelectorAll('#recent details').length == 100", "the list is full", 60)
        time.sleep(5)  # what is made once is made
        memory, (used, nodes) = proxy.resident(), heap(browser)
        polls = browser.script("return Number(document.body.dataset.polls)")
        time.sleep(seconds)
        grown, (used_then, nodes_then) = proxy.resident() - memory, heap(browser)
        assert browser.script("return Number(document.body.dataset.polls)") - polls > seconds / 4
        assert nodes_then < nodes + 500 and used_then < used + 4_000_000, (used, used_then, nodes, nodes_then)
        assert grown < 8_000, f"{grown} kB"
        assert browser.script("return document.querySelectorAll('#recent details').length") == 100
        shown = browser.text("#tiles")
        assert re.search(r"Decisions\s+[\d.]+", shown), shown
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    wait_until(lambda: admin.state()["totals"]["open"] == 0, "all have gone")
    browser.until("document.querySelector('#sessions .empty')", "the page says so")
