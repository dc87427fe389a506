"""No false alarm: the migrations of Django's own apps, from nothing, on the releases that Debian 12, 13 and 14 carry."""

import json
import pathlib
import re
import subprocess

import pytest

from django_versions import django, python, unpacked
from proxy import BINARY

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="module", params=["installed", "4.2", "5.2"])
def release(request):
    return unpacked(request.param)


def at(endpoint, database):
    return {"PGHOST": "127.0.0.1", "PGPORT": str(endpoint.port), "PGDATABASE": database}


@pytest.fixture(scope="module")
def printed(release, cluster, module_database):
    """What `sqlmigrate` prints of every migration, in their order; each under "-- app name"."""
    done = python(release, str(HERE / "contrib_sql.py"), environment=at(cluster, module_database))
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_silent(sql):
    done = subprocess.run([str(BINARY), "check", "-"], input=sql, capture_output=True, text=True, check=False)
    return done.returncode == 0 and re.fullmatch(r"0 findings in \d+ statements?\n", done.stdout) and not done.stderr


def test_check_is_silent_on_the_initial_migrations(printed):
    """Each alone and without a server, so that every table of another migration counts as large and in use."""
    initial = [m for m in re.split(r"(?m)^-- (?=\w+ 0)", printed) if m.split("\n")[0].endswith(" 0001_initial")]
    assert len(initial) == 7
    for migration in initial:
        assert is_silent("-- " + migration), migration


def test_check_is_silent_on_all_of_them_in_one_input(printed):
    """What the input itself has created, nobody uses yet."""
    assert is_silent(printed)


def test_sqlmigrate_goes_into_check_as_it_is(release, cluster, database):
    done = django(release, "sqlmigrate", "auth", "0001", environment=at(cluster, database))
    assert done.returncode == 0, done.stderr
    assert "CREATE INDEX" in done.stdout and is_silent(done.stdout)


def test_migrate_is_silent_on_the_wire(release, cluster, database, lockkeeper):
    """All migrations, by a proxy with the settings that everybody starts with."""
    proxy = lockkeeper(mode="enforce", small_table="8MiB")
    done = django(release, "migrate", environment=at(proxy, database))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    plan = django(release, "showmigrations", "--plan", environment=at(cluster, database)).stdout
    assert plan.count("[X]") == 23 and "[ ]" not in plan
    records = proxy.audit()
    assert len([r for r in records if r["event"] == "decision"]) > 50
    found = [r for r in records if r["action"] != "allow" or r["rules"]]
    assert not found, json.dumps(found, indent=1)


def test_the_unit_tests_judge_what_sqlmigrate_prints(release, printed):
    version = {"5.2": "4.2"}.get(found := django(release, "version").stdout[:3], found)  # one says what the other says
    assert (HERE.parent / f"policy/data/django_contrib_{version}.sql").read_text() == printed
