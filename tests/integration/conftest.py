import contextlib
import itertools

import pytest

from cluster import Cluster, ServerLog
from proxy import Proxy

numbers = itertools.count(1)


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures time or memory; not beside other tests")


LONGEST = ["test_django_operations.py", "test_kill_matrix.py"]  # first, so that in the end nobody waits for them


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def cluster():
    with Cluster() as made:
        yield made.start().create_roles()


@pytest.fixture
def own_cluster():
    """One that a test may kill."""
    with Cluster() as made:
        yield made.start()


def made_database(cluster):
    name = f"test_{next(numbers)}"
    with contextlib.closing(cluster.connect()) as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
    yield name
    with contextlib.closing(cluster.connect()) as connection:
        connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(cluster):
    """The name of a database of this test's own."""
    yield from made_database(cluster)


@pytest.fixture
def databases(cluster):
    """databases(): one more database of this test's own."""
    with contextlib.ExitStack() as all_of_them:
        yield lambda: all_of_them.enter_context(contextlib.contextmanager(made_database)(cluster))


@pytest.fixture
def straight(cluster, database):
    """A connection that does not go through Lockkeeper, to prepare and to look."""
    with contextlib.closing(cluster.connect(database, application_name="straight")) as connection:
        yield connection


@pytest.fixture
def lockkeeper(cluster, request):
    """Starts a proxy: lockkeeper(mode="guard", timeouts={...}). Every table counts as large unless told otherwise."""
    started = []

    def start(mode="enforce", upstream=None, upstream_settings=None, **settings):
        settings.setdefault("small_table", 0)
        if upstream_settings:
            settings["upstream"] = upstream_settings
        proxy = Proxy(upstream or cluster.port, mode=mode, **settings)
        started.append(proxy)
        return proxy

    yield start
    failed = getattr(request.node, "failed", False)
    for proxy in started:
        put_away(proxy, failed)


@pytest.fixture(scope="module")
def module_database(cluster):
    """A database for all tests of a file."""
    yield from made_database(cluster)


@pytest.fixture(scope="module")
def module_proxy(cluster):
    """module_proxy(mode): one proxy for all tests of a file that need nothing else."""
    started = {}

    def get(mode="enforce"):
        if mode not in started:
            started[mode] = Proxy(cluster.port, mode=mode, small_table=0)
        return started[mode]

    yield get
    for proxy in started.values():
        put_away(proxy)


def put_away(proxy, with_log=False):
    died = not proxy.alive()
    status = proxy.stop()
    log = proxy.log()
    if with_log:
        print(f"--- log of Lockkeeper on port {proxy.port}\n{log}")
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
