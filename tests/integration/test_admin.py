"""The admin server: health, ends on request, metrics, the page's data, and who may have them."""

import contextlib
import json
import pathlib
import re
import signal
import socket
import subprocess
import time

import psycopg2
import pytest

from admin_client import AdminClient, series, with_admin
from cluster import accepts, free_port, wait_until
from proxy import BINARY, Proxy

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMTOOL = ROOT / "build/promtool"  # ./run setup
TOKEN = "a token that is long enough"


def run(*arguments):
    return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, check=False, timeout=60)


def wait_for(port, *arguments):
    return run("wait", "--admin", f"127.0.0.1:{port}", *arguments)


@contextlib.contextmanager
def ending_proxy(cluster, **settings):
    """One that the test itself brings to its end."""
    proxy, admin = with_admin(lambda **s: Proxy(cluster.port, small_table=0, **s), **settings)
    try:
        yield proxy, admin
        assert proxy.process.wait(20) == 0, proxy.log()
    finally:
        proxy.stop()
        proxy.remove()


def test_is_not_ready_at_once_when_it_drains(cluster, database):
    with ending_proxy(cluster) as (proxy, admin):
        assert [admin.status(path) for path in ("/healthz", "/readyz", "/startupz")] == [200, 200, 200]
        with contextlib.closing(proxy.connect(database, autocommit=False)) as busy:
            busy.cursor().execute("SELECT 1")
            proxy.process.send_signal(signal.SIGTERM)
            wait_until(lambda: admin.status("/readyz") == 503, "not ready", 5)
            assert admin.status("/healthz") == 200 and admin.status("/startupz") == 200
            assert admin.metrics()["lockkeeper_draining", ()] == 1
            busy.commit()


def test_quits_on_request_as_by_sigterm(cluster, database):
    with ending_proxy(cluster) as (proxy, admin):
        with contextlib.closing(proxy.connect(database, autocommit=False)) as busy:
            busy.cursor().execute("SELECT 1")
            assert admin.status("/quitquitquit") == 405
            assert admin.ask("/quitquitquit", "POST")[::2] == (200, "draining\n")
            wait_until(lambda: admin.status("/readyz") == 503, "not ready", 5)
            assert admin.status("/quitquitquit", "POST") == 200  # once more does no harm
            busy.cursor().execute("SELECT 1")
            busy.commit()
        wait_until(lambda: not accepts(admin.port), "gone")
    with ending_proxy(cluster) as (proxy, admin):  # nobody is there: at once, but the answer comes
        assert admin.status("/quitquitquit", "POST") == 200


def test_health_does_not_ask_the_database(lockkeeper):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as upstream:
        _, admin = with_admin(lockkeeper, upstream=upstream.getsockname()[1])
        for path in ("/healthz", "/readyz", "/startupz", "/metrics", "/", "/api/state"):
            assert admin.status(path) == 200
        upstream.setblocking(False)
        with pytest.raises(BlockingIOError):
            upstream.accept()


def test_metrics_count_what_happens(lockkeeper, database, table):
    proxy, admin = with_admin(lockkeeper)
    before = admin.metrics()
    with contextlib.closing(proxy.connect(database)) as connection:
        cursor = connection.cursor()
        for _ in range(10):
            cursor.execute("SELECT repeat('x', 1000)")
        cursor.execute("CREATE INDEX i ON t (c)")
        with pytest.raises(psycopg2.Error):
            cursor.execute("ALTER TABLE t RENAME COLUMN c TO d")
        with pytest.raises(psycopg2.Error):
            cursor.execute("ALTER TABLE t FROBNICATE")
        proxy.audited(event="outcome", outcome="refused")

        def now(name, **labels):
            return admin.metrics().get((name, tuple(labels.items())), 0) - before.get((name, tuple(labels.items())), 0)

        wait_until(lambda: now("lockkeeper_statements_total", **{"class": "not_understood"}) == 1, "all is counted")
        assert now("lockkeeper_parse_failures_total") == 1
        assert now("lockkeeper_statements_total", **{"class": "judged"}) == 2
        assert now("lockkeeper_statements_total", **{"class": "passed"}) >= 10
        assert now("lockkeeper_decisions_total", kind="CREATE INDEX", action="rewrite") == 1
        assert now("lockkeeper_findings_total", rule="column-renamed", action="reject") == 1
        assert now("lockkeeper_outcomes_total", kind="CREATE INDEX", outcome="done") == 1
        assert now("lockkeeper_sessions", state="idle") == 1
        assert now("lockkeeper_sessions_total") == 1
        assert 10_000 < now("lockkeeper_bytes_total", **{"from": "server"}) < 100_000
        assert 300 < now("lockkeeper_bytes_total", **{"from": "client"}) < 10_000
        assert now("lockkeeper_injected_batches_total") > 2
        assert now("lockkeeper_plan_steps_total") >= 1
        assert now("lockkeeper_statement_duration_seconds_count") >= 2
        assert admin.metrics()["lockkeeper_workers", ()] == admin.metrics()["lockkeeper_workers_heard", ()]
    wait_until(lambda: now("lockkeeper_sessions", state="idle") == 0, "the session is gone")


def test_metrics_pass_promtool_and_are_documented(lockkeeper, database, table):
    proxy, admin = with_admin(lockkeeper)
    with contextlib.closing(proxy.connect(database)) as connection:
        connection.cursor().execute("CREATE INDEX i ON t (c)")
    proxy.audited(event="outcome")
    _, headers, text = admin.ask("/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    checked = subprocess.run([str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    page = (ROOT / "proxy/METRICS.md").read_text()
    assert page == run("metrics").stdout, "proxy/METRICS.md is out of date: build/release/lockkeeper metrics > proxy/METRICS.md"
    documented = {name: labels.split() for name, labels in re.findall(r"^\| `(\w+)` \| \w+ \| `?([^|`]*)`? \|", page, re.M)}
    assert set(re.findall(r"^# TYPE (\w+)", text, re.M)) == set(documented)
    for name, labels in series(text):
        of = [label for label, _ in labels if label != "le"]
        assert of == documented[re.sub("_(bucket|sum|count)$", "", name) if name not in documented else name]


def test_a_token_guards_all_but_health(lockkeeper, tmp_path):
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    proxy, admin = with_admin(lockkeeper, admin={"token": str(file)})
    for path in ("/", "/metrics", "/api/state"):
        status, headers, _ = admin.ask(path)
        assert status == 401 and headers["WWW-Authenticate"].startswith("Basic ")
        assert admin.status(path, Authorization="Bearer wrong") == 401
        assert admin.status(path, Authorization=f"Bearer {TOKEN}") == 200
        assert admin.status(path, Authorization="Basic YW55Ym9keTphIHRva2VuIHRoYXQgaXMgbG9uZyBlbm91Z2g=") == 200
    assert admin.status("/quitquitquit", "POST") == 401
    assert [admin.status(path) for path in ("/healthz", "/readyz", "/startupz")] == [200] * 3
    file.write_text("quite another token now\n")
    proxy.process.send_signal(signal.SIGHUP)
    wait_until(lambda: admin.status("/metrics", Authorization=f"Bearer {TOKEN}") == 401, "the new token counts")
    file.write_text("short\n")
    proxy.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "at least 16 characters" in proxy.log(), "the bad one is complained of")
    assert admin.status("/metrics", Authorization="Bearer quite another token now") == 200


def test_pages_from_elsewhere_get_nothing(lockkeeper):
    _, admin = with_admin(lockkeeper)
    assert admin.status("/api/state", Host="evil.example") == 403
    assert admin.status("/", Host="evil.example") == 403
    assert admin.status("/quitquitquit", "POST", Origin="http://evil.example") == 403
    assert admin.status("/quitquitquit", "POST", Sec_Fetch_Site="cross-site") == 403
    assert admin.status("/readyz") == 200
    _, headers, body = admin.ask("/")
    assert "default-src 'none'" in headers["Content-Security-Policy"] and "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and "Access-Control-Allow-Origin" not in headers
    assert body.startswith("<!doctype html>")


def test_https(lockkeeper, tmp_path):
    certificate, key = tmp_path / "c.pem", tmp_path / "c.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    files = {"tls_certificate": str(certificate), "tls_key": str(key)}
    port = free_port()
    lockkeeper(admin={"listen": f"127.0.0.1:{port}", **files})
    admin = AdminClient(port, tls=True).up()
    assert admin.status("/readyz") == 200 and admin.status("/api/state") == 200
    configuration = tmp_path / "admin.yaml"
    configuration.write_text(json.dumps({"admin": {"listen": f"127.0.0.1:{port}", **files}}))
    assert run("wait", "--config", str(configuration), "--timeout", "10s").returncode == 0


def raw(port, text, timeout=15):
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=timeout)) as s:
        with contextlib.suppress(ConnectionError):
            s.sendall(text)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while chunk := s.recv(4096):
                answer += chunk
        return answer


def test_requests_are_bounded(lockkeeper):
    proxy, admin = with_admin(lockkeeper)
    assert raw(admin.port, b"\x16\x03\x01 this is no HTTP\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert raw(admin.port, b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000).startswith(b"HTTP/1.1 431 ")
    assert raw(admin.port, b"POST /quitquitquit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n").startswith(b"HTTP/1.1 413 ")
    assert raw(admin.port, b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").split(b"\r\n\r\n", 1)[1] == b""
    before = proxy.descriptors()
    with contextlib.ExitStack() as idle:  # who says nothing keeps nobody out
        for _ in range(200):
            idle.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", admin.port), timeout=5)))
        assert admin.status("/readyz") == 200
        assert proxy.descriptors() <= before + 70
    began = time.monotonic()
    assert raw(admin.port, b"GET / HT", timeout=20) == b""  # a request that does not go on is given up
    assert time.monotonic() - began < 15


def test_wait(cluster, lockkeeper, database):
    port = free_port()
    nobody = wait_for(port, "--timeout", "200ms")
    assert nobody.returncode == 3 and f"127.0.0.1:{port} does not answer" in nobody.stderr
    assert wait_for(port, "--for", "stopped", "--timeout", "1s").returncode == 0
    waiting = subprocess.Popen([str(BINARY), "wait", "--admin", f"127.0.0.1:{port}", "--timeout", "20s"])
    with ending_proxy_at(cluster, port) as proxy:
        assert waiting.wait(20) == 0
        assert wait_for(port, "--for", "stopped", "--timeout", "300ms").returncode == 1
        with contextlib.closing(proxy.connect(database, autocommit=False)) as busy:
            busy.cursor().execute("SELECT 1")
            proxy.process.send_signal(signal.SIGTERM)
            wait_until(lambda: AdminClient(port).status("/readyz") == 503, "draining")
            draining = wait_for(port, "--timeout", "300ms")
            assert draining.returncode == 1 and "is not ready" in draining.stderr
            until_gone = subprocess.Popen([str(BINARY), "wait", "--admin", f"127.0.0.1:{port}", "--for", "stopped"])
            busy.rollback()
        assert until_gone.wait(20) == 0
    assert run("wait", "--timeout", "soon").returncode == 2


@contextlib.contextmanager
def ending_proxy_at(cluster, port):
    proxy = Proxy(cluster.port, admin={"listen": f"127.0.0.1:{port}"})
    try:
        yield proxy
    finally:
        status = proxy.stop()
        proxy.remove()
        assert status == 0


def test_an_address_that_is_taken_is_taken_over(cluster, lockkeeper, database):
    port = free_port()
    with ending_proxy_at(cluster, port):
        AdminClient(port).up()
        second = lockkeeper(admin={"listen": f"127.0.0.1:{port}"})  # serves clients all the same
        with contextlib.closing(second.connect(database)) as connection:
            connection.cursor().execute("SELECT 1")
        assert "is taken; it is tried again" in second.log()
    wait_until(lambda: accepts(port), "the second one has it", 10)
    assert AdminClient(port).status("/readyz") == 200


def test_the_state_shows_who_is_in_the_way(lockkeeper, database, straight, table):
    proxy, admin = with_admin(lockkeeper)
    with contextlib.closing(psycopg2.connect(straight.dsn)) as holder, contextlib.closing(proxy.connect(database)) as _:
        holder.cursor().execute("SELECT count(*) FROM t /* a long report */")
        time.sleep(0.15)  # longer than locks.old_after
        migration = subprocess.Popen(["psql", proxy.dsn(database, application_name="deploy"), "-c", "ALTER TABLE t ADD COLUMN d int"],
                                     stdout=subprocess.DEVNULL)
        waiter = wait_until(lambda: next((s for s in admin.state()["sessions"] if s.get("waits_for")), None), "somebody waits")
        assert waiter["state"] == "waiting" and waiter["application_name"] == "deploy" and waiter["database"] == database
        assert waiter["ddl"]["statement"] == "ALTER TABLE t ADD COLUMN d int" and waiter["ddl"]["kind"] == "ALTER TABLE"
        in_the_way = waiter["waits_for"][0]
        assert in_the_way["pid"] == str(holder.info.backend_pid) and in_the_way["state"] == "idle in transaction"
        assert "a long report" in in_the_way["query"] and in_the_way["lock_mode"] == "AccessShareLock"
        assert admin.metrics()["lockkeeper_sessions", (("state", "waiting"),)] == 1
        holder.rollback()
        assert migration.wait(20) == 0
    wait_until(lambda: not any("ddl" in s for s in admin.state()["sessions"]), "nothing is under way")
    recent = admin.state()["recent"][-1]
    assert recent["outcome"] == "done" and recent["statement"] == "ALTER TABLE t ADD COLUMN d int"


def test_the_state_shows_the_step_of_a_plan(lockkeeper, database, straight, table):
    proxy, admin = with_admin(lockkeeper)
    with contextlib.closing(psycopg2.connect(straight.dsn)) as holder:
        holder.cursor().execute("INSERT INTO t (c) VALUES (1)")  # CREATE INDEX CONCURRENTLY waits for its end
        migration = subprocess.Popen(["psql", proxy.dsn(database), "-c", "CREATE INDEX i ON t (c)"], stdout=subprocess.DEVNULL)
        session = wait_until(lambda: next((s for s in admin.state()["sessions"] if s.get("ddl", {}).get("step")), None), "a step runs")
        assert session["state"] == "in plan" and session["ddl"]["action"] == "rewrite"
        assert "CREATE INDEX CONCURRENTLY" in session["ddl"]["step"]["sql"]
        assert session["ddl"]["step"]["number"] == 1
        holder.rollback()
        assert migration.wait(20) == 0


def test_the_state_tells_what_a_transaction_keeps_and_has_put_off(lockkeeper, database, table):
    proxy, admin = with_admin(lockkeeper)
    with contextlib.closing(proxy.connect(database, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute("ALTER TABLE t ADD COLUMN d int")
        cursor.execute("CREATE INDEX i ON t (d)")
        session = wait_until(lambda: admin.session(state="idle in transaction"), "it idles")
        assert session["put_off"] == 1 and session["keeps"]["lock"] == "ACCESS EXCLUSIVE on public.t"
        assert admin.metrics()["lockkeeper_deferred_statements", ()] == 1
        connection.rollback()
        wait_until(lambda: admin.metrics()["lockkeeper_deferred_statements", ()] == 0, "it is taken back")


def test_secrets_and_long_texts_stay_out(lockkeeper, database):
    proxy, admin = with_admin(lockkeeper)
    with contextlib.closing(proxy.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE ROLE admin_test PASSWORD 'hunter2'")
        cursor.execute("DROP ROLE admin_test")
        cursor.execute("CREATE TABLE long (c text DEFAULT '" + "x" * 300_000 + "')")
        wait_until(lambda: len(admin.state()["recent"]) >= 1 and admin.state()["recent"][-1].get("outcome"), "it is there")
    _, _, text = admin.ask("/api/state")
    assert "hunter2" not in text and len(text) < 50_000


def test_many_onlookers_cost_the_sessions_little(lockkeeper, database):
    """Whoever asks often gets the same answer: the workers are asked twice a second at most."""
    proxy, admin = with_admin(lockkeeper)
    with contextlib.ExitStack() as sessions:
        for _ in range(40):
            sessions.enter_context(contextlib.closing(proxy.connect(database)))
        first = admin.state()
        assert first["totals"]["open"] == 40 and len(first["sessions"]) == 40
        times = {json.dumps(admin.state()["sessions"]) for _ in range(30)}
        assert len(times) < 15


def used_metrics(text):
    return set(re.findall(r"\b((?:lockkeeper|process)_\w+)", text))


def test_dashboard_and_alerts_ask_for_what_there_is():
    known = set(re.findall(r"^\| `(\w+)` \|", run("metrics").stdout, re.M))
    known |= {name + end for name in known for end in ("_bucket", "_sum", "_count")}
    dashboard = json.loads((ROOT / "docker/grafana/lockkeeper.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked.append(dashboard["templating"]["list"][1]["query"])
    assert len(asked) > 20 and used_metrics("\n".join(asked)) <= known
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    rules = (ROOT / "docker/prometheus/alerts.yaml").read_text()
    assert used_metrics(rules) and used_metrics(rules) <= known
    tried = (ROOT / "docker/prometheus/alerts_test.yaml").read_text()
    for alert in re.findall(r"- alert: (\w+)", rules):
        assert tried.count(f"alertname: {alert}\n") == 1 and tried.count(f"alertname: {alert},") == 1, alert
    outcomes = "\n".join(path.read_text() for path in (ROOT / "proxy").glob("*.cpp"))
    for outcome in ("failed, and could not be undone", "server lost", "held too long"):
        assert f'"{outcome}"' in outcomes


def test_alerts_pass_promtool():
    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts_test.yaml"]):
        done = subprocess.run([str(PROMTOOL), *command], cwd=ROOT / "docker/prometheus", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
