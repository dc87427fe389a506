"""Files of packages of other releases of Debian, unpacked under build/ and never installed; apt checks their signatures."""

import contextlib
import fcntl
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class NotFetched(Exception):
    """What a test needs cannot be had: the test fails, for else nobody would miss it."""


def mirror():
    """The one that this machine uses for its own release."""
    known = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"],
                           capture_output=True, text=True, check=False).stdout.split()
    return next((uri for uri in known if uri.rstrip("/").endswith("/debian")), "http://deb.debian.org/debian")


def apt(suite, *arguments, **options):
    """apt-get with lists of its own, so that the machine's sources stay as they are."""
    own = ROOT / "build/debian" / f"apt-{suite}"
    if not (own / "sources.list").exists():
        for part in ("lists/partial", "archives/partial", "parts"):
            (own / part).mkdir(parents=True, exist_ok=True)
        (own / "status").touch()
        (own / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n")
    settings = {"Dir::Etc::sourcelist": own / "sources.list", "Dir::Etc::sourceparts": own / "parts",
                "Dir::Etc::preferencesparts": own / "parts", "Dir::State::Lists": own / "lists", "Dir::State::status": own / "status", "Dir::Cache": own,
                "APT::Sandbox::User": "", "Acquire::Languages": "none"}
    return subprocess.run(["apt-get", "-q", *(f"-o{name}={value}" for name, value in settings.items()), *arguments],
                          capture_output=True, text=True, check=True, **options)


@contextlib.contextmanager
def alone(name):
    """Workers of pytest share build/."""
    (ROOT / "build/debian").mkdir(parents=True, exist_ok=True)
    with open(ROOT / f"build/debian/{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def unpacked(suite, *packages):
    """The directory that these packages of that release are unpacked in, with nothing that they depend on."""
    directory = ROOT / "build/debian" / suite
    with alone(suite):
        missing = [name for name in packages if not (directory / ".unpacked" / name).exists()]
        if missing:
            fetch(suite, missing, directory)
    return directory


def fetch(suite, packages, directory):
    archives = directory / ".archives"
    archives.mkdir(parents=True, exist_ok=True)
    (directory / ".unpacked").mkdir(exist_ok=True)
    try:
        apt(suite, "update")
        apt(suite, "download", *packages, cwd=archives)
    except subprocess.CalledProcessError as error:
        raise NotFetched(f"apt could not fetch {', '.join(packages)} of Debian {suite}; is {mirror()} reachable? "
                         f"Where that release has moved on, change the lists in programs.py or django_versions.py. {error.stderr.strip()}") from error
    for archive in archives.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, directory], check=True)
        archive.unlink()
    for name in packages:
        (directory / ".unpacked" / name).touch()
    os.rmdir(archives)
