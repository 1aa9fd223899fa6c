"""Batches of which a task reads labels and masks."""

import jraph
import numpy as np

from gtx.batch import Batch
from gtx.ops.layout import Layout


def batch(labels, mask):
    """Labels of graphs or nodes, whichever the task asks for; nothing else is there."""
    mask = np.asarray(mask)
    return Batch(
        graph=jraph.GraphsTuple(*[None] * 7),
        pairs={},
        labels=labels,
        graph_ids=None,
        node_ids=None,
        node_graph=None,
        node_mask=mask,
        edge_mask=None,
        graph_mask=mask,
        layout=Layout(None, None, ()),
    )
