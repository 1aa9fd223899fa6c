"""Every encoding has a name in configs and an encoder, and is learned from."""

import dataclasses

import jax
import numpy as np
import pytest
from flax import traverse_util
from ml_collections import ConfigDict

import gtx.encodings
from gtx import recipes
from gtx.batching import batch_graphs
from gtx.data import Categorical
from tests.configs.shrunk import RECIPES
from tests.variables import quick_jit, random_variables

pytestmark = pytest.mark.usefixtures("quick_compilation")

SETTINGS = dict(
    degree=dict(directions=["in", "total"], transform="log"),
    degree_class=dict(max_degree=8),
    electrostatic=dict(),
    heat_kernel=dict(times=[0.5, 2.0]),
    heat_kernel_diagonal=dict(times=[0.5, 2.0]),
    laplacian=dict(num_vectors=3),
    magnetic_laplacian=dict(num_vectors=3, q=0.1),
    orthogonal_random_features=dict(dim=5),
    pagerank=dict(alphas=[0.1, 0.2]),
    personalized_pagerank=dict(alphas=[0.1, 0.2]),
    random_identifiers=dict(dim=5),
    random_walk=dict(walk_length=4),
    resistance=dict(),
    rrwp=dict(walk_length=4),
    shortest_paths=dict(),
    singular_vectors=dict(num_vectors=3),
    sinusoidal=dict(dim=4),
    spd=dict(max_distance=4),
    substructures=dict(patterns=["cycle_3", "clique_4"]),
    weisfeiler_leman=dict(num_rounds=2, num_classes=50),
)


def recipe(folder, *names, **changes):
    config = RECIPES["smoke"](folder)
    config.data.num_graphs, config.data.min_size, config.data.max_size = 12, 2, 4
    config.encodings = ConfigDict({name: SETTINGS[name] for name in names})
    config.model.update(changes)
    return config


def shapes_of(config, graphs):
    model, batch = recipes.model(config, graphs.spec), batch_graphs(graphs.select([0, 1]))
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), batch))
    flat = traverse_util.flatten_dict(shapes, sep="/")
    return {name: leaf.shape for name, leaf in flat.items()}


def test_every_encoding_has_a_name():
    public = {
        value
        for value in vars(gtx.encodings).values()
        if isinstance(value, type) and dataclasses.is_dataclass(value)
    }
    assert set(gtx.encodings.ENCODINGS.values()) == public
    assert set(SETTINGS) == set(gtx.encodings.ENCODINGS)


def first_step(config, graphs):
    """Gradients of a small model at its first step, by module of the encoders."""
    model, task = recipes.model(config, graphs.spec), recipes.task(config, graphs.spec)
    batch = batch_graphs(graphs.select([0, 1, 2]))
    keys = dict(params=jax.random.key(0), dropout=jax.random.key(1))
    variables = random_variables(jax.eval_shape(lambda: model.init(keys, batch, train=True)))

    @quick_jit
    def gradients(variables):
        def loss(params):
            given = {**variables, "params": params}
            outputs, _ = model.apply(given, batch, train=True, rngs=keys, mutable=["batch_stats"])
            total, count = task.loss(outputs, batch)
            return total / count

        return jax.grad(loss)(variables["params"])

    return gradients(variables)["embed"]


def assert_learned(gradients):
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradients):
        assert np.isfinite(leaf).all(), jax.tree_util.keystr(path)
    assert any(np.abs(leaf).max() > 1e-6 for leaf in jax.tree.leaves(gradients))


def test_a_step_learns_from_all_encodings_at_once(tmp_path):
    changes = dict(dim=60, num_heads=2, num_layers=1, local="none")
    config = recipe(tmp_path, *SETTINGS, **changes)
    graphs = recipes.prepare(config).dataset
    gradients = first_step(config, graphs)
    columns = [key for encoding in recipes.encodings(config) for key in encoding.columns()]
    assert len(columns) == 27 and set(columns) <= {
        *(("node", name) for name in graphs.spec.nodes),
        *(("pair", name) for name in graphs.spec.pairs),
        *(("graph", name) for name in graphs.spec.graphs),
    }
    modules = {f"{level}_{name}" for level, name in columns}
    for name in ("laplacian", "magnetic", "singular"):  # one encoder reads all their columns
        modules -= {f"node_{name}_vectors", f"graph_{name}_values", f"graph_{name}_mask"}
        modules.add(f"node_{name}")
    assert modules <= gradients.keys()
    for module in modules:
        assert_learned(gradients[module])


def test_classes_are_added_to_the_nodes_and_numbers_are_normalised(tmp_path):
    config = recipe(tmp_path, "degree", "degree_class", "heat_kernel_diagonal")
    graphs = recipes.prepare(config).dataset
    shapes = shapes_of(config, graphs)
    assert graphs.spec.nodes["degree_class"] == Categorical((10, 10))
    assert shapes["params/embed/node_degree_class/embedding"] == (20, 16 - 2 * 4)
    for name in ("degree", "heat_diagonal"):
        assert shapes[f"params/embed/node_{name}/linear/kernel"] == (2, 4)
        assert shapes[f"batch_stats/embed/node_{name}/norm/mean"] == (2,)


EXPECTED = {
    "laplacian": {"linear_0/kernel": (2, 8), "linear_1/kernel": (8, 4)},
    "laplacian_linear": {"linear/kernel": (3, 4)},
    "sign_net": {"phi/hidden_0/kernel": (1, 64), "rho/hidden_0/kernel": (12, 64)},
    "spe": {"phi_hidden/kernel": (1, 32), "rho/hidden_0/kernel": (16, 32)},
    "laplacian_transformer": {"linear/kernel": (2, 4), "block_1/attention/output/kernel": (4, 4)},
}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    return recipes.prepare(recipe(tmp_path_factory.mktemp("graphs"), "laplacian")).dataset


@pytest.mark.parametrize("name", EXPECTED)
def test_each_encoder_of_eigenvectors_builds_and_takes_a_step(name, graphs, tmp_path):
    config = recipe(tmp_path, "laplacian", local="gcn", attention="none")
    config.model.node_encoders = ConfigDict(dict(laplacian=name))
    config.model.num_layers = 1
    shapes = shapes_of(config, graphs)
    start = "params/embed/node_laplacian/"
    assert {key: shapes[start + key] for key in EXPECTED[name]} == EXPECTED[name]
    assert_learned(first_step(config, graphs)["node_laplacian"])


@pytest.mark.parametrize("name", ["laplacian", "laplacian_linear", "laplacian_transformer"])
def test_what_is_drawn_while_training_is_for_the_config_to_say(name, graphs, tmp_path):
    config = recipe(tmp_path, "laplacian")
    drawn = dict(name=name, random_signs=False, random_bases=True)
    config.model.node_encoders = ConfigDict(dict(laplacian=drawn))
    model = recipes.model(config, graphs.spec)
    encoder = model.embed().encodings["laplacian"](column="laplacian")
    assert (encoder.random_signs, encoder.random_bases) == (False, True)


def test_an_encoder_that_does_not_exist_is_answered_with_those_that_do(graphs, tmp_path):
    config = recipe(tmp_path, "laplacian")
    config.model.node_encoders = ConfigDict(dict(laplacian="signnet"))
    with pytest.raises(recipes.ConfigError, match="node_encoders.*did you mean 'sign_net'"):
        recipes.model(config, graphs.spec)
