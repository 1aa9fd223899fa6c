"""CSL: which skip does a circulant graph take? (Murphy et al. 2019; Dwivedi et al. 2020).

A circular skip link graph is a cycle of 41 nodes of which each is also joined to the node `skip`
steps on. All are 4-regular, so message passing tells none from another: without encodings a
model guesses, one class in ten. Drawn here from the description in the paper, with the classes
and the sizes of the published file but other numberings. Graph i depends on the seed and on i
alone.
"""

import numpy as np

from gtx.data import exact
from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.spec import Categorical, GraphSpec, Label

NUM_NODES = 41
SKIPS = (2, 3, 4, 5, 6, 9, 11, 12, 13, 16)  # no two of these graphs are isomorphic


def load(*, seed: int = 0, copies: int = 15, num_folds: int = 5, fold: int = 0) -> Dataset:
    """Renumbered copies of each of the ten graphs; node column "type" is 0 everywhere.

    The label is the place of the skip in SKIPS. The copies of each class are dealt out to the
    folds in turn: fold number `fold` is tested, the next one (the first after the last) is the
    validation part, the others are trained on, 3:1:1 for five folds as in the benchmark.

    Args:
      seed: of the numberings.
      copies: of each class, graph i being copy i % copies of class i // copies.
      num_folds: at least 3, not more than copies.
      fold: which is tested, from 0.

    Raises:
      DatasetError: there are not so many folds.
    """
    exact.count(seed, "csl: seed", low=0, high=2**63)
    for name, value in (("copies", copies), ("num_folds", num_folds), ("fold", fold)):
        exact.count(value, f"csl: {name}", low=-exact.INT32_MAX)
    if not 3 <= num_folds <= copies or not 0 <= fold < num_folds:
        raise DatasetError(
            f"csl: fold {fold} of {num_folds} over {copies} copies of each class. Use 3 folds or "
            "more, not more than copies, and count them from 0."
        )
    classes = np.repeat(np.arange(len(SKIPS)), copies)
    edges = []
    for number, label in enumerate(classes):
        order = np.random.default_rng((seed, number)).permutation(NUM_NODES)
        edges.append(order[circulant(NUM_NODES, SKIPS[label])])
    index = np.concatenate(edges, axis=1)
    which = np.tile(np.arange(copies) % num_folds, len(SKIPS))
    split = np.full(len(classes), SPLITS.index("train"), np.int8)
    split[which == (fold + 1) % num_folds] = SPLITS.index("valid")
    split[which == fold] = SPLITS.index("test")
    count = np.arange(len(classes) + 1)
    return Dataset.from_columns(
        nodes=dict(type=np.zeros(len(classes) * NUM_NODES, np.int32)),
        node_ptr=count * NUM_NODES,
        edge_ptr=count * edges[0].shape[1],
        senders=index[0],
        receivers=index[1],
        labels=classes.astype(np.int32),
        split=split,
        spec=GraphSpec(
            nodes=dict(type=Categorical((1,))),
            label=Label("graph", "multiclass", len(SKIPS), tuple(f"skip {s}" for s in SKIPS)),
        ),
    )


def circulant(num_nodes: int, skip: int) -> np.ndarray:
    """Senders and receivers [2, edges] of a cycle with skip links, both directions."""
    node = np.arange(num_nodes)
    ahead = np.concatenate([(node + step) % num_nodes for step in (1, skip)])
    start = np.tile(node, 2)
    return np.concatenate([[start, ahead], [ahead, start]], axis=1)
