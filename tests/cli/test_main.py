"""`gtx` itself: the list of commands, the help of each, and how a process ends."""

import logging
import os
import pathlib
import re
import subprocess
import sys

import pytest
from absl import logging as absl_logging
from absl.flags import FlagValues

from gtx import cli
from gtx.cli import command, exit_codes, finish
from gtx.cli.command import Command, execute

ROOT = pathlib.Path(__file__).parents[2]


def started(*arguments, cwd=ROOT, **variables):
    """`python -m gtx` in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-m", "gtx", *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True,
    )  # fmt: skip


def test_help_lists_every_command_with_a_line_and_brings_in_no_jax():
    code = "import sys; from gtx import cli; cli.run('--help', []); print('jax' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    for name, line in cli.COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", out, re.MULTILINE)
    assert exit_codes.EXIT_CODES in out and out.endswith("False\n")


def test_every_file_of_a_command_is_in_the_list():
    files = {path.stem for path in (ROOT / "gtx" / "cli").glob("*.py")}
    commands = {
        name for name in files if "\ndef define(" in (ROOT / f"gtx/cli/{name}.py").read_text()
    }
    assert commands - {"shared_flags", "recipe_flag"} == set(cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_command_explains_its_own_flags_and_no_others(name, capsys):
    assert cli.run(name, ["--worckdir", "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"gtx {name}: ") and f"\n    gtx {name}" in out
    flags = set(re.findall(r"^  --(\w+)", out, re.MULTILINE))
    assert "help" in flags and not flags & {"verbosity", "helpfull", "alsologtostderr", "undefok"}
    assert all(len(line) <= 100 for line in out.splitlines())


def test_every_script_of_experiments_is_a_command():
    for name in cli.COMMANDS:
        if name != "datasets":
            text = (ROOT / "experiments" / f"{name}.py").read_text()
            assert f'run("{name}", sys.argv[1:])' in text and len(text.splitlines()) < 20


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "which command? There are train"),
        (["trian"], "there is no command 'trian', did you mean 'train'?"),
        (["train", "--worckdir=x"], "--worckdir: there is no such flag, did you mean --workdir?"),
    ],
)
def test_a_wrong_use_is_one_line_and_exit_code_two(arguments, says):
    done = started(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert says in done.stderr


def test_the_version_is_told(capsys):
    assert cli.run("--version", []) == 0
    assert re.fullmatch(r"gtx \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def define_nothing(values: FlagValues) -> None:
    del values


def test_messages_come_as_a_person_would_say_them(capsys):
    def main(values):
        logging.getLogger("gtx.training").info("said")
        logging.getLogger("orbax").info("nobody asked")
        absl_logging.info("nobody asked")
        absl_logging.warning("look out")
        logging.getLogger("gtx").warning("%d rows", 3)

    # What `logging.basicConfig` adds, which importing orbax calls.
    given = logging.StreamHandler()
    logging.getLogger().addHandler(given)
    try:
        assert execute(Command("gtx x", "", define_nothing, main), []) == 0
        assert given in logging.getLogger().handlers
    finally:
        logging.getLogger().removeHandler(given)
    assert capsys.readouterr().err == "said\nwarning: look out\nwarning: 3 rows\n"


def test_who_closes_our_output_early_gets_no_traceback(capsys):
    def main(values):
        raise BrokenPipeError(32, "Broken pipe")

    assert execute(Command("gtx x", "", define_nothing, main), []) == 141
    assert capsys.readouterr().err == ""


def test_an_unexpected_error_keeps_its_traceback():
    def main(values):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        execute(Command("gtx x", "", define_nothing, main), [])


@pytest.mark.parametrize(
    ("program", "found", "said"),
    [
        ("bin/gtx", None, "bin/gtx predict"),
        ("bin/gtx", "bin/gtx", "gtx predict"),
        ("gtx/__main__.py", "bin/gtx", f"{sys.executable} -m gtx predict"),
    ],
    ids=["not on the path", "on the path", "python -m gtx"],
)
def test_what_comes_next_is_told_as_it_can_be_typed(program, found, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / program)])
    monkeypatch.setattr(command.shutil, "which", lambda name: found and str(tmp_path / found))
    assert finish.typed("predict") == said
