"""Connects to Lockkeeper so many times a second, for so many seconds: in a process of its own, for it takes a core.

python crowd.py PORT DATABASE A_SECOND SECONDS prints how long it took; a client that is not served as it should be ends it. Those
who say nothing stay until they are let go.
"""

import concurrent.futures
import socket
import sys
import time

from wire import Wire, cancel_request, query, rows, startup, terminate

AT_A_TIME = 24  # a server lets 100 in
PATIENCE = 20  # seconds


class Crowd:
    def __init__(self, port, database):
        self.port, self.database = port, database
        self.silent = []
        # Half of them are no clients at all, and a quarter leaves before it has logged in.
        self.kinds = [self.knock, self.say_nothing, self.log_in, self.leave,
                      self.knock, self.say_nothing, self.log_in_with_tls, self.cancel]

    def knock(self):
        socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()

    def say_nothing(self):
        self.silent.append(socket.create_connection(("127.0.0.1", self.port), PATIENCE))

    def log_in(self, tls=False):
        with Wire(self.port, database=self.database, tls=tls, timeout=PATIENCE) as wire:
            assert rows(wire.ask(query("SELECT 'in'"))) == [["in"]], "not served"
            wire.send(terminate())
            assert wire.until_closed() == [], "not let go"

    def log_in_with_tls(self):
        self.log_in(tls=True)

    def leave(self):
        """With the first half of a StartupMessage, in TLS."""
        with Wire(self.port, log_in=False, tls=True, timeout=PATIENCE) as wire:
            wire.send(startup()[:20])

    def cancel(self):
        with Wire(self.port, log_in=False, timeout=PATIENCE) as wire:
            wire.send(cancel_request(1, 1))
            assert wire.until_closed() == [], "a request to cancel is not answered"

    def come(self, number):
        self.kinds[number % len(self.kinds)]()

    def all_come(self, a_second, seconds):
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as door:
            coming = []
            for number in range(a_second * seconds):
                time.sleep(max(0.0, began + number / a_second - time.monotonic()))
                coming.append(door.submit(self.come, number))
            for one in coming:
                one.result()
        return time.monotonic() - began

    def await_end_of_silence(self):
        for connection in self.silent:
            assert connection.recv(1) == b"", "who says nothing is let go without a word"
            connection.close()


if __name__ == "__main__":
    crowd = Crowd(int(sys.argv[1]), sys.argv[2])
    print(crowd.all_come(int(sys.argv[3]), int(sys.argv[4])), flush=True)
    crowd.await_end_of_silence()
