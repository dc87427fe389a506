"""What docker/ holds agrees with itself, with the program and with its configuration. ./run test-container plays it."""

import pathlib
import re
import shlex
import subprocess

import pytest
import yaml

from admin_client import with_admin
from proxy import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
OVERLAYS = sorted(path.name for path in (DOCKER / "kubernetes/overlays").iterdir())
WORKLOADS = ("Deployment", "Job")
# Every field of a container, a probe and a pod that is in use here. One that is misspelt Kubernetes would refuse, or ignore.
CONTAINER = {"name", "image", "imagePullPolicy", "restartPolicy", "args", "command", "env", "envFrom", "ports", "startupProbe", "readinessProbe",
             "livenessProbe", "resources", "securityContext", "volumeMounts"}
PROBE = {"httpGet", "periodSeconds", "failureThreshold"}
POD = {"terminationGracePeriodSeconds", "automountServiceAccountToken", "securityContext", "initContainers", "containers", "volumes",
       "restartPolicy", "topologySpreadConstraints"}


def rendered(overlay):
    done = subprocess.run([str(ROOT / "build/kustomize"), "build", str(DOCKER / "kubernetes/overlays" / overlay)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(scope="module", params=OVERLAYS)
def documents(request):
    return rendered(request.param)


def of_kind(documents, *kinds):
    return [document for document in documents if document["kind"] in kinds]


def named(documents, kind, name):
    (found,) = [document for document in of_kind(documents, kind) if document["metadata"]["name"] == name]
    return found


def pods(documents):
    return [workload["spec"]["template"]["spec"] for workload in of_kind(documents, *WORKLOADS)]


def containers(pod):
    return pod.get("initContainers", []) + pod["containers"]


def keepers(documents):
    """(pod, container, what its configuration says) of each Lockkeeper."""
    for pod in pods(documents):
        for container in containers(pod):
            if container["name"] == "lockkeeper":
                yield pod, container, yaml.safe_load(configuration(documents, pod, container))


def configuration(documents, pod, container):
    """The text that stands in the container where the image's command looks for it."""
    (mount,) = container["volumeMounts"]
    assert mount["mountPath"] == "/etc/lockkeeper"
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == mount["name"]]
    return named(documents, "ConfigMap", volume["configMap"]["name"])["data"]["lockkeeper.yaml"]


def port(where):
    return int(where.rpartition(":")[2])


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", str(text))[1])


def checked(path):
    return subprocess.run([str(BINARY), "config", "check", "--config", str(path)], capture_output=True, text=True, check=False)


def test_every_file_is_yaml():
    files = [*DOCKER.rglob("*.yaml"), *DOCKER.rglob("*.yml")]
    assert len(files) > 10
    for path in files:
        assert list(yaml.safe_load_all(path.read_text())), path


def test_every_configuration_passes_the_check(documents, tmp_path):
    for pod, container, _ in keepers(documents):
        path = tmp_path / "lockkeeper.yaml"
        path.write_text(configuration(documents, pod, container))
        assert checked(path).returncode == 0, checked(path).stderr
    done = checked(DOCKER / "lockkeeper.yaml")
    assert done.returncode == 0, done.stderr


def test_ports_are_those_of_the_configuration(documents):
    for _, container, settings in keepers(documents):
        ports = {entry["name"]: entry["containerPort"] for entry in container["ports"]}
        assert ports.pop("admin") == port(settings["admin"]["listen"])
        assert settings["admin"]["listen"].startswith("0.0.0.0:"), "the kubelet asks from outside of the pod"
        if ports:
            assert ports == {"postgres": port(settings["listen"])} and settings["listen"].startswith("0.0.0.0:")
        else:
            assert settings["listen"].startswith("127.0.0.1:"), "a sidecar is for its own pod"


def test_the_project_is_sent_to_lockkeeper(documents):
    """All that an overlay changes for it is host and port."""
    (database,) = [d for d in of_kind(documents, "ConfigMap") if d["metadata"]["name"].startswith("database-")]
    host, at = database["data"]["SHOP_HOST"], int(database["data"]["SHOP_PORT"])
    services = of_kind(documents, "Service")
    if services:
        (service,) = services
        assert host == service["metadata"]["name"] and at == service["spec"]["ports"][0]["port"]
    else:
        assert all(settings["listen"] == f"{host}:{at}" for _, _, settings in keepers(documents))


def test_probes_hit_what_there_is(documents, lockkeeper):
    _, admin = with_admin(lockkeeper)
    for pod in pods(documents):
        for container in containers(pod):
            names = {entry["name"] for entry in container.get("ports", ())}
            for kind in [name for name in container if name.endswith("Probe")]:
                probe = container[kind]
                assert probe.keys() <= PROBE and probe["httpGet"]["port"] in names, probe
                if container["name"] == "lockkeeper":
                    assert admin.status(probe["httpGet"]["path"]) == 200, probe


def test_nothing_runs_with_more_than_it_needs(documents):
    for pod in pods(documents):
        assert pod.keys() <= POD, pod.keys() - POD
        assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
        assert pod["automountServiceAccountToken"] is False
        for container in containers(pod):
            assert container.keys() <= CONTAINER, container.keys() - CONTAINER
            assert container["securityContext"] == {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False,
                                                    "capabilities": {"drop": ["ALL"]}}
            assert "memory" in container["resources"]["limits"]


def test_the_grace_period_is_longer_than_the_drain(documents):
    for pod, _, settings in keepers(documents):
        drain = settings["drain"]
        assert pod["terminationGracePeriodSeconds"] > seconds(drain.get("delay", "0s")) + seconds(drain["grace"])


def test_what_is_referred_to_exists(documents):
    for pod in pods(documents):
        for container in containers(pod):
            for source in container.get("envFrom", ()):
                for kind, reference in source.items():
                    named(documents, {"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind], reference["name"])
    labels = [workload["spec"]["template"]["metadata"]["labels"] for workload in of_kind(documents, *WORKLOADS)]

    def selects(selector):
        return any(selector.items() <= label.items() for label in labels)

    for document in of_kind(documents, "Deployment", "PodDisruptionBudget"):
        assert selects(document["spec"]["selector"]["matchLabels"]), document
    for document in of_kind(documents, "NetworkPolicy"):
        assert selects(document["spec"]["podSelector"]["matchLabels"])
    for service in of_kind(documents, "Service"):
        assert selects(service["spec"]["selector"])


def test_the_gateway_has_all_that_several_copies_need():
    documents = rendered("gateway")
    deployment = named(documents, "Deployment", "lockkeeper")
    assert deployment["spec"]["replicas"] > named(documents, "PodDisruptionBudget", "lockkeeper")["spec"]["minAvailable"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    ports = {entry["name"] for entry in container["ports"]}
    assert {entry["targetPort"] for entry in named(documents, "Service", "lockkeeper")["spec"]["ports"]} <= ports
    policy = named(documents, "NetworkPolicy", "lockkeeper")["spec"]
    assert {entry["port"] for rule in policy["ingress"] for entry in rule["ports"]} == ports
    (_, _, settings), = keepers(documents)
    assert settings["upstream"]["port"] in [entry["port"] for rule in policy["egress"] for entry in rule["ports"]]


def test_native_and_classic_sidecars_differ_in_nothing_else():
    native, classic = rendered("native"), rendered("classic")
    for kind in WORKLOADS:
        (one,), (other,) = of_kind(native, kind), of_kind(classic, kind)
        ours, theirs = (workload["spec"]["template"]["spec"] for workload in (one, other))
        (sidecar,) = ours["initContainers"]
        assert sidecar.pop("restartPolicy") == "Always" and "startupProbe" in sidecar
        assert sidecar in theirs["containers"]
        (main,) = ours["containers"]
        (beside,) = [container for container in theirs["containers"] if container["name"] != "lockkeeper"]
        if kind == "Job":  # it waits for Lockkeeper, and ends it
            wrapper, command = beside["command"][:3], beside["command"][3:]
            compile(wrapper[2], "migrate.yaml", "exec")
            assert "/readyz" in wrapper[2] and "/quitquitquit" in wrapper[2]
            assert command == main["command"]
        else:
            assert beside == main


def instructions():
    """(instruction, words) of the Dockerfile."""
    text = (DOCKER / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def test_the_image_is_built_of_what_there_is():
    installed = set(re.search(r"no-install-recommends\s+(.*?)&&", dict(reversed(instructions()))["RUN"])[1].split())
    known = set(re.search(r"^packages\(\) \{\n(.*?)^\}", (ROOT / "run").read_text(), re.M | re.S)[1].split())
    assert {"g++", "libpg-query-dev"} <= installed <= known, installed - known
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source


def test_the_images_commands_are_the_programs():
    last = dict(instructions())
    entry, command, check = yaml.safe_load(last["ENTRYPOINT"]), yaml.safe_load(last["CMD"]), yaml.safe_load(last["HEALTHCHECK"].split("CMD")[1])
    assert entry == check[:1] == ["lockkeeper"]
    for words in command, check[1:]:
        help_text = subprocess.run([str(BINARY), words[0], "--help"], capture_output=True, text=True, check=True).stdout
        assert all(word in help_text for word in words if word.startswith("--")), words
    assert command[command.index("--config") + 1] == "/etc/lockkeeper/lockkeeper.yaml"
    settings = yaml.safe_load((DOCKER / "lockkeeper.yaml").read_text())
    assert [int(number) for number in shlex.split(last["EXPOSE"])] == [port(settings["listen"]), port(settings["admin"]["listen"])]
    assert port(settings["admin"]["listen"]) == 9432, "lockkeeper wait asks there where it is told nothing"


def test_compose_names_what_there_is():
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    services = compose["services"]
    assert {"postgres", "lockkeeper", "migrate", "shop", "prometheus"} <= services.keys()
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= services.keys(), name
        if "build" in service:
            assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).exists(), name
        for volume in service.get("volumes", ()):
            assert (DOCKER / volume.split(":")[0]).exists(), volume
    settings = yaml.safe_load((DOCKER / "lockkeeper.yaml").read_text())
    keeper = services["lockkeeper"]
    assert keeper["environment"]["PGHOST"] in services
    for name in "migrate", "shop":
        environment = services[name]["environment"]
        assert services[environment["SHOP_HOST"]] is keeper and int(environment["SHOP_PORT"]) == port(settings["listen"])
        assert environment["PGPASSWORD"] == services["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert seconds(keeper["stop_grace_period"]) > 30, "longer than drain.grace"
    prometheus = yaml.safe_load((DOCKER / "prometheus/prometheus.yaml").read_text())
    ((target,),) = [entry["targets"] for job in prometheus["scrape_configs"] for entry in job["static_configs"]]
    host, _, at = target.partition(":")
    assert services[host] is keeper and int(at) == port(settings["admin"]["listen"])


def test_prometheus_takes_its_configuration():
    done = subprocess.run([str(ROOT / "build/promtool"), "check", "config", "prometheus.yaml"], cwd=DOCKER / "prometheus", capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
