"""Encodings of pairs, named in a config, bias the attention of a model that trains."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import traverse_util
from ml_collections import ConfigDict

from gtx import recipes, training
from gtx.batching import batch_graphs
from gtx.data import Categorical, Continuous
from tests.configs.shrunk import RECIPES

pytestmark = pytest.mark.usefixtures("quick_compilation")

ENCODINGS = dict(
    spd=dict(max_distance=8),
    shortest_paths=dict(),
    rrwp=dict(walk_length=6, diagonal=False),
    resistance=dict(),
)


def recipe(folder, *names, **changes):
    config = RECIPES["smoke"](folder)
    config.data.num_graphs, config.data.min_size, config.data.max_size = 12, 2, 4
    config.encodings = ConfigDict({name: ENCODINGS[name] for name in names})
    config.model.update(changes)
    return config


def parameters(config):
    """Shapes of the parameters by name, for the encoded graphs of the config."""
    graphs = recipes.prepare(config).dataset
    model, batch = recipes.model(config, graphs.spec), batch_graphs(graphs.select([0, 1]))
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), batch))["params"]
    flat = traverse_util.flatten_dict(shapes, sep="/")
    return graphs.spec, {name: leaf.shape for name, leaf in flat.items()}


@pytest.mark.parametrize(
    ("name", "column", "encoder"),
    [
        ("spd", Categorical((11,)), {"embedding": (11, 16)}),
        ("rrwp", Continuous(6), {"linear/kernel": (6, 16), "linear/bias": (16,)}),
        ("resistance", Continuous(2), {"linear/kernel": (2, 16), "linear/bias": (16,)}),
        (
            "shortest_paths",
            Categorical((4097,), fill=0),
            {"kernel": (3, 16, 16), "edge_constant/embedding": (1, 16)},
        ),
    ],
)
def test_each_encoding_has_an_encoder_and_every_layer_a_bias(tmp_path, name, column, encoder):
    config = recipe(tmp_path, name)
    if name == "shortest_paths":
        part = dict(shortest_paths=dict(name="edge_path", max_hops=3))
        config.model.pair_encoders = ConfigDict(part)
    spec, found = parameters(config)
    assert spec.pairs == {name: column}
    start = f"embed/pair_{name}/"
    shapes = {key.removeprefix(start): shape for key, shape in found.items() if start in key}
    assert shapes == encoder
    assert found["block_0/attention/pair_bias/kernel"] == (16, 2)


def test_the_walks_of_grit_are_read_at_the_nodes_too(tmp_path):
    config = recipe(tmp_path, "rrwp", pair_dim=3)
    config.encodings.rrwp.diagonal = True
    spec, found = parameters(config)
    assert spec.nodes["rrwp"] == spec.pairs["rrwp"] == Continuous(6)
    assert found["embed/node_rrwp/linear/kernel"] == (6, config.model.encoding_dim)
    assert found["embed/pair_rrwp/linear/kernel"] == (6, 3)
    assert found["block_0/attention/pair_bias/kernel"] == (3, 2)


def test_the_bias_can_be_left_out_and_is_not_there_without_encodings(tmp_path):
    _, without = parameters(recipe(tmp_path))
    spec, unread = parameters(recipe(tmp_path, "spd", pair_bias=False))
    assert spec.pairs and unread == without
    assert not [name for name in without if "pair" in name]


@pytest.mark.parametrize("attention", ["edges", "none"])
def test_attention_that_reads_no_pairs_refuses_them_with_a_remedy(tmp_path, attention):
    config = recipe(tmp_path, "spd", attention=attention)
    with pytest.raises(recipes.ConfigError, match=r"\['spd'\]. Use 'complete', or pair_bias=False"):
        recipes.prepare(config)
    config.model.pair_bias = False
    recipes.model(config, recipes.prepare(config).dataset.spec)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("spd",), marks=pytest.mark.slow),
        pytest.param(("rrwp",), marks=pytest.mark.slow),
        ("shortest_paths", "resistance"),
    ],
)
def test_a_model_with_biased_attention_takes_training_steps(tmp_path, names):
    config = recipe(tmp_path, *names)
    graphs = recipes.prepare(config).dataset
    model = recipes.model(config, graphs.spec)
    result = training.fit(
        model,
        recipes.task(config, graphs.spec),
        recipes.batches(config, graphs.part("train"), recipes.budget(config, graphs)),
        graphs.part("valid"),
        optimizer=recipes.optimizer(config, steps_per_epoch=3),
        num_epochs=2,
        workdir=tmp_path / "run",
    )
    first, second = (entry["loss"] for entry in result.history)
    assert np.isfinite([first, second]).all() and first != second
    assert result.num_compilations == {"train": 1, "evaluate": 1}
    batch = batch_graphs(graphs.select([0, 1]))
    predict = jax.jit(lambda batch: model.apply(result.variables, batch))
    for name in names:  # what was learned reads every column
        blank = {**batch.pairs, name: jnp.zeros_like(batch.pairs[name])}
        difference = predict(batch) - predict(batch.replace(pairs=blank))
        assert np.abs(difference[batch.node_mask]).max() > 1e-5
