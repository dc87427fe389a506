"""A running Lockkeeper: its configuration, its audit log, its resident memory."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from cluster import Endpoint, accepts, free_port, wait_until

RELOADED = re.compile(r"SIGHUP: (the configuration and|everything stays).*\n")
WRONG_CONFIGURATION, COULD_NOT_BEGIN = 2, 4  # exit statuses of serve; after the second it may be started again
BINARY = pathlib.Path(__file__).resolve().parents[2] / "build/release/lockkeeper"


def serve_command(configuration):
    return [str(BINARY), "serve", "--config", str(configuration)]


class Proxy(Endpoint):
    def __init__(self, upstream_port, port=None, **settings):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="lockkeeper-"))
        self.port = port or free_port()
        self.audit_path = self.directory / "audit.jsonl"
        self.log_path = self.directory / "log"
        configuration = {
            "listen": f"127.0.0.1:{self.port}",
            "upstream": {"host": "127.0.0.1", "port": upstream_port},
            "audit": {"file": str(self.audit_path)},
            "workers": 2,
            "admin": {"listen": ""},
        }
        configuration.update(settings)
        self.configuration = configuration
        self.configuration_path = self.directory / "lockkeeper.yaml"
        self.configure()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(serve_command(self.configuration_path), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        try:
            wait_until(self._up, "Lockkeeper accepts connections")
        except BaseException:  # nobody else knows of the process yet
            self.stop()
            self.remove()
            raise

    def _up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"Lockkeeper ended with {self.process.returncode}:\n{self.log()}")
        return "listening on" in self.log() and accepts(self.port)  # everywhere, Unix sockets too

    def configure(self, **changed):
        self.configuration.update(changed)
        self.configuration_path.write_text(json.dumps(self.configuration, indent=2))  # JSON is YAML

    def reload(self, **changed):
        """SIGHUP with these settings changed. Returns what the log says of it."""
        self.configure(**changed)
        return self.hang_up()

    def hang_up(self):
        before = len(self.log())
        self.process.send_signal(signal.SIGHUP)
        return wait_until(lambda: RELOADED.search(self.log()[before:]) and self.log()[before:], "the signal is dealt with")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def audit(self):
        """The records about statements so far."""
        return [r for r in self.whole_audit() if r["event"] in ("decision", "step", "outcome")]

    def whole_audit(self):
        """All records so far. Only whole lines: the last one may be in the middle of being written."""
        if not self.audit_path.exists():
            return []
        text = self.audit_path.read_text()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].split("\n")[:-1]]

    def audited(self, **wanted):
        """Waits for a record with these fields; the file is written behind the client's back."""
        def find():
            return [r for r in self.whole_audit() if all(r.get(name) == value for name, value in wanted.items())]
        try:
            return wait_until(find, wanted, 5)
        except TimeoutError:
            raise AssertionError(f"no audit record with {wanted} among\n" + json.dumps(self.audit(), indent=1)) from None

    def resident(self):
        """Kilobytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        """The exit status after SIGTERM; negative where a signal ended it."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)
