"""TokenGT: what it needs, and that it sees graphs and not their numbering or batch."""

import dataclasses
import functools

import jax
import numpy as np
import pytest

from gtx import encodings, structures
from gtx.batching import batch_graphs
from gtx.data import Categorical, GraphSpec, Label
from gtx.models import TokenGT
from tests.models.test_gps import count
from tests.nn.encoders.test_tokens import graphs
from tests.variables import random_variables

pytestmark = pytest.mark.usefixtures("quick_compilation")
ORF = encodings.OrthogonalRandomFeatures(6)
LABEL = Label("graph", "regression", 1)
SMALL = dict(dim=8, num_layers=2, num_heads=2, hidden_dim=5)


def prepared(dataset):
    dataset = dataset.with_targets("graph", labels=np.zeros((len(dataset), 1)), label=LABEL)
    used = [structures.VirtualNodes(2), structures.EdgeTokens()]
    return structures.apply(encodings.apply(dataset, [ORF]), used)


@functools.cache
def trained():
    """The data, and a compiled model with invented parameters."""
    data = prepared(graphs())
    model = TokenGT(**SMALL).build(data.spec, encodings=[ORF], structures=("virtual_nodes",))
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), batch_graphs(data)))
    return data, jax.jit(functools.partial(model.apply, random_variables(shapes)))


def test_a_graph_is_predicted_alike_in_every_batch():
    data, predict = trained()
    together = predict(batch_graphs(data))[:2]
    for number in range(2):
        alone = predict(batch_graphs(data.select([number])))[0]
        np.testing.assert_allclose(alone, together[number], atol=1e-5)
    assert abs(float(together[0, 0] - together[1, 0])) > 1e-3


def test_identifiers_and_not_the_numbering_say_which_tokens_belong_together():
    data, predict = trained()
    # Nodes 0 and 2 of the first graph change places, with all that belongs to them.
    order, place = np.array([2, 1, 0]), np.array([2, 1, 0])
    first = data.select([0])
    renamed = {}
    for name, values in first.nodes.items():
        moved = values.copy()
        moved[:3] = values[:3][order]
        renamed[name] = moved
    table = first.edge_sets["edge_tokens"]
    senders = np.where(table.senders < 3, place[np.minimum(table.senders, 2)], table.senders)
    moved = dataclasses.replace(table, senders=senders.astype(np.int32))
    other = dataclasses.replace(
        first, nodes=renamed, edge_sets={**first.edge_sets, "edge_tokens": moved}
    )
    np.testing.assert_allclose(
        predict(batch_graphs(other))[0], predict(batch_graphs(first))[0], atol=1e-5
    )
    swapped = first.with_columns("node", {ORF.name: first.nodes[ORF.name][::-1].copy()})
    changed = predict(batch_graphs(swapped))[0] - predict(batch_graphs(first))[0]
    assert abs(float(changed[0])) > 1e-3


def test_it_has_the_parameters_of_the_authors_but_for_their_tables_and_head():
    """12 blocks of 768, and an identifier of 64 numbers: 48.6 million in the paper."""
    data = prepared(graphs())
    model = TokenGT().build(data.spec, encodings=[encodings.OrthogonalRandomFeatures(6)])
    width, tokens = 768, 2
    block = 4 * (width**2 + width) + 2 * (width**2 + width) + 4 * width
    tables = (5 + 3) * width  # two classes of atoms are those of the tokens
    learned = 2 * 6 * width + (2 + tokens) * width + 2 * width
    expected = 12 * block + tables + learned + width + 1
    assert count(model, batch_graphs(data)) == expected


def test_without_tokens_or_identifiers_it_says_what_to_add():
    spec = GraphSpec(nodes=dict(atom=Categorical((3,))), label=LABEL)
    with pytest.raises(ValueError, match="Add the structures 'virtual_nodes' and 'edge_tokens'"):
        TokenGT().build(spec)
    with pytest.raises(ValueError, match="Add 'orthogonal_random_features' or 'laplacian'"):
        TokenGT().build(prepared(graphs()).spec)
