"""Rows of what reads features of pairs and changes them."""

import functools

import jax.numpy as jnp

from gtx import nn
from tests.batches import DIM
from tests.descriptors.descriptor import Descriptor
from tests.descriptors.values import DTYPES, LINEAR, half

partial = functools.partial

PAIRS = (
    Descriptor(
        "node_pair_embed",
        partial(
            nn.NodePairEmbed,
            DIM,
            partial(nn.Embed, DIM, {"x": nn.LinearEncoder}, pairs={"x": nn.LinearEncoder}),
        ),
        "embed",
        options=LINEAR,
    ),
    Descriptor(
        "pair_sums",
        partial(nn.PairSums, DIM, perceptrons=True),
        "layer",
        options=dict(LINEAR, perceptrons=False, both=False, activation=jnp.tanh, norm=nn.LayerNorm),
    ),
    Descriptor(
        "from_pairs",
        partial(nn.FromPairs, partial(nn.PairSums, DIM), nn.Pool),
        "readout",
        level="graphs",
    ),
    Descriptor("own_pair_readout", nn.OwnPairReadout, "readout", "edges", dict(dropout_rate=0.5)),
    Descriptor(
        "entry_feed_forward",
        partial(nn.EntryFeedForward, DIM),
        "rows",
        options=dict(
            LINEAR,
            hidden_dim=5,
            activation=jnp.tanh,
            use_bias=False,
            dropout_rate=0.5,
            output_init=half,
        ),
        neutral=("hidden_dropout",),
    ),
    Descriptor(
        "egt_attention",
        partial(nn.EGTAttention, DIM, num_heads=2, dropout_rate=0.3, structure="edges"),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            dropout_rate=0.5,
            mask_rate=0.5,
            structure="complete",
            limit=0.01,
            scale_degree=False,
            virtual_nodes=True,
            update_pairs=False,
        ),
        neutral=("implementation",),
    ),
    Descriptor(
        "egt_block",
        partial(
            nn.EGTBlock,
            DIM,
            attention=partial(nn.EGTAttention, num_heads=2, mask_rate=0.2),
            dropout_rate=0.2,
            pair_dropout_rate=0.2,
        ),
        "layer",
        options=dict(
            DTYPES,
            attention=partial(nn.EGTAttention, num_heads=4),
            triangle=nn.TripletAttention,
            activation=jnp.tanh,
            expansion=1,
            norm=nn.RMSNorm,
            dropout_rate=0.5,
            pair_dropout_rate=0.5,
            update_pairs=False,
        ),
    ),
    Descriptor(
        "grit_attention",
        partial(nn.GRITAttention, DIM, num_heads=2, dropout_rate=0.3, structure="edges"),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            dropout_rate=0.5,
            structure="complete",
            activation=jnp.tanh,
            limit=0.01,
            message_value=False,
        ),
        neutral=("implementation",),
    ),
    Descriptor(
        "triplet_attention",
        partial(nn.TripletAttention, DIM, num_heads=2, dropout_rate=0.3),
        "layer",
        options=dict(LINEAR, num_heads=4, dropout_rate=0.5, norm=nn.RMSNorm),
        neutral=("implementation",),
    ),
    Descriptor(
        "triangular_update",
        partial(nn.TriangularUpdate, DIM, num_heads=2),
        "layer",
        options=dict(LINEAR, num_heads=4, norm=nn.RMSNorm),
    ),
    Descriptor(
        "edge_transformer_block",
        partial(
            nn.EdgeTransformerBlock,
            DIM,
            num_heads=2,
            dropout_rate=0.3,
            feed_forward_dropout_rate=0.2,
        ),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            dropout_rate=0.5,
            feed_forward_dropout_rate=0.5,
            activation=jnp.tanh,
            norm=nn.RMSNorm,
        ),
        neutral=("implementation",),
    ),
    Descriptor(
        "pivotal_block",
        partial(nn.PivotalBlock, DIM, num_heads=2, dropout_rate=0.3, use_bias=True),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            dropout_rate=0.5,
            expansion=1,
            activation=jnp.tanh,
            norm=nn.RMSNorm,
            mix=False,
            use_bias=False,
        ),
        neutral=("implementation",),
    ),
    Descriptor(
        "grit_block",
        partial(
            nn.GRITBlock,
            DIM,
            attention=partial(nn.GRITAttention, num_heads=2),
            dropout_rate=0.2,
        ),
        "layer",
        options=dict(
            LINEAR,
            attention=partial(nn.GRITAttention, num_heads=4),
            feed_forward=partial(nn.FeedForward, gated=True),
            scale=None,
            norm=nn.LayerNorm,
            dropout_rate=0.5,
        ),
    ),
)
