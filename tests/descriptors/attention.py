"""Rows of what attends: over all nodes of a graph, along edges, to a few points."""

import functools

import jax.numpy as jnp

from gtx import nn
from tests.batches import DIM
from tests.descriptors.descriptor import Descriptor
from tests.descriptors.values import DTYPES, LINEAR, half

partial = functools.partial
ATTENTION = dict(
    LINEAR,
    num_heads=4,
    dropout_rate=0.5,
    use_bias=False,
    scale=1.0,
    query_key_value_init=half,
)
HEADED = dict(
    ATTENTION, output_gate=True, output_bias=False
)  # of attention among the nodes of a graph
GAT = dict(
    LINEAR,
    num_heads=2,
    concat=False,
    dropout_rate=0.5,
    negative_slope=0.5,
    self_loops=True,
    use_edges=False,
    use_bias=False,
)
SET = dict(DTYPES, num_heads=2, dropout_rate=0.5)

ATTENTION_LAYERS = (
    Descriptor(
        "attention",
        partial(nn.MultiHeadAttention, DIM, num_heads=2),
        "layer",
        options=dict(HEADED, pair_bias=True, structure="edges"),
        neutral=("implementation", "shared_pair_bias"),
    ),
    Descriptor(
        "attention_with_pair_bias",
        partial(nn.MultiHeadAttention, DIM, num_heads=2, dropout_rate=0.3, pair_bias=True),
        "layer",
        options=dict(HEADED, pair_bias=False, structure="edges"),
        neutral=("implementation", "shared_pair_bias"),  # which needs as many heads as features
    ),
    Descriptor(
        "attention_over_edges",
        partial(
            nn.MultiHeadAttention,
            DIM,
            num_heads=2,
            dropout_rate=0.3,
            structure="edges",
            pair_bias=True,
        ),
        "layer",
        options=dict(HEADED, pair_bias=False, structure="complete"),
        neutral=("implementation", "shared_pair_bias"),
    ),
    Descriptor(
        "ppgt_attention",
        partial(nn.PPGTAttention, DIM, num_heads=2, dropout_rate=0.3),
        "layer",
        options=dict(LINEAR, num_heads=4, dropout_rate=0.5, scale=0.5, distance=False, gate=False),
        neutral=("implementation",),
    ),
    Descriptor(
        "multiplied_attention",
        partial(
            nn.MultipliedAttention,
            DIM,
            num_heads=2,
            dropout_rate=0.3,
            use_bias=True,
            update_edges=True,
        ),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            dropout_rate=0.5,
            limit=0.01,
            use_bias=False,
            update_edges=False,
        ),
        neutral=("implementation",),
    ),
    Descriptor(
        "attention_with_shared_pair_bias_and_gate",
        partial(
            nn.MultiHeadAttention,
            DIM,
            num_heads=DIM,
            pair_bias=True,
            shared_pair_bias=True,
            output_gate=True,
        ),
        "layer",
        options=dict(shared_pair_bias=False, output_gate=False, structure="edges"),
        neutral=("implementation", "pair_bias", "output_bias", *ATTENTION),  # as the rows above
    ),
    Descriptor(
        "exphormer_attention",
        partial(nn.ExphormerAttention, DIM, num_heads=2, dropout_rate=0.3),
        "layer",
        options=dict(DTYPES, kernel_init=half, num_heads=4, dropout_rate=0.5, limit=0.01),
        neutral=("implementation",),
    ),
    Descriptor(
        "structure_aware_attention",
        partial(nn.StructureAwareAttention, DIM, nn.GINE, num_heads=2, num_hops=1),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            num_hops=2,
            activation=jnp.tanh,
            norm=None,
            degree_scale=False,
            dropout_rate=0.5,
            query_key_value_init=half,
        ),
        neutral=("implementation", "extractor", "subgraphs"),  # the next row has these
    ),
    Descriptor(
        "structure_aware_attention_of_subgraphs",
        partial(
            nn.StructureAwareAttention,
            DIM,
            nn.GINE,
            num_heads=2,
            num_hops=1,
            extractor="subgraph",
        ),
        "layer",
        neutral=(  # the row before has most of these
            *LINEAR,
            "num_heads",
            "num_hops",
            "activation",
            "norm",
            "degree_scale",
            "dropout_rate",
            "query_key_value_init",
            "implementation",
            "extractor",
            "subgraphs",
        ),
    ),
    Descriptor(
        "performer_attention",
        partial(nn.PerformerAttention, DIM, num_heads=2, dropout_rate=0.3, use_bias=True),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            head_dim=3,
            kernel="relu",
            num_features=3,
            dropout_rate=0.5,
            use_bias=False,
        ),
        neutral=("redraw_every",),  # a batch of evaluation has no step
    ),
    Descriptor(
        "sgformer_attention",
        partial(nn.SGFormerAttention, DIM),
        "layer",
        options=dict(
            LINEAR,
            num_heads=2,
            adds="all",
            normalization="rows",
            use_value=False,
            edges=("graph",),
            use_bias=False,
        ),
        neutral=("graph_weight",),  # of the sum along `edges`
    ),
    Descriptor(
        "nodeformer_attention",
        partial(nn.NodeFormerAttention, DIM, num_heads=2, num_features=3, num_samples=2),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            tau=1.0,
            num_features=4,
            num_samples=0,
            relations=(),
            relation_activation="identity",
        ),
        neutral=("edge_loss",),  # which the layer sows
    ),
    Descriptor(
        "cross_attention",
        partial(nn.CrossAttention, DIM, num_heads=2),
        "cross",
        options=ATTENTION,
        neutral=("implementation",),
    ),
    Descriptor(
        "set_attention_block",
        partial(nn.SetAttentionBlock, DIM),
        "layer",
        options=SET,
        neutral=("implementation",),
    ),
    Descriptor(
        "isab",
        partial(nn.ISAB, DIM, num_points=3, dropout_rate=0.3),
        "layer",
        options=dict(SET, num_points=2, points_init=half),
        neutral=("implementation",),
    ),
    Descriptor(
        "gat",
        partial(nn.GAT, DIM, dropout_rate=0.3),
        "layer",
        options=GAT,
        neutral=("implementation",),
    ),
    Descriptor(
        "gatv2",
        partial(nn.GATv2, DIM, self_loops=True),
        "layer",
        options=dict(GAT, self_loops=False, share_weights=True),
        neutral=("implementation",),
    ),
    Descriptor(
        "transformer_conv",
        partial(nn.TransformerConv, DIM, num_heads=2, beta=True),
        "layer",
        options=dict(
            LINEAR,
            num_heads=4,
            concat=False,
            beta=False,
            dropout_rate=0.5,
            use_edges=False,
            use_bias=False,
            scale=1.0,
        ),
        neutral=("implementation", "root_weight"),
    ),
)
