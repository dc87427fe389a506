"""Builds what the tests of containers run, without a registry: Debian's base image from its packages, all others from their Dockerfiles.

What is there already is taken, as far as nothing that it is made of has changed.
"""

import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

from engine import DEMO, LOCKKEEPER, POSTGRES, PUBLIC_POSTGRES, PUBLIC_PROMETHEUS, ROOT, SYSTEMD, podman

PUBLIC = "docker.io/library/debian:{}-slim"
BASE = PUBLIC.format("trixie")
PACKAGE = ROOT / "build/package"
FOREIGN = "libpg-query1706.0"  # Debian 12 has it not; ./run setup has added the release that has
# What the published image leaves out, too.
NOT_SLIM = ("usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "var/cache/apt/archives", "var/lib/apt/lists",
            "var/cache/ldconfig", "var/log")


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def slim(root):
    for name in NOT_SLIM:
        for path in (root / name).glob("*"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in (root / "usr/share/doc").rglob("*"):
        if not path.is_dir() and path.name != "copyright":
            path.unlink()


def base(release):
    """As debootstrap makes it, under its public name: what a Dockerfile builds upon need not be changed."""
    image = PUBLIC.format(release)
    if podman("image", "exists", image, check=False).returncode == 0:
        return
    say(f"making {image} of Debian's packages (some minutes)")
    with tempfile.TemporaryDirectory(prefix="lockkeeper-base-") as scratch:
        root = pathlib.Path(scratch) / "root"
        subprocess.run(["debootstrap", "--variant=minbase", release, str(root), os.environ.get("LOCKKEEPER_MIRROR", "http://deb.debian.org/debian")],
                       stdout=subprocess.DEVNULL, check=True)
        slim(root)
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as archive:
            podman("import", "-", image, stdin=archive.stdout)
        if archive.returncode:
            raise SystemExit(f"tar ended with {archive.returncode}")


def build(image, dockerfile, *options, context="."):
    """Without a container for each step, and in the machine's network: neither asks more of the kernel than there may be."""
    say(f"building {image} from {dockerfile}")
    podman("build", "--format", "docker", "--isolation", "chroot", "--network", "host", "--layers", "--tag", image, *options,
           "--file", dockerfile, context, cwd=ROOT, stdout=2, stderr=2, capture_output=False)


def systemd():
    """The package itself is not in it: a test installs it."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    package = max(PACKAGE.glob("lockkeeper_*.deb"), key=os.path.getmtime)
    told = subprocess.run(["dpkg-deb", "--field", package, "Depends"], capture_output=True, text=True, check=True).stdout
    depends = {word.split()[0] for word in told.split(",")}
    base(release)
    with tempfile.TemporaryDirectory(prefix="lockkeeper-extra-") as extra:
        if release == "bookworm":
            subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=", "download", FOREIGN], cwd=extra, check=True)
            depends.remove(FOREIGN)
            for path in pathlib.Path(extra).iterdir():
                os.utime(path, (0, 0))  # or no layer of the image is ever the one of before
        build(SYSTEMD, "tests/container/systemd/Dockerfile", "--build-arg", f"BASE={PUBLIC.format(release)}", "--build-arg",
              f"DEPENDS={' '.join(sorted(depends))}", context=extra)


def main():
    base("trixie")
    build(LOCKKEEPER, "docker/Dockerfile")
    build(DEMO, "docker/demo/Dockerfile")
    build(POSTGRES, "tests/container/postgres/Dockerfile")
    # As for the base: what compose.yaml names is there under that name, made of Debian's packages.
    podman("tag", POSTGRES, PUBLIC_POSTGRES)
    build(PUBLIC_PROMETHEUS, "tests/container/prometheus/Dockerfile")
    systemd()


if __name__ == "__main__":
    main()
