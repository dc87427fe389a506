"""The policy alone: ./run bench-policy. Prints each statement's time, and the median of each kind.

Exit status 1: a median is not below its limit."""

import json
import pathlib
import re
import statistics
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parents[2] / "build/release/tests/bench/policy_bench"

# Nanoseconds for the median of a kind, without facts of the catalog.
LIMITS = {"evaluate": 20_000, "parse and evaluate": 60_000}


def measured(*options):
    """{kind: {statement: (nanoseconds of processor time, allocations)}}, the best of three runs: noise only adds."""
    done = subprocess.run([str(BENCH), "--benchmark_format=json", "--benchmark_repetitions=3", *options], check=True,
                          capture_output=True, text=True)
    kinds = {}
    for run in json.loads(done.stdout)["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        kind, _, statement = run["run_name"].partition("/")
        best = kinds.setdefault(kind, {}).get(statement, (float("inf"), 0))
        kinds[kind][statement] = min(best, (run["cpu_time"], run["allocations"]))
    return kinds


def median(figures):
    return statistics.median(time for time, _ in figures.values())


def by_statement_kind(figures):
    """{CREATE INDEX: its figures, ...}: the first words tell."""
    kinds = {}
    for statement, figure in figures.items():
        words = re.sub(r"^\d+: ", "", statement)
        kind = re.match(r"(?:(?:CREATE|ALTER|DROP|REINDEX|REFRESH|SET|COMMENT|TRUNCATE) (?:OR REPLACE |MATERIALIZED )?)?[A-Z]+", words)
        kinds.setdefault(kind[0], {})[statement] = figure
    return kinds


def passed_limits(kinds):
    """What is too slow, as sentences."""
    return [f"{kind}: the median is {median(kinds[kind]):,.0f} ns, the limit {limit:,} ns"
            for kind, limit in LIMITS.items() if kind in kinds and median(kinds[kind]) >= limit]


def report(kinds):
    for kind, figures in kinds.items():
        limit = f", limit {LIMITS[kind]:,} ns" if kind in LIMITS else ""
        print(f"{kind}: median {median(figures):,.0f} ns{limit}")
        if kind in LIMITS:
            for name, those in by_statement_kind(figures).items():
                print(f"  {median(those):>9,.0f} ns  {name}, median of {len(those)}")
            print()
        for statement, (time, allocations) in figures.items():
            print(f"  {time:>9,.0f} ns  {allocations:>5.0f} allocations  {statement}")


def main():
    kinds = measured(*sys.argv[1:])
    report(kinds)
    too_slow = passed_limits(kinds)
    for sentence in too_slow:
        print(f"too slow: {sentence}", file=sys.stderr)
    return 1 if too_slow else 0


if __name__ == "__main__":
    sys.exit(main())
