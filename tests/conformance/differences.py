"""What may differ between a run straight and one through Lockkeeper: read from differences.txt, told from what may not."""

import difflib
import fnmatch
import re


# Each of Lockkeeper's warnings ends in where to read more, as nothing of PostgreSQL's does.
OUR_WARNING = re.compile(r"^(?:psql:[^\n]*: |\w+: )?WARNING:  [^\n]*\n(?:DETAIL:  [^\n]*\n)?HINT:  [^\n]* More: lockkeeper explain [a-z-]+\n", re.M)


def without_warnings(text):
    return OUR_WARNING.sub("", text)


def difference(straight, through):
    """The lines that are on one side only, each behind its - or +."""
    if straight is None or through is None:
        return ["- no such file" if straight is None else "+ no such file"]
    lines = difflib.unified_diff(straight.splitlines(), through.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


class Differences:
    """The file is a list of: `# reason`, `MODE SUITE/TEST` (patterns of the shell), then lines of a difference as regular
    expressions behind - or +."""

    def __init__(self, path):
        self.entries = []
        reason = ""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("#"):
                reason = line
            elif line.startswith(("-", "+")):
                self.entries[-1][2].append((line[0], re.compile(line[1:])))
            elif line.strip():
                if not reason:
                    raise SystemExit(f"{path}:{number}: a difference without its reason")
                mode, test = line.split()
                self.entries.append((mode, test, []))
            else:
                reason = ""

    def unexplained(self, mode, suite, test, lines):
        patterns = [pattern for where, what, all_of_it in self.entries for pattern in all_of_it
                    if fnmatch.fnmatch(mode, where) and fnmatch.fnmatch(f"{suite}/{test}", what)]
        return [line for line in lines
                if not any(line[0] == side and pattern.fullmatch(line[1:]) for side, pattern in patterns)]
