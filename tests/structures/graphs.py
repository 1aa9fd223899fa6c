"""Graphs that structures find hard, and every structure there is."""

import numpy as np

from gtx import structures
from gtx.data import Categorical, Continuous, Dataset, GraphSpec
from tests.encodings.graphs import cycle, dataset_of, path, star, union

# Every structure of `STRUCTURES` has a line here.
STRUCTURES = {
    "self loops": structures.SelfLoops(),
    "one virtual node": structures.VirtualNodes(),
    "three virtual nodes": structures.VirtualNodes(3),
    "edge tokens": structures.EdgeTokens(),
    "two hops": structures.KHop(2),
    "complete": structures.Complete(),
    "complete with loops": structures.Complete(loops=True),
    "causal": structures.Causal(),
    "causal within a window": structures.Causal(window=2),
    "expander": structures.Expander(4),
    "big bird": structures.BigBird(window=1, num_random=1, num_global=1),
    "subgraphs": structures.Subgraphs(2),
    "walks": structures.Walks(length=4, window=3),
    "hamiltonian": structures.Expander(2, method="hamiltonian"),
}


def _directed():
    rng = np.random.default_rng(2)
    return rng.integers(1, 3, (7, 7)) * (rng.random((7, 7)) < 0.3).astype(float)


HARD = [
    np.zeros((0, 0)),
    np.zeros((1, 1)),
    np.ones((1, 1)),
    cycle(12),
    np.zeros((3, 3)),
    union(path(4), np.zeros((2, 2))),
    _directed(),
    path(3) * 2 + np.eye(3),
    star(12),
]


def featured(adjacencies, label=None, level=None):
    """Every kind of column, each row with a value of its own, and labels of nodes or graphs."""
    plain = dataset_of(adjacencies)
    nodes, edges, pairs = int(plain.node_ptr[-1]), len(plain.senders), int(plain.pair_ptr[-1])
    dataset = Dataset.from_columns(
        node_ptr=plain.node_ptr,
        edge_ptr=plain.edge_ptr,
        senders=plain.senders,
        receivers=plain.receivers,
        nodes=dict(atom=np.arange(2 * nodes).reshape(nodes, 2) % 7, x=1.0 + np.arange(nodes)),
        edges=dict(bond=np.arange(edges) % 3, length=1.0 + np.arange(edges)),
        pairs=dict(spd=np.arange(pairs) % 5, code=np.arange(pairs) % 9, far=1.0 + np.arange(pairs)),
        graphs=dict(charge=np.arange(len(plain)) % 2),
        names=[f"graph {i}" for i in range(len(plain))],
        spec=GraphSpec(
            nodes=dict(atom=Categorical((7, 7)), x=Continuous(1)),
            edges=dict(bond=Categorical((3,)), length=Continuous(1)),
            pairs=dict(
                spd=Categorical((5,)), code=Categorical((9,), fill=0), far=Continuous(1, fill=-1.0)
            ),
            graphs=dict(charge=Categorical((2,))),
        ),
    )
    if label is None:
        return dataset
    labels = np.arange(dataset.num_rows(level)) % 2
    labels = labels if label.kind == "multiclass" else labels[:, None].astype(np.float32)
    return dataset.with_targets(level, labels=labels, label=label)


def edges_of(dataset, name, number=0):
    """(sender, receiver) of each edge of a graph in an edge set, in order."""
    edges = dataset.edge_sets[name]
    part = slice(edges.ptr[number], edges.ptr[number + 1])
    return list(zip(edges.senders[part].tolist(), edges.receivers[part].tolist(), strict=True))
