"""The visitors of the site: one request of each page every so often, whatever became of those before.

So a site that stands still sees as many visitors wait as it would in life; none is left out because another one still waits.
"""

import asyncio
import dataclasses
import random
import threading
import time

PATIENCE = 30.0  # seconds after which a visitor gives up
PAGES = ("read", "write")


@dataclasses.dataclass
class Visit:
    begin: float   # time.monotonic()
    seconds: float
    page: str
    version: str   # of the application that answered
    error: str = ""


async def get(port, path):
    """What went wrong, or nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
    status = answer.split(b"\r\n", 1)[0].split(b" ", 2)[1:2]
    return "" if status == [b"200"] else f"HTTP {b''.join(status).decode() or 'without an answer'}"


class Visitors:
    """Runs in a thread of its own from enter to exit; `visits` are those that have ended."""

    def __init__(self, first, last, pause):
        """Which orders they look at, by id; and the seconds between two requests of one page."""
        self.pause = pause
        self.first, self.last = first, last
        self.visits = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.streams = {}

    def begin(self, web):
        self.streams[web] = asyncio.run_coroutine_threadsafe(self._both(web), self.loop)

    def end(self, web):
        """Nobody new comes; those who wait are waited for."""
        stream = self.streams.pop(web)
        self.loop.call_soon_threadsafe(web.closing.set)
        stream.result()

    async def _both(self, web):
        web.closing = asyncio.Event()
        await asyncio.gather(*(self._stream(web, page) for page in PAGES))

    async def _stream(self, web, page):
        inside, due = set(), self.loop.time()
        while not web.closing.is_set():
            visit = self.loop.create_task(self._visit(web, page))
            inside.add(visit)
            visit.add_done_callback(inside.discard)
            due = max(due + self.pause, self.loop.time())
            await asyncio.sleep(due - self.loop.time())
        if inside:
            await asyncio.gather(*inside)

    async def _visit(self, web, page):
        begin = time.monotonic()
        try:
            error = await asyncio.wait_for(get(web.port, f"/{page}/{random.randint(self.first, self.last)}"), PATIENCE)
        except asyncio.TimeoutError:
            error = f"no answer in {PATIENCE:.0f} s"
        except OSError as problem:
            error = type(problem).__name__
        self.visits.append(Visit(begin, time.monotonic() - begin, page, web.version, error))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        for web in list(self.streams):
            self.end(web)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def longest(visits):
    """Seconds."""
    return max((visit.seconds for visit in visits), default=0.0)


def failed(visits):
    return [visit for visit in visits if visit.error]


def percentile(visits, part):
    """Seconds."""
    ordered = sorted(visit.seconds for visit in visits)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
