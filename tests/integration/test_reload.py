"""SIGHUP: the configuration is read again, and no session is the worse for it."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys

import psycopg2
import pytest

from cluster import binaries, free_port, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
INDEX = "CREATE INDEX {} ON t (c)"


@pytest.fixture
def session(lockkeeper, database, table):
    proxy = lockkeeper(mode="observe")
    with contextlib.closing(proxy.connect(database)) as connection:
        yield proxy, connection.cursor()


def concurrent(server_log, name):
    return bool(server_log.ran(rf"CREATE INDEX CONCURRENTLY.*\b{name}\b"))


def test_live_session_is_judged_anew(session, server_log):
    proxy, cursor = session
    cursor.execute(INDEX.format("i1"))
    assert "mode enforce" in proxy.reload(mode="enforce")
    cursor.execute(INDEX.format("i2"))
    assert not concurrent(server_log, "i1") and concurrent(server_log, "i2")


def slowed_down(process, cpu):
    """All its threads but the first, where signals are dealt with, run only when nobody else wants to."""
    for thread in map(int, os.listdir(f"/proc/{process.pid}/task")):
        if thread != process.pid:
            os.sched_setaffinity(thread, {cpu})
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))


def test_what_is_said_to_be_read_counts_for_every_session(session, server_log):
    """The next query comes before a worker has had the time for anything: it is judged by the new settings."""
    proxy, cursor = session
    cpu = min(os.sched_getaffinity(0))
    slowed_down(proxy.process, cpu)
    with subprocess.Popen(["taskset", "-c", str(cpu), sys.executable, "-c", "while True: pass"]) as busy:
        try:
            for number, mode in enumerate(["enforce", "observe"] * 5):
                assert f"mode {mode}" in proxy.reload(mode=mode)
                cursor.execute(INDEX.format(f"i{number}"))
        finally:
            busy.kill()
    assert [concurrent(server_log, f"i{number}") for number in range(10)] == [True, False] * 5


def test_transaction_ends_by_the_settings_it_began_with(session, server_log):
    proxy, cursor = session
    cursor.execute("BEGIN")
    cursor.execute(INDEX.format("i1"))
    proxy.reload(mode="enforce", transactions="reject")
    cursor.execute(INDEX.format("i2"))
    cursor.execute("COMMIT")
    assert not concurrent(server_log, "i2")
    cursor.execute("BEGIN")
    with pytest.raises(psycopg2.Error) as refused:
        cursor.execute(INDEX.format("i3"))
    assert refused.value.pgcode == "LK001"


BROKEN = {
    "not YAML": ("mode: [", r"lockkeeper.yaml:\d+:\d+: "),
    "unknown key": ("mod: enforce", r"lockkeeper.yaml:1:1: .*'mod'.*mode"),
    "bad value": ("mode: strict", r"lockkeeper.yaml:1:7: 'mode': "),
    "unknown rule": ("rules:\n  no-such-rule: warn", r"lockkeeper.yaml:2:"),
    "certificate that is not there": ("tls: {client: require, certificate: /nowhere.pem, key: /nowhere.key}", r"/nowhere.pem"),
}


@pytest.mark.parametrize("text, told", BROKEN.values(), ids=BROKEN)
def test_broken_file_changes_nothing(session, server_log, text, told):
    proxy, cursor = session
    proxy.configuration_path.write_text(text)
    log = proxy.hang_up()
    assert re.search("everything stays as it was: .*" + told, log), log
    cursor.execute(INDEX.format("i1"))
    assert not concurrent(server_log, "i1")
    assert "mode enforce" in proxy.reload(mode="enforce")


def test_what_only_a_restart_changes_is_told(session, database):
    proxy, cursor = session
    port = proxy.port
    log = proxy.reload(listen=f"127.0.0.1:{free_port()}", workers=1, upstream={"host": "127.0.0.1", "port": 1})
    assert set(re.findall(r"SIGHUP: (\S+) is changed by a restart only", log)) == {"listen", "workers", "upstream.port"}
    with contextlib.closing(psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname=database, sslmode="disable")):
        pass


def other_values():
    """By key: a value that is not its default, as tests/config/print_test.cpp has it, and what config/KEYS.md says changes it."""
    text = (ROOT / "tests/config/print_test.cpp").read_text()
    values = dict(re.findall(r'^    \{"([\w.]+)", "(.*)"\},$', text, re.M))
    rows = re.findall(r"^\| `([\w.]+)` \| .*? \| (restart|reload) \|", (ROOT / "config/KEYS.md").read_text(), re.M)
    return [(key, values[key], by) for key, by in rows if key not in ("rules", "scopes")]


def test_every_key_is_changed_or_told_of(session, database):
    proxy, cursor = session
    keys = [(key, value, by) for key, value, by in other_values() if not re.search(r"^tls\.|^upstream\.tls", key)]  # theirs are files
    proxy.configuration_path.write_text("".join(f"{key}: {value}\n" for key, value, _ in keys))
    log = proxy.hang_up()
    assert "were read again, mode observe" in log
    told = re.findall(r"SIGHUP: (\S+) is changed by a restart only; it stays as it was", log)
    assert told == [key for key, _, by in keys if by == "restart"] and len(told) > 15
    cursor.execute("SELECT 1")
    with contextlib.closing(psycopg2.connect(host="127.0.0.1", port=proxy.port, user="postgres", dbname=database, sslmode="disable")):
        pass


def test_log_level_and_limits_count_at_once(session, database):
    proxy, cursor = session
    assert "debug" not in proxy.reload(log={"level": "debug"}, limits={"clients": 2})
    with contextlib.closing(proxy.connect(database)):
        with pytest.raises(psycopg2.OperationalError, match="too many clients already"):
            proxy.connect(database)
    assert "debug session" in proxy.log()


@pytest.mark.parametrize("key, message", [("clients_per_user", 'role "postgres"'), ("clients_per_database", 'database "{database}"')])
def test_users_and_databases_have_limits_of_their_own(lockkeeper, database, key, message):
    proxy = lockkeeper(limits={key: 2})
    with contextlib.ExitStack() as open_ones:
        for _ in range(2):
            open_ones.enter_context(contextlib.closing(proxy.connect(database)))
        with pytest.raises(psycopg2.OperationalError, match="too many connections for " + message.format(database=database)):
            proxy.connect(database)

    def free_again():
        with contextlib.suppress(psycopg2.OperationalError), contextlib.closing(proxy.connect(database)):
            return True
    wait_until(free_again, "the places are free again")


def test_fifty_reloads_under_load(cluster, lockkeeper, database):
    """Half of them of broken files: no transaction fails."""
    subprocess.run([binaries() + "/pgbench", "-i", "-q", cluster.dsn(database)], check=True, capture_output=True)
    proxy = lockkeeper()
    load = subprocess.Popen([binaries() + "/pgbench", "-n", "-c", "20", "-j", "2", "-T", "600", proxy.dsn(database)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for number in range(25):
            proxy.configuration_path.write_text("mode: nonsense")
            assert "everything stays" in proxy.hang_up()
            assert "were read again" in proxy.reload(mode=("guard", "enforce", "observe")[number % 3])
        assert load.poll() is None, load.stderr.read()
    finally:
        load.terminate()
        _, said = load.communicate()
    assert not re.search("error|fatal|aborted", said, re.I), said
