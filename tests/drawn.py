"""Small random graphs with the columns and the label that a spec declares."""

import numpy as np

from gtx.data import Categorical, Dataset, GraphSpec
from gtx.typing import LEVELS


def drawn(spec: GraphSpec, num_graphs: int = 10, sizes: tuple[int, int] = (4, 7)) -> Dataset:
    """Rings with a chord, in train, train, train, valid and test in turn.

    One graph holds targets of all parts; several have one part each. A ring has at least four
    nodes, so that a chord is a further edge.
    """
    rng = np.random.default_rng(0)
    num_nodes = rng.integers(*sizes, num_graphs)
    rings = [np.stack([np.arange(n), (np.arange(n) + 1) % n]) for n in num_nodes]
    ahead = [np.concatenate([ring, [[0], [2]]], axis=1) for ring in rings]
    ends = [np.concatenate([edges, edges[::-1]], axis=1) for edges in ahead]
    node_ptr = np.concatenate([[0], np.cumsum(num_nodes)])
    edge_ptr = np.concatenate([[0], np.cumsum([edges.shape[1] for edges in ends])])
    rows = dict(nodes=node_ptr[-1], edges=edge_ptr[-1], graphs=num_graphs)
    columns = {
        level: {
            name: _values(rng, column, rows[level]) for name, column in getattr(spec, level).items()
        }
        for level in rows
    }
    assert not spec.pairs and not spec.edge_sets, "no source declares these"
    dataset = Dataset.from_columns(
        node_ptr=node_ptr,
        edge_ptr=edge_ptr,
        senders=np.concatenate([edges[0] for edges in ends]),
        receivers=np.concatenate([edges[1] for edges in ends]),
        spec=spec.replace(label=None),
        **columns,
    )
    return _with_labels(rng, dataset, spec)


def _values(rng, column, count):
    if isinstance(column, Categorical):
        return rng.integers(0, column.sizes, (count, len(column.sizes)))
    return rng.normal(size=(count, column.dim)).astype(np.float32)


def _with_labels(rng, dataset, spec):
    label, index = spec.label, None
    owner = {
        "graph": np.arange(len(dataset)),
        "node": np.repeat(np.arange(len(dataset)), dataset.num_nodes),
        "edge": np.repeat(np.arange(len(dataset)), dataset.num_edges),
        "pair": np.repeat(np.arange(len(dataset)), dataset.num_edges),
    }[label.level]
    if label.level == "pair":
        first = dataset.node_ptr[owner]
        index = np.stack([dataset.senders + first, dataset.receivers + first], axis=1)
        _, kept = np.unique(np.sort(index, axis=1), axis=0, return_index=True)
        index, owner = index[kept], owner[kept]
    part = owner if len(dataset) > 1 else np.arange(len(owner))
    if label.kind == "multiclass":
        labels = np.arange(len(owner)) % label.dim
    elif label.kind == "regression":
        labels = rng.normal(size=(len(owner), label.dim))
    else:
        labels = (np.arange(len(owner))[:, None] // 5 + np.arange(label.dim)) % 2
        labels = labels.astype(np.float32)
    split = np.array([0, 0, 0, 1, 2])[part % 5]
    return dataset.with_targets(label.level, index, labels, split, label=label)


def by_level(spec: GraphSpec) -> dict:
    return {level: dict(getattr(spec, level)) for level in LEVELS.values()}
