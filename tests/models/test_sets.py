"""Deep Sets and Set Transformer: what a set gives depends on its members alone."""

import functools

import jax
import numpy as np
import pytest

import gtx
from gtx.data import Continuous, Dataset, GraphSpec, Label
from gtx.models import DeepSets, SetTransformer
from tests.variables import quick_jit, random_variables

SPEC = GraphSpec(nodes=dict(x=Continuous(3)), label=Label("graph", "multiclass", 10))
MODELS = {
    "deep_sets": DeepSets(dim=8, num_layers=2, pool="mean"),
    "isab": SetTransformer(dim=8, num_heads=2, num_points=3, num_seeds=2),
    "sab": SetTransformer(dim=8, num_heads=2, block="sab"),
}


def sets(*members):
    graphs = [
        gtx.graphs.from_arrays([], [], n_node=[len(x)], nodes=dict(x=np.float32(x)))
        for x in members
    ]
    return gtx.batching.batch_graphs(
        Dataset.from_graphs(graphs, np.zeros(len(members), np.int32), spec=SPEC)
    )


@pytest.mark.parametrize("name", MODELS)
def test_a_set_gives_the_same_in_any_order_and_beside_any_other(name):
    rng = np.random.default_rng(0)
    one, other, third = rng.normal(size=(3, 5, 3))
    module = MODELS[name].build(SPEC)
    batch = sets(one, other)
    shapes = jax.eval_shape(module.init, jax.random.key(0), batch)
    variables = random_variables(shapes)
    run = quick_jit(functools.partial(module.apply, train=False))
    first = run(variables, batch)
    assert first.shape[1] == 10 and np.ptp(first[:2], axis=0).max() > 1e-3
    second = run(variables, sets(one[rng.permutation(5)], third))
    np.testing.assert_allclose(first[0], second[0], atol=1e-5)
    assert np.abs(first[1] - second[1]).max() > 1e-3


def test_which_batches_need_a_layout():
    assert SetTransformer().needs().dense and not DeepSets().needs().dense
