"""What is measured. A case runs once against one contender and gives numbers by name."""

import atexit
import contextlib
import functools
import glob
import os
import re
import statistics
import subprocess
import tempfile
import time

import psycopg2

import idle as idle_sessions
from cluster import binaries

COPIED = 256  # megabytes of one COPY


class Case:
    """`run(contender, seconds)` gives numbers by name; `only`: the names of the contenders that can do it; `once`: in the first round,
    because it is long and does not vary."""

    def __init__(self, name, run, only=None, once=False):
        self.name, self.run, self.only, self.once = name, run, only, once


# Seconds at the begin of each run of pgbench that do not count. PgBouncer's connections to the server are still there from
# the run before, and their caches are full; those of the others are new.
WARM_UP = 1


def environment(tls):
    """Of a libpq client."""
    return {**os.environ, "PGGSSENCMODE": "disable", "PGSSLMODE": "require" if tls else "disable"}


def pgbench(port, *options, clients=1, seconds=3.0, sample=1.0, script=None, tls=False):
    """Transactions per second, p50, p99 and longest latency in milliseconds behind the first second; transactions in all."""
    whole = WARM_UP + max(1, round(seconds))
    with tempfile.TemporaryDirectory(prefix="lockkeeper-bench-") as directory:
        prefix = os.path.join(directory, "log")
        command = [binaries() + "/pgbench", "-n", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", str(clients),
                   "-j", str(min(clients, 2)), "-T", str(whole), "-P", str(WARM_UP), "-l", f"--log-prefix={prefix}"]
        if sample < 1:
            command.append(f"--sampling-rate={sample}")
        if script:
            path = os.path.join(directory, "script.sql")
            with open(path, "w", encoding="ascii") as file:
                file.write(script)
            command += ["-f", path]
        done = subprocess.run(command + [*options, "postgres"], capture_output=True, text=True, check=False, env=environment(tls))
        if done.returncode or "number of failed transactions: 0 " not in done.stdout:
            raise RuntimeError(f"pgbench through port {port} failed:\n{done.stdout}{done.stderr}")
        lines = [line.split() for path in glob.glob(prefix + "*") for line in open(path, encoding="ascii")]
    ended = [int(line[4]) + int(line[5]) / 1e6 for line in lines]
    took = sorted(int(line[2]) / 1000 for line, end in zip(lines, ended) if end > min(ended) + WARM_UP)
    count = int(re.search(r"transactions actually processed: (\d+)", done.stdout)[1])
    first = [float(number) for number in re.search(r"^progress: ([\d.]+) s, ([\d.]+) tps", done.stderr, re.M).groups()]
    return {"per second": (count - first[0] * first[1]) / (whole - first[0]), "p50 ms": took[len(took) // 2], "p99 ms": took[int(len(took) * 0.99)], "max ms": took[-1]}, count


def with_cpu(contender, work):
    """The numbers of `work`, and the proxy's CPU time for each unit of it in microseconds."""
    before = contender.cpu_seconds()
    numbers, units = work()
    if before is not None:
        numbers["cpu us"] = (contender.cpu_seconds() - before) * 1e6 / units
    return numbers


def queries(kind, mode, clients, *more, script=None, name=None, tls=False):
    def run(contender, seconds):
        sample = 1.0 if clients == 1 else 0.1
        options = ([kind] if kind else []) + ["-M", mode, *more]
        return with_cpu(contender, lambda: pgbench(contender.port, *options, clients=clients, seconds=seconds, sample=sample,
                                                   script=script, tls=tls))
    return Case(name or f"{kind} {mode}, {clients}", run, WITH_TLS if tls else None)


PIPELINE = "\\startpipeline\n" + "SELECT 1;\n" * 1000 + "\\endpipeline\n"


def psql(port, sql, tls=False, **streams):
    command = [binaries() + "/psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-X", "-q", "-c", sql, "postgres"]
    return subprocess.Popen(command, env=environment(tls), **streams)


def copied(sql, source=None, tls=False):
    """A COPY of COPIED megabytes by psql; CPU time is for each gigabyte."""
    def run(contender, _):
        if psql(contender.server_port, "TRUNCATE bench_in").wait():
            raise RuntimeError("the table could not be emptied")
        before, begin = contender.cpu_seconds(), time.monotonic()
        with open(source() if source else os.devnull, "rb") as stdin:
            if psql(contender.port, sql, tls, stdin=stdin, stdout=subprocess.DEVNULL).wait():
                raise RuntimeError(f"COPY through {contender.name} failed")
        took = time.monotonic() - begin
        numbers = {"MB per second": COPIED / took}
        if before is not None:
            numbers["cpu ms per GB"] = (contender.cpu_seconds() - before) * 1e3 * 1024 / COPIED
        return numbers
    return run


@functools.lru_cache(maxsize=1)
def copy_file():
    """COPIED megabytes in lines of 1,000 bytes; deleted when the bench ends."""
    file = tempfile.NamedTemporaryFile(prefix="lockkeeper-bench-copy-")
    atexit.register(file.close)
    block = (b"x" * 999 + b"\n") * 1024
    for _ in range(COPIED * 1024 * 1024 // len(block)):
        file.write(block)
    file.flush()
    return file.name


def beside_a_copy(contender, seconds):
    """p99 of small queries alone, and while another session copies without end."""
    alone, _ = pgbench(contender.port, "-S", clients=4, seconds=seconds, sample=0.2)
    copy = psql(contender.port, "COPY (SELECT repeat('x', 999) FROM generate_series(1, 1000000000)) TO STDOUT",
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        beside, _ = pgbench(contender.port, "-S", clients=4, seconds=seconds, sample=0.2)
    finally:
        copy.kill()
        copy.wait()
    return {"p99 ms alone": alone["p99 ms"], "p99 ms": beside["p99 ms"], "times": beside["p99 ms"] / alone["p99 ms"]}


def columns_added(in_transaction):
    """Milliseconds of ALTER TABLE ADD COLUMN, one after the other in one session; and of a query that does nothing."""
    def run(contender, _):
        took, back = [], []

        def timed(statement, into):
            begin = time.monotonic()
            cursor.execute(statement)
            into.append((time.monotonic() - begin) * 1000)

        with contextlib.closing(psycopg2.connect(host="127.0.0.1", port=contender.port, user="postgres", dbname="postgres",
                                                 sslmode="disable")) as session:
            session.autocommit = True  # and no `with session`, which would begin a transaction all the same
            cursor = session.cursor()
            cursor.execute("CREATE TABLE bench_ddl (id int PRIMARY KEY)")
            for number in range(60):
                if in_transaction:
                    cursor.execute("BEGIN")
                timed(f"ALTER TABLE bench_ddl ADD COLUMN c{number} int", took)
                if in_transaction:
                    cursor.execute("COMMIT")
                timed("SELECT 1", back)
            cursor.execute("DROP TABLE bench_ddl")
        return {"first ms": took[0], "p50 ms": statistics.median(took), "max ms": max(took), "round trip ms": statistics.median(back)}
    return run


def idle(tls):
    def run(contender, _):
        each = idle_sessions.bytes_per_session(lambda port: type(contender)(port, contender.certificate), tls)
        return {"sessions": idle_sessions.SESSIONS, "bytes of each": each}
    return run


def workers(contender, seconds):
    """Queries per second of 64 clients with one worker and with two."""
    rates = []
    for count in (1, 2):
        alone = type(contender)(contender.server_port, workers=count)
        try:
            rates.append(pgbench(alone.port, "-S", "-M", "prepared", clients=64, seconds=seconds, sample=0.1)[0]["per second"])
        finally:
            alone.stop()
    return {"one": rates[0], "two": rates[1], "times": rates[1] / rates[0]}


WITH_TLS = ("straight", "pgbouncer", "lockkeeper")  # HAProxy knows nothing of SSLRequest
WIDE = "SELECT repeat('x', 48000) FROM generate_series(1, 20);\n"

OUT = f"COPY (SELECT repeat('x', 999) FROM generate_series(1, {COPIED * 1024 * 1024 // 1000})) TO STDOUT"
IN = "COPY bench_in FROM STDIN"

CASES = [
    *(queries("-S", mode, clients) for clients in (1, 16, 64) for mode in ("simple", "extended", "prepared")),
    queries("-N", "simple", 16),
    queries(None, "extended", 1, script=PIPELINE, name="pipeline of 1,000"),
    queries(None, "simple", 4, script=WIDE, name="rows of 48 KB"),
    queries("-S", "simple", 8, "-C", name="connect and disconnect"),
    Case("COPY out", copied(OUT)),
    Case("COPY in", copied(IN, copy_file)),
    Case("small queries beside a COPY", beside_a_copy),
    queries("-S", "simple", 16, name="-S simple, 16, TLS", tls=True),
    queries("-S", "prepared", 16, name="-S prepared, 16, TLS", tls=True),
    Case("COPY out, TLS", copied(OUT, tls=True), WITH_TLS),
    Case("COPY in, TLS", copied(IN, copy_file, tls=True), WITH_TLS),
    Case("ADD COLUMN", columns_added(False)),
    Case("ADD COLUMN in a transaction", columns_added(True)),
    Case("64 clients, workers", workers, ["lockkeeper"]),
    Case("idle sessions", idle(False), ["lockkeeper"], once=True),
    Case("idle sessions, TLS", idle(True), ["lockkeeper"], once=True),
]
