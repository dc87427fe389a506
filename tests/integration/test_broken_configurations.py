"""Configurations that somebody has broken, as the program meets them (tests/config/mutations_test.cpp tells how they are made)."""

import json
import pathlib
import re
import subprocess

import pytest

from proxy import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]
MUTATIONS = json.loads((ROOT / "tests/config/data/mutations.json").read_text())
FILES = {"example": ROOT / "config/example.yaml", "rich": ROOT / "tests/config/data/rich.yaml", "nothing": pathlib.Path("/dev/null")}


def check(path):
    return subprocess.run([BINARY, "config", "check", "--config", path], capture_output=True, text=True, check=False, timeout=20)


def place_in(text):
    return text.count(b"\n") + 1, len(text) - (text.rfind(b"\n") + 1) + 1


def made(row):
    base, find, put = FILES[row["of"]].read_bytes(), row["find"].encode("latin-1"), row["put"].encode("latin-1")
    assert base.count(find) == 1 or not find, "which one?"
    begin, mark = base.index(find), put.find(b"^^")
    put = put.replace(b"^^", b"") * row.get("times", 1)
    text = base[:begin] + put + (b"" if row.get("cut") else base[begin + len(find):])
    return text, place_in(text[:begin + max(mark, 0)]), mark >= 0


@pytest.mark.parametrize("row", MUTATIONS, ids=range(len(MUTATIONS)))
def test_mutation(row, tmp_path):
    text, place, exactly = made(row)
    path = tmp_path / "c.yaml"
    path.write_bytes(text)
    done = check(path)
    if row["says"] == "valid":
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return
    assert (done.returncode, done.stdout) == (2, "")
    line, column, says = re.fullmatch(rf"{path}:(\d+):(\d+): (.+)\n", done.stderr).groups()
    assert says == row["says"]
    if exactly:
        assert (int(line), int(column)) == place
    else:
        assert (place[0], 1) <= (int(line), int(column)) <= place_in(text)


def test_there_are_enough_of_them():
    assert sum(row["says"] != "valid" for row in MUTATIONS) >= 100


@pytest.mark.parametrize("path, says", [
    ("/proc/self", "cannot be read: Is a directory"),
    ("/nowhere/c.yaml", "cannot be read: No such file or directory"),
    ("/proc/self/mem", "cannot be read: Input/output error"),
    ("/dev/zero", "more than 16MiB: that is no configuration"),
])
def test_what_cannot_be_read(path, says):
    done = check(path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{path}: {says}\n")


def test_what_is_written_by_another_program():
    """bash's <(...): a pipe, whose end is the end of the configuration."""
    done = subprocess.run(["bash", "-c", f'"{BINARY}" config print --config <(echo "mode: guard"; sleep 0.1; echo "workers: 3")'],
                          capture_output=True, text=True, check=True, timeout=20)
    assert "\nmode: guard\n" in done.stdout and "\nworkers: 3\n" in done.stdout
