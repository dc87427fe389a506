"""`lockkeeper check`: the command, with files, standard input, and a real server's catalog."""

import json
import random
import resource
import subprocess

import pytest

from proxy import BINARY


def check(*arguments, sql=None):
    return subprocess.run([str(BINARY), "check", *arguments], input=sql, capture_output=True, text=True, check=False)


def verdicts(*arguments, sql):
    return json.loads(check("--format", "json", *arguments, sql=sql).stdout)["statements"]


def test_exit_status(tmp_path):
    assert check(sql="SELECT 1").returncode == 0
    assert check(sql="TRUNCATE t").returncode == 1
    assert check("--format", "xml", sql="").returncode == 2
    assert check(str(tmp_path / "nothing.sql")).returncode == 2
    assert check("--dsn", "host=127.0.0.1 port=1", sql="").returncode == 3


def test_several_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.sql").write_text("SELECT 1;\nDROP TABLE t;\n")
    done = check("--format", "github", str(tmp_path / "a.sql"), str(tmp_path / "b.sql"))
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [f"::warning file={tmp_path}/{n}.sql" for n in "ab"]


def test_the_configuration_counts(tmp_path):
    configuration = tmp_path / "c.yaml"
    configuration.write_text("rules:\n  truncate: reject\n  column-dropped: allow\n")
    sql = "TRUNCATE t; ALTER TABLE t DROP COLUMN a"
    assert [s["verdict"] for s in verdicts("--config", str(configuration), sql=sql)] == ["reject", "allow"]
    configuration.write_text("rules:\n  truncat: reject\n")
    done = check("--config", str(configuration), sql=sql)
    assert done.returncode == 2 and "did you mean 'truncate'?" in done.stderr


@pytest.fixture
def dsn(cluster, database):
    return f"host=127.0.0.1 port={cluster.port} dbname={database} user=postgres"


def test_a_server_tells_sizes(dsn, straight):
    straight.cursor().execute("CREATE TABLE large AS SELECT generate_series(1, 400000) AS a; CREATE TABLE small (a int)")
    sql = "CREATE INDEX ON large (a); CREATE INDEX ON small (a); CREATE INDEX ON nothing (a)"
    assert [s["verdict"] for s in verdicts("--dsn", dsn, sql=sql)] == ["rewrite", "allow", "allow"]
    assert [s["verdict"] for s in verdicts(sql=sql)] == ["rewrite"] * 3
    cursor = straight.cursor()
    cursor.execute("SELECT count(*) FROM pg_index WHERE indrelid = 'large'::regclass")
    assert cursor.fetchone() == (0,), "check changes nothing"


def test_after_a_rename_the_catalog_is_not_believed(dsn, straight):
    straight.cursor().execute("CREATE TABLE old (a int)")
    sql = "ALTER TABLE old RENAME TO new; CREATE INDEX ON new (a)"
    assert verdicts("--dsn", dsn, sql=sql)[1]["verdict"] == "rewrite"


def test_what_the_input_has_made_is_not_in_use_yet():
    made = "BEGIN; CREATE TABLE old (a int PRIMARY KEY); ALTER TABLE old RENAME TO new; COMMIT; "
    assert [s["verdict"] for s in verdicts(sql=made + "CREATE INDEX ON new (a)")] == ["allow"] * 5
    assert verdicts(sql=made + "CREATE INDEX ON old (a)")[-1]["verdict"] == "rewrite"


def test_an_override_needs_a_rule_that_exists():
    asked = '/* lockkeeper: allow {} reason="announced" */ ALTER TABLE t RENAME TO u'
    (heeded,) = verdicts(sql=asked.format("table-renamed"))
    assert heeded["verdict"] == "allow"
    assert heeded["overrides"] == [{"rule": "table-renamed", "reason": "announced"}]
    (refused,) = verdicts(sql=asked.format("table-rename"))
    assert "did you mean 'table-renamed'?" in refused["findings"][0]["message"]


def test_explain_takes_sql_and_rules_have_formats():
    def run(*arguments):
        return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, check=True).stdout

    assert "ACCESS EXCLUSIVE lock on t" in run("explain", "ALTER TABLE t ADD COLUMN a int")
    listed = json.loads(run("rules", "--format", "json"))["rules"]
    assert {r["family"] for r in listed} >= {"blocking", "compatibility", "transaction", "destructive", "opaque", "advice"}
    assert len(run("rules", "--format", "text").splitlines()) == len(listed)


def test_ten_thousand_statements_take_less_than_two_seconds(tmp_path):
    """Of processor time, so that a busy machine does not count."""
    kinds = ["SELECT {0} FROM t WHERE a = {0}", "INSERT INTO t VALUES ({0}, 'x')", "UPDATE t SET a = {0} WHERE a = 1",
             "CREATE TABLE t{0} (id bigint PRIMARY KEY, a text)", "ALTER TABLE t{0} ADD COLUMN b int DEFAULT {0}",
             "CREATE INDEX i{0} ON t{0} (a)", "ALTER TABLE t ADD CONSTRAINT k{0} CHECK (a > {0})", "DROP TABLE IF EXISTS t{0}"]
    chosen = random.Random(1)
    file = tmp_path / "many.sql"
    file.write_text("".join(chosen.choice(kinds).format(i) + ";\n" for i in range(10_000)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = check("--format", "json", str(file))
    took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert len(json.loads(done.stdout)["statements"]) == 10_000
    assert took < 2, f"{took:.2f} s"
