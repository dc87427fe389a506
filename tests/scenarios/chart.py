"""What visitors waited for over time, as a picture: a panel for each of some scenarios, straight and through Lockkeeper."""

import math

WAYS = {"straight": "#b03a2e", "through Lockkeeper": "#2f6f4f"}
SHOWN = ("3", "7", "15", "16b")  # the panels
WIDTH, HEIGHT = 440, 190         # of a panel's plot, pixels
LEFT, TOP, GAP = 70, 84, 92
LEAST, MOST = 0.001, 40.0        # seconds, the ends of the logarithmic scale
BEFORE = 1.5                     # seconds shown before the migration begins
SLOT = 0.1                       # seconds of which the longest wait is one point


def points(run):
    """[(seconds since the migration began, longest wait in seconds)], by when the visitors came."""
    slots = {}
    for visit in run.idle + run.visits:
        at = math.floor((visit.begin - run.begin) / SLOT)
        if at * SLOT >= -BEFORE:
            slots[at] = max(slots.get(at, 0.0), visit.seconds)
    return [(at * SLOT, wait) for at, wait in sorted(slots.items())]


def height_of(seconds):
    part = math.log(max(LEAST, min(MOST, seconds)) / LEAST) / math.log(MOST / LEAST)
    return HEIGHT * (1 - part)


def panel(title, runs, x, y):
    lines = {way: points(run) for way, run in runs.items()}
    end = max(at for line in lines.values() for at, _ in line) + SLOT
    scale = WIDTH / (BEFORE + end)
    out = [f'<g transform="translate({x},{y})">', f'<text y="-10" font-size="13" font-weight="bold">{title}</text>',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#c8d0d5"/>']
    for wait, name in ((0.01, "10 ms"), (0.1, "100 ms"), (1, "1 s"), (10, "10 s")):
        level = height_of(wait)
        out.append(f'<line x2="{WIDTH}" y1="{level:.0f}" y2="{level:.0f}" stroke="#e6eaec"/>'
                   f'<text x="-6" y="{level + 4:.0f}" font-size="11" text-anchor="end">{name}</text>')
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if (end + BEFORE) / s < 9)
    for second in range(0, int(end) + 1, step):
        out.append(f'<text x="{(second + BEFORE) * scale:.0f}" y="{HEIGHT + 15}" font-size="11" text-anchor="middle">{second} s</text>')
    out.append(f'<line x1="{BEFORE * scale:.0f}" x2="{BEFORE * scale:.0f}" y2="{HEIGHT}" stroke="#1c2328" stroke-dasharray="4 3"/>')
    for way, line in lines.items():
        path = " ".join(f"{(at + BEFORE) * scale:.1f},{height_of(wait):.1f}" for at, wait in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{WAYS[way]}" stroke-width="1.6"/>')
    return out + ["</g>"]


def svg(played, title):
    """`played`: [(scenario, straight, through)]."""
    shown = [each for each in played if each[0].number in SHOWN] or played[:len(SHOWN)]
    rows = (len(shown) + 1) // 2
    width, height = 2 * (WIDTH + LEFT) + 30, TOP + rows * (HEIGHT + GAP) - 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
           'font-family="sans-serif" fill="#1c2328">', f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="16" y="26" font-size="16" font-weight="bold">{title}</text>']
    for i, (way, colour) in enumerate(WAYS.items()):
        out.append(f'<rect x="{16 + i * 110}" y="38" width="12" height="12" fill="{colour}"/>'
                   f'<text x="{34 + i * 110}" y="48" font-size="12">{way}</text>')
    out.append('<text x="300" y="48" font-size="12">longest wait of those who came in each tenth of a second; the migration begins at 0</text>')
    for i, (scenario, straight, through) in enumerate(shown):
        place = LEFT + i % 2 * (WIDTH + LEFT), TOP + i // 2 * (HEIGHT + GAP)
        out += panel(f"{scenario.number}. {scenario.name}", dict(zip(WAYS, (straight, through))), *place)
    return "\n".join(out + ["</svg>", ""])
