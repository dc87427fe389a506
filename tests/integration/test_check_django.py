"""`lockkeeper check --django`: the migrations of a project that are not applied, by name."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from proxy import BINARY

PROJECT = pathlib.Path(__file__).resolve().parents[1] / "demo/project"


@pytest.fixture
def shop(cluster, database):
    """The environment of a shop in a database of its own."""
    return {**os.environ, "SHOP_HOST": "127.0.0.1", "SHOP_PORT": str(cluster.port), "SHOP_DATABASE": database,
            "PGGSSENCMODE": "disable", "PYTHONDONTWRITEBYTECODE": "1"}


def migrate(shop, target):
    subprocess.run([sys.executable, "manage.py", "migrate", "shop", target], cwd=PROJECT, env=shop, check=True, capture_output=True)


def check(shop, *arguments, project=PROJECT):
    return subprocess.run([str(BINARY), "check", "--django", str(project), "--python", sys.executable, *arguments], env=shop,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def found(done):
    """[(migration, rule)] that would be refused or rewritten."""
    statements = json.loads(done.stdout)["statements"]
    return [(s["file"], f["rule"]) for s in statements for f in s["findings"] if f["action"] in ("reject", "rewrite")]


def test_reports_what_is_not_applied_by_name(shop):
    migrate(shop, "0006")
    done = check(shop, "--format", "json")
    assert done.returncode == 1, done.stderr
    names = [name for name, _ in found(done)]
    assert set(names) <= {f"shop.{n}" for n in ("0007_order_priority_positive", "0008_order_number_unique",
                                                "0009_customer_email_required", "0012_order_amount", "0013_buyer")}
    assert ("shop.0008_order_number_unique", "unique-constraint-without-index") in found(done)
    assert ("shop.0012_order_amount", "column-renamed") in found(done)
    assert "shop.0008_order_number_unique:" in check(shop).stdout


def test_what_an_earlier_migration_makes_is_not_in_use_in_a_later_one(shop):
    done = check(shop, "--format", "json")  # nothing is applied, so the tables are new
    names = [s["file"] for s in json.loads(done.stdout)["statements"]]
    assert names[0] == "contenttypes.0001_initial" and {"shop.0001_initial", "shop.0004_order_status_index"} <= set(names)
    assert not found(done), found(done)


def test_a_project_that_is_applied_has_no_finding(shop, tmp_path):
    manage = tmp_path / "manage.py"
    manage.write_text("import sys\nprint('[X]  shop.0001_initial' if sys.argv[1] == 'showmigrations' else sys.exit('not asked for'))\n")
    done = check(shop, project=manage)
    assert (done.returncode, done.stdout) == (0, "0 findings in 0 statements\n"), done.stderr


@pytest.mark.parametrize("project, why", [("nowhere", "nowhere: there is no such file"), (".", "./manage.py: there is no such file")])
def test_where_there_is_no_project(shop, tmp_path, project, why):
    done = subprocess.run([str(BINARY), "check", "--django", project], env=shop, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and why in done.stderr, done.stderr


def test_where_manage_py_fails(shop):
    done = check({**shop, "SHOP_PORT": "1"})
    assert done.returncode == 2
    assert "manage.py showmigrations --plan --no-color: ended with 1" in done.stderr
    assert "Connection refused" in done.stderr, "what manage.py says is shown"
    assert check(shop, "--in-transaction", "file.sql").returncode == 2, "files and a project exclude each other"
    assert check(shop, "--python", "/nowhere/python").returncode == 2
