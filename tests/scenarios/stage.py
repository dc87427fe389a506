"""One scenario, played one way: the site with its visitors, and the deploy."""

import contextlib
import dataclasses
import subprocess
import time

from probe import lock_waited_for, report  # of the demo
from proxy import BINARY, Proxy
from seed import copied, removed, rows_of, without_currency
from visitors import Visitors, failed, longest
from web import Web, start_migration

WARM_UP = 1.0       # seconds until the web server's threads have their connections
IDLE = 2.0          # seconds of visits before the migration, to compare with
SIDE_BY_SIDE = 2.0  # seconds that both versions of the application run
AFTERWARDS = 0.5
REPORT = 4.0        # seconds that the report stays after the migration has come


@dataclasses.dataclass
class Migration:
    scene: str
    seconds: float
    errors: list   # of each deploy that failed, what it printed
    begin: float = 0.0  # time.monotonic()


@dataclasses.dataclass
class Run:
    """What was seen of one scenario, one way."""

    begin: float = 0.0     # of the first migration, time.monotonic()
    visits: list = dataclasses.field(default_factory=list)   # since then
    idle: list = dataclasses.field(default_factory=list)     # before
    migrations: list = dataclasses.field(default_factory=list)
    audit: list = dataclasses.field(default_factory=list)
    schema: str = ""       # at the end
    refused_schema: str = ""  # when the first migration had been refused
    wrong: list = dataclasses.field(default_factory=list)    # what should not be

    @property
    def longest(self):
        return longest(self.visits)

    @property
    def failed(self):
        return len(failed(self.visits))


def schema(cluster, database):
    """Without what pg_dump says of itself, and without Lockkeeper's own table."""
    command = [cluster.programs + "/pg_dump", "--schema-only", "--exclude-schema=lockkeeper", cluster.dsn(database)]
    dumped = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return "\n".join(line for line in dumped.splitlines() if line and not line.startswith(("--", "\\")))


class Stage:
    def __init__(self, cluster, rows, pause, scenario, through):
        self.cluster, self.rows, self.pause, self.scenario = cluster, rows, pause, scenario
        self.database = scenario.database + ("_through" if through else "_straight")
        self.proxy = None
        self.through = through
        self.run = Run()

    def play(self):
        with contextlib.ExitStack() as stack:
            stack.callback(removed, self.cluster, self.database)
            copied(self.cluster, self.database, self.scenario.prepare(self.rows))
            if self.through:
                self.proxy = Proxy(self.cluster.port, mode="enforce", **self.scenario.settings)
                stack.callback(self.proxy.remove)
                stack.callback(self.proxy.stop)
            self.endpoint = self.proxy or self.cluster
            before = schema(self.cluster, self.database)
            # The site is about the recent orders, as sites are.
            visitors = stack.enter_context(Visitors(self.rows // 2 + 1, self.rows, self.pause))
            self._deploy(stack, visitors)
            self._look(visitors.visits, before)
        return self.run

    def _web(self, stack, visitors, version):
        web = Web(self.endpoint, self.database, version)
        stack.callback(web.stop)
        visitors.begin(web)
        return web

    def _deploy(self, stack, visitors):
        scenario, run = self.scenario, self.run
        first = self._web(stack, visitors, "first")
        time.sleep(WARM_UP + IDLE)
        run.begin = time.monotonic()
        self._migrate(visitors, scenario.scene, "", scenario.deploys)
        if self.through and run.migrations[0].errors and scenario.advised:
            run.refused_schema = schema(self.cluster, self.database)
            self._migrate(visitors, scenario.advised, scenario.advised_to)
        if scenario.next_version:
            following = self._web(stack, visitors, (not self.through and scenario.next_straight) or scenario.next_version)
            time.sleep(SIDE_BY_SIDE)
            visitors.end(first)
            first.stop()
            self._when_the_first_is_gone(visitors)
            first = following
        time.sleep(AFTERWARDS)
        visitors.end(first)

    def _when_the_first_is_gone(self, visitors):
        if self.through and self.scenario.advised_to:
            self._migrate(visitors, self.scenario.advised, "")
        if self.through and self.scenario.finish:
            subprocess.run([str(BINARY), "finish", "--dsn", self.cluster.dsn(self.database)], check=True, capture_output=True)

    def _migrate(self, visitors, scene, target, deploys=1):
        begin = time.monotonic()
        with self._report():
            started = [start_migration(self.endpoint, self.database, scene, target) for _ in range(deploys)]
            said = [each.communicate() for each in started]
        errors = [text for each, (_, text) in zip(started, said) if each.returncode]
        self.run.migrations.append(Migration(scene, time.monotonic() - begin, errors, begin))

    def _report(self):
        if not self.scenario.report or self.run.migrations:
            return contextlib.nullcontext()
        come = self.proxy.audit if self.through else lambda: lock_waited_for(self.cluster, self.database)
        return report(self.cluster, self.database, REPORT, come)

    def _look(self, visits, before):
        run = self.run
        run.idle = [v for v in visits if run.begin - IDLE < v.begin < run.begin and v.begin + v.seconds < run.begin]
        run.visits = [v for v in visits if v.begin + v.seconds >= run.begin]
        run.schema = schema(self.cluster, self.database)
        run.audit = self.proxy.audit() if self.proxy else []
        self._look_at_rows(visits)
        if self.through and run.refused_schema and run.refused_schema != before:
            run.wrong.append("the refused migration has changed the schema")

    def _look_at_rows(self, visits):
        """Every order that was answered is there, and the migration has done what it was to do."""
        table = "shop_purchase" if "CREATE TABLE public.shop_purchase" in self.run.schema else "shop_order"
        written = [v for v in visits if v.page == "write"]
        most, least = self.rows + len(written), self.rows + len(written) - len(failed(written))
        (orders,), = rows_of(self.cluster, self.database, f"SELECT count(*) FROM {table}")
        if not least <= orders <= most:
            self.run.wrong.append(f"{orders:,} orders, and should be {least:,} to {most:,}")
        if not self.through and (self.scenario.advised or self.run.migrations[0].errors):
            return  # the check is of what was advised
        query, wanted = self.scenario.check
        (found,), = rows_of(self.cluster, self.database, query.format(rows=self.rows, without=without_currency(self.rows)))
        if found != wanted:
            self.run.wrong.append(f"{query}: {found}, and should be {wanted}")
