"""podman, with a storage and a configuration of its own: nothing that the machine's own podman has or reads is touched."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACE = pathlib.Path(os.environ.get("LOCKKEEPER_CONTAINERS", ROOT / "build/containers"))
LOCKKEEPER, DEMO, POSTGRES = "localhost/lockkeeper", "localhost/lockkeeper-demo", "localhost/lockkeeper-test-postgres"
SYSTEMD = "localhost/lockkeeper-test-systemd"
PUBLIC_POSTGRES, PUBLIC_PROMETHEUS = "docker.io/library/postgres:17", "docker.io/prom/prometheus:latest"  # as compose.yaml names them

# Limits and cgroups that a container may have inside of one, and on a kernel with cgroup v1, which crun cannot do.
CONFIGURATION = f"""
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
[network]
network_config_dir = "{PLACE}/networks"
"""


def command(*arguments):
    place = [f"--{name}={PLACE / directory}" for name, directory in (("root", "storage"), ("runroot", "run"), ("tmpdir", "tmp"))]
    return ["podman", *place, *map(str, arguments)]


def environment():
    PLACE.mkdir(parents=True, exist_ok=True)
    configuration = PLACE / "containers.conf"
    if not configuration.exists() or configuration.read_text() != CONFIGURATION:
        configuration.write_text(CONFIGURATION)
    (PLACE / "scratch").mkdir(exist_ok=True)  # what a build keeps for the next one is there, too
    return {**os.environ, "CONTAINERS_CONF": str(configuration), "DISABLE_HC_SYSTEMD": "true", "TMPDIR": str(PLACE / "scratch")}


def podman(*arguments, check=True, **options):
    options = {"capture_output": True, "text": True, **options}
    done = subprocess.run(command(*arguments), env=environment(), check=False, **options)
    if check and done.returncode:
        raise RuntimeError(f"podman {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def inspected(name, kind="container"):
    (found,) = json.loads(podman("inspect", "--type", kind, name).stdout)
    return found


class Container:
    """One that was started elsewhere or here; `remove` ends it."""

    def __init__(self, name):
        self.name = name

    @classmethod
    def run(cls, *arguments):
        return cls(podman("run", "--detach", *arguments).stdout.strip())

    def execute(self, *command, **options):
        return podman("exec", self.name, *command, **options)

    def await_ready(self):
        """Of a Lockkeeper: it waits itself."""
        done = self.execute("lockkeeper", "wait", "--timeout", "60s", check=False)
        if done.returncode:
            raise RuntimeError(f"Lockkeeper is not ready: {done.stderr}{self.output()}")

    def running(self):
        return inspected(self.name)["State"]["Running"]

    def ended(self, seconds=60):
        """Waits for the end. Returns the exit code."""
        return int(podman("wait", self.name, timeout=seconds).stdout)

    def stop(self, grace):
        """SIGTERM, and SIGKILL after that many seconds. Returns the exit code."""
        podman("stop", "--time", grace, self.name)
        return self.ended()

    def signal(self, name):
        podman("kill", "--signal", name, self.name)

    def output(self):
        done = podman("logs", self.name)
        return done.stdout + done.stderr

    def audit(self):
        """The records that it has written to standard output."""
        return [json.loads(line) for line in podman("logs", self.name).stdout.splitlines() if line.startswith('{"time"')]

    def address(self, network):
        return inspected(self.name)["NetworkSettings"]["Networks"][network]["IPAddress"]

    def remove(self):
        podman("rm", "--force", "--volumes", "--time", "0", self.name, check=False)
