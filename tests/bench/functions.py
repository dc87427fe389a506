"""Where Lockkeeper's time goes on the path of a simple query: by function (perf), and in system calls (strace)."""

import re
import shutil
import signal
import subprocess
import tempfile
import time

from cases import pgbench

CLIENTS = 16
LEAST = 1.0  # percent: what has less is not named


def functions(contender, seconds):
    """[(percent, name)] of samples of its CPU time."""
    with tempfile.NamedTemporaryFile(prefix="lockkeeper-bench-perf-") as data:
        recorder = subprocess.Popen(["perf", "record", "-q", "-F", "999", "-e", "cpu-clock", "-o", data.name, "-p", str(contender.process.pid)],
                                    stderr=subprocess.DEVNULL)
        pgbench(contender.port, "-S", clients=CLIENTS, seconds=seconds, sample=0.1)
        recorder.send_signal(signal.SIGINT)
        recorder.wait()
        said = subprocess.run(["perf", "report", "-i", data.name, "--stdio", "--no-children", "-g", "none", "-F", "overhead,symbol"],
                              capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^\s*([\d.]+)%\s+\[(.)\]\s+(.+?)\s*$", said, re.M)
    return [(float(percent), ("kernel: " if where == "k" else "") + name) for percent, where, name in found if float(percent) >= LEAST]


def system_calls(contender, seconds):
    """{name: how many for each query}."""
    with tempfile.NamedTemporaryFile(prefix="lockkeeper-bench-strace-", mode="r") as counts:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", counts.name, "-p", str(contender.process.pid)], stderr=subprocess.PIPE)
        tracer.stderr.readline()  # it is attached
        _, queries = pgbench(contender.port, "-S", clients=CLIENTS, seconds=seconds, sample=0.1)
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", counts.read(), re.M)
    return {name: int(calls) / queries for calls, name in rows if name != "total" and int(calls) / queries >= 0.01}


def markdown(contender, seconds):
    missing = [program for program in ("perf", "strace") if not shutil.which(program)]
    if missing:
        raise SystemExit(f"bench: --profile needs {' and '.join(missing)} (Debian's linux-perf and strace)")
    before, began = contender.cpu_seconds(), time.monotonic()
    by_function = functions(contender, seconds)
    busy = (contender.cpu_seconds() - before) / (time.monotonic() - began)
    calls = system_calls(contender, seconds)
    lines = [f"pgbench -S, simple protocol, {CLIENTS} clients; Lockkeeper is on a CPU {busy:.0%} of the time.", "",
             "| % of its CPU time | function |", "|---:|---|",
             *(f"| {percent:.1f} | `{name}` |" for percent, name in by_function), "",
             "System calls for each query (there and back): " + ", ".join(f"{name} {count:.2f}" for name, count in calls.items())
             + f"; {sum(calls.values()):.2f} in all.", ""]
    return "\n".join(lines)
