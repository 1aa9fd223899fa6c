"""Rows of layers that pass messages along edges, without attention."""

import functools

import jax.numpy as jnp

from gtx import nn
from tests.batches import DIM
from tests.descriptors.descriptor import Descriptor
from tests.descriptors.values import DTYPES, LINEAR

partial = functools.partial

LOCAL = (
    Descriptor("gcn", partial(nn.GCN, DIM), "layer", options=dict(LINEAR, use_bias=False)),
    Descriptor("gcne", partial(nn.GCNE, DIM), "layer", options=dict(LINEAR, use_bias=False)),
    Descriptor(
        "graph_sage",
        partial(nn.GraphSAGE, DIM),
        "layer",
        options=dict(LINEAR, method="max", root_weight=False, use_bias=False),
    ),
    Descriptor(
        "mpnn",
        partial(nn.MPNN, DIM),
        "layer",
        options=dict(LINEAR, hidden_dim=5, method="mean", activation=jnp.tanh),
    ),
    Descriptor(
        "gin",
        partial(nn.GIN, DIM),
        "layer",
        options=dict(LINEAR, hidden_dim=5, epsilon=1.0, train_epsilon=True, activation=jnp.tanh),
    ),
    Descriptor(
        "gine",
        partial(nn.GINE, DIM),
        "layer",
        options=dict(LINEAR, hidden_dim=5, epsilon=1.0, train_epsilon=True, activation=jnp.tanh),
        neutral=("positions",),  # of a stream; see tests/nn/local/test_message_passing.py
    ),
    Descriptor(
        "gen",
        partial(nn.GEN, DIM, use_bias=True),
        "layer",
        options=dict(
            LINEAR,
            method="power_mean",
            beta=2.0,
            train_beta=True,
            hidden_dim=5,
            epsilon=0.5,
            norm=nn.LayerNorm,
            use_bias=False,
        ),
    ),
    Descriptor(
        "pna",
        partial(nn.PNA, DIM, towers=2, scalers=("identity", "attenuation", "linear")),
        "layer",
        options=dict(
            DTYPES,
            aggregators=("max",),
            scalers=("amplification", "attenuation", "inverse_linear"),
            towers=1,
            divide_input=True,
            mean_log_degree=2.0,
            mean_degree=2.0,
        ),
    ),
    Descriptor(
        "gated_gcn",
        partial(nn.GatedGCN, DIM),
        "layer",
        options=dict(
            LINEAR, residual=True, dropout_rate=0.5, norm=nn.LayerNorm, activation=jnp.tanh
        ),
        neutral=("positions",),  # likewise
    ),
    Descriptor("res_gated_graph_conv", partial(nn.ResGatedGraphConv, DIM), "layer", options=DTYPES),
)
