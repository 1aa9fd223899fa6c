"""NeuralWalker on walks that the structure draws: what it needs, and that batches do not matter."""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from gtx import structures
from gtx.batching import batch_graphs
from gtx.data import Label
from gtx.models import NeuralWalker
from tests.encodings.graphs import cycle, path, star
from tests.structures.graphs import featured
from tests.variables import random_variables

pytestmark = pytest.mark.usefixtures("quick_compilation")
LABEL = Label("graph", "regression", 1)
MODEL = NeuralWalker(dim=8, num_layers=2, sequence=dict(name="convolution", kernel_size=3))


def without_pairs(graphs):
    dataset = featured(graphs, LABEL, "graph")
    return dataclasses.replace(dataset, pairs={}, spec=dataset.spec.replace(pairs={}))


def test_a_graph_is_predicted_alike_in_every_batch_and_walks_matter():
    plain = without_pairs([cycle(6), path(4), star(5)])
    data = structures.Walks(length=5, window=3)(plain)
    model = MODEL.build(data.spec, structures=("walks",))
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), batch_graphs(data)))
    predict = jax.jit(functools.partial(model.apply, random_variables(shapes)))
    together = predict(batch_graphs(data))[:3]
    alone = predict(batch_graphs(data.select([1])))[0]
    np.testing.assert_allclose(alone, together[1], rtol=1e-5, atol=1e-5)
    other = structures.Walks(length=5, window=3, seed=1)(plain)
    assert np.abs(np.asarray(predict(batch_graphs(other))[:3] - together)).max() > 1e-3


def test_without_walks_it_says_which_structure_is_missing():
    with pytest.raises(ValueError, match="config.structures.walks"):
        MODEL.build(without_pairs([path(3)]).spec)
