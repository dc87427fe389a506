"""What the demo prints: headings, two columns side by side, and progress that leaves nothing behind."""

import os
import shutil
import sys
import textwrap

WIDTH = max(70, min(shutil.get_terminal_size((100, 24)).columns, 120))
COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def coloured(text, code):
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


def bold(text):
    return coloured(text, "1")


def red(text):
    return coloured(text, "31")


def green(text):
    return coloured(text, "32")


def wrapped(text, width, first="", following=""):
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=following, break_on_hyphens=False)


def heading(text):
    print(f"\n{bold(text)}\n{'-' * min(len(text), WIDTH)}")


def paragraph(text, indent="", following=None):
    print("\n".join(wrapped(text, WIDTH, indent, indent if following is None else following)))


def fields(record):
    """Name and value of each field, one below the other."""
    width = max(map(len, record))
    for name, value in record.items():
        paragraph(str(value), f"  {name:{width}}  ", " " * (width + 4))


def beside(first, second):
    """Two texts on one line where there is room, else one below the other."""
    print(first + second if len(first + second) <= WIDTH else f"{first.rstrip()}\n      {second}")


def side_by_side(left_title, left, right_title, right):
    """Two columns of wrapped lines."""
    column = (WIDTH - 5) // 2

    def lines(title, texts):
        return [title, "-" * column] + [line for text in texts for line in wrapped(text, column, following="  ")]

    pairs = [lines(left_title, left), lines(right_title, right)]
    for i in range(max(map(len, pairs))):
        first, second = (part[i] if i < len(part) else "" for part in pairs)
        print(f"  {first:{column}} | {second}".rstrip())


def progress(text):
    """What is being done now; overwritten by what comes next where there is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text} ...", end="", file=sys.stderr, flush=True)
    else:
        print(f"{text} ...", file=sys.stderr, flush=True)


def progress_done():
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
