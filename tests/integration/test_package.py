"""What is installed: the manual, the completion of shells, the unit file, the Debian package."""

import gzip
import os
import pathlib
import pty
import re
import select
import subprocess
import time

import pytest

from proxy import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build/release"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, timeout=120, **options).stdout


def command_line(path=()):
    """By command, as --help tells it: its options."""
    told = run(BINARY, *path, "--help")
    options = re.findall(r"^  (?:-\w,)?(--[\w-]+)", told, re.M)
    names = re.findall(r"^  (\w+) +\S", told.partition("Subcommands:\n")[2], re.M)
    tree = {path: (options, names)}
    for name in names:
        tree.update(command_line((*path, name)))
    return tree


@pytest.fixture(scope="module")
def commands():
    return command_line()


@pytest.mark.parametrize("page", ["lockkeeper", "lockkeeper.yaml"])
def test_manual_pages_are_well_formed(page):
    text = run(BINARY, "manual", page)
    done = subprocess.run(["groff", "-man", "-wall", "-Tascii", "-z"], input=text, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert re.search(r"^\.SH NAME\nlockkeeper(\.yaml)? \\- \S", text, re.M), "whatis finds it"
    assert text.isascii()


def test_manual_names_all_there_is(commands):
    sections = re.split(r"^\.SS ", run(BINARY, "manual").replace("\\-", "-"), flags=re.M)
    by_command = {section.partition("\n")[0]: section for section in sections}
    for path, (options, names) in commands.items():
        if names:
            continue
        section = by_command[" ".join(path)]
        for option in set(options) - {"--help"}:
            assert f"\\fB{option}\\fR" in section, (path, option)
    keys = re.findall(r"^\| `(?:match\.)?([\w.]+)` \|", (ROOT / "config/KEYS.md").read_text(), re.M)
    page = run(BINARY, "manual", "lockkeeper.yaml")
    assert len(keys) > 60 and all(f"\\fB{key}\\fR" in page for key in keys)


COMPLETE = """
source <("$0" completion bash)
while IFS= read -r line; do
    IFS=' ' read -ra COMP_WORDS <<< "$line"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _lockkeeper
    echo "${COMPREPLY[*]}"
done
"""


def bash_completes(lines, **options):
    told = subprocess.run(["bash", "-c", COMPLETE, str(BINARY)], input="".join(line + "\n" for line in lines), capture_output=True, text=True,
                          check=True, timeout=60, **options)
    assert told.stderr == ""
    return dict(zip(lines, told.stdout.split("\n"), strict=False))


def test_bash_completes_every_command_and_option(commands):
    wanted = {}
    for path, (options, names) in commands.items():
        typed = " ".join(("lockkeeper", *path))
        wanted[f"{typed} -"] = set(options)
        if names:
            wanted[f"{typed} "] = set(names)
        for option in options:
            wanted[f"{typed} {option}"] = {option}
    for line, answer in bash_completes(list(wanted)).items():
        assert wanted[line] <= set(answer.split()), line


@pytest.mark.parametrize("line, answer", [
    ("lockkeeper serve --mode ", "observe guard enforce"),
    ("lockkeeper serve --mode = g", "guard"),
    ("lockkeeper serve --mode =", "observe guard enforce"),
    ("lockkeeper explain index-with", "index-without-concurrently"),
    ("lockkeeper audit tail --rule table-ren", "table-renamed"),
    ("lockkeeper check --format sa", "sarif"),
    ("lockkeeper check 0001", "0001.sql"),
    ("lockkeeper check --config = con", "config.yaml"),
    ("lockkeeper check --django pro", "project"),
    ("lockkeeper serve --config config.yaml --mode e", "enforce"),
    ("lockkeeper serve --listen ", ""),
    ("lockkeeper nonsense --mo", ""),
])
def test_bash_completes_values(line, answer, tmp_path):
    (tmp_path / "0001.sql").touch()
    (tmp_path / "config.yaml").touch()
    (tmp_path / "project").mkdir()
    assert bash_completes([line], cwd=tmp_path)[line] == answer


def test_the_modes_that_are_completed_are_modes():
    (modes,) = bash_completes(["lockkeeper serve --mode "]).values()
    for mode in modes.split():
        done = subprocess.run([BINARY, "serve", "--mode", mode, "--listen", "203.0.113.1:1"], capture_output=True, text=True, check=False, timeout=20)
        assert "cannot listen" in done.stderr and "--mode" not in done.stderr


class Zsh:
    """One at a terminal, with the completion loaded."""

    def __init__(self, directory):
        (directory / "_lockkeeper").write_text(run(BINARY, "completion", "zsh"))
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "TERM": "dumb", "PS1": "ready> ", "HOME": str(directory)})
        self.shown = b""
        self.until("ready> ")
        self.type(f"fpath=({directory} $fpath); autoload -Uz compinit; compinit -u -D; print comp''init done\n")
        self.until("compinit done\r")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def until(self, wanted, seconds=20):
        end = time.monotonic() + seconds
        while wanted.encode() not in self.shown:
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"no {wanted!r} in {self.shown!r}")
            self.shown += os.read(self.terminal, 4096)
        self.shown = b""

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def test_zsh_completes(tmp_path):
    zsh = Zsh(tmp_path)
    try:
        for typed, wanted in [("lockkeeper ser", "lockkeeper serve "), ("lockkeeper serve --mode ob", "observe "), ("lockkeeper audit tail --fol", "--follow "),
                              ("lockkeeper explain index-with", "index-without-concurrently "), ("lockkeeper config ke", "config keys ")]:
            zsh.type(typed + "\t")
            zsh.until(wanted)
            zsh.type("\x15")  # the line is thrown away
    finally:
        zsh.close()


def test_zsh_reads_the_whole_script(commands, tmp_path):
    script = run(BINARY, "completion", "zsh")
    (tmp_path / "_lockkeeper").write_text(script)
    assert run("zsh", "-n", tmp_path / "_lockkeeper") == ""
    for path, (options, _) in commands.items():
        name = "_".join(("_lockkeeper", *path))
        (body,) = re.findall(rf"^{name}\(\) {{\n(.*?)^}}", script, re.M | re.S)
        assert all(option in body for option in options), path


def what_a_unit_names(root, unit):
    """The program and its configuration."""
    command = re.search(r"^ExecStart=(\S+) serve --config (\S+)$", unit, re.M)
    return [root / path.lstrip("/") for path in command.groups()]


def installed_is_sound(root, prefix):
    program, configuration = what_a_unit_names(root, (prefix / "lib/systemd/system/lockkeeper.service").read_text())
    assert run(program, "version").startswith("lockkeeper ")
    assert run(program, "config", "check", "--config", configuration) == ""
    assert "\nmode: observe\n" in run(program, "config", "print", "--config", configuration), "nothing is changed before somebody says so"
    assert b"debug_info" not in program.read_bytes(), "it is stripped"
    for name, page in (("man1/lockkeeper.1.gz", "lockkeeper"), ("man5/lockkeeper.yaml.5.gz", "lockkeeper.yaml")):
        assert gzip.decompress((prefix / "share/man" / name).read_bytes()).decode() == run(program, "manual", page)
    assert (prefix / "share/bash-completion/completions/lockkeeper").read_text() == run(program, "completion", "bash")
    assert (prefix / "share/zsh/vendor-completions/_lockkeeper").read_text() == run(program, "completion", "zsh")
    documents = prefix / "share/doc/lockkeeper"
    for name in ("README.md", "proxy/OPERATING.md", "copyright", "config/example.yaml", "config/KEYS.md", "docker/prometheus/alerts.yaml", "docker/grafana/lockkeeper.json"):
        assert (documents / name).is_file(), name
    for page in documents.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.S)):
            if target.endswith(".md") and not target.startswith("tests/") and target != "CONTRIBUTING.md":
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_installed_anywhere(tmp_path):
    run("cmake", "--install", RELEASE, "--prefix", tmp_path, "--strip")
    installed_is_sound(pathlib.Path("/"), tmp_path)
    (tmp_path / "etc/lockkeeper/lockkeeper.yaml").write_text("mode: observe\n")
    run("cmake", "--install", RELEASE, "--prefix", tmp_path)
    assert (tmp_path / "etc/lockkeeper/lockkeeper.yaml").read_text() == "mode: observe\n", "the operator's file stays"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    directory = tmp_path_factory.mktemp("package")
    run("cpack", "--config", RELEASE / "CPackConfig.cmake", "-B", directory, "-D", f"CPACK_INSTALL_CMAKE_PROJECTS={RELEASE};lockkeeper;ALL;/")
    (made,) = directory.glob("lockkeeper_*.deb")
    return made


def test_debian_package(package, tmp_path):
    run("dpkg-deb", "-R", package, tmp_path)
    installed_is_sound(tmp_path, tmp_path / "usr")
    control = (tmp_path / "DEBIAN/control").read_text()
    assert re.search(r"^Depends: .*libpq5.*libssl3", control, re.M)
    assert all(re.search(rf"^Depends: .*\b{needed}\b", control, re.M) for needed in ("passwd", "procps")), "what scripts and the unit call"
    conffiles = (tmp_path / "DEBIAN/conffiles").read_text().split()
    assert conffiles == ["/" + str(path.relative_to(tmp_path)) for path in (tmp_path / "etc").rglob("*") if path.is_file()]
    assert {entry.split()[1] for entry in run("dpkg-deb", "-c", package).splitlines()} == {"root/root"}


def ran_by(script, *arguments, account_there):
    """The commands that a script of the package runs that change the machine, with those in place of the real ones."""
    stubs = "".join(f'{name}() {{ echo "{name} $*"; }}\n' for name in ("useradd", "systemctl", "rmdir", "deluser", "userdel"))
    stubs += f"getent() {{ return {0 if account_there else 2}; }}\n"
    return run("sh", "-c", stubs + script, "script", *arguments)


@pytest.mark.parametrize("there", [False, True])
def test_scripts_of_the_package(there):
    scripts = {name: (ROOT / "config/package" / name).read_text().replace("/run/systemd/system", "/") for name in ("postinst", "prerm", "postrm")}
    first = ran_by(scripts["postinst"], "configure", "", account_there=there)
    assert ("useradd --system" in first) is not there
    assert not re.search(r"^systemctl .*(start|enable)", first, re.M), "it is not started before it is configured"
    assert "systemctl enable --now lockkeeper" in first.splitlines()[-1], "it is said how"
    upgraded = ran_by(scripts["postinst"], "configure", "0.0.9", account_there=True)
    assert "systemctl try-restart lockkeeper.service" in upgraded and "useradd" not in upgraded
    assert "systemctl disable --now lockkeeper.service" in ran_by(scripts["prerm"], "remove", account_there=True)
    assert ran_by(scripts["prerm"], "upgrade", "0.2", account_there=True) == ""
    assert "rmdir --ignore-fail-on-non-empty /etc/lockkeeper" in ran_by(scripts["postrm"], "purge", account_there=True)
    assert "rmdir" not in ran_by(scripts["postrm"], "remove", account_there=True)
    for script in scripts.values():
        run("sh", "-n", "-c", script)
