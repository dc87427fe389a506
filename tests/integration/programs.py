"""Runs the programs of drivers/, each in its own language."""

import pathlib
import subprocess

from debian import unpacked

PROGRAMS = pathlib.Path(__file__).with_name("drivers")


def program(*command, **options):
    """What it wrote; it must end well."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=120, **options)
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
