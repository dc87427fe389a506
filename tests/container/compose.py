"""Plays docker/compose.yaml with Docker's own compose, which finds podman behind its API.

podman leaves the clock of health checks to systemd: `Compose` has one. Its name server is not to be relied on (see kube.py): what
the services are called is told to each by a second file.
"""

import contextlib
import os
import subprocess
import threading

import yaml

import engine
from engine import ROOT, Container, podman
from kube import wait_for

PROGRAM = ROOT / "build/docker-compose"
FILE = ROOT / "docker/compose.yaml"
PROJECT = "lockkeeper"  # as the file says
SUBNET = "10.89.78"


def with_addresses():
    services = yaml.safe_load(FILE.read_text())["services"]
    address = {name: f"{SUBNET}.{number}" for number, name in enumerate(services, 2)}
    hosts = [f"{name}:{where}" for name, where in address.items()]
    return {"networks": {"default": {"ipam": {"config": [{"subnet": f"{SUBNET}.0/24"}]}}},
            "services": {name: {"extra_hosts": hosts, "networks": {"default": {"ipv4_address": where}}} for name, where in address.items()}}


class Compose:
    def __init__(self):
        self.socket = engine.PLACE / "podman.sock"
        self.socket.unlink(missing_ok=True)
        self.addresses = engine.PLACE / "addresses.yaml"
        self.addresses.write_text(yaml.safe_dump(with_addresses()))
        self.over = threading.Event()
        self.clock = threading.Thread(target=self.tick)
        self.log = open(engine.PLACE / "service.log", "w+", encoding="utf-8")
        self.service = subprocess.Popen(engine.command("system", "service", "--time=0", f"unix://{self.socket}"), env=engine.environment(),
                                        stdout=self.log, stderr=self.log)
        try:
            wait_for(lambda: self.socket.exists() or self.service.poll() is not None, "podman's API")
            self.clock.start()
        except BaseException:
            self.end()
            raise

    def run(self, *arguments, check=True, timeout=240):
        environment = {**os.environ, "DOCKER_HOST": f"unix://{self.socket}", "COMPOSE_ANSI": "never"}
        done = subprocess.run([PROGRAM, "--file", FILE, "--file", self.addresses, *arguments], env=environment, capture_output=True,
                              text=True, check=False, timeout=timeout)
        if check and done.returncode:
            raise RuntimeError(f"compose {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}{self.told()}")
        return done

    def tick(self):
        while not self.over.wait(1):
            for name in podman("ps", "--format", "{{.Names}}", "--filter", f"label=com.docker.compose.project={PROJECT}").stdout.split():
                podman("healthcheck", "run", name, check=False)  # one that has none says so

    def container(self, service):
        return Container(f"{PROJECT}-{service}-1")

    def told(self):
        """What all of them have said."""
        names = podman("ps", "--all", "--format", "{{.Names}}", "--filter", f"label=com.docker.compose.project={PROJECT}").stdout.split()
        return "".join(f"--- {name}\n{Container(name).output()}" for name in names)

    def end(self):
        self.over.set()
        if self.clock.is_alive():
            self.clock.join()
        self.service.terminate()
        self.service.wait()
        self.log.close()


@contextlib.contextmanager
def playing():
    made = Compose()
    try:
        yield made
    finally:
        made.run("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)
        made.end()
