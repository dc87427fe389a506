"""What is written for people is what the program says and does."""

import os
import pathlib
import re
import shlex
import subprocess
import textwrap

import pytest

from proxy import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDES = ["README.md", "proxy/OPERATING.md"]


def lockkeeper(*arguments, **options):
    return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, check=False, **options)


def test_rules_page():
    written = (ROOT / "policy/RULES.md").read_text()
    assert written == lockkeeper("rules").stdout, "policy/RULES.md is out of date: build/release/lockkeeper rules > policy/RULES.md"


def test_keys_page():
    written = (ROOT / "config/KEYS.md").read_text()
    assert written == lockkeeper("config", "keys").stdout, "config/KEYS.md is out of date: build/release/lockkeeper config keys > config/KEYS.md"
    keys = re.findall(r"^ *([a-z_]+): ", re.sub("#.*", "", lockkeeper("config", "print").stdout), re.M)
    assert re.findall(r"^\| `(?!match)(?:\w+\.)?(\w+)` \|", written, re.M) == keys, "each key has a row"


@pytest.mark.parametrize("page", GUIDES)
def test_configurations_that_are_shown_are_valid(page, tmp_path):
    examples = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(), re.S)
    assert examples
    for number, example in enumerate(examples):
        path = tmp_path / f"{number}.yaml"
        path.write_text(example)
        done = lockkeeper("config", "check", "--config", str(path))
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", GUIDES)
def test_the_commands_that_are_named_exist(page):
    readme = (ROOT / page).read_text()
    usage = subprocess.run([str(ROOT / "run"), "help"], capture_output=True, text=True, check=True).stdout
    for command in set(re.findall(r"\./run (\w+)", readme)):
        assert re.search(rf"^  {command}\b", usage, re.M), command
    for command in set(re.findall(r"`lockkeeper (\w+)", readme)) | set(re.findall(r"build/release/lockkeeper (\w+)", readme)):
        assert lockkeeper(command, "--help").returncode == 0, command


def test_the_commands_of_the_guide_are_taken_as_they_stand():
    """Each with its options, up to where it would do something."""
    page = (ROOT / "proxy/OPERATING.md").read_text()
    shown = set(re.findall(r"(?:`|^\$ )lockkeeper (.+?)(?:`|$)", page.replace("\n", " \n"), re.M))
    assert len(shown) > 15
    for line in shown:
        done = lockkeeper(*shlex.split(line.replace("RULE", "table-renamed")), "--help")
        assert done.returncode == 0, f"{line}: {done.stderr}"
        for option in re.findall(r" (--?[\w-]+)", line):
            assert re.search(rf"^  .*{option}\b", done.stdout, re.M), line


def test_what_the_guide_names_exists():
    page = (ROOT / "proxy/OPERATING.md").read_text()
    prose = re.sub(r"```.*?```", "", page, flags=re.S)
    keys = re.findall(r"^\| `([\w.]+)` \|", (ROOT / "config/KEYS.md").read_text(), re.M)
    sections = {key.split(".")[0] for key in keys if "." in key} - {"match"}
    named = re.findall(rf"`((?:{'|'.join(sections)})\.\w+)\b", prose) + re.findall(r"`(\w+): ", prose)
    assert len(named) > 30
    rules = set(re.findall(r"^## (.+)", (ROOT / "policy/RULES.md").read_text(), re.M))
    assert set(named) <= set(keys) | sections, set(named) - set(keys)
    assert set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", prose)) <= rules
    metrics = (ROOT / "proxy/METRICS.md").read_text()
    assert all(f"`{name}`" in metrics for name in re.findall(r"`(lockkeeper_\w+)`", prose))
    alerts = re.findall(r"alert: (\w+)", (ROOT / "docker/prometheus/alerts.yaml").read_text())
    assert set(re.findall(r"`(Lockkeeper[A-Z]\w+)`", prose)) == set(alerts), "each alert has a line that says what to do"
    codes = re.findall(r'"(LK\d+)"', (ROOT / "protocol/sqlstate.hpp").read_text())
    assert re.findall(r"^\| (LK\d+) \|", page, re.M) == codes, "each code has a line that says what to do"
    assert all(pathlib.Path(ROOT, path).exists() for path in re.findall(r"`(docker/[\w./]+)`", page))


def test_the_example_rule_compiles_and_is_not_taken(tmp_path):
    """What CONTRIBUTING shows as a new rule's file is one."""
    (code,) = re.findall(r"```cpp\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)
    path = tmp_path / "rule.cpp"
    path.write_text(textwrap.dedent("   " + code.lstrip()))
    done = subprocess.run(["g++", "-std=c++20", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror",
                           "-fsyntax-only", "-I", str(ROOT), str(path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (identity,) = re.findall(r'\.id = "(.*?)"', code)
    assert lockkeeper("explain", identity).returncode != 0, "the example is a rule already: show another one"


def test_every_link_leads_somewhere():
    pages = ("README.md", "proxy/OPERATING.md", "CONTRIBUTING.md", "docker/README.md", "policy/DJANGO.md", "policy/COMING_FROM.md", "policy/CI.md")
    for page in map(ROOT.joinpath, pages):
        prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        for target in re.findall(r"\]\(([^)#:]+)\)", prose):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_every_test_that_the_page_of_traps_names_exists():
    page = (ROOT / "proxy/TRAPS.md").read_text()
    tests = ROOT / "tests"
    units = "\n".join(path.read_text() for path in tests.glob("p*/**/*.cpp"))
    scripts = "\n".join(path.read_text() for path in (tests / "protocol/scripts").iterdir())
    in_python = re.findall(r"`(\w+\.py)::(\w+)`", page)
    in_cpp = [(suite, name) for suite, name in re.findall(r"`(\w+)\.(\w+)`", page) if name.count("_") > 1]  # tls.client is a setting
    for file, name in in_python:
        assert re.search(rf"^def {name}\(", (tests / "integration" / file).read_text(), re.M), f"{file}: {name}"
    for suite, name in in_cpp:
        assert f"TEST({suite}, {name})" in units, f"{suite}.{name}"
    for name in re.findall(r"script `(\w+)`", page):
        assert f'"{name}"' in scripts, name
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| what")]
    assert all("`" in row.split("|")[3] or "no test" in row for row in rows)


def test_the_page_about_django_names_what_there_is():
    page = (ROOT / "policy/DJANGO.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row[0].strip("| ")) for row in rows] == list(range(1, 33))
    migrations = {path.stem for path in (ROOT / "tests/integration/operations/library/migrations").glob("0*.py")}
    named = set(re.findall(r"`(\d{4}_\w+)`", page))
    # Rows and many-to-many are made of the operations of the table.
    assert named <= migrations and migrations - named == {"0002_rows", "0005_number_from_a_sequence", "0034_many_to_many", "0035_backfill"}
    for rule in set(re.findall(r"\(`([a-z-]+)`\)", page)) | set(re.findall(r"([a-z]+(?:-[a-z]+)+): (?:rewrite|warn)", page)):
        assert lockkeeper("explain", rule).returncode == 0, rule
    keys = lockkeeper("config", "print").stdout
    for key in re.findall(r"`((?:timeouts|locks)\.\w+)`", page):
        assert re.search(rf"^  {key.split('.')[1]}:", keys, re.M), key


def test_the_page_for_those_who_come_from_elsewhere_names_what_there_is():
    page = (ROOT / "policy/COMING_FROM.md").read_text()
    rules = set(re.findall(r"^## (.+)", (ROOT / "policy/RULES.md").read_text(), re.M))
    rows = [line for line in page.splitlines() if re.match(r"\| [^|]+ \| [^|]+ \|$", line)]
    ours = [row.split("|")[2] for row in rows if "Lockkeeper" not in row]
    assert len(ours) > 80
    named = {name for cell in ours for name in re.findall(r"`([a-z]+(?:-[a-z]+)*)(?:: rewrite)?`", cell)}
    others = {"allow", "warn", "rewrite", "reject", "text", "json", "sarif", "github", "rules", "scopes", "sqlmigrate", "application_name",
              "up", "down"}
    assert named - others <= rules, named - others - rules
    settings = lockkeeper("config", "print").stdout
    for section, key in re.findall(r"`(timeouts|locks|overrides)\.(\w+)`", page):
        assert re.search(rf"^{section}:\n(?:  .*\n)*?  {key}:", settings, re.M), f"{section}.{key}"
    for option in re.findall(r"`lockkeeper check (--[a-z-]+)", page):
        assert option in lockkeeper("check", "--help").stdout, option


def test_the_script_for_ci_finds_what_a_branch_adds(tmp_path):
    """policy/CI.md's script, as written, in a repository with one migration that is new."""
    (script,) = re.findall(r"```sh\n(.*?)```", (ROOT / "policy/CI.md").read_text(), re.S)
    (tmp_path / "check.sh").write_text(script)
    # sqlmigrate by itself needs a server; here a program of that name prints what one would.
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (("python", '#!/bin/sh\nprintf "BEGIN;\\nCREATE INDEX i_$4 ON t (a);\\nCOMMIT;\\n"\n'),
                       ("lockkeeper", f'#!/bin/sh\nexec {BINARY} "$@"\n')):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)

    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", *arguments],
                       cwd=tmp_path, check=True, capture_output=True)

    migrations = tmp_path / "site/shop/migrations"
    migrations.mkdir(parents=True)
    (migrations / "0001_initial.py").write_text("")
    git("init")
    git("add", "site")
    git("commit", "-m", "first")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    (migrations / "0002_index.py").write_text("")
    git("add", "site")
    git("commit", "-m", "second")
    path = f"{tools}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "check.sh", "main", "github"], cwd=tmp_path, env={**os.environ, "PATH": path},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "file=shop.0002_index.sql,line=2" in done.stdout and "i_0002_index" not in done.stderr
    assert "0001_initial" not in done.stdout
