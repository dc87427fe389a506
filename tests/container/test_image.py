"""What the image is, and how it behaves as process 1."""

import subprocess
import tarfile

import pytest

from engine import LOCKKEEPER, ROOT, inspected, podman
from kube import NETWORK, get, wait_for

MOST = 120_000_000


def test_it_is_small():
    size = inspected(LOCKKEEPER, "image")["Size"]
    print(f"{size / 1e6:.1f} MB")
    assert size < MOST


def test_it_runs_as_nobody_in_particular():
    configuration = inspected(LOCKKEEPER, "image")["Config"]
    user, _, group = configuration["User"].partition(":")
    assert int(user) > 10000 and int(group) > 10000, "a number: runAsNonRoot cannot judge a name"
    assert podman("run", "--rm", "--network=none", "--entrypoint", "id", LOCKKEEPER, "-u").stdout.strip() == user


@pytest.mark.parametrize("page, command", [("config/KEYS.md", "config keys"), ("proxy/METRICS.md", "metrics"),
                                           ("policy/RULES.md", "rules --format markdown")])
def test_the_program_is_made_of_these_sources(page, command):
    """And not of those that were there when the image was built before."""
    said = podman("run", "--rm", "--network=none", LOCKKEEPER, *command.split()).stdout
    assert said == (ROOT / page).read_text()


def test_the_program_has_no_symbols_and_there_is_no_compiler(tmp_path):
    created = podman("create", LOCKKEEPER).stdout.strip()
    podman("cp", f"{created}:/usr/local/bin/lockkeeper", tmp_path / "lockkeeper")
    with open(tmp_path / "files.tar", "wb") as file:
        podman("export", created, stdout=file, capture_output=False, text=False)
    podman("rm", created)
    sections = subprocess.run(["readelf", "--section-headers", "--wide", tmp_path / "lockkeeper"], capture_output=True, text=True, check=True).stdout
    assert ".dynsym" in sections and ".symtab" not in sections and ".debug" not in sections
    with tarfile.open(tmp_path / "files.tar") as archive:
        names = archive.getnames()
    for unwanted in ("bin/g++", "bin/cmake", "bin/curl", "bin/python3", ".a", "apt/lists/deb"):
        assert not [name for name in names if name.endswith(unwanted)], unwanted
    assert not [name for name in names if name.startswith(("src/", "out/"))]


def test_it_works_on_a_read_only_root(lockkeeper, server):
    """With no capability at all, and not a writable byte."""
    container = lockkeeper()
    assert container.execute("sh", "-c", ": > /tmp/x || : > /x || : > /etc/lockkeeper/x", check=False).returncode != 0
    with server.connect("postgres", host=container.address(NETWORK), port=6432) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW server_version_num")
        assert int(cursor.fetchone()[0]) > 170000
    assert get(f"http://{container.address(NETWORK)}:9432/metrics")[0] == 200
    assert get(f"http://{container.address(NETWORK)}:9432/")[0] == 403


def test_the_health_check_tells(lockkeeper):
    """Of one that is frozen too, and with nothing but the program itself."""
    check = inspected(LOCKKEEPER, "image")["Healthcheck"]
    assert check["Test"][1] == "lockkeeper"
    container = lockkeeper()
    assert podman("healthcheck", "run", container.name, check=False).returncode == 0
    container.signal("STOP")
    assert podman("healthcheck", "run", container.name, check=False).returncode == 1
    container.signal("CONT")
    wait_for(lambda: podman("healthcheck", "run", container.name, check=False).returncode == 0, "healthy again")


def test_as_process_1_it_ends_at_sigterm(lockkeeper):
    container = lockkeeper()
    assert container.execute("cat", "/proc/1/comm").stdout.strip() == "lockkeeper"
    assert container.stop(20) == 0
    assert container.audit()[-1]["event"] == "stopped"


def test_as_process_1_it_buries_orphans(lockkeeper):
    container = lockkeeper()
    orphan = container.execute("sh", "-c", "sleep 0.2 & echo $!").stdout.strip()
    wait_for(lambda: container.execute("test", "-e", f"/proc/{orphan}", check=False).returncode == 1, f"process {orphan} is gone", 10)


def test_what_is_wrong_with_the_configuration_is_told(lockkeeper):
    container = lockkeeper("listen: 0.0.0.0:6432\nmod: enforce\n", ready=False)
    assert container.ended() == 2
    assert "lockkeeper.yaml:2:1" in container.output() and "mode" in container.output()
