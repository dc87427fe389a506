"""RESULTS.md: the table of one run, and what stands behind its rows."""

import json
import platform

from visitors import percentile

PAGE = """# The outages, replayed: results

Written by `./run scenarios {options}`; not by hand. {machine}. {server}, Django {django}, gunicorn; {rows:,} orders. One run of {took:.0f} s.

A Django site is visited every 20 ms on each of two pages, one that reads and one that writes, whatever became of the visits
before; a visitor gives up after 30 s. Each migration runs twice on copies of one database: straight to PostgreSQL, and through
Lockkeeper, site and migration both. Nothing in the project changes but HOST and PORT. The figures are what the slowest visitor
waited for, how many got an error or nothing, and how long the deploy took. Idle, 99 of 100 visitors waited {idle_straight:.0f} ms at most
straight and {idle_through:.0f} ms through Lockkeeper.

{table}

Afterwards the schema is compared (it is what the same migration leaves straight), the rows are counted and checked, and the
audit log must have the decision. *Refused* means that the migration ended with an error of `LK001` (16b and 16c: `LK003`), that
nothing was changed by it, that the error told what to write instead, and that the migration which follows that advice
(`project/scenes/*_advised`) went through while the same visitors came.

{notes}

![What visitors waited for over time]({name}.svg)
"""


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="ascii") if line.startswith("model name")), "?")
    memory = int(open("/proc/meminfo", encoding="ascii").readline().split()[1]) >> 20
    cores = sum(line.startswith("processor") for line in open("/proc/cpuinfo", encoding="ascii"))
    return f"{cores} cores ({model}), {memory} GiB, Linux {platform.release()}"


def markdown(played):
    lines = ["| | migration | straight: longest wait | failed | took | Lockkeeper: longest wait | failed | took | |",
             "|---|---|---:|---:|---:|---:|---:|---:|---|"]
    for scenario, *runs in played:
        cells = [f"{run.longest * 1000:,.0f} ms | {run.failed:,} | {sum(m.seconds for m in run.migrations):.1f} s" for run in runs]
        what = "cut off by `locks.max_hold`, then as advised" if scenario.cut else "refused, then as advised" if scenario.refused else ""
        lines.append(f"| {scenario.number} | {scenario.name} | {' | '.join(cells)} | {what} |")
    return "\n".join(lines)


def notes(played):
    """What differs from Lockkeeper's defaults, and from the schema."""
    out = []
    for scenario, straight, through in played:
        parts = []
        if scenario.settings:
            parts.append(f"asked for with `{json.dumps(scenario.settings)}`")
        if scenario.differs:
            parts.append(f"the schema differs: {scenario.differs}")
        if scenario.report:
            parts.append("a report's transaction stays open for 4 s after the migration has come")
        if scenario.deploys > 1:
            failed = [len(run.migrations[0].errors) for run in (straight, through)]
            parts.append(f"of {scenario.deploys} deploys {failed[0]} failed straight, {failed[1]} through Lockkeeper")
        if scenario.next_version:
            parts.append("both versions of the application run side by side for 2 s")
        if scenario.cut:
            parts.append("the lock was held for as long as `locks.max_hold` (5 s) allows, and the rows that had been saved were rolled back")
        if parts:
            out.append(f"- {scenario.number}: {'; '.join(parts)}.")
    return "\n".join(out)


def growth(played):
    """How long the site stood still where the rows are twice as many."""
    by_number = {scenario.number: runs for scenario, *runs in played}
    for scenario, *runs in played:
        if whole := by_number.get(scenario.half_of):
            waits = [[run.longest for run in each] for each in (runs, whole)]
            yield (f"- {scenario.number} and {scenario.half_of}: with twice the rows the site stood still for {waits[1][0]:.1f} s in place of "
                   f"{waits[0][0]:.1f} s straight, and for {waits[1][1]:.1f} s in place of {waits[0][1]:.1f} s through Lockkeeper.")


def text(played, asked, took, server):
    import django
    idle = [percentile([v for each in played for v in each[way].idle], 0.99) * 1000 for way in (1, 2)]
    options = " ".join(["--page" if asked.page == "RESULTS" else f"--rows {asked.rows} --page {asked.page}", *asked.scenario])
    return PAGE.format(machine=machine(), server=server, django=django.get_version(), rows=asked.rows, took=took, table=markdown(played),
                       notes="\n".join([notes(played), *growth(played)]), idle_straight=idle[0], idle_through=idle[1], name=asked.page,
                       options=options)
