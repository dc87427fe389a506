"""The Django project of the scenarios: its web server, and its manage.py."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from cluster import free_port, wait_until

PROJECT = pathlib.Path(__file__).resolve().parent / "project"
THREADS = 16  # of the web server: as many requests as it has in work, and connections to the database


def environment(endpoint, database, name, **more):
    return {**os.environ, "SHOP_HOST": "127.0.0.1", "SHOP_PORT": str(endpoint.port), "SHOP_DATABASE": database,
            "PGAPPNAME": name, "PGGSSENCMODE": "disable", "PYTHONDONTWRITEBYTECODE": "1", **more}


def start_manage(endpoint, database, scene, *arguments):
    return subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=PROJECT, text=True,
                            env=environment(endpoint, database, "manage.py", SHOP_MIGRATIONS=scene),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def start_migration(endpoint, database, scene, target=""):
    return start_manage(endpoint, database, scene, "migrate", "shop", *filter(None, [target]))


class Web:
    """gunicorn with the application in one of its versions."""

    def __init__(self, endpoint, database, version="first"):
        self.port = free_port()
        self.version = version
        self.log = tempfile.TemporaryFile()
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--workers", "1", "--threads", str(THREADS),
                   "--worker-class", "gthread", "--worker-connections", "4000", "--graceful-timeout", "1", "shopsite.wsgi"]
        self.process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env=environment(endpoint, database, "gunicorn", SHOP_VERSION=version), start_new_session=True)
        try:
            wait_until(self._up, f"the web server answers, version {version}", 60)
        except BaseException:  # nobody else knows of the process yet
            self.stop()
            raise

    def _up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"gunicorn ended with {self.process.returncode}:\n{self.said()}")
        try:
            # Errors of the application count as up: a version may be meant to fail.
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/read/1", timeout=10).close()
        except urllib.error.HTTPError:
            pass
        except OSError:
            return False
        return True

    def said(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own group: start_new_session
            self.process.wait()
