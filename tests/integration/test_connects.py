"""500 connects a second for some seconds: half of them say nothing, others leave in the middle of their first words or log in,
with and without TLS. Who logs in is served, a session that was there before goes on as it did, and nothing is left, not even
lines in the log."""

import pathlib
import subprocess
import sys

import pytest

from authority import Authority
from bystanders import Bystanders, extended, p99, simple
from cluster import wait_until

pytestmark = pytest.mark.alone

CROWD = pathlib.Path(__file__).with_name("crowd.py")
A_SECOND = 500
SECONDS = 4
GROWTH = 4 * 1024  # kilobytes
# The crowd and the server, which starts a process for each login, can fill two cores.
TIMES, NOISE = 5, 0.050


def come(proxy, database, a_second, seconds):
    """A process; its first line is said when all have come, and it ends when all are gone."""
    return subprocess.Popen([sys.executable, "-B", CROWD, str(proxy.port), database, str(a_second), str(seconds)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_crowd(lockkeeper, database, tmp_path, record_property):
    certificate, key = map(str, Authority(tmp_path).issue("localhost"))
    proxy = lockkeeper(tls={"client": "allow", "certificate": certificate, "key": key}, limits={"startup": "4s"})
    with Bystanders(proxy.port, database, [simple, extended]) as others:
        warm = come(proxy, database, 100, 1)
        assert warm.communicate(timeout=30)[1] == ""
        without = p99(others.more(1000))
        descriptors, resident, log = proxy.descriptors(), proxy.resident(), proxy.log()
        first = len(others.taken)
        crowd = come(proxy, database, A_SECOND, SECONDS)
        took = float(crowd.stdout.readline() or 0)
        beside = p99(others.taken[first:])
        assert crowd.communicate(timeout=30)[1] == ""
        report = (f"{A_SECOND * SECONDS / took:.0f} connects a second; p99 of the others {without * 1000:.2f} ms without, "
                  f"{beside * 1000:.2f} ms beside")
        print(report)
        record_property("connects", report)
        wait_until(lambda: proxy.descriptors() <= descriptors, "no descriptor is left over")
        assert proxy.resident() - resident < GROWTH
        assert took < 3 * SECONDS, report
        assert beside < without * TIMES + NOISE, report
    assert proxy.log() == log, "nobody is told of who came and went"
