"""Lockkeeper beside PgBouncer, HAProxy and nothing: every case in turn, several rounds, medians and ratios.

usage: bench.py [--rounds N] [--seconds S] [--json FILE] [--chart FILE] [--page FILE [--profile]] [CASE...]   (a CASE is a part of a case's name)
"""

import argparse
import contextlib
import json
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

from contenders import CONTENDERS, Certificate  # first: it makes the integration suite's modules known
from cases import CASES
from cluster import Cluster, binaries
import chart
import functions
import psycopg2
import report
import targets


PAGE = """# The last run of `./run bench`

{machine}. {versions}.
Medians of {rounds} rounds, in brackets by what PgBouncer does; each case ran against each contender in turn, for {seconds:g} s
behind a second that does not count where it is pgbench's (PgBouncer's connections to the server are there from the run before,
those of the others are new). `cpu us` is the CPU time of the proxy for one transaction. PgBouncer runs in session mode, HAProxy in
TCP mode with splicing, Lockkeeper as it comes: enforce, with policy and audit log.

## What is to be reached

{targets}

`connect and disconnect` is out of reach for a proxy whose clients log in at the server themselves: PgBouncer hands out connections that
are open already, while for the others the server starts a process and fills its caches each time.

## What was measured

{table}

Peak resident memory: {memory}.
"""


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
                if (case.only and contender.name not in case.only) or (case.once and number):
                    continue
                progress(f"round {number + 1} of {rounds}: {case.name}, {contender.name}")
                try:
                    results[case.name][contender.name].append(case.run(contender, seconds))
                except RuntimeError as problem:  # what was measured so far is not to be lost with it
                    print(f"\n{case.name}, {contender.name}: {problem}", file=sys.stderr)
    progress("")
    return results


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="ascii") if line.startswith("model name")), "?")
    memory = int(open("/proc/meminfo", encoding="ascii").readline().split()[1]) >> 20
    cores = sum(line.startswith("processor") for line in open("/proc/cpuinfo", encoding="ascii"))
    return f"{cores} cores ({model}), {memory} GiB, Linux {platform.release()}"


def versions(server_port):
    with contextlib.closing(psycopg2.connect(host="127.0.0.1", port=server_port, user="postgres", dbname="postgres")) as connection:
        server = f"PostgreSQL {connection.server_version // 10000}.{connection.server_version % 10000}"
    others = [subprocess.run([shutil.which(name) or f"/usr/sbin/{name}", option], capture_output=True, text=True, check=True).stdout.splitlines()[0]
              for name, option in (("pgbouncer", "--version"), ("haproxy", "-v"))]
    return ", ".join([server, *others])


def page(results, contenders, options):
    names = [c.name for c in contenders]
    text = PAGE.format(machine=machine(), versions=versions(contenders[0].port), rounds=options.rounds, seconds=options.seconds,
                       targets=targets.markdown(results), table=report.markdown(results, names),
                       memory=", ".join(f"{c.name} {c.peak_kilobytes():,} KiB" for c in contenders if c.peak_kilobytes()))
    if options.profile:
        text += "\n## Where Lockkeeper's time goes\n\n" + functions.markdown(contenders[-1], 10)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each pgbench run")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--chart", type=pathlib.Path, help="an SVG of the CPU time of a transaction")
    parser.add_argument("--page", type=pathlib.Path, help="the table in Markdown")
    parser.add_argument("--profile", action="store_true", help="what Lockkeeper's time goes into, on that page too")
    parser.add_argument("case", nargs="*")
    options = parser.parse_args()
    cases = [case for case in CASES if not options.case or any(part in case.name for part in options.case)]
    if not cases:
        parser.error("no case of that name; there are:\n  " + "\n  ".join(case.name for case in CASES))
    authority = tempfile.TemporaryDirectory(prefix="lockkeeper-bench-authority-")
    certificate = Certificate(authority.name)
    cluster = Cluster(log_statement="none", max_connections=300, shared_buffers="256MB", ssl="on",
                      ssl_cert_file=certificate.file, ssl_key_file=certificate.key)
    contenders = []
    try:
        cluster.start()
        prepare(cluster)
        for kind in CONTENDERS:
            contenders.append(kind(cluster.port, certificate))
        results = measure(cases, contenders, options.rounds, options.seconds)
        print(machine())
        print(report.table(results, [c.name for c in contenders]))
        print("\n" + targets.table(results))
        print("\npeak resident memory: " + ", ".join(f"{c.name} {c.peak_kilobytes():,} KiB" for c in contenders if c.peak_kilobytes()))
        if options.page:
            options.page.write_text(page(results, contenders, options))
        if options.chart:
            options.chart.write_text(chart.svg(report.as_json(results)))
        if options.json:
            options.json.write_text(json.dumps({"machine": machine(), "rounds": options.rounds, "cases": report.as_json(results)}, indent=1))
    finally:
        for contender in contenders:
            contender.stop()
        cluster.remove()
        authority.cleanup()


if __name__ == "__main__":
    main()
