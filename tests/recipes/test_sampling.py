"""`config.batch.sampling`: what it makes, what it refuses, and a run by the commands."""

import json

import pytest
from ml_collections import ConfigDict

from configs import csl_gps, large_graph_sage
from gtx import batching, describe, recipes
from tests.cli.commands import run


@pytest.fixture
def config():
    config = large_graph_sage.get_config()
    config.data.update(num_nodes=120, num_edges=600, num_classes=3, dim=4)
    config.model.dim = 8
    config.batch.size = 20
    config.batch.sampling.fanouts = (3, 2)
    config.training.num_epochs = 1
    return config


def made(config):
    graphs = recipes.prepare(config).dataset
    return recipes.batches(config, graphs.part("train"), recipes.budget(config, graphs))


def test_it_makes_the_source_that_it_names(config):
    source = made(config)
    assert isinstance(source, batching.Neighbors)
    assert (source.size, source.fanouts, source.dense, source.resident) == (20, (3, 2), False, True)
    assert source.steps_per_epoch == -(-len(source.dataset.targets) // 20)
    config.batch.size, config.batch.resident = 2, False
    config.batch.sampling = ConfigDict(dict(name="clusters", num_clusters=7, evaluation="sampled"))
    source = made(config)
    assert isinstance(source, batching.Clusters) and not source.resident
    assert source.steps_per_epoch == 4 and source.budget is None


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        (dict(name="neighbours", fanouts=(2,)), "sampling.name.*did you mean 'neighbors'"),
        (dict(fanouts=(2,)), "sampling.name"),
        (dict(name="neighbors"), "sampling.fanouts: 'neighbors' needs this field"),
        (dict(name="neighbors", fanouts=(2.5,)), "sampling.fanouts"),
        (dict(name="neighbors", fanouts=(2,), fanout=3), "sampling.fanout: .*fanouts"),
        (dict(name="neighbors", fanouts=(2,), size=3), "sampling.size"),
        (dict(name="clusters", num_clusters=2, partition="metis"), "sampling.partition"),
        (dict(name="clusters", num_clusters=2, evaluation="none"), "sampling.evaluation"),
    ],
)
def test_settings_that_no_sampler_reads_are_refused(config, sampling, message):
    config.batch.sampling = ConfigDict(sampling)
    with pytest.raises(recipes.ConfigError, match=message):
        recipes.check(config)


def test_labels_of_graphs_and_structures_are_refused(config):
    config.structures = ConfigDict(dict(expander=dict(degree=2)))
    with pytest.raises(recipes.ConfigError, match="do not keep the structures"):
        recipes.check(config)
    config = csl_gps.get_config()
    config.batch.sampling = ConfigDict(dict(name="neighbors", fanouts=(2,)))
    with pytest.raises(recipes.ConfigError, match="has a label of each graph"):
        recipes.check(config)


@pytest.mark.parametrize(
    ("field", "value", "default"),
    [("stratified", False, "True"), ("num_tiers", 2, "4"), ("multiple_of", 8, "1")],
)
def test_settings_of_whole_graphs_are_refused(config, field, value, default):
    config.batch[field] = value
    with pytest.raises(recipes.ConfigError, match=rf"batch\.{field}: .* Leave it {default}"):
        recipes.check(config)


def test_a_cluster_count_that_does_not_fit_the_graph_is_refused_with_its_field(config):
    config.batch.sampling = ConfigDict(dict(name="clusters", num_clusters=500))
    with pytest.raises(recipes.ConfigError, match="config.batch.sampling: num_clusters 500"):
        made(config)


@pytest.mark.parametrize(
    ("task", "kind"),
    [(dict(masked=0.3), batching.HiddenNodes), (dict(noise_scale=0.2), batching.NoisyNodes)],
)
def test_parts_of_a_graph_have_hidden_nodes_and_noise(config, task, kind):
    config.task.update(task)
    config.batch.sampling.evaluation = "sampled"
    source = made(config)
    assert isinstance(source, kind) and isinstance(source.source, batching.Neighbors)


RECIPE = """
from configs import large_graph_sage

def get_config():
    config = large_graph_sage.get_config()
    config.data.update(num_nodes=120, num_edges=600, num_classes=3, dim=4)
    config.model.dim, config.batch.size, config.training.num_epochs = 8, 20, 12
    config.optimizer.learning_rate = 0.03
    config.batch.sampling.evaluation = "sampled"
    return config
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "score"), [("task.masked=0.3", "rmse"), ("task.noise_scale=0.2", "accuracy")]
)
def test_hidden_nodes_and_noise_train_on_parts_by_the_commands(setting, score, tmp_path):
    (tmp_path / "recipe.py").write_text(RECIPE)
    given = f"--config={tmp_path}/recipe.py", f"--config.{setting}"
    run("train", *given, f"--workdir={tmp_path}/run")
    found = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert found["compilations"] == {"train": 1, "evaluate": 1}
    assert found["test"][score] > 0
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines]
    assert losses[-1] < losses[0]
    run("evaluate", f"--workdir={tmp_path}/run", "--split=test", f"--json={tmp_path}/scores.json")
    scores = json.loads((tmp_path / "scores.json").read_text())["test"]
    assert scores == pytest.approx({name: found["test"][name] for name in scores})


def test_the_commands_train_score_and_describe_it(config, tmp_path):
    figures = describe.describe(config)["batches"]
    source = made(config)
    assert figures["unit"] == "node" and figures["batch_size"] == 20
    assert (figures["num_nodes"] - 1, figures["num_edges"]) == source.room
    assert figures["padding"]["sampled"]["steps"] == figures["steps_per_epoch"]
    settings = (
        "data.num_nodes=120", "data.num_edges=600", "data.num_classes=3", "data.dim=4",
        "model.dim=8", "batch.size=20", "batch.sampling.fanouts=(3, 2)", "training.num_epochs=1",
    )  # fmt: skip
    flags = [f"--config.{setting}" for setting in settings]
    run("train", "--config=configs/large_graph_sage.py", f"--workdir={tmp_path}", *flags)
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found["compilations"] == {"train": 1, "evaluate": 1}
    assert found["padding_waste"]["nodes"] >= 1
    run("evaluate", f"--workdir={tmp_path}", "--split=test", f"--json={tmp_path}/scores.json")
    scores = json.loads((tmp_path / "scores.json").read_text())["test"]
    assert scores == pytest.approx({name: found["test"][name] for name in scores})
