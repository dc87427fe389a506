"""What goes on at the server while the demo migrates: a site that reads and writes, a long report, a look at the locks."""

import contextlib
import threading
import time

PAUSE = 0.02  # seconds between two requests of one probe


class Probe:
    """Runs `sql` on a connection of its own until left; `longest` is the longest that it took, in seconds."""

    def __init__(self, endpoint, database, sql):
        self.sql = sql
        self.connection = endpoint.connect(database, application_name="site")
        self.longest = 0.0
        self.requests = 0
        self.error = None
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            cursor = self.connection.cursor()
            while not self.ending.wait(PAUSE):
                begin = time.monotonic()
                cursor.execute(self.sql)
                self.seen(cursor)
                self.longest = max(self.longest, time.monotonic() - begin)
                self.requests += 1
        except Exception as error:  # of the thread: raised again where the probe is left
            self.error = error

    def seen(self, cursor):
        """What came back, for those who care."""

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ending.set()
        self.thread.join()
        self.connection.close()
        if kind is None and self.error:
            raise self.error
        assert kind or self.requests, f"no request of the probe was answered: {self.sql}"


class LockProbe(Probe):
    """Which lock modes manage.py was granted on the orders, as far as a look every PAUSE shows them."""

    SQL = ("SELECT l.mode FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.granted"
           " AND a.application_name = 'manage.py' AND l.relation = 'shop_order'::regclass")

    def __init__(self, endpoint, database):
        super().__init__(endpoint, database, self.SQL)
        self.modes = set()

    def seen(self, cursor):
        self.modes.update(mode for mode, in cursor)


@contextlib.contextmanager
def site(endpoint, database):
    """A reader and a writer; gives both."""
    with Probe(endpoint, database, "SELECT status FROM shop_order WHERE id = 1") as reader, \
            Probe(endpoint, database, "UPDATE shop_order SET status = 'paid' WHERE id = 2") as writer:
        yield reader, writer


@contextlib.contextmanager
def report(endpoint, database, seconds, arrived):
    """Somebody's long query: a transaction that has read the orders, and stays open for so long after arrived() is true.

    Counted from then, because a slow machine may need seconds until manage.py has sent anything.
    """
    connection = endpoint.connect(database, autocommit=False, application_name="monthly report")
    connection.cursor().execute("SELECT count(*) FROM shop_order WHERE id < 10")
    over = threading.Event()

    def stay():
        while not over.wait(PAUSE) and not arrived():
            pass
        over.wait(seconds)
        connection.rollback()

    thread = threading.Thread(target=stay)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        connection.close()


def lock_waited_for(endpoint, database):
    """Whether manage.py stands in the queue for a lock."""
    with contextlib.closing(endpoint.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND application_name = 'manage.py'"
                       " AND wait_event_type = 'Lock'", [database])
        return cursor.fetchone() is not None
