"""`lockkeeper check`: the command, with files, standard input, and a real server's catalog."""

import fcntl
import json
import os
import pathlib
import random
import re
import subprocess

import jsonschema
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


KINDS = ["SELECT {0} FROM t WHERE a = {0}", "INSERT INTO t VALUES ({0}, 'x')", "UPDATE t SET a = {0} WHERE a = 1",
         "CREATE TABLE t{0} (id bigint PRIMARY KEY, a text)", "ALTER TABLE t{0} ADD COLUMN b int DEFAULT {0}",
         "CREATE INDEX i{0} ON t{0} (a)", "ALTER TABLE t ADD CONSTRAINT k{0} CHECK (a > {0})", "DROP TABLE IF EXISTS t{0}",
         "ALTER TABLE t{0} RENAME TO u{0}", "CREATE VIEW v{0} AS SELECT * FROM t", "ALTER TABL t{0} ADD COLUMN b int"]


def mixed(count, kinds=tuple(KINDS)):
    chosen = random.Random(1)
    return "".join(chosen.choice(kinds).format(i) + ";\n" for i in range(count))


def cost(file, output, *arguments):
    """Seconds of processor time, so that a busy machine does not count."""
    with open(output, "wb") as out:
        process = subprocess.Popen([str(BINARY), "check", *arguments, str(file)], stdout=out)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 1, "there are findings"
    return used.ru_utime + used.ru_stime


def peak(file, *arguments):
    """Kilobytes of memory at most. As the kernel counts them for the program alone: what wait4 tells begins with the memory
    of the process that started it. The output goes through a small pipe, so that the last look is close to the end."""
    process = subprocess.Popen([str(BINARY), "check", *arguments, str(file)], stdout=subprocess.PIPE, bufsize=0)
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    kilobytes = 0
    while process.stdout.read(4096):
        for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                kilobytes = int(line.split()[1])
    assert process.wait() == 1, "there are findings"
    return kilobytes


@pytest.mark.alone
@pytest.mark.parametrize("output_format", ["json", "text", "sarif", "github"])
@pytest.mark.parametrize("begin, end, newline", [("", "", "\n"), ("BEGIN;\n", "COMMIT;\n", "\n"), ("", "", " ")],
                         ids=["alone", "in one transaction", "in one line"])
def test_ten_thousand_statements_take_less_than_two_seconds(tmp_path, output_format, begin, end, newline):
    file, output = tmp_path / "many.sql", tmp_path / "output"
    file.write_text(begin + mixed(10_000).replace("\n", newline) + end)
    seconds = cost(file, output, "--format", output_format)
    assert seconds < 2, f"{seconds:.2f} s"
    if output_format == "json":
        assert len(json.loads(output.read_text())["statements"]) == 10_000 + begin.count(";") + end.count(";")


@pytest.mark.alone
def test_time_grows_with_the_number_of_tables_made_not_with_its_square(tmp_path):
    costs = []
    for count in (10_000, 40_000):
        file = tmp_path / f"{count}.sql"
        file.write_text("BEGIN;" + mixed(count, ("CREATE TABLE t{0} (id bigint)", "ALTER TABLE t{0} ADD COLUMN b int")))
        costs.append(min(cost(file, os.devnull, "--format", "github") for _ in range(2)))
    assert costs[1] < 6 * costs[0], costs  # four times as much to do; its square would be sixteen times


@pytest.mark.alone
def test_memory_does_not_grow_with_the_number_of_statements(tmp_path):
    kilobytes = []
    for count in (1_000, 10_000):
        file = tmp_path / f"{count}.sql"
        file.write_text(mixed(count))
        kilobytes.append(peak(file, "--format", "json"))
    assert kilobytes[0] > 1_000
    assert kilobytes[1] - kilobytes[0] < 2_000, kilobytes  # the text itself is half a megabyte; the report is seven


def test_sarif_is_valid(tmp_path):
    """By the schema of OASIS, as the npm package @microsoft/jest-sarif carries it; ./run setup fetches it."""
    schema = json.loads((BINARY.parents[1] / "sarif-schema-2.1.0.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    file = tmp_path / "a b.sql"
    file.write_text(mixed(100) + "/* \u00e9 */ TRUNCATE \"\u00e9\"; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 'it''s \\ \"')")
    for sql in (file.read_text(), "SELECT 1", ""):
        file.write_text(sql)
        report = json.loads(check("--format", "sarif", str(file)).stdout)
        assert [error.message for error in validator.iter_errors(report)] == []
    # The check can fail.
    report["runs"][0]["results"] = [{"level": "loud"}]
    assert not validator.is_valid(report)


def test_nothing_is_printed_where_a_file_cannot_be_read(tmp_path):
    (tmp_path / "a.sql").write_text("TRUNCATE t")
    done = check(str(tmp_path / "a.sql"), str(tmp_path))
    assert done.returncode == 2 and done.stdout == "" and "cannot be read" in done.stderr


def test_a_named_pipe_is_read_from_its_first_byte(tmp_path):
    """As the shell's <(manage.py sqlmigrate ...) makes one: what is read to try it out is lost."""
    pipe = tmp_path / "pipe.sql"
    os.mkfifo(pipe)
    process = subprocess.Popen([str(BINARY), "check", "--format", "json", str(pipe)], stdout=subprocess.PIPE)
    pipe.write_text("TRUNCATE t;\nSELECT 1")
    printed, _ = process.communicate(timeout=20)
    assert [s["kind"] for s in json.loads(printed)["statements"]] == ["TRUNCATE TABLE", "SELECT"]


def test_a_syntax_error_has_a_place_and_does_not_stop_the_others(tmp_path):
    file = tmp_path / "a.sql"
    file.write_text("TRUNCATE a;\nALTER TABLE t\n  ADD COLUM b int, FROB;\nTRUNCATE b;\n")
    done = check("--format", "github", str(file))
    assert done.returncode == 1
    said = [re.search(r"line=(\d+),col=(\d+),title=([a-z-]+)", line).groups() for line in done.stdout.splitlines()]
    assert said == [("1", "1", "truncate"), ("3", "15", "unparseable"), ("4", "1", "truncate")], "a column COLUM of type b, then int"
