"""PostgreSQL's own tests, out of the Debian source package of the server that is installed; kept under build/."""

import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
WANTED = re.compile(r"[^/]+/(src/test/(regress|isolation|modules/libpq_pipeline)/|COPYRIGHT$)")


def say(text):
    print(f"==> {text}", flush=True)


class Source:
    """What the suites need: their texts, and two programs that no Debian package carries."""

    def __init__(self, binaries):
        self.binaries = pathlib.Path(binaries)
        self.major = self.binaries.parts[-2]
        self.directory = ROOT / "build/postgres-tests" / self.major
        self.tree = self.directory / "src/test"
        self.library = self.directory / "regress.so"
        self.pipeline = self.directory / "libpq_pipeline"
        # Debian's client package has these two, for those who test extensions.
        self.harness = self.binaries.parent / "lib/pgxs/src/test"
        if not self.pipeline.exists():
            self._make()

    def version(self):
        return (self.directory / "version").read_text().strip()

    def _make(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        with tempfile.TemporaryDirectory(dir=self.directory) as scratch:
            scratch = pathlib.Path(scratch)
            self._fetch(scratch)
            headers = self._headers(scratch)
            self._compile(headers)

    def _fetch(self, scratch):
        """The very version that is installed, or an older one of that major where the mirror has lost it."""
        places = madison(f"postgresql-{self.major}")
        options = source_options(scratch, {place for _, place in places})
        subprocess.run(["apt-get", *options, "update", "-qq"], check=True)
        for version, _ in places:
            say(f"fetching the sources of PostgreSQL {version}")
            command = ["apt-get", *options, "source", "-qq", "--download-only", f"postgresql-{self.major}={version}"]
            if subprocess.run(command, cwd=scratch, check=False).returncode == 0:
                break
        else:
            raise SystemExit(f"no mirror of apt has the sources of postgresql-{self.major}: see above")
        (archive,) = scratch.glob("*.orig.tar.*")
        with tarfile.open(archive) as packed:
            for member in packed:
                if WANTED.match(member.name):
                    member.name = member.name.split("/", 1)[1]
                    packed.extract(member, self.directory)
        (self.directory / "version").write_text(version + "\n")

    def _headers(self, scratch):
        """Unpacked, not installed: the package would bring a whole compiler of its own along."""
        subprocess.run(["apt-get", "download", "-qq", f"postgresql-server-dev-{self.major}"], cwd=scratch, check=True)
        (package,) = scratch.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, scratch], check=True)
        return scratch / "usr"

    def _compile(self, usr):
        """Without warnings of ours: it is not our code."""
        headers = [f"-I{usr}/include/postgresql/{self.major}/server", "-I/usr/include/postgresql"]
        compiler = ["cc", "-O1", "-w", *headers]
        subprocess.run([*compiler, "-fPIC", "-shared", "-o", self.library, self.tree / "regress/regress.c"], check=True)
        subprocess.run([*compiler, "-o", self.pipeline, self.tree / "modules/libpq_pipeline/libpq_pipeline.c",
                        f"-L{usr}/lib/postgresql/{self.major}/lib", "-lpgcommon", "-lpgport", "-lpq"], check=True)


def madison(package):
    """(version, "URI suite") of every binary package of that name, the newest first."""
    said = subprocess.run(["apt-cache", "madison", package], capture_output=True, text=True, check=True).stdout
    rows = [[part.strip() for part in line.split("|")] for line in said.splitlines()]
    return [(version, " ".join(place.split()[:2])) for _, version, place in rows if place.endswith("Packages")]


def source_options(scratch, places):
    """Options that show apt those places' sources, without a word in the machine's own lists."""
    lines = []
    for place in places:
        uri, suite = place.split()
        suite, component = suite.rsplit("/", 1)
        lines.append(f"deb-src [signed-by={KEYRING}] {uri} {suite} {component}\n")
    (scratch / "sources.list").write_text("".join(lines))
    (scratch / "lists/partial").mkdir(parents=True)
    return ["-o", f"Dir::Etc::sourcelist={scratch}/sources.list", "-o", "Dir::Etc::sourceparts=-",
            "-o", f"Dir::State::lists={scratch}/lists", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=",
            "-o", "APT::Sandbox::User=root"]
