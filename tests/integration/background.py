"""What goes on beside a test: jobs that are done again and again until the `with` ends."""

import threading

PAUSE = 0.002  # seconds between two turns of a job


class Threads:
    """Runs `work` with each of the lists of arguments in a thread of its own, as long as the `with` lasts: it must heed `ending`."""

    def __init__(self, work, arguments):
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=work, args=each) for each in arguments]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()


class Background(Threads):
    """Each job in a thread and a session of its own; it is called with a cursor, and ends by itself where it returns False."""

    def __init__(self, *jobs):
        super().__init__(self._repeat, jobs)
        self.sessions = [session for session, _ in jobs]

    def _repeat(self, session, job):
        cursor = session.cursor()
        while job(cursor) is not False and not self.ending.wait(PAUSE):
            pass

    def __exit__(self, *_):
        super().__exit__()
        for session in self.sessions:
            session.close()
