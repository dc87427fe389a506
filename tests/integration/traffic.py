"""An application at work on one table while a migration runs: nobody of it may have to wait."""

import functools
import random

import psycopg2

from background import Background

# A lock that is waited for longer than this is in the server's log.
LONGEST = "100ms"
WAITED = "still waiting for"


class Traffic(Background):
    """One session that reads, and two that change, add and remove rows of a table (id bigint, number int, note text)."""

    def __init__(self, cluster, database, table="big"):
        self.failures, self.done = [], 0
        connections = [cluster.connect(database, application_name="traffic") for _ in range(3)]
        for connection in connections:
            connection.cursor().execute(f"SET deadlock_timeout = '{LONGEST}'; SET log_lock_waits = on; SET log_statement = 'none'")
        jobs = [self.read, self.write, self.write]
        super().__init__(*[(c, functools.partial(self._do, job, random.Random(str(job)), table)) for c, job in zip(connections, jobs)])

    def _do(self, job, chosen, table, cursor):
        try:
            job(cursor, chosen.randrange(1, 20000), table)
            self.done += 1
        except psycopg2.Error as error:
            self.failures.append(str(error))
            return False

    @staticmethod
    def read(cursor, number, table):
        cursor.execute(f"SELECT count(*) FROM {table} WHERE id BETWEEN {number} AND {number + 100}")

    @staticmethod
    def write(cursor, number, table):
        cursor.execute(f"UPDATE {table} SET number = {number} WHERE id = {number}")
        cursor.execute(f"INSERT INTO {table} (id, number, note) VALUES (100000 + {number}, {number}, 'new') ON CONFLICT DO NOTHING")
        cursor.execute(f"DELETE FROM {table} WHERE id = {100000 + number // 2}")
