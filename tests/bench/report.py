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


def table(results, contenders):
    """One line for each case and number: the median of each contender, its ratio to PgBouncer's in brackets."""
    lines = [f"{'case':30} {'number':16}" + "".join(f"{name:>22}" for name in contenders)]
    for case, found in results.items():
        by_name = {contender: medians(rounds) for contender, rounds in found.items() if rounds}
        numbers = list(dict.fromkeys(n for m in by_name.values() for n in m))
        for number in numbers:
            base = by_name.get("pgbouncer", {}).get(number)
            line = f"{case:30} {number:16}"
            for contender in contenders:
                value = by_name.get(contender, {}).get(number)
                ratio = f" ({value[0] / base[0]:.2f})" if value and base and base[0] else ""
                line += f"{(text(value[0]) + ratio) if value else '-':>22}"
            spread = max(m[number][1] for m in by_name.values() if number in m)
            lines.append(line + f"   +-{spread * 50:.0f} %")
            case = ""
    return "\n".join(lines)


def as_json(results):
    return {case: {contender: {number: {"median": m, "spread": s} for number, (m, s) in medians(rounds).items()}
                   for contender, rounds in found.items() if rounds} for case, found in results.items()}


def markdown(results, contenders):
    """The same table for a page; the spread is half of (largest - smallest) / median, of the worst contender."""
    lines = ["| case | number | " + " | ".join(contenders) + " | spread |", "|---|---|" + "---:|" * (len(contenders) + 1)]
    for case, found in results.items():
        by_name = {contender: medians(rounds) for contender, rounds in found.items() if rounds}
        for number in dict.fromkeys(n for m in by_name.values() for n in m):
            base = by_name.get("pgbouncer", {}).get(number)
            cells = []
            for contender in contenders:
                value = by_name.get(contender, {}).get(number)
                ratio = f" ({value[0] / base[0]:.2f})" if value and base and base[0] and contender != "pgbouncer" else ""
                cells.append(text(value[0]) + ratio if value else "")
            spread = max(m[number][1] for m in by_name.values() if number in m)
            lines.append(f"| {case} | {number} | " + " | ".join(cells) + f" | {spread * 50:.0f} % |")
            case = ""
    return "\n".join(lines)
