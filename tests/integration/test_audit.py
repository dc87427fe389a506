"""Every schema change leaves a decision and an outcome in the audit log, with all that an auditor asks for."""

import contextlib
import datetime
import json
import re

import psycopg2
import pytest

from test_timeouts import held
from wire import Wire, bind, errors, execute, parse, query, sync

# Of a decision; an outcome has them too.
ALWAYS = {"fingerprint", "seq", "prev", "hash", "time", "event", "session", "client", "user", "database", "application_name", "server_pid", "protocol", "transaction",
          "statement", "kind", "class", "action", "mode"}
INDEX = "CREATE INDEX i ON t (c)"


@pytest.fixture
def session(lockkeeper, database, table):
    """session(mode, **settings): the proxy and a raw connection by way of it."""
    with contextlib.ExitStack() as opened:
        def start(mode="enforce", **settings):
            proxy = lockkeeper(mode=mode, **settings)
            return proxy, opened.enter_context(Wire(proxy.port, database=database, application_name="the migration"))
        yield start


def pair(proxy, **wanted):
    """The decision and the outcome of the one statement that was judged."""
    outcome = proxy.audited(event="outcome", **wanted)[0]
    return proxy.audited(event="decision", statement=outcome["statement"])[0], outcome


def without(record, *names):
    return {name: value for name, value in record.items() if name not in names}


def test_rewrite(session, database):
    proxy, wire = session()
    before = datetime.datetime.now(datetime.timezone.utc)
    wire.ask(query(INDEX))
    decision, outcome = pair(proxy)
    host, port = wire.socket.getsockname()
    chain = ("seq", "prev", "hash")
    assert without(decision, *chain) | {"time": "", "relations": [], "session": 0} == {
        "time": "", "event": "decision", "session": 0, "client": f"{host}:{port}", "user": "postgres", "database": database,
        "application_name": "the migration", "server_pid": wire.pid, "protocol": "simple", "transaction": False,
        "statement": INDEX, "fingerprint": decision["fingerprint"], "kind": "CREATE INDEX", "relations": [], "class": decision["class"],
        "rules": ["index-without-concurrently"], "action": "rewrite", "mode": "enforce", "plan": decision["plan"]}
    assert any("CREATE INDEX CONCURRENTLY" in step for step in decision["plan"])
    assert [(r["name"], r["lock_mode"]) for r in decision["relations"]] == [("public.t", "SHARE")]
    assert decision["relations"][0]["bytes"] >= 8192
    assert re.fullmatch("[0-9a-f]{16}", decision["fingerprint"])
    assert without(outcome, *chain) | {"event": "decision", "time": decision["time"]} == without(decision, *chain) | {
        "executed": [decision["plan"][0]], "duration_ms": outcome["duration_ms"], "outcome": "done", "tag": "CREATE INDEX", "steps": outcome["steps"]}
    assert [(step["sql"], step["outcome"]) for step in outcome["steps"]] == [(decision["plan"][0], "done")]
    assert 0 <= outcome["steps"][0]["ms"] <= outcome["duration_ms"]
    assert 0 < outcome["duration_ms"] < 60_000
    assert re.search(r'"duration_ms":\d+(\.\d+)?[,}]', proxy.audit_path.read_text())  # a plain decimal, for every reader
    written = datetime.datetime.fromisoformat(decision["time"].replace("Z", "+00:00"))
    assert before - datetime.timedelta(seconds=1) <= written <= datetime.datetime.now(datetime.timezone.utc)


def test_refusal(session):
    proxy, wire = session(transactions="reject")
    wire.ask(query("BEGIN"))
    wire.ask(query("SELECT 1"))
    assert [e["C"] for e in errors(wire.ask(parse(INDEX, "s"), bind(statement="s"), execute(), sync()))] == ["LK001"]
    decision = proxy.audited(event="decision")[0]
    assert ALWAYS - {"application_name"} <= decision.keys()
    assert (decision["action"], decision["protocol"], decision["transaction"]) == ("reject", "extended", True)
    assert decision["rules"]
    outcome = proxy.audited(event="outcome")[0]
    assert (outcome["outcome"], outcome["sqlstate"]) == ("refused", "LK001")


def test_timeout(session, cluster, database):
    proxy, wire = session("guard", timeouts={"lock": "100ms"}, locks={"budget": "300ms"})
    with held(cluster, database):
        wire.ask(query("ALTER TABLE t ADD COLUMN x int"))
    decision, outcome = pair(proxy)
    assert decision["class"] == "blocking"
    assert [(r["name"], r["lock_mode"]) for r in decision["relations"]] == [("public.t", "ACCESS EXCLUSIVE")]
    assert (outcome["outcome"], outcome["sqlstate"]) == ("failed", "55P03")
    assert "tag" not in outcome
    assert outcome["attempts"] >= 1
    assert outcome["lock_wait_ms"] > 50
    assert outcome["duration_ms"] >= outcome["lock_wait_ms"] * 0.9


def test_observe(session, server_log):
    """What enforce would have done is written, and nothing of it is done."""
    proxy, wire = session("observe")
    wire.ask(query(INDEX))
    decision, outcome = pair(proxy)
    assert (decision["action"], decision["mode"]) == ("would rewrite", "observe")
    assert (outcome["outcome"], outcome["tag"]) == ("done", "CREATE INDEX")
    assert not server_log.ran("CONCURRENTLY")


def test_error_of_the_servers(session):
    proxy, wire = session()
    wire.ask(query("ALTER TABLE t ADD COLUMN c int"))
    _, outcome = pair(proxy)
    assert (outcome["outcome"], outcome["sqlstate"]) == ("failed", "42701")


@pytest.mark.parametrize("statement", [
    "CREATE ROLE someone PASSWORD 'hunter2'", "ALTER ROLE postgres PASSWORD 'hunter2'",
    "ALTER USER postgres ENCRYPTED PASSWORD 'hunter2'",
    "ALTER ROLE postgres WITH PASSWORD E'hunt\\145r2 hunter2'", "ALTER ROLE nobody PASSWORD $$hunter2$$",
    "ALTER ROLE nobody /* it's */ PASSWORD /* ' */ 'hunter2'", "ALTER ROLE nobody -- it's\n PASSWORD 'hunter2'",
    "ALTER ROLE nobody PASSWORD /* nested /* ' */ */ 'hunter2' /* was password hunter2 */",
    "ALTER ROLE nobody VALID UNTIL 'a\\' PASSWORD 'hunter2'",
    "CREATE SUBSCRIPTION s CONNECTION 'host=x password=hunter2' PUBLICATION p",
    "CREATE USER MAPPING FOR nobody SERVER s OPTIONS (user 'x', password 'hunter2')",
])
def test_no_password_is_written(statement, session):
    proxy, wire = session("guard")
    wire.ask(query("BEGIN"))
    wire.ask(query(statement))
    wire.ask(query("ROLLBACK"))
    wire.ask(query(INDEX))
    proxy.audited(event="outcome", kind="CREATE INDEX")
    assert proxy.audit()[0]["statement"] != INDEX
    text = proxy.audit_path.read_text() + proxy.log()
    assert "hunter2" not in text and "hunt\\\\145r2" not in text
    assert "***" in text


def test_what_is_no_schema_change_is_not_written(session):
    proxy, wire = session()
    for sql in ("SELECT 1", "INSERT INTO t (c) VALUES (1)", "SET work_mem = 1024", "SELECT 'DROP TABLE t'"):
        wire.ask(query(sql))
    wire.ask(query(INDEX))
    proxy.audited(event="outcome")
    assert {record["statement"] for record in proxy.audit()} == {INDEX}


def test_any_text_is_one_valid_line(session):
    """Line breaks, quotes, control characters and what is not UTF-8 at all: each record stays one line of JSON."""
    proxy, wire = session("observe")
    odd = b'DROP TABLE IF EXISTS "a\n\r\t\\\x01\xc3\xa4\xe2\x80\xa8", b /* \x7f */'
    wire.ask(b"Q" + (len(odd) + 5).to_bytes(4, "big") + odd + b"\0")
    bad = b"DROP TABLE IF EXISTS \xff\xfe"
    wire.ask(b"Q" + (len(bad) + 5).to_bytes(4, "big") + bad + b"\0")
    wire.ask(query(INDEX))
    proxy.audited(event="outcome", statement=INDEX)
    lines = proxy.audit_path.read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\n") for line in lines)
    records = [r for r in (json.loads(line.decode("utf-8")) for line in lines) if "statement" in r]
    assert records[0]["statement"] == odd.decode("utf-8")
    assert records[-1]["statement"] == INDEX


def test_two_sessions_interleaved(session, lockkeeper, database, straight, cluster):
    """Each record says whose it is, and each outcome follows its own decision."""
    straight.cursor().execute("CREATE TABLE u (c int)")
    proxy, one = session(timeouts={"lock": "20s"})
    with Wire(proxy.port, database=database, application_name="the other") as other, held(cluster, database) as holder:
        one.send(query("ALTER TABLE t ADD COLUMN x int"))
        proxy.audited(event="decision", server_pid=one.pid)
        for i in range(5):
            other.ask(query(f"ALTER TABLE u ADD COLUMN x{i} int"))
        proxy.audited(event="outcome", statement="ALTER TABLE u ADD COLUMN x4 int")
        assert not [r for r in proxy.audit() if r["event"] == "outcome" and r["server_pid"] == one.pid]
        holder.rollback()
        one.until_ready()
        proxy.audited(event="outcome", server_pid=one.pid)
        records = proxy.audit()
    of_one = [r["event"] for r in records if r["server_pid"] == one.pid]
    of_other = [r["event"] for r in records if r["server_pid"] == other.pid]
    assert of_one == ["decision", "outcome"]
    assert of_other == ["decision", "outcome"] * 5
    sessions = {(r["session"], r["server_pid"], r["application_name"]) for r in records}
    assert len(sessions) == 2
    assert [r["time"] for r in records] == sorted(r["time"] for r in records)


def test_appended_by_the_next_run(lockkeeper, database, table, tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text('{"event":"from before"}\n')
    for name in ("a", "b"):
        with contextlib.closing(lockkeeper(audit={"file": str(path)}).connect(database)) as connection:
            with contextlib.suppress(psycopg2.Error):
                connection.cursor().execute(f"ALTER TABLE t ADD COLUMN {name} int")
    # What was decided is written before the server is asked to act, the outcome before the session is closed.
    events = [json.loads(line)["event"] for line in path.read_text().splitlines()]
    assert events[0] == "from before"
    assert re.fullmatch("(decision ?)+", " ".join(e for e in events[1:] if e not in ("outcome", "started", "stopped")))


def test_the_fingerprint_is_that_of_the_statement(session):
    """Blanks, case and comments do not count, names do."""
    proxy, wire = session("observe")
    for sql in ("DROP TABLE IF EXISTS a", "drop  table /* now */ if exists A", "DROP TABLE IF EXISTS b"):
        wire.ask(query(sql))
    proxy.audited(event="outcome", statement="DROP TABLE IF EXISTS b")
    first, second, third = [r["fingerprint"] for r in proxy.audit() if r["event"] == "decision"]
    assert first == second != third


def test_how_long_a_lock_was_held(session):
    """On its own a statement holds its lock as long as it runs; in a transaction until that has ended."""
    proxy, wire = session("guard")
    wire.ask(query("ALTER TABLE t ADD COLUMN x int"))
    outcome = proxy.audited(event="outcome")[0]
    assert outcome["executed"] == ["ALTER TABLE t ADD COLUMN x int"]
    assert 0 < outcome["hold_ms"] <= outcome["duration_ms"]
    assert outcome["lock_wait_ms"] < outcome["duration_ms"]
    wire.ask(query("BEGIN"))
    wire.ask(query("ALTER TABLE t ADD COLUMN y int"))
    wire.ask(query("SELECT pg_sleep(0.2)"))
    assert not [r for r in proxy.whole_audit() if r["event"] == "released"]
    wire.ask(query("COMMIT"))
    released = proxy.audited(event="released")[0]
    assert released["outcome"] == "committed"
    (held_lock,) = released["relations"]
    assert (held_lock["name"], held_lock["lock_mode"]) == ("public.t", "ACCESS EXCLUSIVE")
    assert 200 <= held_lock["hold_ms"] < 20_000
    assert "hold_ms" not in proxy.audited(event="outcome", statement="ALTER TABLE t ADD COLUMN y int")[0]


@pytest.mark.parametrize("end, outcome", [("ROLLBACK", "rolled back"), ("PREPARE TRANSACTION 'audit'", "prepared"), (None, "session ended")])
def test_how_a_transaction_that_held_a_lock_has_ended(end, outcome, session, cluster, database):
    proxy, wire = session("guard")
    wire.ask(query("BEGIN"))
    wire.ask(query("ALTER TABLE t ADD COLUMN y int"))
    if end:
        wire.ask(query(end))
    else:
        wire.socket.close()
    proxy.audited(event="released", outcome=outcome)
    if outcome == "prepared":
        with contextlib.closing(cluster.connect(database)) as other:
            other.cursor().execute("ROLLBACK PREPARED 'audit'")


def test_waiting_for_the_lock_is_told_apart_from_working(session, cluster, database):
    proxy, wire = session(timeouts={"lock": "20s"})
    with held(cluster, database) as holder:
        wire.send(query("ALTER TABLE t ADD COLUMN x int"))
        proxy.audited(event="decision")
        with contextlib.closing(cluster.connect(database)) as other:
            other.cursor().execute("SELECT pg_sleep(0.3)")
        holder.rollback()
        wire.until_ready()
    outcome = proxy.audited(event="outcome")[0]
    assert outcome["lock_wait_ms"] >= 250
    assert outcome["hold_ms"] <= outcome["duration_ms"] - outcome["lock_wait_ms"] + 1
