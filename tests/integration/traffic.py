"""An application at work on one table while a migration runs: nobody of it may have to wait."""

import contextlib
import random
import threading

import psycopg2

# A lock that is waited for longer than this is in the server's log.
LONGEST = "100ms"
WAITED = "still waiting for"


class Traffic:
    """One session that reads, and two that change, add and remove rows of a table (id bigint, number int, note text)."""

    def __init__(self, cluster, database, table="big"):
        self.ending = threading.Event()
        self.failures, self.done = [], 0
        self.connections = [cluster.connect(database, application_name="traffic") for _ in range(3)]
        for connection in self.connections:
            connection.cursor().execute(f"SET deadlock_timeout = '{LONGEST}'; SET log_lock_waits = on; SET log_statement = 'none'")
        jobs = [self.read, self.write, self.write]
        self.threads = [threading.Thread(target=self._run, args=(c, job, table)) for c, job in zip(self.connections, jobs)]

    def _run(self, connection, job, table):
        cursor, chosen = connection.cursor(), random.Random(str(job))
        while not self.ending.is_set():
            try:
                job(cursor, chosen.randrange(1, 20000), table)
                self.done += 1
            except psycopg2.Error as error:
                self.failures.append(str(error))
                return
            self.ending.wait(0.002)

    @staticmethod
    def read(cursor, number, table):
        cursor.execute(f"SELECT count(*) FROM {table} WHERE id BETWEEN {number} AND {number + 100}")

    @staticmethod
    def write(cursor, number, table):
        cursor.execute(f"UPDATE {table} SET number = {number} WHERE id = {number}")
        cursor.execute(f"INSERT INTO {table} (id, number, note) VALUES (100000 + {number}, {number}, 'new') ON CONFLICT DO NOTHING")
        cursor.execute(f"DELETE FROM {table} WHERE id = {100000 + number // 2}")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        with contextlib.ExitStack() as closing:
            for thread, connection in zip(self.threads, self.connections):
                closing.callback(connection.close)
                thread.join()
