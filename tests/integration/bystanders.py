"""Sessions that go on with their work beside a test: every answer of theirs is checked and timed."""

import time

from background import Threads
from wire import Closed, Wire, bind, execute, parse, query, rows, run, shape, sync

TABLE = "CREATE TABLE bystander (id int PRIMARY KEY, c int)"
PATIENCE = 10  # seconds for one answer


def simple(wire, number):
    assert rows(wire.ask(query(f"SELECT {number}, 'of nobody else'"))) == [[str(number), "of nobody else"]]


def extended(wire, number):
    assert rows(wire.ask(run("SELECT $1::int + 1", number), sync())) == [[str(number + 1)]]


def prepared(wire, number):
    if number == 0:
        assert shape(wire.ask(parse("SELECT $1::int * 2", "kept"), sync())) == "1 ZI"
    assert rows(wire.ask(bind((number,), "kept"), execute(), sync())) == [[str(number * 2)]]


def transaction(wire, number):
    assert shape(wire.ask(query("BEGIN"))) == "C ZT"
    keep = f"INSERT INTO bystander VALUES ({wire.pid}, {number}) ON CONFLICT (id) DO UPDATE SET c = excluded.c"
    assert shape(wire.ask(query(keep))) == "C ZT"
    assert rows(wire.ask(query(f"SELECT c FROM bystander WHERE id = {wire.pid}"))) == [[str(number)]]
    assert shape(wire.ask(query("COMMIT"))) == "C ZI"


def p99(seconds):
    return sorted(seconds)[len(seconds) * 99 // 100]


class Bystanders(Threads):
    """`with Bystanders(proxy.port, database) as others`: at the end, each has had all of its answers, and none was wrong."""

    JOBS = (simple, extended, prepared, transaction)

    def __init__(self, port, database, jobs=JOBS, pause=0.002):
        self.pause = pause
        self.failures, self.taken = [], []
        self.wires = [Wire(port, database=database, timeout=PATIENCE) for _ in jobs]
        super().__init__(self._run, zip(jobs, self.wires))

    def _run(self, job, wire):
        number = 0
        while not self.ending.is_set():
            began = time.perf_counter()
            try:
                job(wire, number)
            except (AssertionError, OSError, Closed) as problem:
                self.failures.append(f"{job.__name__} {number}: {problem!r}")
                return
            self.taken.append(time.perf_counter() - began)
            number += 1
            self.ending.wait(self.pause)

    def more(self, count):
        """How long the next `count` turns take."""
        first = len(self.taken)
        end = time.monotonic() + 60
        while len(self.taken) < first + count:
            assert not self.failures and time.monotonic() < end, self.failures
            self.ending.wait(0.01)
        return self.taken[first:first + count]

    def __exit__(self, failed, *_):
        super().__exit__()
        for wire in self.wires:
            wire.socket.close()
        if not failed:
            assert not self.failures and self.taken, self.failures
