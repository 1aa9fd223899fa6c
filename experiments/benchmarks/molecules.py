"""Graphs to measure on: ZINC-12k where it is, else random graphs of its sizes."""

import numpy as np

from gtx import encodings
from gtx.data import Categorical, Dataset, GraphSpec, Label
from gtx.data.sources import ZINC, zinc

WALK_LENGTH = 20
# Sizes of ZINC-12k's training part: 23.2 +- 4.5 atoms, 9 to 37; 49.9 directed edges.
_MEAN_NODES, _STD_NODES, _MIN_NODES, _MAX_NODES = 23.17, 4.49, 9, 37
_RINGS = (0.006, 0.079, 0.329, 0.368, 0.174, 0.041, 0.003)
_ATOMS = (0.702, 0.095, 0.109, 0.013, 0.036, 0.018, 0.027)
_BONDS = (0.0, 0.743, 0.255, 0.002)


def load(root: str | None, *, num_graphs: int = 2048, seed: int = 0) -> tuple[Dataset, str]:
    """Training graphs with the columns of ZINC and "rwse", and the name of their source.

    Args:
      root: the folder that holds `zinc12k`; None or "" makes random graphs.
      num_graphs: how many random graphs.
      seed: of the random graphs.
    """
    if root:
        dataset, name = ZINC(root).load().part("train"), "ZINC-12k"
    else:
        dataset, name = synthetic(num_graphs, seed), f"{num_graphs} random graphs of ZINC's sizes"
    return encodings.apply(dataset, [encodings.RandomWalk(WALK_LENGTH)]), name


def synthetic(num_graphs: int, seed: int = 0) -> Dataset:
    """Random trees with a few more edges: the sizes of ZINC-12k, and no chemistry."""
    rng = np.random.default_rng(seed)
    n_node = np.round(rng.normal(_MEAN_NODES, _STD_NODES, num_graphs)).astype(int)
    n_node = np.clip(n_node, _MIN_NODES, _MAX_NODES)
    bonds = []
    for size in n_node:
        later = np.arange(1, size)
        parents = np.maximum(later - rng.geometric(0.6, size - 1), 0)
        pairs = set(zip(parents.tolist(), later.tolist(), strict=True))
        wanted = len(pairs) + rng.choice(len(_RINGS), p=_RINGS)
        while len(pairs) < wanted:
            first, second = sorted(rng.choice(size, 2, replace=False).tolist())
            pairs.add((first, second))
        bonds.append(np.array(sorted(pairs)))
    n_bond = np.array([len(pairs) for pairs in bonds])
    ends = np.concatenate(bonds)
    # Both directions of a bond stand next to each other and have its type.
    senders, receivers = ends.reshape(-1), ends[:, ::-1].reshape(-1)
    types = np.repeat(rng.choice(len(_BONDS), n_bond.sum(), p=_BONDS), 2)
    atoms = rng.choice(len(_ATOMS), n_node.sum(), p=_ATOMS)
    return Dataset.from_columns(
        node_ptr=np.concatenate([[0], np.cumsum(n_node)]),
        edge_ptr=np.concatenate([[0], np.cumsum(2 * n_bond)]),
        senders=senders,
        receivers=receivers,
        nodes={"type": atoms[:, None].astype(np.int32)},
        edges={"type": types[:, None].astype(np.int32)},
        labels=rng.normal(0, 2, (num_graphs, 1)).astype(np.float32),
        spec=GraphSpec(
            nodes={"type": Categorical((zinc.NUM_ATOM_TYPES,))},
            edges={"type": Categorical((zinc.NUM_BOND_TYPES,))},
            label=Label("graph", "regression", 1),
        ),
    )
