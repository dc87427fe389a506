"""What goes on beside a test: jobs that are done again and again until the `with` ends."""

import threading

PAUSE = 0.002  # seconds between two turns of a job


class Background:
    """Each job in a thread and a session of its own; it is called with a cursor, and ends by itself where it returns False."""

    def __init__(self, *jobs):
        self.ending = threading.Event()
        self.sessions = [session for session, _ in jobs]
        self.threads = [threading.Thread(target=self._repeat, args=pair) for pair in jobs]

    def _repeat(self, session, job):
        cursor = session.cursor()
        while job(cursor) is not False and not self.ending.wait(PAUSE):
            pass

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread, session in zip(self.threads, self.sessions):
            thread.join()
            session.close()
