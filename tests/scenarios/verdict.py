"""What must be true of a scenario that was played both ways, and the line that is printed of it."""

from stage import REPORT
from visitors import failed, percentile

MAX_HOLD = 5.0  # seconds: locks.max_hold, unless it is set


def allowed(scenario, through, margin):
    """For how long a visitor may wait through Lockkeeper, in seconds."""
    return percentile(through.idle, 0.99) + margin + (MAX_HOLD if scenario.cut else 0)


def judged(scenario, straight, through, margin):
    """What is wrong."""
    found = [f"straight: {text}" for text in straight.wrong] + [f"through Lockkeeper: {text}" for text in through.wrong]
    found += list(visitors_of(scenario, straight, through, margin))
    found += list(migrations_of(scenario, straight, through))
    found += list(audit_of(scenario, through))
    return found


def visitors_of(scenario, straight, through, margin):
    limit = allowed(scenario, through, margin)
    if through.failed:
        yield f"through Lockkeeper {through.failed} visitors failed, the first with {failed(through.visits)[0].error}"
    if through.longest > limit:
        yield f"through Lockkeeper a visitor waited for {through.longest * 1000:,.0f} ms, and at most {limit * 1000:,.0f} ms are allowed"
    least = 0.9 * REPORT if scenario.report else through.longest if scenario.cut else 0
    if scenario.next_version and not straight.failed or straight.longest < least:
        yield "straight no visitor failed, or waited for long: the scenario shows nothing"


def migrations_of(scenario, straight, through):
    first, *following = through.migrations
    if scenario.refused and not any(scenario.refused in text for text in first.errors):
        yield f"the first migration does not say: {scenario.refused}\n" + "\n".join(first.errors)[-800:]
    if not scenario.refused and first.errors:
        yield "through Lockkeeper the migration failed:\n" + first.errors[0][-800:]
    for migration in following:
        if migration.errors:
            yield f"what was advised failed ({migration.scene}):\n" + migration.errors[0][-800:]
    if straight.migrations[0].errors and scenario.deploys == 1:
        yield "straight the migration failed:\n" + straight.migrations[0].errors[0][-800:]
    if not scenario.refused and not scenario.differs and straight.schema != through.schema:
        yield "the schema is not what it is straight:\n" + "\n".join(sorted(set(straight.schema.splitlines()) ^ set(through.schema.splitlines())))


def audit_of(scenario, through):
    def is_like(record):
        wanted = dict(scenario.audited)
        rule = wanted.pop("rules", None)
        return (rule is None or rule in record.get("rules", [])) and all(record.get(k) == v for k, v in wanted.items())

    if not any(is_like(record) for record in through.audit):
        yield f"no audit record with {scenario.audited}"


def without_growth(played):
    """Straight a visitor waits the longer the more rows there are; locks.max_hold is the same for all."""
    longest = {scenario.number: straight.longest for scenario, straight, _ in played}
    for scenario, straight, _ in played:
        other = longest.get(scenario.half_of)
        if other and other < 1.4 * straight.longest:
            yield f"{scenario.half_of}: twice the rows of {scenario.number} and not much longer: {other:.1f} s, and {straight.longest:.1f} s"


def header():
    return (f"{'':4} {'':52} {'straight':^24} {'through Lockkeeper':^38}\n"
            f"{'':4} {'':52} {'longest wait':>12} {'failed':>8} {'took':>8}  {'longest wait':>12} {'failed':>8} {'took':>8}")


def row(scenario, straight, through):
    def cells(run):
        return f"{run.longest * 1000:>9,.0f} ms {run.failed:>8,} {sum(m.seconds for m in run.migrations):>6.1f} s"
    refused = "  refused, then as advised" if scenario.refused else ""
    return f"{scenario.number:4} {scenario.name:52} {cells(straight)}  {cells(through)}{refused}"
