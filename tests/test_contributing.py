"""What contributors read, and the checks that run for them elsewhere, fit this repository."""

import os
import pathlib
import re
import stat
import subprocess

import pytest

from gtx import cli

ROOT = pathlib.Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()


def commands():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("command", commands())
def test_its_commands_exist(command):
    program, argument = command.split()[:2]
    if program == "make":
        assert re.search(rf"^{argument}:", MAKEFILE, re.MULTILINE)
    elif program == "gtx":
        assert argument in ("--help", *cli.COMMANDS)
    elif program == "pytest":
        assert (ROOT / argument).is_dir()
    else:
        assert program in ("source", "pip")


def test_its_links_lead_somewhere():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    links = re.findall(r"\]\(([^)#]+)", text)
    assert links
    for target in links:
        assert (ROOT / target).exists(), target


def test_the_workflow_runs_what_make_runs_on_the_oldest_and_the_newest():
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    job = workflow["jobs"]["tests"]
    run = [step["run"] for step in job["steps"] if "run" in step]
    for target in ("lint", "types", "test"):
        (recipe,) = re.findall(rf"^{target}: .*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
        for line in recipe.splitlines():
            command = line.strip().removeprefix("$(BIN)/").removeprefix("python -m ")
            assert command in run, command
    setup = (ROOT / "setup.cfg").read_text()
    oldest, newest = job["strategy"]["matrix"]["include"]
    assert f"python_requires = >={oldest['python']}" in setup
    jax = re.search(r"jax>=([\d.]+)\n", setup).group(1)
    assert oldest["jax"].startswith(f"jax=={jax}") and newest["jax"] == "jax"
    pythons = re.findall(r"Python :: (3\.\d+)", setup)
    assert newest["python"] == pythons[-1]


def test_hooks_before_a_commit_are_the_checks_of_make_lint_and_types():
    yaml = pytest.importorskip("yaml")
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = {hook["id"] for repository in config["repos"] for hook in repository["hooks"]}
    assert hooks == {"ruff-check", "ruff-format", "mypy", "lint-imports"}


@pytest.mark.parametrize(
    ("version", "newest", "says"),
    [((3, 11), "python9.9", True), ((3, 12), "python9.9", False), ((3, 11), "old", False)],
    ids=["older, and a newer one is there", "new enough", "the only one"],
)
def test_installing_says_when_a_newer_python_is_there(version, newest, says, tmp_path):
    python = tmp_path / "python"
    # Answers as that version would: 1 where it is older than 3.12.
    python.write_text(f"#!/bin/sh\nexit {int(version < (3, 12))}\n")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    newest = str(python) if newest == "old" else newest
    done = subprocess.run(
        ["make", "--no-print-directory", "newer-python", f"PYTHON={python}",
         f"NEWEST_PYTHON={newest}"],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.count("\n") == says
    assert (f"make install PYTHON={newest}" in done.stdout) == says
