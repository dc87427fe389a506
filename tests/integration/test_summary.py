"""What `./run test` says at its end: nothing that failed may be missing there."""

import pathlib
import subprocess
import sys

SUMMARY = pathlib.Path(__file__).parents[1] / "summary.py"


def summary(*paths):
    return subprocess.run([sys.executable, "-B", SUMMARY, *paths], capture_output=True, text=True, check=True).stdout.splitlines()


def test_failures_are_named_and_counted(tmp_path):
    (tmp_path / "unit.xml").write_text(
        '<testsuites tests="3" failures="1"><testsuite name="a" tests="2" failures="1" skipped="1">'
        '<testcase classname="a" name="one"><failure message="1 is not 2&#10;more"/></testcase></testsuite>'
        '<testsuite name="b" tests="1"><testcase classname="b" name="two"/></testsuite></testsuites>')
    assert summary(tmp_path / "unit.xml") == ["FAILED unit: a one: 1 is not 2", "1 passed, 1 failed, 1 skipped"]


def test_a_part_that_died_says_its_last_words(tmp_path):
    (tmp_path / "claims-13.xml").write_text('<testsuite tests="1" failures="1" errors="0" skipped="0"/>')
    (tmp_path / "claims-13.txt").write_text("a line\n" * 100 + "claims: the server is gone\n")
    said = summary(tmp_path / "claims-13.xml")
    assert said[0] == "FAILED claims-13; the end of what it said:" and said[-2:] == ["  claims: the server is gone", "0 passed, 1 failed, 0 skipped"]
    assert len(said) < 20
