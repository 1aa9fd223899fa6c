"""Every level and kind of label trains, is scored and predicts, by a config."""

import importlib

import numpy as np
import pytest

from gtx import recipes, training
from tests.training.small import same_bits

LEVELS, KINDS = (
    ("graph", "node", "edge", "pair"),
    ("regression", "binary", "multiclass", "multilabel", "mixed"),
)
QUICK = {("pair", "mixed")}


def prepared(level, kind, **task):
    config = importlib.import_module("configs.tasks").get_config()
    config.data.update(dict(level=level, kind=kind, num_graphs=30, missing=0.2, weighted=True))
    config.model.update(
        dict(dim=8, num_layers=1, encoding_dim=8, local="gin", norm="none", feed_forward="none")
    )
    config.batch.update(dict(size=6, num_tiers=1))
    config.task.update(task)
    return config, recipes.prepare(config)


@pytest.mark.parametrize(
    ("level", "kind"),
    [
        pytest.param(level, kind, marks=() if (level, kind) in QUICK else pytest.mark.slow)
        for level in LEVELS
        for kind in KINDS
    ],
)
def test_it_trains_and_a_run_that_goes_on_has_the_same_bits(level, kind, tmp_path):
    classes = {} if kind == "regression" else dict(class_weights="balanced")
    config, data = prepared(level, kind, **classes)
    graphs = data.dataset
    train, valid, test = (graphs.part(part) for part in ("train", "valid", "test"))
    task = recipes.task(config, graphs.spec)
    budget = recipes.budget(config, graphs)

    def fit(folder, num_epochs):
        return training.fit(
            recipes.model(config, graphs.spec), task, recipes.batches(config, train, budget), valid,
            optimizer=recipes.optimizer(config, 3), num_epochs=num_epochs, workdir=folder,
            steps_per_call=3, recipe=recipes.recipe(config, data),
        )  # fmt: skip

    whole = fit(tmp_path / "whole", 4)
    losses = [entry["loss"] for entry in whole.history]
    assert losses[-1] < losses[0]
    result = whole.evaluator(whole.variables, test)
    assert result.predictions.shape == (len(test.targets), task.output_dim)
    assert np.isfinite(result.metrics[task.main_metric])
    if (level, kind) not in QUICK:
        fit(tmp_path / "parts", 2)
        again = fit(tmp_path / "parts", 4)
        assert again.resumed_from > 0 and same_bits(whole.state, again.state)
    else:
        weights = np.ones_like(train.targets.weights)
        with pytest.raises(training.ResumeError, match="weights"):
            other = train.with_targets(
                level, train.targets.index, train.targets.labels, train.targets.split,
                label=graphs.spec.label, weights=weights,
            )  # fmt: skip
            training.fit(
                recipes.model(config, graphs.spec), task, recipes.batches(config, other, budget),
                valid, optimizer=recipes.optimizer(config, 3), num_epochs=5,
                workdir=tmp_path / "whole", steps_per_call=3,
                recipe=recipes.recipe(config, data),
            )  # fmt: skip
