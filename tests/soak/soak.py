#!/usr/bin/env python3
"""All that the integration tests do to Lockkeeper one after the other, at once and for as long as one likes.

Some sessions work on all the time, and each of their answers is checked. Beside them clients are killed in the middle of their
work, connections are reset anywhere, some ask for a gigabyte and do not read it, and a crowd comes, knocks, and goes. Every few
seconds a line tells of the sessions that work and of what Lockkeeper holds. In the end it must hold what it held before.
"""

import argparse
import contextlib
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from background import Threads  # noqa: E402
from bystanders import Bystanders, p99  # noqa: E402
from cluster import wait_until  # noqa: E402
from test_connects import come  # noqa: E402
from test_kill import client_dies, prepare, sessions, started  # noqa: E402
from test_reset import CONVERSATIONS, Stand, talk  # noqa: E402
from test_stalled_reader import GIGABYTE  # noqa: E402
from wire import Closed, Wire, query  # noqa: E402

DATABASE = "postgres"
WARM = 0.2  # of the time: what is taken once and for all has been taken then
GROWTH = 8 * 1024  # kilobytes
TELL = 5  # seconds


class Trouble(Threads):
    """Each kind in a thread of its own, again and again; what it did not expect is kept, and ends it."""

    def __init__(self, stand, directory):
        self.stand, self.proxy = stand, stand.proxy(tls=False)[0]
        self.work = prepare(pathlib.Path(directory), stand.straight)
        self.done, self.problems = {}, []
        kinds = [self.killed_clients, self.resets, self.stalled_readers, self.crowds]
        super().__init__(self._repeat, [(kind, random.Random(kind.__name__)) for kind in kinds])

    def _repeat(self, kind, chosen):
        while not self.ending.is_set():
            try:
                kind(chosen)
            except Exception as problem:  # whatever it is, it is a finding
                self.problems.append(f"{kind.__name__}: {problem!r}")
                return
            self.done[kind.__name__] = self.done.get(kind.__name__, 0) + 1

    def killed_clients(self, chosen):
        with contextlib.closing(self.stand.cluster.connect()) as straight:
            process = started(self.proxy, DATABASE, self.work, straight)
            self.ending.wait(chosen.uniform(0, 1))
            client_dies(process, straight, chosen)
            wait_until(lambda: not sessions(straight), "what they have begun is done, or given up", 60)

    def resets(self, chosen):
        cutter = self.stand.proxy(tls=False)[1]
        cutter.after = chosen.randrange(50_000)
        talk(chosen.choice(CONVERSATIONS), cutter.port, False)

    def stalled_readers(self, chosen):
        with Wire(self.proxy.port, tls=chosen.random() < 0.5) as wire, contextlib.suppress(Closed, ConnectionError):
            wire.send(query(GIGABYTE))
            wire.take(chosen.randrange(10_000_000))
            self.ending.wait(chosen.uniform(0, 3))

    def crowds(self, chosen):
        crowd = come(self.proxy, DATABASE, chosen.randrange(20, 200), 3)
        said = crowd.communicate(timeout=60)[1]
        assert not said, said


def tell(proxy, others, trouble, first, began):
    turns = others.taken[first:]
    print(f"{time.monotonic() - began:5.0f} s  {len(turns):6} turns, p99 {p99(turns) * 1000:6.1f} ms  {proxy.descriptors():4} descriptors"
          f"  {proxy.resident() // 1024:4} MiB  {trouble.done}", flush=True)


def at_work(straight):
    cursor = straight.cursor()
    cursor.execute("SELECT pid, application_name, state, wait_event, now() - state_change, pg_blocking_pids(pid), query"
                   " FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
    return cursor.fetchall()


def soak(seconds):
    """What went wrong."""
    with contextlib.ExitStack() as opened:
        stand = Stand(pathlib.Path(opened.enter_context(tempfile.TemporaryDirectory())), opened)
        proxy = stand.proxy(tls=False)[0]
        others = opened.enter_context(Bystanders(proxy.port, DATABASE))
        others.more(1000)
        descriptors, warm, began = proxy.descriptors(), None, time.monotonic()
        with Trouble(stand, opened.enter_context(tempfile.TemporaryDirectory())) as trouble:
            while time.monotonic() < began + seconds and not trouble.problems and not others.failures:
                first = len(others.taken)
                trouble.ending.wait(TELL)
                tell(proxy, others, trouble, first, began)
                if warm is None and time.monotonic() > began + seconds * WARM:
                    warm = proxy.resident()
        found = trouble.problems + others.failures
        try:
            wait_until(lambda: proxy.descriptors() <= descriptors, "no descriptor is left over", 30)
        except TimeoutError as problem:
            found += [str(problem), *map(str, at_work(stand.straight))]
        if warm and proxy.resident() - warm > GROWTH:
            found.append(f"the resident size has grown from {warm} to {proxy.resident()} kB")
        if "error" in proxy.log():
            found.append(proxy.log())
        print("\n".join(found) or "nothing found", flush=True)
        return found


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("seconds", type=int, nargs="?", default=180, help="180 unless told otherwise")
    sys.exit(bool(soak(options.parse_args().seconds)))
