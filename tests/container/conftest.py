"""./run test-container builds the images, and runs this in a network namespace of its own."""

import contextlib
import fcntl

import psycopg2
import pytest

from engine import DEMO, LOCKKEEPER, PLACE, POSTGRES, Container, podman
from kube import NETWORK, SERVER, SUBNET, NativePod, Played, wait_for

PASSWORD = {"shop": "change-me", "postgres": "postgres"}  # the first as docker/kubernetes/base has it


class Server:
    """PostgreSQL in a container by the name that the manifests give it."""

    def __init__(self):
        self.container = Container.run("--name", "postgres", "--network", NETWORK, "--ip", SERVER, "-e",
                                       f"POSTGRES_PASSWORD={PASSWORD['postgres']}", POSTGRES)
        self.address = self.container.address(NETWORK)

    def connect(self, database="shop", user="postgres", host=None, port=5432, **options):
        connection = psycopg2.connect(host=host or self.address, port=port, dbname=database, user=user, password=PASSWORD[user],
                                      gssencmode="disable", **options)
        connection.autocommit = True
        return connection

    def answers(self):
        with contextlib.suppress(psycopg2.OperationalError), contextlib.closing(self.connect("postgres")):
            return True
        return False

    def ask(self, sql, database="shop"):
        with contextlib.closing(self.connect(database)) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None

    def applied(self):
        return [name for (name,) in self.ask("SELECT name FROM django_migrations WHERE app = 'shop' ORDER BY id")]


@pytest.fixture(scope="session", autouse=True)
def alone():
    """With podman's storage, and without what a run has left that was killed."""
    with open(PLACE / "tests.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        podman("pod", "rm", "--all", "--force", "--time", "0")
        podman("rm", "--all", "--force", "--volumes", "--time", "0")
        podman("network", "rm", "--force", NETWORK, check=False)
        yield


@pytest.fixture(scope="session")
def network(alone):
    podman("network", "create", "--disable-dns", "--subnet", SUBNET, NETWORK)
    yield NETWORK
    podman("network", "rm", "--force", "--time", "0", NETWORK, check=False)


@pytest.fixture(scope="session")
def server(network):
    made = Server()
    try:
        wait_for(made.answers, "PostgreSQL is up")
        yield made
    finally:
        made.container.remove()


@pytest.fixture
def shop(server):
    """The shop as it is when a site has been in use: at 0001, with a table that is not small."""
    server.ask("CREATE ROLE shop LOGIN PASSWORD 'change-me'", "postgres")
    server.ask("CREATE DATABASE shop OWNER shop", "postgres")
    podman("run", "--rm", "--network", NETWORK, "-e", f"SHOP_HOST={SERVER}", "-e", "SHOP_PORT=5432", "-e", "SHOP_USER=shop",
           "-e", "PGPASSWORD=change-me", DEMO, "python3", "manage.py", "migrate", "shop", "0001")
    server.ask("INSERT INTO shop_customer (name) SELECT 'customer ' || i FROM generate_series(1, 1000) AS i")
    server.ask("INSERT INTO shop_order (customer_id, number, status, note, total, created) "
               "SELECT i % 1000 + 1, i::text, md5((i % 50000)::text)::varchar(20), '', i % 500, now() FROM generate_series(1, 200000) AS i")
    yield server
    server.ask("DROP DATABASE shop WITH (FORCE)", "postgres")
    server.ask("DROP ROLE shop", "postgres")


@pytest.fixture
def play():
    """play(documents, workload): with podman. native(...): as a kubelet would."""
    with contextlib.ExitStack() as played:
        def one(documents, workload, native=False):
            made = NativePod(documents, workload) if native else Played(documents, workload)
            played.callback(made.remove)
            return made
        yield one


@pytest.fixture
def lockkeeper(network, tmp_path):
    """lockkeeper(configuration): the image, with no more than its pod would give it."""
    with contextlib.ExitStack() as started:
        def run(configuration=None, ready=True):
            options = ["-e", "PGHOST=postgres"]
            if configuration:
                (tmp_path / "lockkeeper.yaml").write_text(configuration)
                tmp_path.chmod(0o755)
                options = ["-v", f"{tmp_path}:/etc/lockkeeper:ro"]
            made = Container.run("--network", network, "--add-host", f"postgres:{SERVER}", "--read-only", "--read-only-tmpfs=false",
                                 "--cap-drop", "ALL", "--security-opt", "no-new-privileges", *options, LOCKKEEPER)
            started.callback(made.remove)
            if ready:
                made.await_ready()
            return made
        yield run
