"""What a model learned of hidden nodes fits the model of the labels, but for its head."""

import functools

import jax

from gtx.batching import batch_graphs
from gtx.data.masking import with_mask_values, with_masked_nodes
from gtx.models import MPNN
from tests.data.test_masking import graphs


def forms(dataset):
    model = MPNN(dim=8, num_layers=1, encoding_dim=8).build(dataset.spec)
    init = functools.partial(model.init, train=False)
    batch = batch_graphs(dataset.select([0, 1]), dense=False)
    shapes = jax.eval_shape(init, jax.random.key(0), batch)["params"]
    return jax.tree.map(lambda leaf: leaf.shape, shapes)


def test_all_but_the_head_have_the_same_parameters():
    given = graphs()
    hidden, labelled = forms(with_masked_nodes(given, 0.3)), forms(with_mask_values(given))
    assert hidden.keys() == labelled.keys()
    same = {name for name in hidden if hidden[name] == labelled[name]}
    assert set(hidden) - same == {"head"}
    assert forms(given)["embed"] != labelled["embed"]
