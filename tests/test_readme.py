"""Every command of the README and of two pages runs, on small data where it would take minutes."""

import configparser
import contextlib
import io
import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

from gtx import cli
from gtx.data import Label, packed
from tests.configs import shrunk

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def commands_of(text: str) -> list[str]:
    """The lines of the blocks of bash in a page, without comments."""
    blocks = [block for kind, block in BLOCK.findall(text) if kind == "bash"]
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


COMMANDS = commands_of(README)
ACCELERATORS = commands_of((ROOT / "docs" / "accelerators.md").read_text())
PAGE = commands_of((ROOT / "docs" / "commands.md").read_text())
SMALL = [
    "--config.model.dim=16",
    "--config.model.num_layers=1",
    "--config.model.encoding_dim=4",
    "--config.batch.size=4",
    "--config.batch.num_tiers=1",
    "--config.training.num_epochs=1",
]


def gtx_commands(name: str, commands: list[str] = COMMANDS) -> list[list[str]]:
    """The arguments of each `gtx <name>` among some commands, also of one inside another."""
    found = []
    for command in commands:
        inner = re.search(r"\bgtx (\w+) ([^']*)", command)
        if inner and inner.group(1) == name:
            found.append(shlex.split(inner.group(2)))
    return found


def run(name: str, arguments: list[str], cwd: pathlib.Path, exit_code: int = 0) -> str:
    """What a command prints; in this process, where jax is there already."""
    with contextlib.chdir(cwd), contextlib.redirect_stdout(io.StringIO()) as printed:
        code = cli.run(name, arguments)
    assert code == exit_code, f"{arguments}\n{printed.getvalue()}"
    return printed.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A place that looks like the clone, with small data where the README has files."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "configs").symlink_to(ROOT / "configs")
    shrunk.write_csv(folder / "mine.csv")
    (folder / "molecules.csv").write_text(
        "name,smiles\nethanol,CCO\naspirin,CC(=O)Oc1ccccc1C(=O)O\n"
    )
    (folder / "data" / "zinc12k").mkdir(parents=True)
    label = Label("graph", "regression", 1, ("penalised logP",))
    graphs = shrunk.random_graphs(20, (28,), (4,), label, nodes="type", edges="type")
    packed.save(graphs, folder / "data" / "zinc12k" / "zinc12k.npz")
    return folder


def test_every_command_is_of_a_kind_that_is_tested_here():
    names = "train|predict|evaluate|describe|sweep"
    for command in COMMANDS:
        assert re.match(rf"make \w+|gtx ({names}) |pip install ", command), command
    for command in ACCELERATORS:
        kinds = r"pip install|gtx train |(sbatch|gcloud) .*'gtx train .*'$"
        assert re.match(kinds, command), command
    assert COMMANDS and ACCELERATORS


def test_make_targets_run_commands_of_this_package():
    targets = re.findall(r"`make (\w+)`", README)
    assert set(targets) == {"train", "claims", "notebooks"}
    for target in targets:
        done = subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert re.search(r"bin/gtx \w+|-m (pytest|experiments|jupytext)", done.stdout), done.stdout


def test_the_readme_is_short_and_python_comes_early():
    assert len(README.split()) <= 500
    assert README.index("```python") < len(README) / 2


def test_an_own_csv_trains_and_predicts_as_the_readme_says(folder):
    pytest.importorskip("rdkit", reason="needs the extra `molecules`")
    (training,) = [args for args in gtx_commands("train") if "configs/csv_molecules" in args[0]]
    run("train", [*training, *SMALL], folder)
    (prediction,) = [args for args in gtx_commands("predict") if "--workdir=runs/mine" in args]
    run("predict", prediction, folder)
    assert len((folder / "predictions.csv").read_text().splitlines()) == 3
    (solubility,) = [args for args in gtx_commands("predict") if "--workdir=runs/mine" not in args]
    run("predict", ["--workdir=runs/mine", *solubility[1:]], folder)
    (evaluation,) = gtx_commands("evaluate")
    run("evaluate", evaluation, folder)


def test_describe_runs_as_the_readme_says(folder):
    pytest.importorskip("datamol", reason="needs the extra `molecules`")
    (arguments,) = gtx_commands("describe")
    assert "parameters" in run("describe", [*arguments, *SMALL], folder)


def test_the_accelerator_lines_describe_a_run_that_builds(folder):
    for arguments in gtx_commands("train", ACCELERATORS):
        assert arguments[0] == "--config=configs/zinc_gps.py"
        flags = [re.sub(r"\$\w+", "7", flag) for flag in arguments if "--workdir" not in flag]
        run("describe", [*flags, *SMALL], folder)


def test_the_extras_that_it_names_exist():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = re.findall(r'"\.\[(\w+)\]"', "\n".join([*COMMANDS, *ACCELERATORS]))
    assert extras == ["molecules", "cuda", "tpu"]
    for extra in extras:
        assert extra in setup["options.extras_require"]


def test_the_example_of_a_layer_runs(capsys):
    (code,) = [block for kind, block in BLOCK.findall(README) if kind == "python"]
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == "(4, 8)\n"


@pytest.mark.slow
def test_the_sweep_runs_as_the_readme_says(folder):
    pytest.importorskip("datamol", reason="needs the extra `molecules`")
    (arguments,) = gtx_commands("sweep")
    small = folder / "configs_small.py"
    small.write_text(
        "from configs import solubility_gps\n"
        "from tests.configs.shrunk import shrink\n\n\n"
        "def get_config():\n    return shrink(solubility_gps.get_config())\n"
    )
    sweep = folder / "sweep.py"
    sweep.write_text(
        "from configs.sweeps.solubility import get_sweep\n\nRECIPE = 'configs_small.py'\n"
    )
    out = run("sweep", [f"--config={sweep}", *arguments[1:]], folder)
    assert "Best config" in out
    run("describe", ["--config=runs/sweep/best.py"], folder)


@pytest.mark.slow
def test_the_commands_of_their_page_run_in_their_order(folder):
    for command in PAGE:
        program, name, *arguments = shlex.split(command)
        small = [flag for flag in SMALL if flag.split("=")[0] not in command]
        assert program == "gtx"
        arguments += small if name == "train" else []
        done = subprocess.run(
            [sys.executable, "-m", "gtx", name, *arguments],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (folder / "scores.json").is_file()
