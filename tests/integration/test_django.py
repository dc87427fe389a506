"""Django's own schema editor, on the project of the demo."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

from cluster import binaries

PROJECT = pathlib.Path(__file__).resolve().parents[1] / "demo/project"
MIGRATIONS = sorted(path.stem for path in (PROJECT / "shop/migrations").glob("0*.py"))


def environment(endpoint, database):
    return {**os.environ, "SHOP_HOST": "127.0.0.1", "SHOP_PORT": str(endpoint.port), "SHOP_DATABASE": database,
            "PYTHONDONTWRITEBYTECODE": "1", "PGGSSENCMODE": "disable"}


def manage(endpoint, database, *arguments):
    return subprocess.run([sys.executable, str(PROJECT / "manage.py"), *arguments], cwd=PROJECT, env=environment(endpoint, database),
                          capture_output=True, text=True, check=False)


def schemas(cluster, endpoint, database, targets, directory):
    """Migrates to each target by way of `endpoint`; the schema after each, as pg_dump sees it on the server itself."""
    directory.mkdir()
    dump = [binaries() + "/pg_dump", "--schema-only", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "postgres", database]
    done = subprocess.run([sys.executable, str(PROJECT / "steps.py"), str(directory), shlex.join(dump), *targets], cwd=PROJECT,
                          env=environment(endpoint, database), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Some releases of pg_dump put a random word into \restrict.
    return {path.name: re.sub(r"(?m)^\\(un)?restrict .*\n", "", path.read_text()) for path in sorted(directory.iterdir())}


def test_forward_and_back_as_straight(cluster, databases, lockkeeper, tmp_path):
    proxy = lockkeeper(mode="guard", small_table=0)
    targets = MIGRATIONS + MIGRATIONS[-2::-1] + ["zero"]
    straight = schemas(cluster, cluster, databases(), targets, tmp_path / "straight")
    through = schemas(cluster, proxy, databases(), targets, tmp_path / "through")
    assert len(straight) == len(targets)
    assert straight["00-0001_initial.sql"].count("CREATE TABLE public.shop_") == 2
    assert "CREATE TABLE public.shop_" not in straight[f"{len(targets) - 1:02}-zero.sql"]
    for name, schema in straight.items():
        assert through[name] == schema, name
    assert not [r for r in proxy.audit() if r["action"] in ("rewrite", "reject")]
    assert [r for r in proxy.audit() if r["action"] == "would rewrite"]


@pytest.fixture
def shop(cluster, database):
    """A database that stands at the migration before the one in question."""
    def at(target):
        done = manage(cluster, database, "migrate", "shop", target)
        assert done.returncode == 0, done.stderr
        return database

    return at


def test_an_index_outside_a_transaction_is_built_concurrently(shop, cluster, straight, lockkeeper):
    database = shop("0003")
    proxy = lockkeeper(small_table=0)
    done = manage(proxy, database, "migrate", "shop", "0004")
    assert done.returncode == 0, done.stderr
    assert "0004_order_status_index... OK" in done.stdout
    record = proxy.audited(event="outcome", outcome="done", action="rewrite")[0]
    assert record["application_name"] == "manage.py"
    assert record["plan"] == ['CREATE INDEX CONCURRENTLY "shop_order_status_idx" ON "shop_order" ("status")']
    cursor = straight.cursor()
    cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop_order_status_idx'::regclass")
    assert cursor.fetchone() == (True,)


REFUSED = [
    ("0011", "0012", "column-renamed", "db_column"),
    ("0012", "0013", "table-renamed", "db_table"),
]


@pytest.mark.parametrize("before, target, rule, hint", REFUSED, ids=[case[2] for case in REFUSED])
def test_a_refused_migration_says_what_to_change(before, target, rule, hint, shop, cluster, straight, lockkeeper):
    database = shop(before)
    proxy = lockkeeper(small_table=0)
    done = manage(proxy, database, "migrate", "shop", target)
    assert done.returncode == 1
    assert "django.db.utils." in done.stderr
    assert "DETAIL:" in done.stderr and "HINT:" in done.stderr and hint in done.stderr
    assert f"lockkeeper explain {rule}" in done.stderr
    cursor = straight.cursor()
    cursor.execute("SELECT max(name) FROM django_migrations WHERE app = 'shop'")
    assert cursor.fetchone()[0].startswith(before)
    assert rule in proxy.audited(event="outcome", outcome="refused", sqlstate="LK001")[0]["rules"]


def test_an_index_in_a_transaction_is_built_behind_its_commit(shop, cluster, straight, lockkeeper):
    database = shop("0004")
    proxy = lockkeeper(small_table=0)
    done = manage(proxy, database, "migrate", "shop", "0005")
    assert done.returncode == 0, done.stderr
    assert proxy.audited(event="outcome", outcome="put off until the COMMIT")
    cursor = straight.cursor()
    cursor.execute("SELECT count(*), bool_and(indisvalid) FROM pg_index WHERE indexrelid::regclass::text LIKE 'shop_order_created_%'")
    assert cursor.fetchone() == (1, True)
    cursor.execute("SELECT count(*) FROM lockkeeper.pending")
    assert cursor.fetchone() == (0,)


def test_a_refusal_takes_the_whole_migration_back(shop, cluster, straight, lockkeeper):
    """The refused statement is the last of the migration: what stood before it in the transaction is gone too."""
    database = shop("0013")
    proxy = lockkeeper(small_table=0, transactions="reject")
    done = manage(proxy, database, "migrate", "shop", "0014")
    assert done.returncode == 1
    assert "index-without-concurrently" in done.stderr
    cursor = straight.cursor()
    cursor.execute("SELECT count(*) FROM pg_attribute WHERE attrelid = 'shop_shipment'::regclass AND attname = 'parcel'")
    assert cursor.fetchone() == (0,)
    cursor.execute("SELECT max(name) FROM django_migrations WHERE app = 'shop'")
    assert cursor.fetchone()[0].startswith("0013")
    sent = [(r["action"], r["statement"]) for r in proxy.audit() if r["event"] == "decision"]
    assert [action for action, _ in sent] == ["allow", "reject"], sent
    assert '"parcel"' in sent[0][1] and "CREATE INDEX" in sent[1][1]


# What needs nothing but a short lock on a table in use; the rest of the migrations is in REFUSED or in the way of it.
SAFE = [("0001", "0002"), ("0003", "0004"), ("0005", "0006"), ("0009", "0010")]


@pytest.mark.parametrize("before, target", SAFE, ids=[target for _, target in SAFE])
def test_a_safe_migration_passes_without_a_word(before, target, shop, lockkeeper):
    database = shop(before)
    proxy = lockkeeper(small_table=0)
    done = manage(proxy, database, "migrate", "shop", target)
    assert (done.returncode, done.stderr) == (0, "")
    found = [r for r in proxy.audit() if r["event"] == "decision" and r["action"] not in ("allow", "rewrite")]
    assert not found, json.dumps(found, indent=1)


def test_initial_migrations_pass_without_a_word(cluster, databases, lockkeeper):
    """What is created in the same transaction is nobody else's: nothing to rewrite, to refuse or to warn about."""
    proxy = lockkeeper(small_table=0)
    done = manage(proxy, databases(), "migrate", "shop", "0001")
    assert done.returncode == 0, done.stderr
    done = manage(proxy, databases(), "migrate", "auth")
    assert done.returncode == 0, done.stderr
    found = [r for r in proxy.audit() if r["action"] != "allow"]
    assert not found, json.dumps(found, indent=1)


def test_the_projects_models_are_what_its_migrations_make(cluster, database):
    done = manage(cluster, database, "makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
