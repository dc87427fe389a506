"""What an idle session costs: many of them, against a server that only greets."""

import pathlib
import resource
import subprocess
import sys

from cluster import accepts, free_port, wait_until
from wire import Wire

WARM = 200  # sessions that come first, so that what is made once is not counted
# A session is two descriptors of the proxy's; where the machine does not allow 20,000 there are fewer sessions.
DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
SESSIONS = min(10_000, (DESCRIPTORS - 100) // 2 - WARM)
GREETER = pathlib.Path(__file__).with_name("greeter.py")


def bytes_per_session(make, tls):
    """Resident bytes of the contender that is made for a server's port, for each of SESSIONS idle sessions."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))  # of what is started here, too
    port = free_port()
    server = subprocess.Popen([sys.executable, "-B", GREETER, str(port)], stdin=subprocess.DEVNULL)
    contender, clients = None, []
    try:
        wait_until(lambda: accepts(port), "the greeting server accepts connections")
        contender = make(port)
        clients += [Wire(contender.port, tls=tls) for _ in range(WARM)]
        before = contender.resident_kilobytes()
        clients += [Wire(contender.port, tls=tls) for _ in range(SESSIONS)]
        return (contender.resident_kilobytes() - before) * 1024 / SESSIONS
    finally:
        for client in clients:
            client.socket.close()
        if contender:
            contender.stop()
        server.kill()
        server.wait()
