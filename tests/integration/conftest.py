import contextlib
import itertools

import pytest

from cluster import Cluster, ServerLog
from proxy import Proxy

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cluster():
    made = Cluster()
    try:
        made.start()
        made.create_roles()
        yield made
    finally:
        made.remove()


@pytest.fixture
def database(cluster):
    """The name of a database of this test's own."""
    name = f"test_{next(numbers)}"
    with contextlib.closing(cluster.connect()) as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
    yield name
    with contextlib.closing(cluster.connect()) as connection:
        connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def straight(cluster, database):
    """A connection that does not go through Lockkeeper, to prepare and to look."""
    with contextlib.closing(cluster.connect(database, application_name="straight")) as connection:
        yield connection


@pytest.fixture
def lockkeeper(cluster, request):
    """Starts a proxy: lockkeeper(mode="guard", timeouts={...}). Every table counts as large unless told otherwise."""
    started = []

    def start(mode="enforce", upstream=None, **settings):
        settings.setdefault("small_table", 0)
        proxy = Proxy(upstream or cluster.port, mode=mode, **settings)
        started.append(proxy)
        return proxy

    yield start
    failed = getattr(request.node, "failed", False)
    for proxy in started:
        died = not proxy.alive()
        status = proxy.stop()
        if failed:
            print(f"--- log of Lockkeeper on port {proxy.port}\n{proxy.log()}")
        log = proxy.log()
        proxy.remove()
        assert not died and status == 0, f"Lockkeeper ended with {status}:\n{log}"


@pytest.fixture
def server_log(cluster):
    return ServerLog(cluster)


@pytest.fixture
def table(straight):
    """A table t (id, c) with rows, committed and seen by everybody."""
    cursor = straight.cursor()
    cursor.execute("CREATE TABLE t (id serial PRIMARY KEY, c int)")
    cursor.execute("INSERT INTO t (c) SELECT generate_series(1, 1000)")
    return "t"


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        item.failed = True
