"""The releases of Django that are tried: Debian's own, and the one of Debian 13 beside it, unpacked under build/."""

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSTALLED = None  # as a directory: nothing to put before Python's own path


def unpacked(release):
    """Where that release lies: put before Python's own path, for nothing is installed (its files are all Python)."""
    if release == "installed":
        return INSTALLED
    directory = ROOT / "build/django" / release
    packages = directory / "usr/lib/python3/dist-packages"
    if packages.exists():
        return packages
    known = subprocess.run(["apt-cache", "madison", "python3-django"], capture_output=True, text=True, check=False).stdout
    versions = [line.split("|")[1].strip() for line in known.splitlines()]
    version = next((v for v in versions if v.split(":")[-1].startswith(release + ".")), None)
    assert version, f"no source of apt has Django {release}, only {', '.join(versions) or 'none'}: run ./run setup, which adds one"
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        subprocess.run(["apt-get", "download", "-q", f"python3-django={version}"], cwd=scratch, check=True)
        (package,) = pathlib.Path(scratch).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, directory], check=True)
    return packages


def python(packages, *arguments, environment=None):
    """Runs Python with that release of Django and the settings of the contrib apps."""
    here = str(pathlib.Path(__file__).resolve().parent)
    path = os.pathsep.join(([] if packages is INSTALLED else [str(packages)]) + [here])
    variables = {**os.environ, **(environment or {}), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1",
                 "DJANGO_SETTINGS_MODULE": "contrib_settings", "PGGSSENCMODE": "disable"}
    return subprocess.run([sys.executable, *arguments], env=variables, capture_output=True, text=True, check=False)


def django(packages, command, *arguments, environment=None):
    """Runs `manage.py COMMAND`."""
    return python(packages, "-m", "django", command, *arguments, environment=environment)
