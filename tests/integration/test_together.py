"""Many sessions at once: what they receive and are sent goes in one system call (io_uring), and to each comes what is its own."""

import contextlib
import os
import pathlib
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cluster import wait_until
from conversations import COPY, EXTENDED, SIMPLE
from recorded import assert_same, converse, without_doubt
from test_tls import client_leg, files  # noqa: F401 (fixture)
from wire import Wire, query, reset

CONVERSATIONS = SIMPLE | EXTENDED | COPY
SESSIONS = 24
TABLE = "DROP TABLE IF EXISTS t; CREATE TABLE t (id serial PRIMARY KEY, c int)"
ROWS = "TRUNCATE t RESTART IDENTITY; INSERT INTO t (c) VALUES (10), (20), (NULL)"


@contextlib.contextmanager
def by_fits_and_starts(process):
    """Stopped most of the time, so that much has come when it goes on. There is no event to await: time has to pass."""
    ending = threading.Event()

    def work():
        while not ending.is_set():
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.004)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.001)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def submitted(process):
    """How many receives and sends went by way of io_uring; None: there is none."""
    for number in os.listdir(f"/proc/{process.pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            if "io_uring" in os.readlink(f"/proc/{process.pid}/fd/{number}"):
                about = pathlib.Path(f"/proc/{process.pid}/fdinfo/{number}")  # says nothing while the ring is at work
                return int(wait_until(lambda: re.search(r"SqTail:\s*(\d+)", about.read_text()), "the kernel tells of the ring")[1])
    return None


@pytest.fixture(scope="module")
def alike(cluster):
    """Databases with the same table, which has the same OID in each, as the answers say it."""
    names = [f"alike_{number}" for number in range(SESSIONS)]
    with contextlib.closing(cluster.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE DATABASE {names[0]}")
        with contextlib.closing(cluster.connect(names[0])) as first:
            first.cursor().execute(TABLE)
        for name in names[1:]:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {names[0]}")
        yield names
        for name in names:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def heard(cluster, port, database, numbers, **parameters):
    """The answers to some conversations, one after the other in one database."""
    answers = []
    with contextlib.closing(cluster.connect(database)) as looking:
        for number in numbers:
            looking.cursor().execute(ROWS)
            answers.append(converse(port, database, list(CONVERSATIONS.values())[number], **parameters))
    return answers


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("io_uring", [True, False], ids=["io_uring", "without"])
def test_each_hears_its_own(cluster, lockkeeper, alike, files, io_uring, tls):  # noqa: F811
    proxy = lockkeeper(io_uring=io_uring, workers=1, tls=client_leg(files))
    proxy.connect().close()  # then the worker is at work
    if io_uring and (why := re.search("io_uring is not offered here.*", proxy.log())):
        pytest.skip(why[0])
    shares = [range(number, len(CONVERSATIONS), SESSIONS) for number in range(SESSIONS)]
    with ThreadPoolExecutor(SESSIONS) as pool:
        straight = list(pool.map(lambda name, share: heard(cluster, cluster.port, name, share), alike, shares))
        with by_fits_and_starts(proxy.process):
            through = list(pool.map(lambda name, share: heard(cluster, proxy.port, name, share, tls=tls), alike, shares))
    for one, other in zip(straight, through):
        for number, answers in enumerate(one):
            assert_same(answers, without_doubt(other[number]))
    together = submitted(proxy.process)
    assert together > 100 if io_uring else together is None


def test_a_client_that_goes_takes_nobody_with_it(cluster, lockkeeper, alike):
    """Half of them go in the middle of an answer, others while theirs is on its way."""
    proxy = lockkeeper(workers=1)
    asked = "SELECT repeat('x', 3000), i FROM generate_series(1, 200) AS i"

    def stay(name):
        with contextlib.closing(proxy.connect(name)) as connection:
            cursor = connection.cursor()
            for _ in range(20):
                cursor.execute(asked)
                assert [row[1] for row in cursor] == list(range(1, 201))

    def go(name):
        for number in range(20):
            wire = Wire(proxy.port, database=name)
            wire.send(query(asked))
            if number % 2:
                wire.take(1000)
            reset(wire.socket)

    with ThreadPoolExecutor(SESSIONS) as pool, by_fits_and_starts(proxy.process):
        for done in [pool.submit(go if number % 2 else stay, name) for number, name in enumerate(alike)]:
            done.result()
    with contextlib.closing(cluster.connect()) as looking:
        cursor = looking.cursor()

        def left():
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'alike%'")
            return cursor.fetchone()[0]
        wait_until(lambda: left() == 0, "the server's sessions are gone, too")
