"""The command that sweeps, with invented trials: what it runs, prints and leaves behind."""

import csv
import sys

import pytest

from gtx import sweeps
from gtx.recipes import files
from tests.cli import commands

SWEEP = """
RECIPE = "configs/smoke.py"


def get_sweep():
    return [{"model.dim": dim, "seed": seed} for dim in (8, 16) for seed in (0, 1)]
"""


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """Runs `gtx sweep`, each trial scored by a function; returns exit code, commands and folder."""
    path, workdir = tmp_path / "many.py", tmp_path / "sweep"
    path.write_text(SWEEP)

    def play(score):
        argvs = []

        def run(trials, folder, command, *, workers, told):
            assert workers == 3
            ended = []
            for trial in trials:
                name = sweeps.trial_name(trial)
                (folder / name).mkdir(parents=True)
                argvs.append(command(trial, folder / name))
                value = score(trial)
                metrics = {"main_metric": "f1", "mode": "max", "parameters": 9, "seconds": 2.0}
                metrics.update(valid={"f1": value}, test={"f1": value})
                failed = value is None
                ended.append(
                    sweeps.Trial(trial, folder / name, "failed", reason="exit code 2\nno luck")
                    if failed
                    else sweeps.Trial(trial, folder / name, "done", metrics)
                )
                told(ended[-1])
            return sweeps.ranked(ended)

        monkeypatch.setattr(sweeps, "run", run)
        code = commands.run("sweep", f"--config={path}", f"--workdir={workdir}", "--workers=3")
        return code, argvs, workdir

    return play


def test_trials_are_trained_by_the_command_and_ranked(sweep, capsys):
    code, argvs, workdir = sweep(lambda trial: trial["model.dim"] / 100 + trial["seed"] / 1000)
    assert code == 0 and len(argvs) == 4
    assert argvs[0][:4] == [sys.executable, "-m", "gtx", "train"]
    assert argvs[0][4:7] == ["--config=configs/smoke.py", "--config.model.dim=8", "--config.seed=0"]
    assert argvs[0][7].startswith(f"--workdir={workdir}/")
    with (workdir / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["model.dim"], row["seed"]) for row in rows] == [
        ("16", "1"), ("16", "0"), ("8", "1"), ("8", "0")
    ]  # fmt: skip
    config = files.recipe(workdir / "best.py")
    assert config.model.dim == 16
    assert config.seed == files.recipe("configs/smoke.py").seed  # not that of the luckier trial
    assert (workdir / "trials.png").stat().st_size > 3000
    out = capsys.readouterr().out
    assert "0.1605 ± 0.0007" in out and "0.0805 ± 0.0007" in out  # over the two seeds of each
    assert f"Best config: {workdir / 'best.py'}" in out.replace("\n", "")


def test_a_trial_that_fails_says_why_and_the_others_count(sweep, capsys):
    code, _, workdir = sweep(lambda trial: None if trial["model.dim"] == 16 else 0.5)
    assert code == 0
    out = capsys.readouterr().out
    assert out.count("failed: no luck") == 2 and out.count("done: 0.5") == 2
    assert files.recipe(workdir / "best.py").model.dim == 8


def test_where_every_trial_fails_the_exit_code_is_one(sweep, capsys):
    code, _, workdir = sweep(lambda trial: None)
    assert code == 1 and not (workdir / "best.py").exists()
    assert capsys.readouterr().err == "error: every trial failed; see log.txt in its folder.\n"
