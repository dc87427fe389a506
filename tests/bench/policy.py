"""The policy alone: ./run bench-policy. Prints each statement's time, and the median of each kind."""

import json
import pathlib
import statistics
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parents[2] / "build/release/tests/bench/policy_bench"


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


def main():
    for kind, figures in measured(*sys.argv[1:]).items():
        print(f"{kind}: median {median(figures):,.0f} ns")
        for statement, (time, allocations) in figures.items():
            print(f"  {time:>9,.0f} ns  {allocations:>5.0f} allocations  {statement}")


if __name__ == "__main__":
    main()
