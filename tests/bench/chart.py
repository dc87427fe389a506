"""The bench's medians as a picture: how Lockkeeper and HAProxy stand to PgBouncer, which is 1. Of CPU time, which scatters less than
throughput where others use the machine, too."""

COLOURS = {"lockkeeper": "#2f6f4f", "haproxy": "#9aa7b1"}
LEFT, UNIT, BAR, ROW, TOP = 250, 260, 13, 44, 64  # pixels; UNIT is as long as PgBouncer's bar
LONGEST = 2.4  # times PgBouncer: a bar is cut off there
NUMBER, TITLE = "cpu us", "CPU time of the proxy for a transaction, by PgBouncer's (less is better)"


def ratios(cases):
    """[(case, {contender: ratio to PgBouncer})] of the cases that have the number for both."""
    found = []
    for case, by_name in cases.items():
        base = by_name.get("pgbouncer", {}).get(NUMBER, {}).get("median")
        mine = {name: by_name[name][NUMBER]["median"] / base for name in COLOURS if base and NUMBER in by_name.get(name, {})}
        if "lockkeeper" in mine:
            found.append((case, mine))
    return found


def bar(y, name, ratio):
    width = min(ratio, LONGEST) * UNIT
    return (f'<rect x="{LEFT}" y="{y}" width="{width:.0f}" height="{BAR}" fill="{COLOURS[name]}"/>'
            f'<text x="{LEFT + width + 6:.0f}" y="{y + BAR - 2}" font-size="11">{ratio:.2f}</text>')


def svg(cases):
    """One chart; the line at 1 is PgBouncer."""
    rows = ratios(cases)
    height, width = TOP + ROW * len(rows) + 20, int(LEFT + LONGEST * UNIT + 60)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
           'font-family="sans-serif" fill="#1c2328">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="16" y="26" font-size="16" font-weight="bold">{TITLE}</text>']
    x = LEFT
    for name, colour in COLOURS.items():
        out.append(f'<rect x="{x}" y="38" width="12" height="12" fill="{colour}"/><text x="{x + 18}" y="48" font-size="12">{name}</text>')
        x += 110
    out.append(f'<text x="{LEFT + UNIT + 4}" y="48" font-size="12">1 = PgBouncer</text>')
    for i, (case, mine) in enumerate(rows):
        y = TOP + i * ROW
        out.append(f'<text x="{LEFT - 10}" y="{y + 18}" font-size="12" text-anchor="end">{case}</text>')
        out += [bar(y + 2 + n * (BAR + 2), name, mine[name]) for n, name in enumerate(COLOURS) if name in mine]
    out.append(f'<line x1="{LEFT + UNIT}" y1="{TOP - 8}" x2="{LEFT + UNIT}" y2="{height - 14}" stroke="#b03a2e" stroke-dasharray="4 3"/>')
    return "\n".join(out + ["</svg>", ""])
