"""Lockkeeper beside PgBouncer, HAProxy and nothing: every case in turn, several rounds, medians and ratios.

usage: bench.py [--rounds N] [--seconds S] [--json FILE] [CASE...]   (a CASE is a part of a case's name)
"""

import argparse
import json
import pathlib
import platform
import subprocess
import sys

from contenders import CONTENDERS  # first: it makes the integration suite's modules known
from cases import CASES
from cluster import Cluster, binaries
import report


def progress(line):
    print(f"\r\033[K{line}" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def prepare(cluster):
    subprocess.run([binaries() + "/pgbench", "-i", "-q", "-s", "10", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "postgres",
                    "postgres"], check=True, capture_output=True)
    connection = cluster.connect()
    connection.cursor().execute("CREATE UNLOGGED TABLE bench_in (line text)")
    connection.close()


def measure(cases, contenders, rounds, seconds):
    results = {case.name: {c.name: [] for c in contenders} for case in cases}
    for number in range(rounds):
        for case in cases:
            for contender in contenders:
                progress(f"round {number + 1} of {rounds}: {case.name}, {contender.name}")
                results[case.name][contender.name].append(case.run(contender, seconds))
    progress("")
    return results


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="ascii") if line.startswith("model name")), "?")
    memory = int(open("/proc/meminfo", encoding="ascii").readline().split()[1]) >> 20
    cores = sum(line.startswith("processor") for line in open("/proc/cpuinfo", encoding="ascii"))
    return f"{cores} cores ({model}), {memory} GiB, Linux {platform.release()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each pgbench run")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    cases = [case for case in CASES if not options.case or any(part in case.name for part in options.case)]
    if not cases:
        parser.error("no case of that name; there are:\n  " + "\n  ".join(case.name for case in CASES))
    cluster = Cluster(log_statement="none", max_connections=300, shared_buffers="256MB")
    contenders = []
    try:
        cluster.start()
        prepare(cluster)
        for kind in CONTENDERS:
            contenders.append(kind(cluster.port))
        results = measure(cases, contenders, options.rounds, options.seconds)
        print(machine())
        print(report.table(results, [c.name for c in contenders]))
        print("\npeak resident memory: " + ", ".join(f"{c.name} {c.peak_kilobytes():,} KiB" for c in contenders if c.peak_kilobytes()))
        if options.json:
            options.json.write_text(json.dumps({"machine": machine(), "rounds": options.rounds, "cases": report.as_json(results)}, indent=1))
    finally:
        for contender in contenders:
            contender.stop()
        cluster.remove()


if __name__ == "__main__":
    main()
