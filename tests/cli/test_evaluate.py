import dataclasses
import json
import pathlib

import numpy as np
import pytest

from gtx import Predictor, recipes
from gtx.training import Evaluator
from tests.cli import commands

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def scores(trained_run):
    """The scores of every part, from the parameters that training handed back."""
    settings, graphs = trained_run.config, trained_run.graphs
    evaluator = Evaluator(
        recipes.model(settings, graphs.spec),
        recipes.task(settings, graphs.spec),
        recipes.budget(settings, graphs),
    )
    return {
        name: evaluator(trained_run.result.variables, graphs.part(name)).metrics
        for name in ("train", "valid", "test")
    }


def test_json_on_stdout_holds_the_scores_and_nothing_else(trained_run, scores, capsys):
    assert commands.run("evaluate", f"--workdir={trained_run.workdir}", "--json=-") == 0
    assert json.loads(capsys.readouterr().out) == {"test": scores["test"]}


def test_several_parts_are_printed_and_written(trained_run, scores, tmp_path, capsys):
    file = tmp_path / "scores.json"
    arguments = ["--split=valid", "--split=train", f"--json={file}"]
    assert commands.run("evaluate", f"--workdir={trained_run.workdir}", *arguments) == 0
    assert json.loads(file.read_text()) == {name: scores[name] for name in ("train", "valid")}
    printed = capsys.readouterr().out
    assert f"{scores['valid']['rmse']:.4f}" in printed and "test" not in printed


def test_the_best_score_of_the_run_is_found_again(trained_run, scores):
    assert scores["valid"]["mae"] == pytest.approx(trained_run.result.best_score, rel=1e-6)


def _prepared_as(monkeypatch, trained_run, graphs):
    monkeypatch.setattr(recipes, "prepare", lambda config, started=None: recipes.Prepared(graphs))


def test_other_data_than_those_of_the_run_are_refused(trained_run, monkeypatch, capsys):
    graphs = trained_run.graphs
    label = dataclasses.replace(graphs.spec.label, mean=(7.0,))
    spec = graphs.spec.replace(label=label)
    _prepared_as(monkeypatch, trained_run, dataclasses.replace(graphs, spec=spec))
    assert commands.run("evaluate", f"--workdir={trained_run.workdir}") == 2
    error = capsys.readouterr().err
    assert "not those of the run" in error and "spec.label.mean" in error and "7.0" in error


def test_a_part_that_is_gone_is_named(trained_run, monkeypatch, capsys):
    graphs = trained_run.graphs.select(trained_run.graphs.targets.split != 1)
    _prepared_as(monkeypatch, trained_run, graphs)
    assert commands.run("evaluate", f"--workdir={trained_run.workdir}", "--split=valid") == 2
    assert "valid: no graphs" in capsys.readouterr().err


@pytest.fixture
def corrected(trained_run):
    """The file of the run with one label of the test part corrected, for the time of a test."""
    path = pathlib.Path(trained_run.config.data.path)
    before = path.read_text()
    row = int(trained_run.graphs.part("test").ids[0])
    lines = before.splitlines()
    lines[row + 1] = lines[row + 1].split(",")[0] + ",50.0"
    path.write_text("\n".join(lines) + "\n")
    yield row
    path.write_text(before)


def test_labels_that_changed_since_are_refused(trained_run, corrected, capsys):
    assert commands.run("evaluate", f"--workdir={trained_run.workdir}", "--json=-") == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: the data are not those of the run: test: labels differ")
    assert said.err.count("\n") == 1 and said.out == ""


def test_other_data_are_scored_when_asked_for(trained_run, corrected, scores, capsys):
    arguments = ["--json=-", "--other_data"]
    assert commands.run("evaluate", f"--workdir={trained_run.workdir}", *arguments) == 0
    said = capsys.readouterr()
    assert "not of the data of the run" in said.err and "drawn anew" not in said.err
    part = trained_run.graphs.part("test")
    predictions = Predictor.load(trained_run.workdir)(list(part.names))[:, 0]
    labels = part.targets.labels[:, 0].copy()
    labels[0] = 50.0
    error = float(np.abs(predictions - labels).mean())
    assert json.loads(said.out)["test"]["mae"] == pytest.approx(error, rel=1e-5)
    assert error > 5 + scores["test"]["mae"]
