"""Rows of readouts: from features of nodes to what the head reads."""

import functools

from gtx import nn
from tests.descriptors.descriptor import Descriptor
from tests.descriptors.values import DTYPES, half

partial = functools.partial

READOUTS = (
    Descriptor(
        "pool",
        nn.Pool,
        "readout",
        level="graphs",
        options=dict(method="mean", dropout_rate=0.5, virtual_nodes=False),
    ),
    Descriptor(
        "pool_max",
        partial(nn.Pool, method="max", virtual_nodes=False),
        "readout",
        "graphs",
        dict(method="sum", dropout_rate=0.5, virtual_nodes=True),
    ),
    Descriptor(
        "pma",
        partial(nn.PMA, num_seeds=2, num_heads=2),
        "readout",
        "graphs",
        dict(
            DTYPES,
            num_seeds=1,
            num_heads=4,
            dropout_rate=0.5,
            attention_dropout_rate=0.5,
            seeds_init=half,
        ),
        neutral=("implementation",),
    ),
    Descriptor("graph_token", nn.GraphToken, "readout", "graphs", dict(dropout_rate=0.5)),
    Descriptor("node_readout", nn.NodeReadout, "readout", options=dict(dropout_rate=0.5)),
    Descriptor(
        "edge_readout", nn.EdgeReadout, "readout", "edges", dict(ends="product", dropout_rate=0.5)
    ),
    Descriptor(
        "pair_readout",
        nn.PairReadout,
        "readout",
        "edges",
        dict(ends="concatenate", dropout_rate=0.5),
    ),
    Descriptor(
        "top_k_pool",
        nn.TopKPool,
        "readout",
        level="graphs",
        options=dict(DTYPES, ratio=0.2, method="mean", dropout_rate=0.5, kernel_init=half),
    ),
)
