"""What is written for people is what the program says and does."""

import pathlib
import re
import subprocess
import textwrap

from proxy import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]


def lockkeeper(*arguments, **options):
    return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, check=False, **options)


def test_rules_page():
    written = (ROOT / "policy/RULES.md").read_text()
    assert written == lockkeeper("rules").stdout, "policy/RULES.md is out of date: build/release/lockkeeper rules > policy/RULES.md"


def test_the_readmes_configuration_is_valid(tmp_path):
    readme = (ROOT / "README.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", readme, re.S)
    assert examples
    for number, example in enumerate(examples):
        path = tmp_path / f"{number}.yaml"
        path.write_text(example)
        done = lockkeeper("config", "check", "--config", str(path))
        assert done.returncode == 0, done.stderr


def test_the_commands_that_the_readme_names_exist():
    readme = (ROOT / "README.md").read_text()
    usage = subprocess.run([str(ROOT / "run"), "help"], capture_output=True, text=True, check=True).stdout
    for command in set(re.findall(r"\./run (\w+)", readme)):
        assert re.search(rf"^  {command}\b", usage, re.M), command
    for command in set(re.findall(r"`lockkeeper (\w+)", readme)) | set(re.findall(r"build/release/lockkeeper (\w+)", readme)):
        assert lockkeeper(command, "--help").returncode == 0, command


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
    for page in ("README.md", "CONTRIBUTING.md"):
        prose = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.S)
        for target in re.findall(r"\]\(([^)#:]+)\)", prose):
            assert (ROOT / target).exists(), f"{page}: {target}"
