"""Two network namespaces and a bad line between them: packets are lost, doubled, late, and out of order.

The kernels of small machines come without netem, so the line is a thread that carries packets between two TUN devices. It needs
the right to make namespaces. They go with their threads.
"""

import concurrent.futures
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
IP_HEADER = 20  # bytes, for no packet here has options


def enter_new_namespace():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        problem = ctypes.get_errno()
        raise OSError(problem, os.strerror(problem))


class Namespace:
    """Sockets and processes that `call` makes belong to it, wherever they are used then."""

    def __init__(self, address):
        self.address = address
        self.thread = concurrent.futures.ThreadPoolExecutor(1)
        try:
            self.device = self.call(self._make)
        except BaseException:
            self.thread.shutdown()
            raise

    def call(self, function, *arguments, **named):
        return self.thread.submit(function, *arguments, **named).result()

    def _make(self):
        enter_new_namespace()
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"line", IFF_TUN | IFF_NO_PI))
        for words in ("link set lo up", f"addr add {self.address}/24 dev line", "link set line up"):
            subprocess.run(["ip", *words.split()], check=True)
        return device

    def close(self):
        os.close(self.device)
        self.thread.shutdown()


class LossyLink:
    LOST, DOUBLED, LATE = 0.02, 0.01, 0.1  # shares of the packets
    DELAY = 0.005  # seconds at most; a late packet is overtaken by those behind it

    def __init__(self):
        self.near, self.far = Namespace("10.0.0.1"), Namespace("10.0.0.2")
        self.dead_port = None  # nothing from or to this TCP port arrives
        self.lost = 0
        self.chosen = random.Random("lossy")
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    def _carry(self):
        opposite = {self.near.device: self.far.device, self.far.device: self.near.device}
        waiting = []  # (when, order, device, packet)
        order = 0
        while not self.ending.is_set():
            until = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.05
            for device in select.select(list(opposite), [], [], min(until, 0.05))[0]:
                packet = os.read(device, 65536)
                for when in self._fate(packet):
                    order += 1
                    heapq.heappush(waiting, (when, order, opposite[device], packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, device, packet = heapq.heappop(waiting)
                os.write(device, packet)

    def _fate(self, packet):
        """When it arrives: never, once, or more than once."""
        if self.dead_port in struct.unpack_from("!HH", packet.ljust(IP_HEADER + 4), IP_HEADER) or self.chosen.random() < self.LOST:
            self.lost += 1
            return []
        times = 2 if self.chosen.random() < self.DOUBLED else 1
        late = self.DELAY if self.chosen.random() < self.LATE else self.DELAY / 10
        return [time.monotonic() + self.chosen.uniform(0, late) for _ in range(times)]

    def close(self):
        self.ending.set()
        self.thread.join()
        self.near.close()
        self.far.close()
