"""A folder of shards trains by a recipe, goes on exactly, and is scored."""

import json

import numpy as np
import pytest

from gtx import recipes
from gtx.batching import Sharded
from gtx.data import packed_shards
from tests.cli import commands
from tests.training import small


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("shards") / "mine"
    parts = ([0] * (size - 4) + [1, 1, 2, 2] for size in (9, 12, 8))
    given = (small.dataset(len(part), seed=len(part)).with_split(part) for part in parts)
    packed_shards.save(given, path)
    return path


def flags(folder, workdir, epochs=3):
    return (
        "train", "--config=configs/packed.py", f"--workdir={workdir}",
        f"--config.data.path={folder}", "--config.data.window=2", "--config.batch.size=4",
        "--config.encodings_used=none", "--config.data.standardize=False",
        "--config.model.dim=8", "--config.model.num_layers=1", "--config.model.num_heads=2",
        f"--config.training.num_epochs={epochs}", "--config.optimizer.schedule=constant",
    )  # fmt: skip


def recipe(folder, **fields):
    from configs import packed

    config = packed.get_config()
    config.data.path, config.encodings_used, config.data.standardize = str(folder), "none", False
    with config.unlocked():
        config.update_from_flattened_dict(fields)
    return config


@pytest.mark.slow  # docs/your_data.md trains and scores shards in the default run
@pytest.mark.usefixtures("quick_compilation")
def test_shards_train_go_on_and_are_scored(folder, tmp_path, capsys):
    assert commands.run(*flags(folder, tmp_path / "whole")) == 0
    assert commands.run(*flags(folder, tmp_path / "cut", epochs=1)) == 0
    assert commands.run(*flags(folder, tmp_path / "cut")) == 0
    whole, cut = (
        json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("whole", "cut")
    )
    assert cut["resumed_from"] and whole["params_sha256"] == cut["params_sha256"]
    assert all(whole[part] == cut[part] for part in ("train", "valid", "test"))
    capsys.readouterr()
    scores = tmp_path / "scores.json"
    run = f"--workdir={tmp_path / 'cut'}"
    assert commands.run("evaluate", run, "--split=valid", f"--json={scores}") == 0
    assert json.loads(scores.read_text())["valid"] == pytest.approx(whole["valid"])
    changed = [f"--config={tmp_path / 'cut'}", "--config.data.window=1"]
    assert commands.run("train", *changed, run, "--config.training.num_epochs=4") == 2
    assert "window" in capsys.readouterr().err
    assert commands.run("describe", f"--config={tmp_path / 'cut'}") == 0


def test_the_source_reads_a_window_at_a_time_and_the_task_scales_labels(folder):
    config = recipe(folder, **{"data.window": 2, "batch.size": 4})
    prepared = recipes.prepare(config)
    train = prepared.dataset.part("train")
    source = recipes.batches(config, train, recipes.budget(config, prepared.dataset))
    assert isinstance(source, Sharded) and source.window == 2
    assert [len(each) for each in source.shards] == [5, 8, 4]
    rows = source.plan(0, 0)
    assert sorted(rows[rows >= 0].tolist()) == list(range(17))
    labels = source.chunk(rows).targets.labels
    known = np.asarray(train.targets.labels)[rows[rows >= 0]]
    assert np.isin(np.round(known, 5), np.round(labels, 5)).all()
    assert source.steps_per_epoch == 5


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("data.split", "random", "config.data.split"),
        ("encodings_used", "all", "config.encodings"),
        ("data.standardize", True, "config.data.standardize"),
        ("task.noise", 0.1, "config.task.noise: batches out of shards do not have it"),
    ],
)
def test_what_shards_cannot_have_is_refused(folder, field, value, message):
    config = recipe(
        folder, **{"task.noise_scale": value if "noise" in field else 0.0, field: value}
    )
    with pytest.raises(recipes.ConfigError, match=message):
        prepared = recipes.prepare(config)
        recipes.batches(
            config, prepared.dataset.part("train"), recipes.budget(config, prepared.dataset)
        )
