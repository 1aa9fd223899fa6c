"""MPNN: what its edges and its readout read, and what it refuses."""

import jax
import numpy as np
import pytest

import gtx
from gtx.data import Categorical, Continuous, Dataset, GraphSpec, Label
from gtx.encodings import RRWP
from gtx.models import MPNN
from tests.variables import quick_jit, random_variables

LABEL = Label("graph", "regression", 1)
SPEC = GraphSpec(nodes={"type": Categorical((21,))}, edges={"type": Categorical((4,))}, label=LABEL)


def molecules(encodings=()):
    """A path and a branched one, with random types of atoms and bonds."""
    rng = np.random.default_rng(0)
    graphs = []
    for bonds in ([(0, 1), (1, 2), (2, 3)], [(0, 1), (1, 2), (1, 3), (3, 4)]):
        ends = np.array(bonds).T
        graphs.append(
            gtx.graphs.from_arrays(
                *np.concatenate([ends, ends[::-1]], axis=1),
                n_node=[len(bonds) + 1],
                nodes={"type": rng.integers(0, 21, (len(bonds) + 1, 1))},
                edges={"type": rng.integers(0, 4, (2 * len(bonds), 1))},
            )
        )
    dataset = Dataset.from_graphs(graphs, np.ones((2, 1), np.float32), spec=SPEC)
    return gtx.encodings.apply(dataset, list(encodings))


def shapes_of(model, dataset, encodings=()):
    module = model.build(dataset.spec, encodings=encodings)
    batch = gtx.batching.batch_graphs(dataset, dense=model.needs().dense)
    return jax.eval_shape(lambda: module.init(jax.random.key(0), batch)), module, batch


def test_edges_get_the_features_of_the_pair_of_their_ends():
    encodings = [RRWP(3, diagonal=False, identity=False, reverse=True, name="walks")]
    dataset = molecules(encodings)
    model = MPNN(dim=4, num_layers=1, pairs_at_edges=True, encoding_dim=None, head_layers=1)
    shapes, module, batch = shapes_of(model, dataset, encodings)
    params = random_variables(shapes)["params"]["embed"]
    embedded = module.embed().apply({"params": params}, batch, train=False)
    for receiver, sender, edge, kind in zip(
        batch.receivers, batch.senders, embedded.edges, batch.graph.edges["type"], strict=True
    ):
        step = np.zeros((len(batch.node_mask),) * 2)
        np.add.at(step, (batch.senders, batch.receivers), batch.edge_mask)
        step /= np.maximum(step.sum(1, keepdims=True), 1)
        walked = [np.linalg.matrix_power(step, k)[sender, receiver] for k in (1, 2, 3)]
        linear = params["pair_walks"]["linear"]
        expected = np.array(walked) @ linear["kernel"] + linear["bias"]
        expected = expected + params["pair_edges"]["edge_type"]["embedding"][kind[0]]
        np.testing.assert_allclose(edge, expected, atol=1e-6)


@pytest.mark.parametrize("method", ["sum", "max", "concatenate"])
def test_jumping_knowledge_reads_every_layer(method):
    dataset = molecules()
    fields = dict(dim=4, num_layers=3, local="gine", encoding_dim=None, head_layers=1)
    model = MPNN(jumping_knowledge=method, **fields)
    shapes, module, batch = shapes_of(model, dataset)
    variables = random_variables(shapes)
    assert variables["params"]["head"]["linear_0"]["kernel"].shape[0] == (
        12 if method == "concatenate" else 4
    )

    @quick_jit
    def run(variables):
        mutable = ["intermediates"]
        return module.apply(variables, batch, capture_intermediates=True, mutable=mutable)

    out, found = run(variables)
    kept = [
        found["intermediates"][f"block_{layer}"]["block"]["__call__"][0].nodes for layer in range(3)
    ]
    joined = dict(
        sum=np.sum(kept, axis=0), max=np.max(kept, axis=0), concatenate=np.concatenate(kept, axis=1)
    )[method]
    pooled = np.zeros((len(batch.graph_mask), joined.shape[1]))
    np.add.at(pooled, np.asarray(batch.node_graph), joined * np.asarray(batch.node_mask)[:, None])
    linear = variables["params"]["head"]["linear_0"]
    expected = pooled @ linear["kernel"] + linear["bias"]
    np.testing.assert_allclose(out[:2], expected[:2], rtol=1e-5)


def test_columns_of_numbers_enter_a_tuned_gnn_as_they_are():
    spec = GraphSpec(nodes={"x": Continuous(9)}, label=Label("node", "multiclass", 3))
    model = MPNN(
        dim=5,
        num_layers=2,
        local="gcn",
        residual="linear",
        norm="none",
        feed_forward="none",
        encoding_dim=None,
        head_layers=1,
        node_encoders={"x": "identity"},
    )
    graph = gtx.graphs.from_arrays([0], [1], n_node=[2], nodes={"x": np.ones((2, 9), np.float32)})
    dataset = Dataset.from_graphs([graph], np.zeros((2,), np.int32), spec=spec)
    shapes, *_ = shapes_of(model, dataset)
    found = jax.tree.map(lambda leaf: leaf.shape, shapes["params"])
    assert "embed" not in found
    assert found["block_0"]["local"] == {"linear": {"kernel": (9, 5)}, "bias": (5,)}
    assert found["block_0"]["residual"] == {"kernel": (9, 5), "bias": (5,)}
    assert found["block_1"]["local"]["linear"] == {"kernel": (5, 5)}


def test_a_layer_that_reads_no_edges_keeps_the_encoders_that_are_given():
    dataset = molecules()
    fields = dict(dim=4, num_layers=1, local="gcn", encoding_dim=None, head_layers=1)
    plain, given = (
        shapes_of(MPNN(edge_encoders=edges, **fields), dataset)[0]["params"]["embed"]
        for edges in ({}, {"type": "categorical"})
    )
    assert set(plain) == {"node_type"} and set(given) == {"node_type", "edge_type"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(norm="none"), "norm: 'none' does not suit the layer 'gated_gcn'"),
        (dict(local="gat", num_heads=3), "dim: 4 is not a multiple of num_heads 3"),
        (dict(pairs_at_edges=True), "pairs_at_edges: needs columns of pairs"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        MPNN(dim=4, **fields).build(SPEC)
