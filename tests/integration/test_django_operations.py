"""Every operation of Django's schema editor in atomic migrations, forward and back: the schema is as it is without Lockkeeper."""

import contextlib
import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

from cluster import binaries
from conftest import made_database
from django_versions import INSTALLED, unpacked
from test_plans_alter import schema

PROJECT = pathlib.Path(__file__).resolve().parent / "operations"
MIGRATIONS = sorted(path.stem for path in (PROJECT / "library/migrations").glob("0*.py"))
THERE_AND_BACK = MIGRATIONS + MIGRATIONS[-2::-1]

# What no plan makes safe for the old version of the application, or what PostgreSQL can do in one go only. Whoever has
# announced such a migration runs it under an application_name that a scope of the configuration knows.
ANNOUNCED = {"0006_rename_table", "0011_add_primary_key_column", "0013_wider_types", "0014_another_type", "0020_rename_column",
             "0025_primary_key", "0028_exclude", "0029_drop_exclude"}
SCOPES = [{
    "match": {"application_name": "* announced"},
    "rules": {"table-renamed": "warn", "column-renamed": "warn", "column-type-rewritten": "warn", "numbered-column-added": "warn",
              "exclusion-constraint-added": "warn"},
}]


def environment(proxy, cluster, database, release=INSTALLED):
    path = {} if release is INSTALLED else {"PYTHONPATH": str(release)}
    return {**os.environ, **path, "LOCKKEEPER_PORT": str(proxy.port), "STRAIGHT_PORT": str(cluster.port), "PGDATABASE": database,
            "PYTHONDONTWRITEBYTECODE": "1", "PGGSSENCMODE": "disable"}


def run(script, *arguments, environment):
    return subprocess.run([sys.executable, str(PROJECT / script), *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True,
                          check=False)


def announced(targets):
    """The way back of a migration is announced as well: its target is the migration before."""
    words, at = [], 0
    for target in targets:
        to = MIGRATIONS.index(target) + 1
        crossed = MIGRATIONS[min(at, to):max(at, to)]
        words.append("!" + target if ANNOUNCED.intersection(crossed) else target)
        at = to
    return words


def migrated(proxy, cluster, database, targets, directory, release=INSTALLED):
    """The schema and django_migrations after each step, and the errors of the refused ones, by the step's number and target."""
    directory.mkdir()
    # What Lockkeeper writes down for itself has a schema of its own.
    dump = [binaries() + "/pg_dump", "--schema-only", "--exclude-schema=lockkeeper", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "postgres", database]
    done = run("migrate_each.py", str(directory), shlex.join(dump), *targets,
               environment=environment(proxy, cluster, database, release))
    assert done.returncode == 0, done.stderr
    # Some releases of pg_dump put a random word into \restrict.
    return ({path.stem: re.sub(r"(?m)^\\(un)?restrict .*\n", "", path.read_text()) for path in sorted(directory.glob("*.sql"))},
            {path.stem: path.read_text() for path in sorted(directory.glob("*.error"))})


@pytest.fixture(scope="module")
def tablespace(cluster):
    directory = pathlib.Path(cluster.directory, "operations")
    directory.mkdir()
    os.chown(directory, os.stat(cluster.data).st_uid, -1)
    with contextlib.closing(cluster.connect()) as connection:
        connection.cursor().execute(f"CREATE TABLESPACE operations LOCATION '{directory}'")
        yield
        connection.cursor().execute("DROP TABLESPACE operations")  # a pg_basebackup of the cluster would want to write there


@pytest.fixture(scope="module")
def straight_schemas(cluster, tablespace, tmp_path_factory):
    """straight_schemas(release): after each step, without Lockkeeper."""
    made = {}

    def of(release=INSTALLED):
        if release not in made:
            with contextlib.contextmanager(made_database)(cluster) as database:
                directory = tmp_path_factory.mktemp("straight") / "schemas"
                made[release], errors = migrated(cluster, cluster, database, THERE_AND_BACK, directory, release)
            assert len(made[release]) == len(THERE_AND_BACK) and not errors
        return made[release]

    return of


@pytest.mark.parametrize("transactions", ["defer", "split"])
@pytest.mark.parametrize("version", ["installed", "4.2", "5.2"])
def test_there_and_back_as_straight(version, transactions, straight_schemas, cluster, database, lockkeeper, tmp_path):
    release = unpacked(version)
    proxy = lockkeeper(transactions=transactions, scopes=SCOPES)
    through, errors = migrated(proxy, cluster, database, announced(THERE_AND_BACK), tmp_path / "through", release)
    assert not errors
    for step, schema_then in straight_schemas(release).items():
        assert through[step] == schema_then, step


# What takes more than a lock for a moment, and cannot be done otherwise in a transaction block.
REFUSED = {
    "0006_rename_table": "db_table", "0011_add_primary_key_column": "batches", "0012_add_unique_column": "atomic = False",
    "0014_another_type": "a field of the new type", "0015_not_null": "atomic = False", "0020_rename_column": "db_column",
    "0021_check": "atomic = False", "0023_foreign_key": "atomic = False", "0024_drop_foreign_key": "RemoveIndexConcurrently",
    "0025_primary_key": "atomic = False", "0026_unique": "atomic = False", "0027_drop_unique": "RemoveIndexConcurrently",
    "0028_exclude": "override", "0030_index": "AddIndexConcurrently", "0031_drop_index": "RemoveIndexConcurrently",
}


def test_a_refused_migration_says_what_to_change(straight_schemas, cluster, database, lockkeeper, tmp_path):
    """And leaves nothing behind: straight it then makes the same schema."""
    proxy = lockkeeper(transactions="reject")
    through, errors = migrated(proxy, cluster, database, MIGRATIONS, tmp_path / "through")
    straight = straight_schemas()
    assert through == {step: straight[step] for step in through} and len(through) == len(MIGRATIONS)
    assert {step[3:] for step in errors} == set(REFUSED)
    for step, error in errors.items():
        assert "DETAIL:" in error and "lockkeeper explain" in error, (step, error)
        assert REFUSED[step[3:]] in error[error.index("HINT:"):], (step, error)


# Rows would be there twice; where Django itself looks for the constraint or index that it is to drop, it finds none; what an
# EXCLUDE constraint says is not compared.
ONCE = {"0002_rows", "0027_drop_unique", "0028_exclude", "0031_drop_index"}
AGAIN = {"done-already": "rewrite", "lock-taken-for-nothing": "rewrite"}


def test_a_migration_that_was_done_already_is_run_again(cluster, tablespace, database, lockkeeper):
    """As after a run that was stopped before it could write down that it was through."""
    proxy = lockkeeper(transactions="split", rules={**SCOPES[0]["rules"], **AGAIN})
    here = environment(proxy, cluster, database)
    failed = {}
    for migration in MIGRATIONS:
        done = run("manage.py", "migrate", "--database=straight", "library", migration, environment=here)
        assert done.returncode == 0, done.stderr
        if migration in ONCE:
            continue
        before = schema(cluster, database)
        with contextlib.closing(cluster.connect(database)) as connection:
            connection.cursor().execute("DELETE FROM django_migrations WHERE name = %s AND app = 'library'", [migration])
        done = run("manage.py", "migrate", "library", migration, environment=here)
        if done.returncode != 0 or schema(cluster, database) != before:
            failed[migration] = done.stderr
            run("manage.py", "migrate", "--database=straight", "--fake", "library", migration, environment=here)
    assert not failed
    assert proxy.audited(outcome="answered without being run")


def test_defaults_are_kept_on_request(cluster, tablespace, database, lockkeeper):
    proxy = lockkeeper(rules={"default-dropped-after-add": "rewrite"})
    here = environment(proxy, cluster, database)
    assert run("manage.py", "migrate", "--database=straight", "library", "0009", environment=here).returncode == 0
    done = run("manage.py", "migrate", "library", "0010", environment=here)
    assert (done.returncode, done.stderr) == (0, "")
    with contextlib.closing(cluster.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT column_default FROM information_schema.columns WHERE table_name = 'library_book' AND column_name = 'copies'")
        assert cursor.fetchone() == ("1",)


def test_the_projects_models_are_what_its_migrations_make(cluster, database):
    done = run("manage.py", "makemigrations", "--check", "--dry-run", environment=environment(cluster, cluster, database))
    assert done.returncode == 0, done.stdout + done.stderr
