"""The releases of Django that are tried: Debian's own, and those of later releases of Debian, unpacked under build/."""

import os
import pathlib
import re
import subprocess
import sys

import debian

INSTALLED = None  # as a directory: nothing to put before Python's own path
OTHERS = {"4.2": ("trixie", "python3-django"), "5.2": ("forky", "python3-django", "python3-asgiref")}  # all files are Python


def unpacked(release):
    """Where that release lies: put before Python's own path, for nothing is installed."""
    if release == "installed":
        return INSTALLED
    packages = debian.unpacked(*OTHERS[release]) / "usr/lib/python3/dist-packages"
    found = ".".join(re.findall(r"^VERSION = \((\d+), (\d+)", (packages / "django/__init__.py").read_text(), re.M)[0])
    if found != release:
        raise debian.NotFetched(f"Debian {OTHERS[release][0]} no longer has Django {release} but {found}: change OTHERS in {__file__}")
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
