"""Asks a Lockkeeper's admin server."""

import contextlib
import http.client
import json
import re
import ssl

from cluster import free_port, wait_until


class AdminClient:
    def __init__(self, port, tls=False, **headers):
        self.port, self.tls, self.headers = port, tls, headers

    def ask(self, path, method="GET", **headers):
        """(status, header fields, body)"""
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context) if self.tls \
            else http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in {**self.headers, **headers}.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    def status(self, path, method="GET", **headers):
        return self.ask(path, method, **headers)[0]

    def up(self):
        def answers():
            try:
                return self.status("/healthz") == 200
            except OSError:
                return False
        wait_until(answers, "the admin server answers")
        return self

    def state(self, seen=0):
        status, _, body = self.ask(f"/api/state?seen={seen}")
        assert status == 200, body
        return json.loads(body)

    def metrics(self):
        """{('name', (('label', 'value'), ...)): number}"""
        status, _, body = self.ask("/metrics")
        assert status == 200, body
        return series(body)

    def session(self, **wanted):
        """The first session with these fields."""
        for one in self.state()["sessions"]:
            if all(one.get(name) == value for name, value in wanted.items()):
                return one
        return None


def series(text):
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
        of = tuple(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))
        assert (name, of) not in found, line
        found[name, of] = float(value)
    return found


def with_admin(start, **settings):
    """A proxy with an admin server: start(...) as the fixture `lockkeeper` or the class Proxy has it."""
    port = free_port()
    proxy = start(admin={"listen": f"127.0.0.1:{port}", **settings.pop("admin", {})}, **settings)
    return proxy, AdminClient(port).up()
