"""What is measured. A case runs once against one contender and gives numbers by name."""

import atexit
import functools
import glob
import os
import re
import subprocess
import tempfile
import time

from cluster import binaries

COPIED = 512  # megabytes of one COPY


class Case:
    """`run(contender, seconds)` gives numbers by name."""

    def __init__(self, name, run):
        self.name, self.run = name, run


def pgbench(port, *options, clients=1, seconds=3.0, sample=1.0, script=None):
    """Transactions per second, p50, p99 and longest latency in milliseconds, transactions in all."""
    with tempfile.TemporaryDirectory(prefix="lockkeeper-bench-") as directory:
        prefix = os.path.join(directory, "log")
        command = [binaries() + "/pgbench", "-n", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", str(clients),
                   "-j", str(min(clients, 2)), "-T", str(max(1, round(seconds))), "-l", f"--log-prefix={prefix}"]
        if sample < 1:
            command.append(f"--sampling-rate={sample}")
        if script:
            path = os.path.join(directory, "script.sql")
            with open(path, "w", encoding="ascii") as file:
                file.write(script)
            command += ["-f", path]
        done = subprocess.run(command + [*options, "postgres"], capture_output=True, text=True, check=False,
                              env={**os.environ, "PGGSSENCMODE": "disable"})
        if done.returncode or "number of failed transactions: 0 " not in done.stdout:
            raise RuntimeError(f"pgbench through port {port} failed:\n{done.stdout}{done.stderr}")
        took = sorted(int(line.split()[2]) / 1000 for path in glob.glob(prefix + "*") for line in open(path, encoding="ascii"))
    rate = float(re.search(r"^tps = ([\d.]+)", done.stdout, re.M)[1])
    count = int(re.search(r"transactions actually processed: (\d+)", done.stdout)[1])
    return {"per second": rate, "p50 ms": took[len(took) // 2], "p99 ms": took[int(len(took) * 0.99)], "max ms": took[-1]}, count


def with_cpu(contender, work):
    """The numbers of `work`, and the proxy's CPU time for each unit of it in microseconds."""
    before = contender.cpu_seconds()
    numbers, units = work()
    if before is not None:
        numbers["cpu us"] = (contender.cpu_seconds() - before) * 1e6 / units
    return numbers


def queries(kind, mode, clients, *more, script=None, name=None):
    def run(contender, seconds):
        sample = 1.0 if clients == 1 else 0.1
        options = ([kind] if kind else []) + ["-M", mode, *more]
        return with_cpu(contender, lambda: pgbench(contender.port, *options, clients=clients, seconds=seconds, sample=sample,
                                                   script=script))
    return Case(name or f"{kind} {mode}, {clients}", run)


PIPELINE = "\\startpipeline\n" + "SELECT 1;\n" * 1000 + "\\endpipeline\n"


def psql(port, sql, **streams):
    command = [binaries() + "/psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-X", "-q", "-c", sql, "postgres"]
    return subprocess.Popen(command, env={**os.environ, "PGGSSENCMODE": "disable"}, **streams)


def copied(sql, source=None):
    """A COPY of COPIED megabytes by psql; CPU time is for each gigabyte."""
    def run(contender, _):
        before, begin = contender.cpu_seconds(), time.monotonic()
        with open(source() if source else os.devnull, "rb") as stdin:
            if psql(contender.port, sql, stdin=stdin, stdout=subprocess.DEVNULL).wait():
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


WIDE = "SELECT repeat('x', 48000) FROM generate_series(1, 20);\n"

CASES = [
    *(queries("-S", mode, clients) for clients in (1, 16, 64) for mode in ("simple", "extended", "prepared")),
    queries("-N", "simple", 16),
    queries(None, "extended", 1, script=PIPELINE, name="pipeline of 1,000"),
    queries(None, "simple", 4, script=WIDE, name="rows of 48 KB"),
    queries("-S", "simple", 8, "-C", name="connect and disconnect"),
    Case("COPY out", copied(f"COPY (SELECT repeat('x', 999) FROM generate_series(1, {COPIED * 1024 * 1024 // 1000})) TO STDOUT")),
    Case("COPY in", copied("BEGIN; TRUNCATE bench_in; COPY bench_in FROM STDIN; ROLLBACK", copy_file)),
    Case("small queries beside a COPY", beside_a_copy),
]
