"""Adds up the JUnit files of all parts, and repeats what failed: the end of a long run's output is what people see first."""

import pathlib
import sys
import xml.etree.ElementTree as tree

LINES = 12  # of what a program said before it died


def failures(suite):
    for case in suite.iter("testcase"):
        for failure in [*case.findall("failure"), *case.findall("error")]:
            yield " ".join(filter(None, (case.get("classname"), case.get("name")))), (failure.get("message") or "").split("\n")[0]


def last_words(path):
    said = path.with_suffix(".txt")
    return said.read_text(errors="replace").splitlines()[-LINES:] if said.exists() else []


def main(paths):
    total = failed = skipped = 0
    for path in map(pathlib.Path, paths):
        root = tree.parse(path).getroot()
        suites = root.findall("testsuite") or [root]
        for suite in suites:
            count = lambda name: int(suite.get(name) or 0)
            bad = count("failures") + count("errors")
            total += count("tests")
            failed += bad
            skipped += count("skipped") + count("disabled")
            if not bad:
                continue
            named = list(failures(suite))
            for name, why in named:
                print(f"FAILED {path.stem}: {name}: {why}")
            if not named:
                print(f"FAILED {path.stem}; the end of what it said:", *last_words(path), sep="\n  ")
    print(f"{total - failed - skipped} passed, {failed} failed, {skipped} skipped")


if __name__ == "__main__":
    main(sys.argv[1:])
