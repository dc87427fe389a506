"""Whatever ends at whichever step of a plan: nothing is half there, nothing of anybody else's is gone, and the same
migration, run again, completes.

What ends: Lockkeeper (kill -9), the client (kill -9), the server process (pg_terminate_backend), or the wish (a cancel).
Where: before a step is sent, in its middle (it waits for a lock), and when the server has done it but nobody has heard.
"""

import contextlib
import itertools
import json
import subprocess

import psycopg2
import pytest

from cluster import WAITS_FOR_LOCK, wait_until
from proxy import Proxy
from relay import Relay, without_oids
from rewrites import BYSTANDERS, REWRITES
from test_cancel import cancel
from wire import Wire, errors, query

BEFORE, MIDDLE, AFTER = "before", "in the middle of", "after"
SCHEMA = "CURRENT_SCHEMA"
ROWS = 200
numbers = itertools.count(1)

# Everything of one schema that a statement may change, a bystander's things included.
STATE = r"""
WITH r AS (SELECT c.* FROM pg_class AS c WHERE relnamespace = %(schema)s::regnamespace)
SELECT 'relation', relname, concat_ws(' ', relkind, relispartition, pg_get_expr(relpartbound, oid), obj_description(oid, 'pg_class')) FROM r
UNION ALL
SELECT 'column', relname, concat_ws(' ', row_number() OVER (PARTITION BY r.oid ORDER BY attnum), attname, format_type(atttypid, atttypmod),
    attnotnull, pg_get_expr(adbin, adrelid), col_description(r.oid, attnum))
    FROM r JOIN pg_attribute ON (attrelid = r.oid AND attnum > 0 AND NOT attisdropped) LEFT JOIN pg_attrdef ON (adrelid = r.oid AND adnum = attnum)
    WHERE relkind <> 'i'
UNION ALL
SELECT 'constraint', relname, concat_ws(' ', conname, pg_get_constraintdef(k.oid), convalidated, conislocal, coninhcount)
    FROM r JOIN pg_constraint AS k ON (conrelid = r.oid)
UNION ALL
SELECT 'index', relname, concat_ws(' ', pg_get_indexdef(indexrelid), 'valid:', indisvalid, 'ready:', indisready, 'live:', indislive)
    FROM r JOIN pg_index ON (indexrelid = r.oid)
UNION ALL
SELECT 'below', relname, concat_ws(' ', inhparent::regclass, inhdetachpending) FROM r JOIN pg_inherits ON (inhrelid = r.oid)
UNION ALL
SELECT 'rows', relname, md5(query_to_xml(format('SELECT * FROM %%I.%%I AS x ORDER BY x::text', %(schema)s, relname), true, true, '')::text)
    FROM r WHERE relkind IN ('r', 'm')
ORDER BY 1, 2, 3
"""


class Stand:
    """One database; each case has a schema of its own in it."""

    def __init__(self, cluster, database, again):
        self.cluster, self.database, self.again = cluster, database, again
        self.relay = Relay(cluster.port)
        self.connection = cluster.connect(database, application_name="straight")
        self.lasting = self.proxy()
        self.known = {}

    def proxy(self):
        return Proxy(self.relay.port, mode="enforce", small_table=0, locks={"budget": "20s", "old_after": "50ms"})

    def run(self, sql, values=None):
        cursor = self.connection.cursor()
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []

    def given(self, rewrite):
        schema = f"case_{next(numbers)}"
        self.run(f"CREATE SCHEMA {schema}; SET search_path = {schema}; {BYSTANDERS} {rewrite.setup(ROWS)}")
        return schema

    def state(self, schema):
        return [tuple(str(value).replace(schema, SCHEMA) for value in row) for row in self.run(STATE, {"schema": schema})]

    def attempt(self, endpoint, schema, sql):
        """None, or the SQLSTATE."""
        with contextlib.closing(endpoint.connect(self.database, options=f"-c search_path={schema}")) as connection:
            try:
                connection.cursor().execute(sql)
                return None
            except psycopg2.Error as error:
                return error.pgcode

    def expected(self, name):
        """What PostgreSQL makes of the statement itself, and of the same again, and the statements of the plan."""
        if name not in self.known:
            rewrite = REWRITES[name]
            schema = self.given(rewrite)
            assert self.attempt(self.cluster, schema, rewrite.statement) is None
            state = self.state(schema)
            again = self.attempt(self.cluster, schema, rewrite.statement), self.state(schema)
            self.drop(schema)
            schema = self.given(rewrite)
            assert self.attempt(self.lasting, schema, rewrite.statement) is None
            assert unlike(self.state(schema), state) == []
            steps = self.lasting.audited(event="outcome", outcome="done", statement=rewrite.statement)[-1]["steps"]
            assert len(steps) == len(rewrite.steps), steps
            self.drop(schema)
            self.known[name] = state, again, [without_oids(step["sql"]).replace(schema, SCHEMA) for step in steps]
        return self.known[name]

    def drop(self, schema):
        self.run(f"DROP SCHEMA {schema} CASCADE")

    def gone(self, pid):
        wait_until(lambda: not self.run("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]), "the server process has ended")

    def waits(self, pid, sql):
        """Its lock is somebody else's: it waits in the queue, or before it."""
        wait_until(lambda: self.run(f"SELECT 1 FROM pg_stat_activity WHERE pid = %s AND {WAITS_FOR_LOCK}", [pid]), f"it waits: {sql}")

    def close(self):
        self.connection.close()
        self.relay.stop()
        self.lasting.stop()
        self.lasting.remove()


@pytest.fixture(scope="module")
def stand(cluster, module_database, module_proxy):
    with contextlib.closing(Stand(cluster, module_database, module_proxy())) as made:
        yield made


class Told:
    """What the audit log says of one session."""

    def __init__(self, proxy, pid):
        self.path, self.pid, self.records = proxy.audit_path, pid, []
        self.offset = self.path.stat().st_size  # what is there is about others

    def all(self, event):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.offset += len(whole)
        self.records += [r for r in map(json.loads, whole.splitlines()) if r.get("server_pid") == self.pid]
        return [r for r in self.records if r["event"] == event]

    def steps(self):
        return [(without_oids(r["step"]["sql"]), r["step"]["outcome"]) for r in self.all("step")]

    def decision(self):
        return self.all("decision")[0]

    def outcome(self):
        return next(iter(self.all("outcome")), None)


class Client:
    """Sends one statement. Its socket belongs to a process of its own, if it is to be killed."""

    def __init__(self, proxy, stand, schema, apart):
        self.wire = Wire(proxy.port, database=stand.database, options=f"-c search_path={schema}")
        self.process = None
        if apart:
            self.process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=self.wire.socket)
            self.wire.socket.close()

    def send(self, sql):
        if not self.process:
            return self.wire.send(query(sql))
        self.process.stdin.write(query(sql))
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process:
            self.kill()
            self.process.stdin.close()
        self.wire.socket.close()


@contextlib.contextmanager
def blocked(stand, schema, sql):
    with contextlib.closing(stand.cluster.connect(stand.database, autocommit=False)) as holder:
        holder.cursor().execute(f"SET search_path = {schema}; {sql}")
        yield


def proxy_dies(stand, proxy, client):
    stand.relay.hold.lost = True
    proxy.process.kill()
    proxy.process.wait()


def client_dies(stand, proxy, client):
    client.kill()


def server_process_dies(stand, proxy, client):
    assert stand.run("SELECT pg_terminate_backend(%s)", [client.wire.pid])


def client_cancels(stand, proxy, client):
    cancel(proxy.port, client.wire.pid, client.wire.key)


FAULTS = {"kill -9 lockkeeper": proxy_dies, "kill -9 client": client_dies, "terminate": server_process_dies, "cancel": client_cancels}


def places(rewrite):
    """Every boundary once: behind a step is before the next one."""
    for at in range(len(rewrite.steps)):
        yield from ((at, BEFORE), (at, MIDDLE))
    yield at, AFTER


CASES = [pytest.param(name, at, place, fault, id=f"{name}: {fault} {place} step {at + 1}")
         for name, rewrite in REWRITES.items() for at, place in places(rewrite) for fault in FAULTS]


@pytest.mark.parametrize("name, at, place, fault", CASES)
def test_kill(name, at, place, fault, stand):
    rewrite = REWRITES[name]
    wanted, again, steps = stand.expected(name)
    schema = stand.given(rewrite)
    given = stand.state(schema)
    sql = steps[at].replace(SCHEMA, schema)
    with contextlib.ExitStack() as opened:
        proxy = stand.lasting
        if fault == "kill -9 lockkeeper":
            proxy = stand.proxy()
            opened.callback(proxy.remove)
            opened.callback(proxy.stop)
        client = opened.enter_context(contextlib.closing(Client(proxy, stand, schema, fault == "kill -9 client")))
        told = Told(proxy, client.wire.pid)
        with stand.relay.holding(sql, 1 + steps[:at].count(steps[at]), answer=place == AFTER) as hold:
            client.send(rewrite.statement)
            assert hold.reached.wait(20), f"never came: {sql}"
            done = [(step.replace(SCHEMA, schema), "done") for step in steps[:at]]
            wait_until(lambda: told.all("decision") and told.steps() == done, f"the decision and the steps so far are on disk: {done}")
            if place == MIDDLE:
                with blocked(stand, schema, rewrite.steps[at]):
                    hold.released.set()
                    stand.waits(client.wire.pid, sql)
                    FAULTS[fault](stand, proxy, client)
            else:
                FAULTS[fault](stand, proxy, client)
        if fault == "cancel":
            said = [e["C"] for e in errors(client.wire.until_ready())]
            assert said in ([], ["57014"])
        else:
            stand.gone(client.wire.pid)
        state = stand.state(schema)
        assert told.decision()["statement"] == rewrite.statement
        if fault == "kill -9 lockkeeper":
            assert told.outcome() is None
        else:
            outcome = wait_until(told.outcome, "the outcome is on disk")
            check(outcome, fault, name, state, given, wanted)
    # Where only the answer was lost, the statement does what it does to PostgreSQL the second time.
    expected = again if state == wanted else (None, wanted)
    assert stand.attempt(stand.again, schema, rewrite.statement) == expected[0]
    assert unlike(stand.state(schema), expected[1]) == []
    stand.drop(schema)


def unlike(there, wanted):
    return sorted([("not there", *row) for row in set(wanted) - set(there)] + [("too much", *row) for row in set(there) - set(wanted)])


# What drops an index has no way back, and what has begun to detach a partition neither.
NO_WAY_BACK = ("drop index", "drop indexes", "detach")


def check(outcome, fault, name, state, given, wanted):
    """The audit log tells what is there."""
    if outcome["outcome"] == "done":
        assert unlike(state, wanted) == []
    elif outcome["outcome"] == "failed":
        assert name in NO_WAY_BACK or unlike(state, given) == []
    else:
        assert (outcome["outcome"], fault) == ("server lost", "terminate")
    if fault == "kill -9 client":
        assert outcome["outcome"] == "done"
    if fault == "cancel":
        assert outcome.get("sqlstate") == (None if outcome["outcome"] == "done" else "57014")
