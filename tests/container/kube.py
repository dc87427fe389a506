"""Plays the manifests of docker/kubernetes, as kustomize renders them, with podman.

podman plays Pods and Deployments. A Job it does not know: here the Job's pod is played, as the Job's controller would make it. Nor
does it know native sidecars: `NativePod` starts and stops the containers of such a pod in the kubelet's order, probes included.
"""

import copy
import json
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import yaml

from engine import ROOT, Container, inspected, podman

KUSTOMIZE = ROOT / "build/kustomize"
# Without podman's name server: aardvark-dns 1.4 (Debian 12) reads its tables anew whenever a container comes or goes, and once in
# twenty times answers nobody from then on, until the next one does. Who asks is told after 40 s that there is no such name.
NETWORK, SUBNET, SERVER = "lockkeeper-test", "10.89.77.0/24", "10.89.77.2"


def render(overlay):
    done = subprocess.run([str(KUSTOMIZE), "build", str(ROOT / "docker/kubernetes/overlays" / overlay)], capture_output=True, text=True,
                          check=True)
    return list(yaml.safe_load_all(done.stdout))


def of_kind(documents, kind, name=None):
    return [d for d in documents if d["kind"] == kind and name in (None, d["metadata"]["name"])]


def pod_of(workload):
    """The pod that the controller of a Job or a Deployment would make."""
    template = copy.deepcopy(workload["spec"]["template"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": workload["metadata"]["name"], **template["metadata"]},
            "spec": template["spec"]}


def get(url, method="GET"):
    """The status, and what came with it. None where nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
    except OSError:
        return None, ""


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return value


def kept_secrets(documents):
    """podman has secrets of its own; a pod finds the keys of one in JSON."""
    for secret in of_kind(documents, "Secret"):
        podman("secret", "rm", secret["metadata"]["name"], check=False)
        podman("secret", "create", secret["metadata"]["name"], "-", input=json.dumps(secret["data"]))


def fitted(workload):
    """podman would open each containerPort at the machine's own address, too. And the pod has to find the server."""
    workload = copy.deepcopy(workload)
    spec = workload["spec"] if workload["kind"] == "Pod" else workload["spec"]["template"]["spec"]
    spec["hostAliases"] = [{"ip": SERVER, "hostnames": ["postgres"]}]
    for container in spec["containers"]:
        container.pop("ports", None)
    return workload


class Played:
    """What was played of one workload: its pods, and the containers in them."""

    def __init__(self, documents, workload, *options):
        kept_secrets(documents)
        self.name = workload["metadata"]["name"]
        self.pods = []
        try:
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                yaml.dump_all([*of_kind(documents, "ConfigMap"), fitted(workload)], file)
                file.flush()
                podman("kube", "play", f"--network={NETWORK}", *options, file.name)
            self.pods = self.found()
        except BaseException:  # nobody else knows of it yet
            self.remove()
            raise

    def found(self):
        """Those of a Deployment are numbered, or podman plays but one."""
        names = podman("pod", "ps", "--format", "{{.Name}}").stdout.split()
        return sorted(name for name in names if name == self.name or name.startswith(f"{self.name}-pod"))

    def container(self, name, pod=0):
        return Container(f"{self.pods[pod]}-{name}")

    def address(self, pod=0):
        """Where the other pods and the kubelet reach it."""
        infra = inspected(self.pods[pod], "pod")["InfraContainerID"]
        return Container(infra).address(NETWORK)

    def probed(self, container, kind, pod=0):
        """What the kubelet's probe of that container finds."""
        probe = container[kind]["httpGet"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        return get(f"http://{self.address(pod)}:{ports[probe['port']]}{probe['path']}")[0] == 200

    def await_probe(self, container, kind, pod=0):
        tries, period = container[kind].get("failureThreshold", 3), container[kind].get("periodSeconds", 10)
        wait_for(lambda: self.probed(container, kind, pod), f"{kind} of {container['name']}", tries * period)

    def remove(self):
        for pod in self.found():
            podman("pod", "rm", "--force", "--time", "0", pod, check=False)


class NativePod(Played):
    """A pod with native sidecars, in the kubelet's order: each sidecar is started and awaited, then come the containers; when these
    have ended the sidecars get SIGTERM, the last one first."""

    def __init__(self, documents, workload):
        pod = pod_of(workload)
        spec = pod["spec"]
        self.sidecars = spec.pop("initContainers")
        assert all(sidecar["restartPolicy"] == "Always" for sidecar in self.sidecars), "an init container that ends is not played here"
        self.mains = spec["containers"]
        self.grace = spec["terminationGracePeriodSeconds"]
        flat = [{name: value for name, value in sidecar.items() if name != "restartPolicy"} for sidecar in self.sidecars]
        super().__init__(documents, {**pod, "spec": {**spec, "containers": flat + self.mains}}, "--start=false")

    def start(self):
        for sidecar in self.sidecars:
            podman("start", self.container(sidecar["name"]).name)
            self.await_probe(sidecar, "startupProbe")
        for main in self.mains:
            podman("start", self.container(main["name"]).name)

    def ended(self):
        """Waits until the pod has ended. Returns the exit codes of its containers by their names."""
        codes = {main["name"]: self.container(main["name"]).ended() for main in self.mains}
        for sidecar in reversed(self.sidecars):
            container = self.container(sidecar["name"])
            codes[sidecar["name"]] = container.stop(self.grace)
        return codes
