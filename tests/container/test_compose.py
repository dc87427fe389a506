"""docker/compose.yaml, as those see it who want to try Lockkeeper."""

import contextlib
import json
import urllib.parse

import psycopg2
import pytest
import yaml

from compose import FILE, PROJECT, playing
from engine import ROOT, podman
from kube import get, wait_for
from test_pods import ALL


@pytest.fixture(scope="module")
def compose():
    with playing() as played:
        played.run("up", "--detach", "--no-build", "--pull", "never")
        yield played


def prometheus(path, **query):
    status, answer = get(f"http://127.0.0.1:9090/api/v1/{path}?{urllib.parse.urlencode(query)}")
    return json.loads(answer)["data"] if status == 200 else None


def test_the_shop_migrates_and_serves_through_lockkeeper(compose):
    assert wait_for(lambda: get("http://127.0.0.1:8000/")[0] == 200, "the shop serves")
    assert get("http://127.0.0.1:8000/") == (200, '{"orders": 0}')
    migrate = compose.container("migrate")
    assert migrate.ended() == 0
    assert all(name in migrate.output() for name in ALL)
    audit = compose.container("lockkeeper").audit()
    assert any(record["event"] == "outcome" and "shop_order_status_idx" in record["statement"] for record in audit)
    assert {(record["user"], record["database"]) for record in audit if "user" in record} == {("shop", "shop")}


def test_psql_finds_it_where_the_file_says(compose):
    with contextlib.closing(psycopg2.connect(host="127.0.0.1", port=6432, user="shop", dbname="shop", password="change-me")) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'shop' ORDER BY id")
        assert [name for (name,) in cursor.fetchall()] == ALL


def test_what_it_invites_to_try_is_refused(compose):
    """0012 renames a column."""
    assert "0012 renames a column" in FILE.read_text()
    done = compose.run("run", "--no-deps", "migrate", "python3", "manage.py", "migrate", "shop", "0012", check=False)
    assert done.returncode == 1
    assert "lockkeeper explain column-renamed" in done.stdout + done.stderr


def test_prometheus_scrapes_it_and_knows_the_alerts(compose):
    def up():
        (target,) = prometheus("targets")["activeTargets"] or [{"health": None}]
        return target["health"] == "up"
    wait_for(lambda: prometheus("targets") and up(), "Prometheus has scraped Lockkeeper")
    (sample,) = wait_for(lambda: prometheus("query", query="lockkeeper_build_info")["result"], "what was scraped can be asked for")
    assert sample["metric"]["job"] == "lockkeeper"
    rules = [rule for group in prometheus("rules")["groups"] for rule in group["rules"]]
    written = yaml.safe_load((ROOT / "docker/prometheus/alerts.yaml").read_text())
    assert {rule["name"] for rule in rules} == {rule["alert"] for group in written["groups"] for rule in group["rules"]}
    wait_for(lambda: all(rule["health"] == "ok" for group in prometheus("rules")["groups"] for rule in group["rules"]), "each rule was evaluated")
    assert not [alert for alert in prometheus("alerts")["alerts"] if alert["state"] == "firing"]


def test_it_ends_in_order_and_leaves_nothing(compose):
    compose.run("stop")
    lockkeeper = compose.container("lockkeeper")
    assert lockkeeper.ended() == 0
    assert lockkeeper.audit()[-1]["event"] == "stopped"
    compose.run("down", "--volumes", "--remove-orphans")  # what `run` has made, too
    mine = ("--filter", f"label=com.docker.compose.project={PROJECT}")
    assert not podman("ps", "--all", "--quiet", *mine).stdout and not podman("network", "ls", "--quiet", *mine).stdout
