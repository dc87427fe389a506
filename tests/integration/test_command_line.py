"""What the program says when it cannot start: one clear sentence, and exit status 2."""

import contextlib
import socket
import subprocess

import pytest

from cluster import free_port
from proxy import BINARY, COULD_NOT_BEGIN, WRONG_CONFIGURATION

MODES = "observe, guard, enforce"


def lockkeeper(*arguments, cwd=None, **options):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False, timeout=20, cwd=cwd, **options)


@pytest.fixture
def checked(tmp_path):
    """checked(text): what `lockkeeper config check` says to it."""
    def check(text):
        (tmp_path / "c.yaml").write_text(text)
        return lockkeeper("config", "check", "--config", "c.yaml", cwd=tmp_path)
    return check


def complains(done, sentence, status=WRONG_CONFIGURATION):
    assert done.returncode == status, done
    assert done.stderr.strip().splitlines()[-1].endswith(sentence)
    assert done.stdout == ""


@pytest.mark.parametrize("text, sentence", [
    ("mdoe: guard", "c.yaml:1:1: unknown key 'mdoe'; did you mean 'mode'?"),
    ("mode: guard\nupstream:\n  prot: 1", "c.yaml:3:3: unknown key 'upstream.prot'; did you mean 'port'?"),
    ("nothing_like_it: 1", "c.yaml:1:1: unknown key 'nothing_like_it'"),
    ("mode: gaurd", f"c.yaml:1:7: 'mode': expected one of {MODES}, not 'gaurd'"),
    ("mode: guard\nmode: guard", "c.yaml:2:1: 'mode' stands here twice"),
    ("timeouts:\n  lock: 5", "c.yaml:2:9: 'timeouts.lock': expected a time such as 0, 500ms, 5s, 2min or 1h, not '5'"),
    ("limits: 5", "c.yaml:1:9: 'limits' must be a map"),
    ("mode: {a: b}", "c.yaml:1:7: 'mode' must be one value"),
    ("workers: two", "c.yaml:1:10: 'workers': expected a number from 0 to 64, not 'two'"),
    ("- a\n- b", "c.yaml:1:1: a configuration is a map of keys"),
    ("rules:\n  index-without-concurrently: maybe",
     "c.yaml:2:31: 'rules.index-without-concurrently': expected one of allow, warn, rewrite, reject, not 'maybe'"),
])
def test_bad_configuration(text, sentence, checked):
    complains(checked(text), sentence)


@pytest.mark.parametrize("text, sentence", [
    ("tls: {client: require}", "tls.client is not disable: tls.certificate and tls.key must name the files of a certificate and its key"),
    ("tls: {client: verify-full, certificate: c.pem, key: k.pem}", "tls.client: verify-ca and verify-full need tls.ca, who signs the certificates of clients"),
    ("upstream: {tls: verify-full}", "upstream.tls: verify-ca and verify-full need upstream.tls_ca, who signs the server's certificate (or system)"),
    ("upstream: {tls: require, tls_key: k.pem}", "upstream.tls_certificate and upstream.tls_key belong together: one of them is not set"),
    ("auth: {mode: scram}", "auth.mode: scram needs auth.file or auth.query: they tell the secrets that clients are verified by"),
    ("admin: {tls_key: k.pem}", "admin.tls_certificate and admin.tls_key belong together: one of them is not set"),
    ("limits: {held: 15MiB}", "limits.held is less than limits.statement: all statements together need as much room as one of them"),
])
def test_keys_that_do_not_go_together(text, sentence, checked):
    done = checked(text)
    complains(done, sentence)
    assert done.stderr == f"c.yaml: {sentence}\n"


def test_unknown_rule(checked):
    done = checked("rules:\n  index-without-concurently: allow")
    assert done.returncode == 2
    assert "did you mean 'index-without-concurrently'?" in done.stderr


def test_not_yaml(checked):
    done = checked("mode: [")
    assert done.returncode == 2
    assert done.stderr.startswith("c.yaml:")


@pytest.mark.parametrize("text", ["", "# nothing\n", "mode: observe\n", "rules: {}\n"])
def test_good_configuration(text, checked):
    done = checked(text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_printed_configuration_is_read_back(checked, tmp_path):
    printed = lockkeeper("config", "print")
    assert printed.returncode == 0
    assert checked(printed.stdout).returncode == 0
    assert lockkeeper("config", "print", "--config", "c.yaml", cwd=tmp_path).stdout == printed.stdout


def test_missing_file(tmp_path):
    missing = tmp_path / "missing.yaml"
    complains(lockkeeper("serve", "--config", missing), f"{missing}: cannot be read: No such file or directory")


def test_a_directory_is_no_configuration(tmp_path):
    """It can be opened, and must not count as an empty file that leaves everything at its default."""
    complains(lockkeeper("serve", "--config", tmp_path), f"{tmp_path}: cannot be read: Is a directory")


@pytest.mark.parametrize("arguments, sentence", [
    (["--mode", "strict"], f"--mode: expected one of {MODES}, not 'strict'"),
    (["--listen", "127.0.0.1:99999"], "--listen: expected a number from 0 to 65535, not '99999'"),
    (["--upstream", ":5432"], "--upstream: expected host:port, not ':5432'"),
])
def test_bad_flag(arguments, sentence):
    complains(lockkeeper("serve", *arguments), sentence)


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["serve", "--frobnicate"], ["config"], ["explain"]])
def test_usage(arguments):
    done = lockkeeper(*arguments)
    assert done.returncode == 2
    assert "--help" in done.stderr


def test_port_in_use():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        complains(lockkeeper("serve", "--listen", where), f"cannot listen on {where}: Address already in use", COULD_NOT_BEGIN)


def test_port_of_another_lockkeeper(module_proxy):
    """It shares its port between threads (SO_REUSEPORT): that must not let a second one take half of the clients."""
    where = f"127.0.0.1:{module_proxy().port}"
    complains(lockkeeper("serve", "--listen", where), f"cannot listen on {where}: Address already in use", COULD_NOT_BEGIN)


def test_audit_file_that_cannot_be_written(tmp_path):
    (tmp_path / "c.yaml").write_text("audit:\n  file: /nowhere/at/all/audit.jsonl\n")
    done = lockkeeper("serve", "--config", tmp_path / "c.yaml", "--listen", f"127.0.0.1:{free_port()}")
    complains(done, "audit log /nowhere/at/all/audit.jsonl: No such file or directory", COULD_NOT_BEGIN)
