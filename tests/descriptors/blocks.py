"""Rows of blocks, and of the feed-forward layer in them."""

import functools

import jax
import jax.numpy as jnp

from gtx import nn
from tests.batches import DIM
from tests.descriptors.descriptor import Descriptor
from tests.descriptors.values import DTYPES, HEADS, LINEAR

partial = functools.partial
BLOCK = partial(nn.GPSBlock, DIM, nn.GINE, HEADS)

BLOCKS = (
    Descriptor(
        "feed_forward",
        partial(nn.FeedForward, DIM),
        "layer",
        options=dict(
            LINEAR,
            hidden_dim=5,
            activation=jnp.tanh,
            gated=True,
            use_bias=False,
            dropout_rate=0.5,
            hidden_dropout_rate=0.5,
        ),
        neutral=("output_dropout",),
    ),
    Descriptor(
        "swiglu",
        partial(nn.FeedForward, DIM, activation=jax.nn.silu, gated=True, dropout_rate=0.3),
        "layer",
        options=dict(
            LINEAR,
            hidden_dim=5,
            activation=jnp.tanh,
            gated=False,
            use_bias=False,
            dropout_rate=0.5,
            output_dropout=False,
        ),
        neutral=("hidden_dropout_rate",),
    ),
    Descriptor(
        "deep_sets_layer",
        partial(nn.DeepSetsLayer, DIM, dropout_rate=0.2),
        "layer",
        options=dict(LINEAR, pool="mean", activation=jax.nn.relu, dropout_rate=0.5),
    ),
    Descriptor(
        "gps_block",
        BLOCK,
        "layer",
        options=dict(
            DTYPES,
            feed_forward=partial(nn.FeedForward, gated=True),
            norm=nn.LayerNorm,
            dropout_rate=0.5,
        ),
    ),
    Descriptor(
        "gps_block_gated_gcn",
        partial(nn.GPSBlock, DIM, partial(nn.GatedGCN, dropout_rate=0.2), HEADS, dropout_rate=0.2),
        "layer",
        options=dict(DTYPES, feed_forward=partial(nn.FeedForward, gated=True), norm=nn.LayerNorm),
        neutral=("dropout_rate",),
    ),
    Descriptor(
        "gt_block",
        partial(nn.GTBlock, DIM, num_heads=2, dropout_rate=0.2),
        "layer",
        options=dict(
            LINEAR, num_heads=4, dropout_rate=0.5, limit=0.01, use_bias=True, norm=nn.LayerNorm
        ),
        neutral=("implementation",),
    ),
    Descriptor(
        "mpnn_block",
        partial(nn.MPNNBlock, DIM, nn.GINE, dropout_rate=0.2),
        "layer",
        options=dict(
            DTYPES,
            normalize=True,
            residual="none",
            local_norm=None,
            activation=None,
            dropout_rate=0.5,
            feed_forward=None,
            norm=None,
        ),
        neutral=("kernel_init", "bias_init"),
    ),
    Descriptor(
        "mpnn_block_linear",
        partial(nn.MPNNBlock, DIM, nn.GCN, residual="linear", feed_forward=None),
        "layer",
        options=dict(
            LINEAR,
            normalize=True,
            residual="identity",
            local_norm=nn.LayerNorm,
            activation=jnp.tanh,
            dropout_rate=0.5,
            feed_forward=nn.FeedForward,
        ),
        neutral=("norm",),
    ),
    Descriptor(
        "virtual_node_block",
        partial(nn.VirtualNodeBlock, DIM, norm=nn.LayerNorm),
        "layer",
        options=dict(LINEAR, residual=True, dropout_rate=0.5, norm=nn.BatchNorm),
        neutral=("start_init",),  # the features have a vector of each graph
    ),
    Descriptor(
        "san_block",
        partial(nn.SANBlock, DIM, num_heads=2, gamma=0.5, dropout_rate=0.2),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            gamma=0.1,
            dropout_rate=0.5,
            limit=0.01,
            use_bias=True,
            norm=nn.LayerNorm,
        ),
    ),
    Descriptor(
        "transformer_block",
        partial(nn.TransformerBlock, DIM, HEADS),
        "layer",
        options=dict(
            DTYPES,
            feed_forward=partial(nn.FeedForward, gated=True),
            norm=nn.RMSNorm,
            form="paper",
            dropout_rate=0.5,
            drop_path_rate=0.5,
            branch_scale=nn.LayerScale,
        ),
    ),
)
