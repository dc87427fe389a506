"""Medians over the rounds, and ratios to PgBouncer, as a table and as JSON."""

import statistics


def medians(rounds):
    """{number: (median, spread)} of a list of {number: value}; spread is (largest - smallest) / median."""
    out = {}
    for name in rounds[0]:
        values = [r[name] for r in rounds]
        middle = statistics.median(values)
        out[name] = (middle, (max(values) - min(values)) / middle if middle else 0.0)
    return out


def text(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def lines(results):
    """Of each case and number: (case, number, {contender: (its median, the ratio to PgBouncer's or None)}, spread of the worst)."""
    for case, found in results.items():
        by_name = {contender: medians(rounds) for contender, rounds in found.items() if rounds}
        for number in dict.fromkeys(n for m in by_name.values() for n in m):
            base = by_name.get("pgbouncer", {}).get(number, (0.0,))[0]
            measured = {name: m[number] for name, m in by_name.items() if number in m}
            values = {name: (value, value / base if base else None) for name, (value, _) in measured.items()}
            yield case, number, values, max(spread for _, spread in measured.values())
            case = ""


def cell(value, ratio):
    return text(value) + (f" ({ratio:.2f})" if ratio is not None else "")


def table(results, contenders):
    """One line for each case and number: the median of each contender, its ratio to PgBouncer's in brackets."""
    out = [f"{'case':30} {'number':16}" + "".join(f"{name:>22}" for name in contenders)]
    for case, number, values, spread in lines(results):
        cells = [cell(*values[name]) if name in values else "-" for name in contenders]
        out.append(f"{case:30} {number:16}" + "".join(f"{c:>22}" for c in cells) + f"   +-{spread * 50:.0f} %")
    return "\n".join(out)


def markdown(results, contenders):
    """The same table for a page; the spread is half of (largest - smallest) / median, of the worst contender."""
    out = ["| case | number | " + " | ".join(contenders) + " | spread |", "|---|---|" + "---:|" * (len(contenders) + 1)]
    for case, number, values, spread in lines(results):
        cells = [cell(values[name][0], values[name][1] if name != "pgbouncer" else None) if name in values else "" for name in contenders]
        out.append(f"| {case} | {number} | " + " | ".join(cells) + f" | {spread * 50:.0f} % |")
    return "\n".join(out)


def as_json(results):
    return {case: {contender: {number: {"median": m, "spread": s} for number, (m, s) in medians(rounds).items()}
                   for contender, rounds in found.items() if rounds} for case, found in results.items()}
