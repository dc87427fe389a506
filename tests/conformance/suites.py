"""One leg: a fresh server, one of PostgreSQL's suites run on it through some port, and what it has put out."""

import os
import pathlib
import re
import shutil
import subprocess

from cluster import Cluster
from proxy import Proxy

# The texts are compared with one another: what may change them from run to run by itself is off.
SERVER = dict(autovacuum="off", jit="off", log_statement="none", max_connections=60, max_locks_per_transaction=128,
              wal_level="replica")

# A slow machine must not change the outcome: what ends statements and transactions is far away.
PATIENT = {"timeouts": {"statement": "5min"}, "locks": {"max_hold": "5min"}}
# The isolation tester lets the next session go on once the server shows that a statement waits for a lock. Lockkeeper's own
# waiting, without queueing, does not show there: so one attempt, which waits for long.
IN_THE_QUEUE = {"timeouts": {"statement": "5min", "lock": "5min"}, "locks": {"budget": 0, "max_hold": "5min"}}


class Stage:
    """A server, Lockkeeper before it unless `mode` is "straight", and a directory that the server's user may use."""

    def __init__(self, mode, settings, source):
        self.mode = mode
        self.settings = settings
        self.source = source
        self.cluster = Cluster(**SERVER)
        self.directory = pathlib.Path(self.cluster.directory)
        self.proxy = None

    def __enter__(self):
        try:
            self.cluster.start()
            if self.mode != "straight":
                self.proxy = Proxy(self.cluster.port, mode=self.mode, **self.settings)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.proxy:
            self.proxy.stop()
            self.proxy.remove()
        self.cluster.remove()

    @property
    def port(self):
        return (self.proxy or self.cluster).port

    def copy(self, path):
        """A directory of the source, where the server's user can read it too."""
        place = self.directory / path.name
        shutil.copytree(path, place)
        self.own(place)
        return place

    def empty(self, name):
        place = self.directory / name
        place.mkdir()
        self.own(place)
        return place

    def own(self, place):
        if self.cluster.as_owner:
            subprocess.run(["chown", "-R", "postgres:", str(place)], check=True)

    def run(self, command, log, **variables):
        """As the server's user. What the command says goes to a file: its verdict on its own expectations is not asked for."""
        environment = {**os.environ, "PGGSSENCMODE": "disable", **variables}
        with open(log, "ab") as file:
            return subprocess.run([*self.cluster.as_owner, *map(str, command)], stdout=file, stderr=file,
                                  stdin=subprocess.DEVNULL, cwd=self.directory, env=environment, check=False).returncode

    def masked(self, text):
        """Where this leg lay and which port it had. A number alone may be a salary of the suite's."""
        text = text.replace(str(self.directory), "<directory>")
        return re.sub(rf"(port\W{{1,3}}){self.port}\b", r"\1<port>", text)

    def results(self, place):
        found = {}
        for path in sorted(place.iterdir()):
            if path.is_file():
                found[path.stem] = self.masked(path.read_text(encoding="utf-8", errors="surrogateescape"))
        return found


def regress(stage, log, only):
    inputs, library = stage.copy(stage.source.tree / "regress"), stage.empty("lib")
    shutil.copy(stage.source.library, library)
    for name in ("autoinc.so", "refint.so"):  # contrib/spi: the trigger tests load them from where regress.so lies
        shutil.copy(stage.source.binaries.parent / "lib" / name, library)
    out = stage.empty("regress_out")
    tests = ["test_setup", *only] if only else [f"--schedule={inputs}/parallel_schedule"]
    stage.run([stage.source.harness / "regress/pg_regress", f"--bindir={stage.source.binaries}", "--host=127.0.0.1",
               f"--port={stage.port}", "--user=postgres", f"--dlpath={library}", f"--inputdir={inputs}",
               f"--outputdir={out}", "--max-concurrent-tests=20", *tests], log)
    return stage.results(out / "results")


def isolation(stage, log, only):
    inputs, out = stage.copy(stage.source.tree / "isolation"), stage.empty("isolation_out")
    tests = only or [f"--schedule={inputs}/isolation_schedule"]
    stage.run([stage.source.harness / "isolation/pg_isolation_regress", f"--bindir={stage.source.binaries}",
               "--host=127.0.0.1", f"--port={stage.port}", "--user=postgres", f"--inputdir={inputs}", f"--outputdir={out}",
               *tests], log, PGISOLATIONTIMEOUT="60")
    return stage.results(out / "results")


UNORDERED = "pipelined_insert"  # sends and hears as the kernel's buffers allow: each direction counts by itself
UNTRACED = "uniqviol"           # draws lots for how many rows it inserts: only its verdict counts


def libpq_pipeline(stage, log, only):
    found, out = {}, stage.empty("pipeline_out")
    program = shutil.copy(stage.source.pipeline, stage.directory)
    dsn = stage.cluster.dsn().replace(str(stage.cluster.port), str(stage.port))
    for test in only or subprocess.run([program, "tests"], capture_output=True, text=True, check=True).stdout.split():
        trace, said = out / f"{test}.trace", out / f"{test}.log"
        tracing = [] if test == UNTRACED else ["-t", trace]
        status = stage.run([program, "-r", 700, *tracing, test, dsn], said)
        lines = trace.read_text().splitlines(keepends=True) if trace.exists() else []
        if test == UNORDERED:
            lines.sort(key=lambda line: line[:1])
        found[test] = "".join(lines) + f"exit status {status}\n"
        with open(log, "a", encoding="utf-8") as file:
            file.write(said.read_text(errors="replace"))
    return found


SUITES = {"regress": (regress, PATIENT), "isolation": (isolation, IN_THE_QUEUE), "libpq_pipeline": (libpq_pipeline, PATIENT)}
