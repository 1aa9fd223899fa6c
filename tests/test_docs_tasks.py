"""The commands on the page of tasks train what they say; in full they run with the slow tests."""

import json
import shlex

import pytest
from absl.flags import FlagValues

from gtx import cli, recipes
from gtx.batching import HiddenNodes, NoisyNodes, SampledNegatives
from gtx.cli import recipe_flag, train
from tests.test_docs import ROOT, commands

COMMANDS = commands(ROOT / "docs" / "tasks.md")
TRAIN = [command for command in COMMANDS if command.startswith("gtx train")]
SMALL = ("--config.training.num_epochs=1", "--config.data.num_graphs=30", "--config.batch.size=6")


def config_of(command, monkeypatch):
    monkeypatch.chdir(ROOT)
    _, _, *arguments = shlex.split(command)
    values = FlagValues()
    train.define(values)
    recipe = [word for word in arguments if word.startswith("--config=")]
    values["config"].value = recipe[0].removeprefix("--config=")
    rest = [word for word in (*arguments, *SMALL) if word.startswith("--config.")]
    recipe_flag.read(values, rest)
    return values["config"].value


@pytest.mark.parametrize("command", TRAIN, ids=lambda command: command.split("runs/")[1].split()[0])
def test_the_recipe_of_a_command_has_a_task_and_batches(command, monkeypatch):
    config = config_of(command, monkeypatch)
    recipes.check(config)
    prepared = recipes.prepare(config)
    task = recipes.task(config, prepared.dataset.spec)
    assert task.main_metric in task.metric_names
    if config.task.metric != "auto":
        assert task.main_metric == config.task.metric
    budget = recipes.budget(config, prepared.dataset)
    source = recipes.batches(config, prepared.dataset.part("train"), budget)
    kinds = {"negatives": SampledNegatives, "masked": HiddenNodes, "noise": NoisyNodes}
    for word, kind in kinds.items():
        assert isinstance(source, kind) == (f"task.{word}=" in command)
    assert bool(prepared.dataset.spec.label.class_weights) == ("balanced" in command)
    assert (prepared.dataset.targets.weights is not None) == ("weighted" in command)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task.negatives": 2}, "config.task.negatives: they are for links"),
        ({"task.candidates": 2}, "config.task.candidates: they are for links"),
        ({"task.class_weights": "balanced"}, "has a regression label"),
        ({"task.class_weights": "1,x"}, "config.task.class_weights: '1,x' is not allowed"),
        ({"task.masked": 0.1, "task.noise": 0.1}, "hides nodes already"),
        ({"task.masked": 0.1, "task.kind": "binary"}, "predicts columns of nodes"),
        ({"task.masked": 0.1, "task.masked_columns": "x"}, "no node columns"),
        ({"task.masked": 0.1, "task.metric": "mae"}, "config.task.metric"),
        ({"task.head_weights": (1.0,)}, "head_weights are for a mixed label"),
        (
            {
                "data.level": "pair",
                "data.kind": "binary",
                "task.negatives": 1,
                "batch.resident": False,
            },
            "Set config.batch.resident to True",
        ),
    ],
)
def test_what_does_not_fit_the_label_is_refused(changes, message, monkeypatch):
    config = config_of(TRAIN[0].replace("multilabel", "regression"), monkeypatch)
    with config.unlocked():
        config.update_from_flattened_dict(changes)
    with pytest.raises(recipes.ConfigError, match=message):
        recipes.check(config)


@pytest.mark.slow
def test_the_commands_run(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    for command in COMMANDS:
        _, name, *arguments = shlex.split(command.replace("runs/", f"{tmp_path}/"))
        small = SMALL if command in TRAIN else ()
        assert cli.run(name, [*arguments, *small]) == 0, command
    found = json.loads((tmp_path / "links" / "metrics.json").read_text())
    assert 0 < found["test"]["filtered_mrr"] <= 1
