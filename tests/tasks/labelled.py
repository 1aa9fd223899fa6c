"""Batches of which a task reads labels and masks."""

import jraph
import numpy as np

from gtx.batch import Batch, Targets
from gtx.ops.layout import Layout


def batch(labels, mask, level="graph"):
    """Targets with these labels; nothing else is there."""
    mask = np.asarray(mask)
    index = np.arange(len(mask), dtype=np.int32)
    return Batch(
        graph=jraph.GraphsTuple(*[None] * 7),
        pairs={},
        targets=Targets(level, index, labels, mask),
        graph_ids=None,
        node_ids=None,
        node_graph=None,
        node_mask=mask,
        edge_mask=None,
        graph_mask=mask,
        layout=Layout(None, None, ()),
    )
