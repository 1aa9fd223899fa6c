"""Datasets for the tests of this folder: any sizes, features that name their place."""

import hypothesis.strategies as st
import numpy as np

from gtx.data import Dataset
from gtx.data.spec import Categorical, Continuous, GraphSpec, Label

SIZES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9)), min_size=1, max_size=23)


def make_dataset(sizes, *, seed=0, level="graph", pairs=True) -> Dataset:
    """Random graphs of these (nodes, edges); ids are not 0, 1, 2, ..."""
    rng = np.random.default_rng(seed)
    n_node = np.array([n for n, _ in sizes], np.int64)
    n_edge = np.array([e if n else 0 for n, e in sizes], np.int64)
    node_ptr, edge_ptr = (np.concatenate([[0], np.cumsum(n)]) for n in (n_node, n_edge))
    high = np.maximum(np.repeat(n_node, n_edge), 1)
    senders, receivers = rng.integers(0, high), rng.integers(0, high)
    num_labels = len(sizes) if level == "graph" else node_ptr[-1]
    labels = rng.normal(size=(num_labels, 2)).astype(np.float32)
    labels[1::3, 0] = np.nan
    return Dataset.from_columns(
        node_ptr=node_ptr,
        edge_ptr=edge_ptr,
        senders=senders,
        receivers=receivers,
        nodes=dict(x=rng.normal(size=(node_ptr[-1], 2)), kind=np.arange(node_ptr[-1]) % 5),
        edges=dict(w=rng.normal(size=(edge_ptr[-1], 1))),
        pairs=dict(d=rng.normal(size=((n_node**2).sum(), 2))) if pairs else None,
        graphs=dict(g=rng.normal(size=(len(sizes), 3))),
        labels=labels if len(labels) and not np.isnan(labels).all() else None,
        ids=rng.permutation(len(sizes)) + 100,
        spec=_spec(labels, level, node_ptr[-1], pairs),
    )


def _spec(labels, level, num_nodes, pairs):
    has_labels = len(labels) and not np.isnan(labels).all()
    return GraphSpec(
        nodes=dict(x=Continuous(2), kind=Categorical((5,))),
        edges=dict(w=Continuous(1)),
        pairs=dict(d=Continuous(2)) if pairs else {},
        graphs=dict(g=Continuous(3)),
        label=Label(level, "regression", 2) if has_labels else None,
    )


def molecule_sizes(num_graphs, seed=0):
    """Sizes like those of ZINC-12k: 9 to 38 nodes, about 2.15 directed edges each."""
    rng = np.random.default_rng(seed)
    n_node = np.clip(np.round(rng.normal(23.2, 4.5, num_graphs)), 9, 38).astype(int)
    n_edge = 2 * (n_node - 1 + rng.integers(0, 5, num_graphs))
    return list(zip(n_node.tolist(), n_edge.tolist(), strict=True))
