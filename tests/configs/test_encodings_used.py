"""Which of its encodings a config uses."""

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from gtx import encodings, recipes
from gtx.batching import batch_graphs
from gtx.data.sources import CSL
from tests.configs.shrunk import RECIPES


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ("none", ()),
        ("random_walk", (encodings.RandomWalk(20),)),
        ("random_walk,laplacian", (encodings.LaplacianEigenvectors(21), encodings.RandomWalk(20))),
        (
            " random_walk, laplacian",
            (encodings.LaplacianEigenvectors(21), encodings.RandomWalk(20)),
        ),
        ("all", (encodings.LaplacianEigenvectors(21), encodings.RandomWalk(20))),
    ],
)
def test_encodings_are_chosen_by_name(tmp_path, used, expected):
    config = RECIPES["csl_gps"](tmp_path)
    config.encodings_used = used
    assert recipes.encodings(config) == expected


def test_a_config_of_before_uses_all(tmp_path):
    config = RECIPES["csl_gps"](tmp_path)
    del config.encodings_used
    assert len(recipes.encodings(config)) == 2


def test_an_encoding_that_the_config_does_not_set_is_refused(tmp_path):
    config = RECIPES["csl_gps"](tmp_path)
    config.encodings_used = "random_wolk"
    with pytest.raises(recipes.ConfigError, match="config.encodings_used: .* 'random_walk'"):
        recipes.encodings(config)


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("random_walk", dict(walk_length=0), "walk_length must be at least 1, got 0"),
        ("random_walk", dict(steps=20), "unexpected keyword argument 'steps'"),
        ("spd", dict(level="pair"), "unexpected keyword argument 'level'"),
        ("laplacian", dict(num_vectors=0), "num_vectors must be at least 1"),
    ],
)
def test_a_wrong_setting_is_answered_with_its_place_in_the_config(tmp_path, name, settings, reason):
    config = RECIPES["csl_gps"](tmp_path)
    config.encodings, config.encodings_used = ConfigDict({name: settings}), "all"
    with pytest.raises(recipes.ConfigError, match=rf"config\.encodings\.{name}: .*{reason}"):
        recipes.encodings(config)


def test_workers_and_a_bar_are_asked_for(tmp_path, monkeypatch):
    config, given = RECIPES["csl_gps"](tmp_path), {}
    monkeypatch.setattr(encodings, "apply", lambda graphs, _, **rest: given.update(rest) or graphs)
    graphs = CSL(copies=3, num_folds=3).load()
    recipes.encode(graphs, config)
    assert (given["num_workers"], given["progress"]) == (0, True)
    config.encodings_workers = 2
    recipes.encode(graphs, config)
    assert given["num_workers"] == 2
    del config.encodings_workers  # a config of before
    recipes.encode(graphs, config)
    assert given["num_workers"] == 0


@pytest.mark.parametrize("used", ["none", "random_walk", "laplacian"])
def test_predictions_survive_a_renumbering_of_the_graphs(tmp_path, used, quick_compilation):
    config = RECIPES["csl_gps"](tmp_path)
    config.encodings_used = used
    config.model.node_encoders = dict(laplacian="spe")  # which depends on no basis
    graphs = CSL(copies=3, num_folds=3).load()
    one = recipes.encode(graphs.part("test"), config)
    other = recipes.encode(graphs.part("valid"), config)  # the same graphs, numbered otherwise
    np.testing.assert_array_equal(one.targets.labels, other.targets.labels)
    assert not np.array_equal(one.senders, other.senders)
    model, batches = recipes.model(config, one.spec), [batch_graphs(one), batch_graphs(other)]
    variables = jax.jit(model.init)(jax.random.key(0), batches[0])
    predict = jax.jit(lambda batch: model.apply(variables, batch))
    first, second = (np.asarray(predict(batch))[: len(one)] for batch in batches)
    np.testing.assert_allclose(first, second, atol=1e-4)
    spread = np.ptp(first, axis=0).max()
    assert (spread > 1e-3) == (used != "none")  # classes are told apart by encodings alone
