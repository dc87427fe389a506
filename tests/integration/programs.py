"""Runs the programs of drivers/, each in its own language.

As a script it fetches beforehand what the tests would else fetch when they first need it.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from debian import ROOT, NotFetched, alone, unpacked
from django_versions import OTHERS

PROGRAMS = pathlib.Path(__file__).with_name("drivers")


def program(*command, timeout=300, **options):
    """What it wrote; it must end well."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=timeout, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pgjdbc(release="installed"):
    """The driver's archive: of this machine, or of the Debian release of that name."""
    root = "/" if release == "installed" else unpacked(release, "libpostgresql-jdbc-java")
    return pathlib.Path(root, "usr/share/java/postgresql.jar")


# The programs are short: what the JVM's second compiler would do costs more than it gains.
JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def java(driver, name, *arguments):
    """A program of one source file; the JVM compiles it in memory."""
    return program("java", *JVM, "-cp", driver, PROGRAMS / name, *arguments)


def java_classes(name, directory):
    """Compiles a program for several runs."""
    program("javac", *("-J" + option for option in JVM), "-proc:none", "-cp", pgjdbc(), "-d", directory, PROGRAMS / name)
    return directory


def java_run(driver, classes, name, *arguments):
    return program("java", *JVM, "-cp", f"{driver}:{classes}", name, *arguments)


# Debian's forky has pgx 5, and the Go that it asks for.
GO_PACKAGES = [f"golang-{name}-dev" for name in (
    "github-lib-pq", "github-jackc-pgx-v5", "github-jackc-pgpassfile", "github-jackc-pgservicefile", "golang-x-crypto", "golang-x-text")]


def go_build(name, directory):
    """Compiles a program; what it is made of is kept under build/, as the first time takes a minute of one processor."""
    root = unpacked("forky", "golang-go", *GO_PACKAGES)
    release = os.readlink(root / "usr/bin/go").split("/")[-3]  # ../lib/go-1.27/bin/go
    unpacked("forky", f"golang-{release[3:]}-go", f"golang-{release[3:]}-src")
    go = root / "usr/lib" / release
    environment = {**os.environ, "GOROOT": go, "GOPATH": root / "usr/share/gocode", "GOCACHE": root / "go-cache", "GO111MODULE": "off",
                   "GOTOOLCHAIN": "local", "GOFLAGS": "", "CGO_ENABLED": "0"}
    program(go / "bin/go", "build", "-o", directory / name, PROGRAMS / f"{name}.go", PROGRAMS / "must.go", timeout=600,
            env={key: str(value) for key, value in environment.items()})
    return directory / name


def compiled_c(name, directory):
    """A program of libpq; newer releases than the one it is compiled with have the same binary interface."""
    include = program("pg_config", "--includedir").strip()
    program("cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", f"-I{include}", "-o", directory / name, PROGRAMS / f"{name}.c", "-lpq")
    return directory / name


# What libpq 18 and 19 of Debian need that older releases have not; the rest is the machine's own.
NEWER_LIBPQ = {18: "forky", 19: "experimental"}
UNRELEASED = {19}
NEWER_LIBRARIES = ["libc6", "libpq5", "libldap2", "libsasl2-2", "libssl3t64"]


def with_libpq(major):
    """The words before a program's path that run it with that libpq, by the loader and the C library that it needs; and its psql."""
    base = unpacked("forky", *NEWER_LIBRARIES)
    root = unpacked(NEWER_LIBPQ[major], "libpq5", f"postgresql-client-{major}")
    libraries = [directory / "usr/lib/x86_64-linux-gnu" for directory in (root, base, pathlib.Path("/"))]
    loader = [base / "usr/lib64/ld-linux-x86-64.so.2", "--library-path", ":".join(map(str, libraries))]
    return loader, root / f"usr/lib/postgresql/{major}/bin/psql"


def other_postgres(major):
    """The programs of a server of another major."""
    with alone("postgres"):
        done = subprocess.run([ROOT / "run", "postgres", str(major)], capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise NotFetched(f"no server of PostgreSQL {major} could be fetched: {done.stderr.strip()}")
    return pathlib.Path(done.stdout.strip(), "bin")


def fetch():
    pgjdbc("forky")
    for major in NEWER_LIBPQ:
        try:
            with_libpq(major)
        except NotFetched:
            if major not in UNRELEASED:
                raise
    other_postgres(18)
    for packages in OTHERS.values():
        unpacked(*packages)
    with tempfile.TemporaryDirectory() as nowhere:
        for name in ("lib_pq", "pgx"):
            go_build(name, pathlib.Path(nowhere))


if __name__ == "__main__":
    try:
        fetch()
    except NotFetched as problem:
        sys.exit(str(problem))
