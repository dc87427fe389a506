"""PostgreSQL's own tests, straight and through Lockkeeper: their output must be the same, file by file.

usage: conformance.py [--mode MODE]... [--test NAME]... [SUITE...]   (suites: regress, isolation, libpq_pipeline)

Both runs are compared with each other, not with what PostgreSQL expects. Where they may differ stands in `differences`.
"""

import argparse
import pathlib
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from cluster import binaries
from differences import Differences, difference, without_warnings
from source import ROOT, Source, say
from suites import SUITES, Stage

RESULTS = ROOT / "build/conformance"


def run(suite, mode, source, only):
    place = RESULTS / suite / mode
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, exist_ok=True)
    log = place / "log"
    began = time.monotonic()
    work, settings = SUITES[suite]
    with Stage(mode, settings, source) as stage:
        found = work(stage, log, only)
        (place / "server.log").write_text(stage.cluster.log())
        if stage.proxy:
            (place / "lockkeeper.log").write_text(stage.proxy.log())
            (place / "audit.jsonl").write_text(stage.proxy.audit_path.read_text())
            if not stage.proxy.alive():
                raise SystemExit(f"Lockkeeper ended with {stage.proxy.process.returncode} in {suite}: {place}/lockkeeper.log")
    if not found:
        raise SystemExit(f"{suite} has put out nothing: {log}")
    for name, text in found.items():
        (place / f"{name}.out").write_text(text, encoding="utf-8", errors="surrogateescape")
    say(f"{suite}, {mode}: {len(found)} files in {time.monotonic() - began:.0f} s")
    return found


def heard(mode, text):
    """In observe Lockkeeper adds nothing at all; guard warns."""
    return without_warnings(text) if text and mode == "guard" else text


def compare(suite, mode, straight, through, listed):
    """Prints what is new; True where nothing is."""
    identical = explained = 0
    others = {}
    for name in sorted(straight.keys() | through.keys()):
        lines = difference(straight.get(name), heard(mode, through.get(name)))
        left = listed.unexplained(mode, suite, name, lines)
        if not lines:
            identical += 1
        elif not left:
            explained += 1
        else:
            others[name] = left
    for name, left in others.items():
        print(f"--- {suite}/{name}: straight\n+++ {suite}/{name}: {mode}\n" + "\n".join(left[:40]))
        if len(left) > 40:
            print(f"... and {len(left) - 40} more lines")
    print(f"{suite}, {mode}: {len(straight)} files, {identical} identical, {explained} with listed differences, "
          f"{len(others)} with others", flush=True)
    return not others


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", action="append", choices=["observe", "guard"], help="default: both")
    parser.add_argument("--test", action="append", help="only this test of the suite, instead of its schedule; may be given several times")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES) + "; default: all")
    options = parser.parse_args()
    suites = options.suites or list(SUITES)
    if unknown := set(suites) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    if options.test and len(suites) != 1:
        parser.error("--test needs the one suite that it is from")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # as Ctrl-C: servers are stopped and their directories removed
    source = Source(binaries())
    say(f"the tests of PostgreSQL {source.version()} on the server in {source.binaries}")
    listed = Differences(pathlib.Path(__file__).with_name("differences.txt"))
    fine = True
    for suite in suites:
        straight = run(suite, "straight", source, options.test)
        for mode in options.mode or ["observe", "guard"]:
            through = run(suite, mode, source, options.test)
            fine &= compare(suite, mode, straight, through, listed)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
