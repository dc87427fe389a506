"""A throw-away PostgreSQL: made in a temporary directory, on loopback only, removed when stopped."""

import contextlib
import glob
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg2

# In pg_stat_activity, for a query with parameters. Lockkeeper waits before the server's queue: it asks who is in the way, and
# lets its session be idle until it asks again.
OUTSIDE_THE_QUEUE = "(state LIKE 'idle%%' AND query LIKE '/* lockkeeper */%%' AND clock_timestamp() - state_change > '15 ms')"
WAITS_FOR_LOCK = f"(wait_event_type = 'Lock' OR {OUTSIDE_THE_QUEUE})"

CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 100
max_prepared_transactions = 5
logging_collector = off
log_statement = all
log_line_prefix = '%p|%a|'
lc_messages = 'C'
"""

AUTHENTICATION = """
host all scram_user 127.0.0.1/32 scram-sha-256
host all md5_user   127.0.0.1/32 md5
host all clear_user 127.0.0.1/32 password
host all nobody     127.0.0.1/32 reject
host all all        127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
"""


def binaries():
    """The newest PostgreSQL that Debian's packages put here."""
    found = glob.glob("/usr/lib/postgresql/*/bin")
    return max(found, key=lambda path: int(path.split("/")[-2]))


# Below those that the kernel gives to outgoing connections (32768 and up): one of them would be taken again before it is used. Each
# process of the tests has a thousand of its own.
PORTS = range(15000, 31000)
OWN = 1000
worker = os.environ.get("PYTEST_XDIST_WORKER")
own_ports = itertools.cycle(PORTS[(int(worker[2:]) if worker else os.getpid()) * OWN % len(PORTS):][:OWN])


def free_port():
    while True:
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", next(own_ports)))
            return probe.getsockname()[1]


def wait_until(condition, what, seconds=20):
    """Polls for something that sends no event, such as another process' listening socket."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def accepts(port):
    with contextlib.closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Endpoint:
    """Something that speaks PostgreSQL on a loopback port: the server itself or a proxy before it."""

    port: int

    def dsn(self, database="postgres", user="postgres", **options):
        words = dict(host="127.0.0.1", port=self.port, dbname=database, user=user, gssencmode="disable", **options)
        return " ".join(f"{name}='{value}'" for name, value in words.items())

    def connect(self, database="postgres", autocommit=True, **options):
        connection = psycopg2.connect(self.dsn(database, **options))
        connection.autocommit = autocommit
        return connection

    def logs_in(self):
        """Whether one can log in now."""
        try:
            self.connect().close()
            return True
        except psycopg2.OperationalError:
            return False


class Cluster(Endpoint):
    """A server of one's own. A context, behind which nothing of it is left."""

    def __init__(self, programs=None, **settings):
        """`programs` is a directory; `settings` stand after those of CONFIGURATION, so they win."""
        self.programs = str(programs or binaries())
        self.settings = settings
        self.directory = tempfile.mkdtemp(prefix="lockkeeper-pg-", dir=os.environ.get("LOCKKEEPER_DATA"))
        self.data = os.path.join(self.directory, "data")
        self.log_path = os.path.join(self.directory, "log")
        self.port = free_port()
        self.process = None
        # PostgreSQL refuses to run as root.
        self.as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.as_owner:
            owner = pwd.getpwnam("postgres")
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        try:
            self._initialise()
        except BaseException:  # Ctrl-C too: nobody else knows the directory yet
            self.remove()
            raise

    def _initialise(self):
        # --no-sync and C: nothing here has to survive, and the texts must not depend on the machine.
        command = [self.programs + "/initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync",
                   "--locale=C", "-E", "UTF8"]
        subprocess.run(self.as_owner + command, check=True, stdout=subprocess.DEVNULL, cwd="/")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="ascii") as file:
            file.write(CONFIGURATION)
            file.writelines(f"{name} = '{value}'\n" for name, value in self.settings.items())
        with open(os.path.join(self.data, "pg_hba.conf"), "w", encoding="ascii") as file:
            file.write(AUTHENTICATION)

    def start(self):
        with open(self.log_path, "ab") as log:
            # A session of its own: Ctrl-C at the terminal must reach us, who then stop it in order.
            self.process = subprocess.Popen(
                self.as_owner + [self.programs + "/postgres", "-D", self.data, "-p", str(self.port)],
                stdout=log, stderr=log, cwd="/", start_new_session=True)
        wait_until(self._ready, "PostgreSQL is up")
        return self

    def _ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("PostgreSQL did not start:\n" + self.log())
        return self.logs_in()

    def postmaster(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as file:
            return int(file.readline())

    def stop(self, how=signal.SIGINT):
        """SIGINT is PostgreSQL's fast shutdown, SIGQUIT the immediate one."""
        if self.process and self.process.poll() is None:
            try:
                os.kill(self.postmaster(), how)
            except (FileNotFoundError, ValueError):  # it has not written its pid yet
                self.process.terminate()
            except ProcessLookupError:
                pass
            self.process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def create_roles(self):
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            for user, method in (("scram_user", "scram-sha-256"), ("md5_user", "md5"), ("clear_user", "md5")):
                cursor.execute(f"SET password_encryption = '{method}'")
                cursor.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'secret'")
            cursor.execute("CREATE ROLE nobody LOGIN")
        return self

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()


class ServerLog:
    """What the server was told to run since the last mark."""

    STATEMENT = re.compile(r"(?P<pid>\d+)\|(?P<application>[^|]*)\|LOG:  (?:statement|execute [^:]+): (?P<sql>.*)", re.S)

    def __init__(self, cluster):
        self.cluster = cluster
        self.mark()

    def mark(self):
        self.offset = os.path.getsize(self.cluster.log_path)

    def text(self):
        with open(self.cluster.log_path, "rb") as file:
            file.seek(self.offset)
            return file.read().decode("utf-8", "replace")

    def statements(self, application=None):
        """The texts of the executed statements in order; a continued line starts with a tab."""
        lines = self.text().replace("\n\t", "\0").split("\n")
        found = filter(None, map(self.STATEMENT.match, lines))
        return [match["sql"].replace("\0", "\n") for match in found if application in (None, match["application"])]

    def ran(self, pattern):
        return [sql for sql in self.statements() if re.search(pattern, sql, re.I)]
