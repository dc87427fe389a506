"""The site, as far as the demo needs one: a reader and a writer that ask the server again and again."""

import contextlib
import threading
import time

PAUSE = 0.01  # seconds between two requests of one probe


class Probe:
    """Runs `sql` on a connection of its own until left; `longest` is the longest that it took, in seconds."""

    def __init__(self, endpoint, database, sql):
        self.sql = sql
        self.connection = endpoint.connect(database, application_name="site")
        self.longest = 0.0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        cursor = self.connection.cursor()
        while not self.ending.wait(PAUSE):
            begin = time.monotonic()
            cursor.execute(self.sql)
            self.longest = max(self.longest, time.monotonic() - begin)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        self.connection.close()


@contextlib.contextmanager
def site(endpoint, database):
    """A reader and a writer; gives both."""
    with Probe(endpoint, database, "SELECT status FROM shop_order WHERE id = 1") as reader, \
            Probe(endpoint, database, "UPDATE shop_order SET status = 'paid' WHERE id = 2") as writer:
        yield reader, writer


@contextlib.contextmanager
def report(endpoint, database, seconds):
    """Somebody's long query: a transaction that has read the orders and stays open for so long."""
    connection = endpoint.connect(database, autocommit=False, application_name="monthly report")
    connection.cursor().execute("SELECT count(*) FROM shop_order WHERE id < 10")
    ending = threading.Timer(seconds, connection.rollback)
    ending.start()
    try:
        yield
    finally:
        ending.join()
        connection.close()
