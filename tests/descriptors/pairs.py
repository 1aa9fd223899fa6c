"""Rows of what reads features of pairs and changes them."""

import functools

import jax.numpy as jnp

from gtx import nn
from tests.batches import DIM
from tests.descriptors.descriptor import Descriptor
from tests.descriptors.values import LINEAR

partial = functools.partial

PAIRS = (
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
