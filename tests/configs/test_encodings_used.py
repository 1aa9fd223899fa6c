"""Which of its encodings a config uses."""

import jax
import numpy as np
import pytest

from gtx import build, encodings
from gtx.batching import batch_graphs
from gtx.data import csl
from tests.configs.recipes import RECIPES


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ("none", ()),
        ("random_walk", (encodings.RandomWalk(20),)),
        ("random_walk,laplacian", (encodings.LaplacianEigenvectors(21), encodings.RandomWalk(20))),
        ("all", (encodings.LaplacianEigenvectors(21), encodings.RandomWalk(20))),
    ],
)
def test_encodings_are_chosen_by_name(tmp_path, used, expected):
    config = RECIPES["csl_gps"](tmp_path)
    config.encodings_used = used
    assert build.encodings(config) == expected


def test_a_config_of_before_uses_all(tmp_path):
    config = RECIPES["csl_gps"](tmp_path)
    del config.encodings_used
    assert len(build.encodings(config)) == 2


def test_an_encoding_that_the_config_does_not_set_is_refused(tmp_path):
    config = RECIPES["csl_gps"](tmp_path)
    config.encodings_used = "random_wolk"
    with pytest.raises(build.ConfigError, match="config.encodings_used: .* 'random_walk'"):
        build.encodings(config)


@pytest.mark.parametrize("used", ["none", "random_walk", "laplacian"])
def test_predictions_survive_a_renumbering_of_the_graphs(tmp_path, used, quick_compilation):
    config = RECIPES["csl_gps"](tmp_path)
    config.encodings_used = used
    config.model.laplacian_encoder = "spe"  # which depends on no basis
    graphs = csl.load(copies=3, num_folds=3)
    one = build.encode(graphs.part("test"), config)
    other = build.encode(graphs.part("valid"), config)  # the same graphs, numbered otherwise
    np.testing.assert_array_equal(one.labels, other.labels)
    assert not np.array_equal(one.senders, other.senders)
    model, batches = build.model(config, one.spec), [batch_graphs(one), batch_graphs(other)]
    variables = model.init(jax.random.key(0), batches[0])
    predict = jax.jit(lambda batch: model.apply(variables, batch))
    first, second = (np.asarray(predict(batch))[: len(one)] for batch in batches)
    np.testing.assert_allclose(first, second, atol=1e-4)
    spread = np.ptp(first, axis=0).max()
    assert (spread > 1e-3) == (used != "none")  # classes are told apart by encodings alone
