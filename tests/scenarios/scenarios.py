"""The outages that Lockkeeper exists to end, replayed straight and through Lockkeeper: ./run scenarios

A Django site stands on a table of many rows and is visited every 20 ms while a deploy migrates it.
"""

import argparse
import collections
import contextlib
import pathlib
import resource
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "integration"), str(HERE.parent / "demo")]

import chart  # noqa: E402
import page  # noqa: E402
from catalogue import SCENARIOS  # noqa: E402
from cluster import Cluster  # noqa: E402
from stage import Stage  # noqa: E402
from verdict import header, judged, row, without_growth  # noqa: E402
import seed  # noqa: E402


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the table of orders (%(default)s)")
    parser.add_argument("--margin", type=float, default=100.0, help="milliseconds above the idle p99 that a visitor may wait through "
                        "Lockkeeper (%(default)s)")
    parser.add_argument("--every", type=float, default=20.0, help="milliseconds between two visitors of one page (%(default)s)")
    parser.add_argument("--page", nargs="?", const="RESULTS", metavar="NAME", help="write NAME.md and NAME.svg beside this file (%(const)s)")
    parser.add_argument("--verbose", action="store_true", help="what each migration printed, and the audit log")
    parser.add_argument("scenario", nargs="*", help="a number, such as 16 or 4b, or a part of a name")
    return parser.parse_args()


def chosen(words):
    def fits(scenario, word):
        return scenario.number.rstrip("abc") == word or scenario.number == word or (not word[:1].isdigit() and word in scenario.name)
    found = [s for s in SCENARIOS if not words or any(fits(s, word) for word in words)]
    return found or sys.exit(f"no such scenario; there are: {', '.join(s.number for s in SCENARIOS)}")


def server(cluster):
    (version,), = seed.rows_of(cluster, "postgres", "SHOW server_version")
    return "PostgreSQL " + version.split()[0]


def leave(number, _):
    """The first Ctrl-C cleans up; a second one does not stop that."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def play(cluster, asked, scenarios):
    for scenario in scenarios:
        straight, through = (Stage(cluster, asked.rows, asked.every / 1000, scenario, way).play() for way in (False, True))
        yield scenario, straight, through


def show(run):
    print(dict(collections.Counter((v.version, v.page, v.error) for v in run.visits)))
    for migration in run.migrations:
        print(f"--- {migration.scene}: {migration.seconds:.1f} s")
        print("\n".join(text.strip()[-1500:] for text in migration.errors))
    for record in run.audit:
        print({k: v for k, v in record.items() if k in ("event", "statement", "kind", "rules", "action", "outcome", "sqlstate", "attempts",
                                                        "lock_wait_ms", "hold_ms", "duration_ms", "step")})


def main():
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, leave)
    asked = options()
    scenarios = chosen(asked.scenario)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # visitors who wait, a socket each
    begin, wrong, played = time.monotonic(), [], []
    with contextlib.ExitStack() as stack:
        cluster = Cluster(log_statement="none", shared_buffers="512MB", max_wal_size="8GB")
        stack.callback(cluster.remove)
        cluster.start()
        seed.fill(cluster, asked.rows)
        print(f"{asked.rows:,} orders, seeded in {time.monotonic() - begin:.0f} s\n\n{header()}", flush=True)
        for scenario, straight, through in play(cluster, asked, scenarios):
            played.append((scenario, straight, through))
            print(row(scenario, straight, through), flush=True)
            if asked.verbose:
                show(straight)
                show(through)
            for problem in judged(scenario, straight, through, asked.margin / 1000):
                wrong.append(f"{scenario.number}: {problem}")
                print(f"     {problem}", flush=True)
        for problem in without_growth(played):
            wrong.append(problem)
            print(problem)
        took = time.monotonic() - begin
        print(f"\n{took:.0f} s")
        if asked.page:
            (HERE / f"{asked.page}.md").write_text(page.text(played, asked, took, server(cluster)))
            (HERE / f"{asked.page}.svg").write_text(chart.svg(played, f"A site of {asked.rows:,} orders while it is migrated"))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
