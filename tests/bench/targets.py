"""What a run is to reach: one line for each target, and whether the medians of the run do."""

from dataclasses import dataclass
from typing import Callable, Optional

import report


@dataclass(frozen=True)
class Target:
    """`measure(m)` and `limit(m)` take {contender: {number: median}} of the case. A target with `least` wants no less than the limit,
    the others want no more; the goal is what would be better still."""

    case: str
    what: str
    measure: Callable
    limit: Callable
    goal: Optional[Callable] = None
    least: bool = False

    def verdict(self, m):
        value = self.measure(m)
        reached = (lambda bound: value >= bound) if self.least else (lambda bound: value <= bound)
        if not reached(self.limit(m)):
            return "missed"
        return "goal reached" if self.goal and reached(self.goal(m)) else "reached"


def fixed(value):
    return lambda m: value


def to(rival, number):
    return lambda m: m["lockkeeper"][number] / m[rival][number]


def own(number):
    return lambda m: m["lockkeeper"][number]


def added(name, number="p50 ms"):
    """What a contender adds to a straight connection, in milliseconds. A noisy machine may tell less than nothing."""
    return lambda m: max(m[name][number] - m["straight"][number], 0.0)


def at_least(case, what, measure, limit, goal=None):
    return Target(case, what, measure, fixed(limit), fixed(goal) if goal else None, least=True)


def at_most(case, what, measure, limit, goal=None):
    return Target(case, what, measure, fixed(limit), fixed(goal) if goal else None)


def round_trips(count, milliseconds=0.0):
    return lambda m: count * m["straight"]["round trip ms"] + milliseconds


SELECTS = [(mode, clients) for clients in (1, 16, 64) for mode in ("simple", "extended", "prepared")]
MUCH = [("rows of 48 KB", "per second", "cpu us"), ("COPY out", "MB per second", "cpu ms per GB"), ("COPY in", "MB per second", "cpu ms per GB")]

TARGETS = [
    *(at_least(f"-S {mode}, {clients}", "throughput, to PgBouncer's", to("pgbouncer", "per second"), 1.0, 1.1) for mode, clients in SELECTS),
    *(at_most(f"-S {mode}, {clients}", "CPU time, to PgBouncer's", to("pgbouncer", "cpu us"), 1.0, 0.8) for mode, clients in SELECTS),
    *(Target(f"-S {mode}, 1", "p50 added, ms; PgBouncer's", added("lockkeeper"), added("pgbouncer"), lambda m: 0.8 * added("pgbouncer")(m))
      for mode, clients in SELECTS if clients == 1),
    at_least("-N simple, 16", "throughput, to PgBouncer's", to("pgbouncer", "per second"), 1.0),
    at_least("pipeline of 1,000", "throughput, to PgBouncer's", to("pgbouncer", "per second"), 1.0, 1.3),
    *(at_least(case, "throughput, to HAProxy's", to("haproxy", number), 0.95, 1.0) for case, number, _ in MUCH),
    *(at_most(case, "CPU time, to HAProxy's", to("haproxy", number), 1.2, 1.0) for case, _, number in MUCH),
    *(at_least(f"-S {mode}, 16, TLS", "throughput, to PgBouncer's", to("pgbouncer", "per second"), 1.0, 1.2) for mode in ("simple", "prepared")),
    *(at_least(f"COPY {way}, TLS", "throughput, to PgBouncer's", to("pgbouncer", "MB per second"), 1.0, 1.2) for way in ("out", "in")),
    at_most("small queries beside a COPY", "p99, to that without", own("times"), 2.0, 1.3),
    at_least("connect and disconnect", "throughput, to PgBouncer's", to("pgbouncer", "per second"), 1.0),
    at_most("idle sessions", "bytes of each", own("bytes of each"), 6 * 1024, 2 * 1024),
    at_most("idle sessions, TLS", "bytes of each", own("bytes of each"), 40 * 1024),
    at_least("64 clients, workers", "two workers, to one", own("times"), 1.5),
    *(Target(case, "p50 added, ms; 3 round trips + 1", added("lockkeeper"), round_trips(3, 1.0), round_trips(2))
      for case in ("ADD COLUMN", "ADD COLUMN in a transaction")),
]


def judged(results):
    """[(target, measured, limit, goal or None, verdict)] of the targets whose case has run."""
    found = []
    for target in TARGETS:
        rounds = {name: r for name, r in results.get(target.case, {}).items() if r}
        if "lockkeeper" not in rounds:
            continue
        m = {name: {number: middle for number, (middle, _) in report.medians(r).items()} for name, r in rounds.items()}
        found.append((target, target.measure(m), target.limit(m), target.goal(m) if target.goal else None, target.verdict(m)))
    return found


def rows(results):
    sign = {True: ">=", False: "<="}
    for target, value, limit, goal, verdict in judged(results):
        yield (target.case, target.what, report.text(value), f"{sign[target.least]} {report.text(limit)}",
               report.text(goal) if goal is not None else "", verdict)


def markdown(results):
    out = ["| case | what | measured | target | goal | |", "|---|---|---:|---:|---:|---|"]
    return "\n".join(out + [f"| {' | '.join(row[:-1])} | {'**missed**' if row[-1] == 'missed' else row[-1]} |" for row in rows(results)])


def table(results):
    return "\n".join(f"{case:30} {what:34} {value:>10} {limit:>12} {goal:>8}  {verdict}" for case, what, value, limit, goal, verdict in rows(results))
