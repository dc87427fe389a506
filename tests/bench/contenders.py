"""What is compared: the server itself, PgBouncer, HAProxy and Lockkeeper, each on a loopback port of its own."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from authority import Authority  # noqa: E402
from cluster import accepts, free_port, wait_until  # noqa: E402
from proxy import serve_command  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


class Certificate:
    """One for all, the server too, which wants its key to be its own."""

    def __init__(self, directory):
        self.file, self.key = Authority(directory).issue("localhost")
        os.chmod(directory, 0o755)
        self.key.chmod(0o600)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.key, owner.pw_uid, owner.pw_gid)


class Straight:
    """The server without anything in between; no process of its own is measured."""

    name = "straight"

    def __init__(self, server_port, certificate=None):
        self.port = self.server_port = server_port

    def cpu_seconds(self):
        return None

    def peak_kilobytes(self):
        return None

    def resident_kilobytes(self):
        return None

    def stop(self):
        pass


class Program:
    """A proxy: one process, or one with threads."""

    def __init__(self, server_port, certificate=None, workers=0):
        self.server_port, self.certificate, self.workers = server_port, certificate, workers
        self.port = free_port()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"lockkeeper-bench-{self.name}-"))
        self.directory.chmod(0o755)
        self.log_path = self.directory / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, preexec_fn=None)
        wait_until(self._up, f"{self.name} accepts connections")

    def _up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended:\n{self.log_path.read_text(errors='replace')}")
        return accepts(self.port)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o644)
        return str(path)

    def cpu_seconds(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / TICKS

    def _status(self, field):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(field + ":")[1].split()[0])

    def peak_kilobytes(self):
        return self._status("VmHWM")

    def resident_kilobytes(self):
        return self._status("VmRSS")

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class Pgbouncer(Program):
    """Session mode, as close to a plain relay as it comes; statement limits off, logs off."""

    name = "pgbouncer"

    def command(self):
        users = self.write("users", '"postgres" ""\n')
        tls = f"""client_tls_sslmode = allow
client_tls_cert_file = {self.certificate.file}
client_tls_key_file = {self.certificate.key}""" if self.certificate else ""
        ini = self.write("pgbouncer.ini", f"""[databases]
* = host=127.0.0.1 port={self.server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
auth_file = {users}
pool_mode = session
server_reset_query =
default_pool_size = 20000
max_client_conn = 20000
ignore_startup_parameters = extra_float_digits,options
log_connections = 0
log_disconnections = 0
log_stats = 0
stats_users = postgres
{tls}
""".replace("* = host", "* = user=postgres host"))
        own = ["-u", "postgres"] if os.geteuid() == 0 else []
        if own:
            owner = pwd.getpwnam("postgres")
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        return [shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", *own, ini]


class Haproxy(Program):
    """TCP mode with splicing: bytes from socket to socket, nothing looked at."""

    name = "haproxy"

    def command(self):
        config = self.write("haproxy.cfg", f"""global
    maxconn 5000
    nbthread 2
defaults
    mode tcp
    option splice-auto
    timeout connect 10s
    timeout client 1h
    timeout server 1h
listen postgres
    bind 127.0.0.1:{self.port}
    server main 127.0.0.1:{self.server_port}
""")
        return [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", config]


class Lockkeeper(Program):
    """As it is used: enforce, policy on, audit on."""

    name = "lockkeeper"

    def command(self):
        tls = f"tls: {{client: allow, certificate: '{self.certificate.file}', key: '{self.certificate.key}'}}" if self.certificate else ""
        config = self.write("lockkeeper.yaml", f"""listen: '127.0.0.1:{self.port}'
upstream: {{host: 127.0.0.1, port: {self.server_port}}}
{tls}
workers: {self.workers}
mode: enforce
limits: {{clients: 20000}}
audit: {{file: '{self.directory}/audit.jsonl'}}
""")
        return serve_command(config)


CONTENDERS = (Straight, Pgbouncer, Haproxy, Lockkeeper)
