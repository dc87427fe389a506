"""The audit log as a file: what shows when somebody has been at it, rotation, full disks, and who reads it."""

import contextlib
import json
import os
import pathlib
import pty
import re
import resource
import shutil
import signal
import socket
import subprocess

import psycopg2
import pytest

from cluster import wait_until
from proxy import BINARY, Proxy

ROOT = pathlib.Path(__file__).resolve().parents[2]


def audit(*arguments, **options):
    return subprocess.run([str(BINARY), "audit", *map(str, arguments)], capture_output=True, text=True, check=False, **options)


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def alter(proxy, database, *columns):
    with contextlib.closing(proxy.connect(database)) as connection:
        for column in columns:
            connection.cursor().execute(f"ALTER TABLE t ADD COLUMN {column} int")


@contextlib.contextmanager
def running(port, audit_settings):
    """A Lockkeeper that has ended when the test looks at what it has left."""
    proxy = Proxy(port, small_table=0, audit=audit_settings)
    try:
        yield proxy
    finally:
        assert proxy.stop() == 0
        proxy.remove()


# ---- audit verify

@pytest.fixture(scope="module")
def written(cluster, module_database, tmp_path_factory):
    """A log of several files, oldest first, as a run leaves it that has ended."""
    directory = tmp_path_factory.mktemp("audit")
    with contextlib.closing(cluster.connect(module_database)) as straight:
        straight.cursor().execute("CREATE TABLE t (id int)")
    with running(cluster.port, {"file": str(directory / "audit.jsonl"), "rotate_size": "4KiB"}) as proxy:
        alter(proxy, module_database, *[f"c{i}" for i in range(8)])
    first, *rotated = sorted(directory.iterdir())  # the newest has the shortest name
    assert len(rotated) >= 3
    return [*rotated, first]


@pytest.fixture
def files(written, tmp_path):
    """A copy, to be damaged."""
    return [pathlib.Path(shutil.copy(path, tmp_path)) for path in written]


def test_verify_is_content_with_what_nobody_has_touched(files):
    for order in (files, list(reversed(files))):
        done = audit("verify", *order)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert re.fullmatch(r"fine: \d+ records in \d+ files, 1 to \d+; the last hash is [0-9a-f]{64}\n", done.stdout)
    everything = b"".join(path.read_bytes() for path in files)
    done = audit("verify", "-", input=everything.decode())
    assert done.returncode == 0, done.stdout
    last = json.loads(audit("verify", "--json", *files).stdout)
    assert last["fine"] and last["hash"] == json.loads(lines_of(files[-1])[-1])["hash"]


def change_a_byte(files):
    lines = lines_of(files[1])
    lines[1] = lines[1].replace(b"ALTER TABLE", b"ALTER TABLe", 1)
    files[1].write_bytes(b"".join(lines))
    return files, rf"{files[1]}:2: record \d+ was changed"


def remove_a_record(files):
    lines = lines_of(files[1])
    del lines[1]
    files[1].write_bytes(b"".join(lines))
    return files, rf"{files[1]}:2: record \d+ is missing before record \d+"


def swap_two(files):
    lines = lines_of(files[1])
    lines[1], lines[2] = lines[2], lines[1]
    files[1].write_bytes(b"".join(lines))
    return files, rf"{files[1]}:2: record \d+ is missing before record \d+"


def cut_within_a_line(files):
    files[-1].write_bytes(files[-1].read_bytes()[:-40])
    return files, rf"{files[-1]}:\d+: the record is cut off: the file was truncated"


def cut_an_older_file_between_two_lines(files):
    files[1].write_bytes(b"".join(lines_of(files[1])[:-1]))
    return files, rf"{files[2]}:1: record \d+ is missing before record \d+"


def leave_a_file_out(files):
    return files[:1] + files[2:], rf"{files[2]}:1: records \d+ to \d+ are missing .*a file between this one and the one before it is not here"


def leave_the_oldest_out(files):
    return files[1:], rf"{files[1]}:1: record \d+ is the first: what came before it is missing"


def empty_everything(files):
    files[0].write_bytes(b"")
    return files[:1], rf"{files[0]}:0: there is no record at all"


@pytest.mark.parametrize("damage", [change_a_byte, remove_a_record, swap_two, cut_within_a_line, cut_an_older_file_between_two_lines,
                                    leave_a_file_out, leave_the_oldest_out, empty_everything], ids=lambda f: f.__name__)
def test_verify_finds(damage, files):
    left, expected = damage(files)
    done = audit("verify", *left)
    assert done.returncode == 1
    assert re.match(expected, done.stdout), done.stdout
    as_json = json.loads(audit("verify", "--json", *left).stdout)
    first = as_json["findings"][0]
    assert not as_json["fine"] and done.stdout.startswith(f"{first['file']}:{first['line']}: {first['what']}\n")


def test_verify_finds_an_end_that_was_cut_off_by_the_hash_that_was_kept(files):
    kept = json.loads(audit("verify", "--json", *files).stdout)["hash"]
    assert audit("verify", "--expect", kept, *files).returncode == 0
    files[-1].write_bytes(b"".join(lines_of(files[-1])[:-1]))
    assert audit("verify", *files).returncode == 0  # whoever cuts whole lines off the end leaves a chain that is whole
    done = audit("verify", "--expect", kept, *files)
    assert done.returncode == 1
    assert "--expect is not here" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["/nowhere/at/all"], ["--expect", "abc", "/dev/null"]])
def test_verify_usage(arguments):
    done = audit("verify", *arguments)
    assert done.returncode == 2 and done.stderr


def test_a_killed_lockkeeper_is_told_by_the_next_run(cluster, database, table, tmp_path):
    path = tmp_path / "audit.jsonl"
    killed = Proxy(cluster.port, audit={"file": str(path)})
    wait_until(path.read_bytes, "the first record", 5)
    killed.process.kill()
    killed.process.wait()
    killed.remove()
    with open(path, "ab") as file:
        file.write(b'{"time":"2026-11-22T07:00')  # it was in the middle of a line
    with running(cluster.port, {"file": str(path)}) as proxy:
        alter(proxy, database, "x")
    done = audit("verify", path)
    assert done.returncode == 0, done.stdout
    assert f"{path}:2: note: the beginning of a record, cut off by a crash or a kill" in done.stdout
    assert f"{path}:1: note: record 1 begins a run" in done.stdout


# ---- rotation

def test_sighup_opens_the_file_anew(lockkeeper, database, table):
    proxy = lockkeeper()
    alter(proxy, database, "a")
    proxy.audited(event="outcome")
    moved = proxy.audit_path.with_suffix(".1")
    proxy.audit_path.rename(moved)
    proxy.process.send_signal(signal.SIGHUP)
    wait_until(proxy.audit_path.exists, "the file is made anew", 5)
    alter(proxy, database, "b")
    proxy.audited(event="outcome")
    assert proxy.audit_path.stat().st_mode & 0o777 == 0o600
    assert b'"statement":"ALTER TABLE t ADD COLUMN b' not in moved.read_bytes()
    done = audit("verify", moved, proxy.audit_path)
    assert done.returncode == 0, done.stdout


def test_old_files_are_deleted_and_not_missed(cluster, database, table, tmp_path):
    with running(cluster.port, {"file": str(tmp_path / "audit.jsonl"), "rotate_size": "4KiB", "keep": 2}) as proxy:
        alter(proxy, database, *[f"c{i}" for i in range(10)])
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    done = audit("verify", *files)
    assert done.returncode == 0, done.stdout
    assert "deleted by rotation" in done.stdout


# ---- sinks

def test_all_sinks_have_the_same_lines(cluster, database, table, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        daemon.settimeout(5)
        proxy = Proxy(cluster.port, small_table=0,
                      audit={"file": str(tmp_path / "audit.jsonl"), "stdout": True, "syslog": str(tmp_path / "log")})
        try:
            alter(proxy, database, "x")
        finally:
            assert proxy.stop() == 0
        written = lines_of(tmp_path / "audit.jsonl")
        assert [json.loads(line)["event"] for line in written] == ["started", "decision", "outcome", "stopped"]
        printed = [line for line in proxy.log().splitlines() if line.startswith("{")]
        proxy.remove()
        assert printed == [line.decode().rstrip("\n") for line in written]
        for line in written:
            datagram = daemon.recv(1 << 20).decode()
            head, _, body = datagram.partition(": ")
            assert re.fullmatch(rf"<86>\w{{3}} [ \d]\d \d\d:\d\d:\d\d lockkeeper\[{proxy.process.pid}\]", head)
            assert body == line.decode().rstrip("\n")


def test_a_log_that_goes_to_stdout_alone_is_a_chain(cluster, database, table, tmp_path):
    proxy = Proxy(cluster.port, small_table=0, audit={"stdout": True})
    try:
        alter(proxy, database, "x")
    finally:
        assert proxy.stop() == 0
    text = "".join(line for line in proxy.log().splitlines(keepends=True) if line.startswith("{"))
    proxy.remove()
    done = audit("verify", "-", input=text)
    assert done.returncode == 0, done.stdout


# ---- a full disk

def fill_disk(proxy):
    """No file of the process may grow beyond the size of its audit log: the next write is cut short and then fails."""
    resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (proxy.audit_path.stat().st_size + 100, resource.RLIM_INFINITY))


def make_room(proxy):
    resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def succeeds(cursor, sql):
    try:
        cursor.execute(sql)
    except psycopg2.Error as problem:
        assert problem.pgcode == "LK005"
        return False
    return True


def has_column(straight, column):
    cursor = straight.cursor()
    cursor.execute("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = %s", [column])
    return cursor.fetchone() == (1,)


def test_a_full_disk_stops_schema_changes_and_nothing_else(lockkeeper, database, table, straight):
    proxy = lockkeeper()
    with contextlib.closing(proxy.connect(database)) as one, contextlib.closing(proxy.connect(database)) as other:
        cursor = one.cursor()
        for name in "pqr":
            cursor.execute(f"ALTER TABLE t ADD COLUMN {name} int")
        wait_until(lambda: len(proxy.audit()) == 6, "all is written", 5)
        fill_disk(proxy)
        for statement in ("ALTER TABLE t ADD COLUMN d int", "CREATE INDEX i ON t (c)", "DROP TABLE t"):
            with pytest.raises(psycopg2.Error) as refused:
                cursor.execute(statement)
            assert refused.value.pgcode == "LK005"
            said = refused.value.diag
            assert said.message_primary == "the statement was not run because it cannot be written to the audit log"
            assert "File too large" in said.message_detail and "audit.on_failure" in said.message_hint
        assert not has_column(straight, "d")
        other.cursor().execute("INSERT INTO t (c) VALUES (1)")
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone() == (1001,)
        assert proxy.log().count("the audit log cannot be written") == 1
        make_room(proxy)
        wait_until(lambda: succeeds(cursor, "ALTER TABLE t ADD COLUMN d int"), "it goes on by itself", 5)
    assert has_column(straight, "d")
    gap = proxy.audited(event="gap")[0]
    assert (gap["reason"], gap["lost"]) == ("File too large", 0) and gap["refused"] >= 3
    proxy.audited(event="outcome", statement="ALTER TABLE t ADD COLUMN d int", outcome="done")
    done = audit("verify", proxy.audit_path)
    assert done.returncode == 0, done.stdout
    assert "nothing could be written from" in done.stdout
    assert "the audit log is written again" in proxy.log()


def test_a_full_disk_in_the_middle_of_a_transaction(lockkeeper, database, table, straight):
    """What it has done so far is not lost by itself: the transaction has failed, as by any error."""
    proxy = lockkeeper()
    with contextlib.closing(proxy.connect(database, autocommit=False)) as connection:
        cursor = connection.cursor()
        cursor.execute("ALTER TABLE t ADD COLUMN a int")
        proxy.audited(event="outcome")
        fill_disk(proxy)
        with pytest.raises(psycopg2.Error) as refused:
            cursor.execute("ALTER TABLE t ADD COLUMN b int")
        assert refused.value.pgcode == "LK005"
        connection.rollback()
        make_room(proxy)
    assert proxy.audited(event="released", outcome="rolled back")
    assert not has_column(straight, "a")


def test_a_full_disk_where_schema_changes_are_to_go_on(lockkeeper, database, table, straight, tmp_path):
    path = tmp_path / "audit.jsonl"
    proxy = lockkeeper(audit={"file": str(path), "on_failure": "continue"})
    proxy.audit_path = path
    with contextlib.closing(proxy.connect(database)) as connection:
        cursor = connection.cursor()
        for name in "pqr":
            cursor.execute(f"ALTER TABLE t ADD COLUMN {name} int")
        wait_until(lambda: len(proxy.audit()) == 6, "all is written", 5)
        fill_disk(proxy)
        for name in "defg":
            cursor.execute(f"ALTER TABLE t ADD COLUMN {name} int")
        assert has_column(straight, "g")
        wait_until(lambda: "the audit log cannot be written" in proxy.log(), "the log says so", 5)
        assert proxy.log().count("the audit log cannot be written") == 1
        assert len(proxy.audit()) == 6
        make_room(proxy)
        proxy.audited(event="outcome", statement="ALTER TABLE t ADD COLUMN g int")
    assert len(proxy.audit()) == 14
    done = audit("verify", path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("mode, on_failure, code", [("enforce", "refuse", "LK005"), ("enforce", "continue", None),
                                                    ("guard", "refuse", None), ("observe", "refuse", None)])
def test_a_device_that_is_always_full(mode, on_failure, code, lockkeeper, database, table):
    """It starts all the same; in the modes that refuse nothing the statement passes."""
    proxy = lockkeeper(mode=mode, audit={"file": "/dev/full", "on_failure": on_failure})
    with contextlib.closing(proxy.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        if code is None:
            cursor.execute("ALTER TABLE t ADD COLUMN x int")
        else:
            with pytest.raises(psycopg2.Error, match="cannot be written to the audit log") as refused:
                cursor.execute("ALTER TABLE t ADD COLUMN x int")
            assert refused.value.pgcode == code
            assert "No space left on device" in refused.value.diag.message_detail
    wait_until(lambda: "the audit log cannot be written" in proxy.log(), "the log says so", 5)


# ---- those who read it

@pytest.fixture
def busy(lockkeeper, database, table, straight):
    """A log with some of everything."""
    straight.cursor().execute("CREATE TABLE other (id int)")
    proxy = lockkeeper()
    with contextlib.closing(proxy.connect(database, application_name="one \033[2Jtwo")) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE INDEX i ON t (c)")
        cursor.execute("ALTER TABLE other ADD COLUMN \"a\033[31mb\" int")
        with contextlib.suppress(psycopg2.Error):
            cursor.execute("ALTER TABLE t RENAME COLUMN c TO d")
    proxy.audited(event="outcome", outcome="refused")
    return proxy


def test_tail_is_for_people(busy):
    text = audit("tail", busy.audit_path).stdout
    assert "\033" not in text, "what a client has sent is no command to a terminal"
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  postgres@\w+ .*  rewrite CREATE INDEX, SHARE on public\.t \[index-without-concurrently\]$", text, re.M)
    assert "    CREATE INDEX i ON t (c)\n    -> CREATE INDEX CONCURRENTLY i ON t (c)\n" in text
    assert re.search(r"  refused LK001 ALTER TABLE in ", text)
    assert re.search(r"  done ALTER TABLE in .*, waited .*, held its lock for ", text)
    assert len(audit("tail", "-n", 1, busy.audit_path).stdout.splitlines()) == 2  # the record and its SQL


@pytest.mark.parametrize("asked, events", [
    (["--table", "t"], ["decision", "outcome", "decision", "outcome"]),
    (["--table", "public.other"], ["decision", "outcome"]),
    (["--table", "o*,nothing"], ["decision", "outcome"]),
    (["--rule", "index-*"], ["decision", "outcome"]),
    (["--action", "reject"], ["decision", "outcome"]),
    (["--outcome", "refused"], ["outcome"]),
    (["--user", "nobody"], []),
    (["--user", "postgres", "--outcome", "done"], ["outcome", "outcome"]),
    (["--since", "1h", "--outcome", "done,refused"], ["outcome", "outcome", "outcome"]),
    (["--since", "2099-01-01"], []),
    (["-n", "2", "--table", "t"], ["decision", "outcome"]),
])
def test_tail_shows_what_is_asked_for(asked, events, busy):
    shown = audit("tail", "--json", *asked, busy.audit_path).stdout.splitlines()
    assert [json.loads(line)["event"] for line in shown] == events
    assert all(line.encode() + b"\n" in lines_of(busy.audit_path) for line in shown)


def test_tail_usage(tmp_path):
    assert audit("tail", tmp_path / "missing").returncode == 2
    (tmp_path / "log").touch()
    done = audit("tail", "--since", "yesterday", tmp_path / "log")
    assert done.returncode == 2 and "expected a time" in done.stderr


def test_tail_follows_into_the_next_file(busy, database):
    with subprocess.Popen([str(BINARY), "audit", "tail", "-f", "--json", "--outcome", "done", str(busy.audit_path)],
                          stdout=subprocess.PIPE, text=True) as tail:
        try:
            assert [json.loads(tail.stdout.readline())["statement"] for _ in range(2)]
            busy.audit_path.rename(busy.audit_path.with_suffix(".1"))
            busy.process.send_signal(signal.SIGHUP)
            alter(busy, database, "later")
            assert json.loads(tail.stdout.readline())["statement"] == "ALTER TABLE t ADD COLUMN later int"
        finally:
            tail.kill()


@pytest.mark.parametrize("environment, coloured", [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_tail_has_colours_on_a_terminal(environment, coloured, busy):
    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run([str(BINARY), "audit", "tail", "-n", "1", str(busy.audit_path)], stdout=theirs, env=clean | environment, check=True)
    assert (b"\033[" in os.read(ours, 65536)) == coloured
    os.close(ours)
    os.close(theirs)


def test_stats(busy):
    told = json.loads(audit("stats", "--json", busy.audit_path).stdout)
    tables = {one["name"]: one for one in told["tables"]}
    assert (tables["public.t"]["statements"], tables["public.t"]["rewritten"], tables["public.t"]["refused"]) == (2, 1, 1)
    assert tables["public.other"]["statements"] == 1 and tables["public.other"]["hold_ms"] > 0
    assert [(one["name"], one["statements"]) for one in told["users"]] == [("postgres", 3)]
    assert {one["name"]: one["refused"] for one in told["rules"]}["column-renamed"] == 1
    assert told["worst_holds"][0]["ms"] >= tables["public.other"]["hold_ms"]
    text = audit("stats", busy.audit_path).stdout
    assert re.search(r"^public\.t +2 +1 +1 +0 ", text, re.M)
    assert "\033" not in text
    assert json.loads(audit("stats", "--json", "--table", "other", busy.audit_path).stdout)["records"] == 2


def test_every_member_is_in_the_readme_and_every_one_there_is_written():
    source = "".join((ROOT / "proxy" / name).read_text() for name in ("audit.cpp", "audit_log.cpp", "audit_file.cpp", "audit_rotation.cpp"))
    written = set(re.findall(r'(?:\bo|one)\["(\w+)"\]|put\(o, "(\w+)"|[{ ]\{"(\w+)", ', source))
    written = {name for names in written for name in names if name} | {"seq", "prev", "hash"}
    readme = (ROOT / "README.md").read_text()
    table = readme[readme.index("| member |"):].split("\n\n")[0]
    documented = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert written == documented
