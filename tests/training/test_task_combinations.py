"""Labels of every level and kind, hidden and noisy nodes: all train, resume and are scored."""

import importlib

import numpy as np
import pytest
from ml_collections import ConfigDict

from gtx import batching, recipes, training
from tests.training.small import same_bits

LEVELS, KINDS = (
    ("graph", "node", "edge", "pair"),
    ("regression", "binary", "multiclass", "multilabel", "mixed"),
)
QUICK = ("pair", "mixed")
# What is predicted of the data, beside its label or in place of it.
OTHERS = {
    "masked": (("graph", "regression"), dict(masked=0.3), batching.HiddenNodes),
    "masked, of one graph's nodes": (("node", "binary"), dict(masked=0.3), batching.HiddenNodes),
    "noise": (("graph", "regression"), dict(noise=0.2), batching.NoisyNodes),
    "noise, beside virtual nodes": (
        ("node", "regression"),
        dict(noise=0.2, structures=dict(virtual_nodes=dict(num_nodes=2))),
        batching.NoisyNodes,
    ),
    "noise, of pairs": (("pair", "multilabel"), dict(noise=0.2), batching.NoisyNodes),
}


class Runs:
    """A recipe on small graphs, prepared, and runs of it."""

    def __init__(self, level, kind, structures=(), **task):
        config = importlib.import_module("configs.tasks").get_config()
        config.data.update(dict(level=level, kind=kind, num_graphs=30, missing=0.2, weighted=True))
        config.model.update(
            dict(dim=8, num_layers=1, encoding_dim=8, local="gin", norm="none", feed_forward="none")
        )
        config.batch.update(dict(size=6, num_tiers=1))
        config.task.update(task)
        config.structures = ConfigDict(dict(structures))
        self.config, self.data = config, recipes.prepare(config)
        graphs = self.data.dataset
        self.train, self.valid, self.test = map(graphs.part, ("train", "valid", "test"))
        self.task = recipes.task(config, graphs.spec)
        self.budget = recipes.budget(config, graphs)

    def source(self, train=None):
        train = self.train if train is None else train
        return recipes.batches(self.config, train, self.budget)

    def fit(self, folder, num_epochs, source=None):
        return training.fit(
            recipes.model(self.config, self.data.dataset.spec), self.task,
            self.source() if source is None else source, self.valid,
            optimizer=recipes.optimizer(self.config, 3), num_epochs=num_epochs, workdir=folder,
            steps_per_call=3, recipe=recipes.recipe(self.config, self.data),
        )  # fmt: skip

    def check(self, folder):
        """Train; the loss falls, the test part has scores."""
        whole = self.fit(folder, 4)
        losses = [entry["loss"] for entry in whole.history]
        assert losses[-1] < losses[0]
        result = whole.evaluator(whole.variables, self.test)
        assert result.predictions.shape == (len(self.test.targets), self.task.prediction_dim)
        assert np.isfinite(result.metrics[self.task.main_metric])
        return whole, result

    def check_resumed(self, folder, whole):
        """A run that goes on ends with the same bits."""
        self.fit(folder, 2)
        again = self.fit(folder, 4)
        assert again.resumed_from > 0 and same_bits(whole.state, again.state)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "kind"),
    [
        *((level, kind) for level in LEVELS for kind in KINDS if (level, kind) != QUICK),
        *((level, "sequence") for level in ("graph", "pair")),
    ],
)
def test_a_label_trains_and_a_run_that_goes_on_has_the_same_bits(level, kind, tmp_path):
    classes = {} if kind in ("regression", "sequence") else dict(class_weights="balanced")
    runs = Runs(level, kind, **classes)
    whole, _ = runs.check(tmp_path / "whole")
    runs.check_resumed(tmp_path / "parts", whole)


def test_other_weights_are_another_run(tmp_path):
    level, kind = QUICK
    runs = Runs(level, kind, class_weights="balanced")
    runs.check(tmp_path)
    table = runs.train.targets
    other = runs.train.with_targets(
        level, table.index, table.labels, table.split, label=runs.data.dataset.spec.label,
        weights=np.ones_like(table.weights),
    )  # fmt: skip
    with pytest.raises(training.ResumeError, match="weights"):
        runs.fit(tmp_path, 5, runs.source(other))


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_hidden_and_noisy_nodes_train_resume_and_are_scored_without_draws(name, tmp_path):
    (level, kind), task, source = OTHERS[name]
    runs = Runs(level, kind, **task)
    assert isinstance(runs.source(), source)
    whole, result = runs.check(tmp_path / "whole")
    again = whole.evaluator(whole.variables, runs.test)
    np.testing.assert_array_equal(result.predictions, again.predictions)
    assert ("auxiliary" in whole.variables["params"]) == ("noise" in task)
    runs.check_resumed(tmp_path / "parts", whole)
    changed = {key: 0.5 for key in task if key != "structures"}
    runs.config.task.update(changed)
    with pytest.raises(training.ResumeError, match=r"share|config\.task\.(noise|masked)"):
        runs.fit(tmp_path / "whole", 5)
