"""`scopes:` decide for each statement of each session how it is judged and what is done about it."""

import contextlib
import datetime
import subprocess

import psycopg2
import pytest

from proxy import BINARY

RENAME = "ALTER TABLE t RENAME TO u"


def exists(connection, name):
    cursor = connection.cursor()
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
    return cursor.fetchone()[0]


@pytest.fixture
def users(straight):
    """Two more superusers, so that nothing but their names differs."""
    names = ("deploy_one", "watcher")
    cursor = straight.cursor()
    for name in names:
        cursor.execute(f"CREATE ROLE {name} SUPERUSER LOGIN")
    yield names
    for name in names:
        cursor.execute(f"DROP ROLE {name}")


def connected(proxy, database, **options):
    return contextlib.closing(proxy.connect(database, **options))


def test_a_mode_for_a_user(lockkeeper, database, table, straight, users):
    proxy = lockkeeper(scopes=[{"match": {"user": "watcher"}, "mode": "observe"},
                               {"match": {"user": "deploy_*"}, "mode": "guard"}])
    with connected(proxy, database) as connection, pytest.raises(psycopg2.Error) as refused:
        connection.cursor().execute(RENAME)
    assert refused.value.pgcode == "LK001"
    assert proxy.audited(event="decision", action="reject", user="postgres", mode="enforce")
    with connected(proxy, database, user="deploy_one") as connection:
        connection.cursor().execute(RENAME)
        assert len(connection.notices) == 1 and "lockkeeper explain table-renamed" in connection.notices[0]
    assert proxy.audited(event="decision", user="deploy_one", mode="guard")[0]["action"] == "would reject"
    with connected(proxy, database, user="watcher") as connection:
        connection.cursor().execute("ALTER TABLE u RENAME TO t")
        assert connection.notices == []
    assert proxy.audited(event="decision", user="watcher", mode="observe")[0]["action"] == "would reject"
    assert exists(straight, "t")


def test_a_rule_for_some_tables(lockkeeper, database, table, straight):
    straight.cursor().execute("CREATE SCHEMA old; CREATE TABLE old.t (c int); CREATE TABLE audit_1 (c int)")
    proxy = lockkeeper(scopes=[{"match": {"relation": "old.*, public.audit_*"}, "rules": {"table-renamed": "allow"}}])
    with connected(proxy, database) as connection:
        cursor = connection.cursor()
        cursor.execute("ALTER TABLE old.t RENAME TO v")
        cursor.execute("ALTER TABLE audit_1 RENAME TO audit_2")
        cursor.execute("SET search_path = old, public")
        cursor.execute("ALTER TABLE v RENAME TO t")  # by the search_path: old.v
        with pytest.raises(psycopg2.Error) as refused:
            cursor.execute("ALTER TABLE public.t RENAME TO u")
        assert refused.value.pgcode == "LK001"
    assert exists(straight, "old.t") and exists(straight, "audit_2") and exists(straight, "public.t")


def test_timeouts_for_an_application_and_a_size(lockkeeper, database, table, straight):
    proxy = lockkeeper(scopes=[{"match": {"application_name": "patient", "larger_than": 0}, "timeouts": {"lock": "7s"}}], locks={"budget": "0"})
    straight.cursor().execute("""CREATE FUNCTION tell() RETURNS event_trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE NOTICE 'lock_timeout %', current_setting('lock_timeout'); END $$;
        CREATE EVENT TRIGGER tell ON ddl_command_start EXECUTE FUNCTION tell()""")

    def told(connection, sql):
        connection.notices.clear()
        connection.cursor().execute(sql)
        return [notice for notice in connection.notices if "lock_timeout" in notice]

    with connected(proxy, database) as connection:
        assert told(connection, "ALTER TABLE t ADD a int") == ["NOTICE:  lock_timeout 500ms\n"]
        connection.cursor().execute("SET application_name = 'patient'")
        assert told(connection, "ALTER TABLE t ADD b int") == ["NOTICE:  lock_timeout 7s\n"]


# Two halves of the week, so that the test does not care when it runs; the arithmetic is tested with a clock that stands still.
ALWAYS = [{"days": "mon-wed"}, {"days": "thu-sun"}]


def test_hours_on_the_wire(lockkeeper, database, table, straight):
    proxy = lockkeeper(scopes=[{"match": {**days, "user": "postgres"}, "mode": "guard"} for days in ALWAYS])
    with connected(proxy, database) as connection:
        connection.cursor().execute(RENAME)
    assert exists(straight, "u")


@pytest.mark.parametrize("zone, applies", [("local", True), ("'+12:00'", True), ("UTC", False)])
def test_hours_are_those_of_the_zone(zone, applies, tmp_path):
    there = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=12)))
    begin, end = ((there + datetime.timedelta(hours=h)).strftime("%H:%M") for h in (-2, 2))
    configuration = tmp_path / "c.yaml"
    configuration.write_text(f"scopes:\n  - match: {{from: '{begin}', to: '{end}', zone: {zone}}}\n    rules: {{table-renamed: warn}}\n")
    done = subprocess.run([str(BINARY), "check", "--format", "github", "--config", str(configuration)], input=RENAME,
                          env={"TZ": "Etc/GMT-12"}, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("::warning") == applies, done.stdout + done.stderr


def test_the_configuration_commands_know_them(tmp_path):
    def run(*arguments):
        return subprocess.run([str(BINARY), "config", *arguments, "--config", str(configuration)], capture_output=True, text=True,
                              check=False)

    configuration = tmp_path / "c.yaml"
    configuration.write_text("scopes:\n  - match:\n      user: deploy\n    rules:\n      truncate: reject\n")
    assert "  - match:\n      user: 'deploy'\n    rules:\n      truncate: reject\n" in run("print").stdout
    assert run("check").returncode == 0
    configuration.write_text("scopes:\n  - match:\n      user: deploy\n    rules:\n      truncat: reject\n")
    done = run("check")
    assert done.returncode == 2
    assert done.stderr.startswith(f"{configuration}:5:7: unknown rule 'truncat', did you mean 'truncate'?"), done.stderr
    configuration.write_text("mode: guard\nrules:\n  truncate: warn\n  truncat: reject\n")
    assert run("check").stderr.startswith(f"{configuration}:4:3: unknown rule 'truncat'")
