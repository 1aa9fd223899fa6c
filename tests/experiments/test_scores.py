"""The page of scores: its rows are recipes that exist, and its tables those of the file."""

import json
import pathlib
import shlex

import numpy as np
import pytest
from absl.flags import FlagValues

from experiments import scores
from experiments.score_rows import ROWS, TABLES, Row
from gtx import recipes
from gtx.cli import reading, recipe_flag, shared_flags
from gtx.cli.command import execute
from tests.configs import shrunk

pytestmark = pytest.mark.usefixtures("quick_compilation")


def config_of(row, run):
    values = FlagValues()
    shared_flags.define(values)
    recipe_flag.define(values)
    reading.read("gtx train", values, row.flags(run, "data"))
    return values.config


def test_the_page_has_the_tables_of_the_scores(monkeypatch, tmp_path):
    copy = tmp_path / "scores.md"
    copy.write_text(scores.PAGE.read_text())
    monkeypatch.setattr(scores, "PAGE", copy)
    scores.write_page()
    assert copy.read_text() == (scores.ROOT / "docs" / "scores.md").read_text()


def test_every_score_has_the_command_of_its_row_and_all_that_is_told_of_it():
    for name, runs in scores.scores(scores.SCORES).items():
        assert name in ROWS, f"{name} is no row"
        for run, found in runs.items():
            assert run in ROWS[name].runs
            assert found["command"] == scores.command(ROWS[name], run)
            assert {"date", "machine", "versions", "seconds", "peak_memory"} <= set(found)
            assert all(0 <= score["test"] < 10 for score in found["scores"].values())


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_the_changes_of_a_row_fit_its_recipe(row):
    assert row.name and len(set(row.runs)) == len(row.runs) <= row.planned
    last = config_of(row, row.runs[-1])
    recipes.check(last)
    assert last.to_dict() != config_of(Row(**{**vars(row), "changes": ()}), "seed=9").to_dict()


def test_names_are_unique():
    assert sum(map(len, TABLES.values())) == len(ROWS)


def tiny(name, tmp_path, monkeypatch, **fields):
    """A row on a few drawn graphs, for an epoch."""
    row = ROWS[name]
    shrunk.RECIPES["cora_gcn"](tmp_path)  # writes a file of 24 papers
    changes = (*row.changes, "training.num_epochs=2", "model.dim=8", "model.num_layers=2")
    row = Row(**{**vars(row), "changes": changes, **fields})
    monkeypatch.setitem(ROWS, name, row)
    return row


@pytest.mark.slow
def test_a_row_trains_its_runs_once_and_tells_of_each_seed(tmp_path, monkeypatch, capsys):
    name = "cora_tuned_gcn_public"
    row = tiny(name, tmp_path, monkeypatch, runs=("training.seeds=(0, 1)", "seed=2"))
    to = tmp_path / "scores.json"
    given = [f"--root={tmp_path}", f"--to={to}", f"--workdir={tmp_path / 'runs'}"]
    assert execute(scores.COMMAND, [f"--worker={name}", "--runs=1", *given]) == 0
    first = json.loads(to.read_text())
    assert list(first[name]) == [row.runs[0]] and set(first[name][row.runs[0]]["scores"]) == {
        "0",
        "1",
    }
    assert execute(scores.COMMAND, [f"--worker={name}", *given]) == 0
    found = json.loads(to.read_text())
    assert found[name][row.runs[0]] == first[name][row.runs[0]]
    told = json.loads((tmp_path / "runs" / name / "1" / "metrics.json").read_text())
    entry = found[name]["seed=2"]
    assert entry["scores"] == {
        "2": {part: told[part]["accuracy"] for part in scores.PARTS} | {"epochs": 2}
    }
    assert entry["cpu_seconds"] > 0 and entry["peak_memory"] > 1e7 and entry["num_epochs"] == 2
    assert shlex.split(entry["command"])[:2] == ["gtx", "train"]
    before = (to.read_bytes(), capsys.readouterr())
    assert execute(scores.COMMAND, [f"--only={name}", *given]) == 0  # starts no process
    assert to.read_bytes() == before[0]


def test_a_row_of_a_table_tells_mean_deviation_and_what_it_cost():
    row = Row("a", "data", "model", "smoke", ("seed=0", "seed=1"), "seeds", 10, published="1")
    entry = dict(
        metric="roc_auc", num_epochs=5, parameters=1234, seconds=90.0, cpu_seconds=60.0,
        peak_memory=5e6, date="2026-01-01",
    )  # fmt: skip
    entries = [
        {**entry, "scores": {"0": dict(test=0.5, epochs=5)}},
        {**entry, "scores": {"1": dict(test=0.7, epochs=3)}, "cpu_seconds": None},
    ]
    assert scores.cells(row, entries) == [
        "data", "model", "2 of 10 seeds", "60.0 ± 14.1 (roc auc)", "1", "1,234", "3 to 5", "≤ 1.2",
        "5", "2026-01-01",
    ]  # fmt: skip
    one = {**entries[0], "metric": "rmse", "scores": {"0": dict(test=0.25)}}
    assert scores.cells(row, [one])[3] == "0.250 (rmse)"
    np.testing.assert_allclose(float(scores.spread([0.1, 0.3], "rmse").split()[0]), 0.2)


def test_a_row_that_is_not_there_is_refused(capsys):
    assert execute(scores.COMMAND, ["--only=foo"]) == 2
    assert "there is no row foo" in capsys.readouterr().err


def test_the_page_is_not_touched_by_another_file(tmp_path):
    before = scores.PAGE.read_bytes()
    to = pathlib.Path(tmp_path / "other.json")
    assert execute(scores.COMMAND, ["--only=", f"--to={to}"]) == 0
    assert scores.PAGE.read_bytes() == before
