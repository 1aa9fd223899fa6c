"""Rows of `gtx.nn.encoders`: from columns of a batch to features."""

import functools

import jax
import jax.numpy as jnp

from gtx import nn
from tests.batches import DIM
from tests.descriptors.descriptor import Descriptor
from tests.descriptors.values import ATOM, BF16, BOND, DTYPES, LINEAR, half

partial = functools.partial
RANDOM = dict(random_signs=False, random_bases=True)
EMBED = partial(
    nn.Embed,
    DIM,
    nodes={"atom": ATOM},
    edges={"bond": BOND},
    encodings={"rwse": partial(nn.RandomWalkEncoder, dim=3)},
)

ENCODERS = (
    Descriptor(
        "categorical_encoder",
        partial(ATOM, "atom", dim=DIM),
        "encoder",
        options=dict(DTYPES, embedding_init=half, use_bias=True),
        neutral=("level",),
    ),
    Descriptor(
        "categorical_edge_encoder",
        partial(BOND, "bond", dim=DIM, level="edge"),
        "encoder",
        level="edges",
        options=dict(DTYPES, embedding_init=half, use_bias=True),
        neutral=("level",),
    ),
    Descriptor(
        "constant_encoder",
        partial(nn.ConstantEncoder, DIM),
        "encoder",
        options=dict(DTYPES, embedding_init=half, level="edge"),
        neutral=("column",),
    ),
    Descriptor(
        "linear_encoder",
        partial(nn.LinearEncoder, "x", DIM, level="graph"),
        "encoder",
        level="graphs",
        options=dict(LINEAR, norm=nn.LayerNorm, use_bias=False, level="node"),
    ),
    Descriptor(
        "identity_encoder",
        partial(nn.IdentityEncoder, "x", DIM, level="graph"),
        "encoder",
        level="graphs",
        options=dict(param_dtype=BF16, level="node"),
        neutral=("dtype",),
    ),
    Descriptor(
        "random_walk_encoder",
        partial(nn.RandomWalkEncoder, "rwse", DIM),
        "encoder",
        options=dict(LINEAR, norm=None, use_bias=False),
        neutral=("level",),
    ),
    Descriptor(
        "laplacian_encoder",
        partial(nn.LaplacianEncoder, "lap", DIM),
        "encoder",
        options=dict(LINEAR, num_layers=3, **RANDOM),
        neutral=("level",),
    ),
    Descriptor(
        "laplacian_linear_encoder",
        partial(nn.LaplacianLinearEncoder, "lap", DIM),
        "encoder",
        options=dict(LINEAR, use_bias=False, **RANDOM),
        neutral=("level",),
    ),
    Descriptor(
        "gaussian_kernel_encoder",
        partial(nn.GaussianKernelEncoder, "distances", DIM, positions="x"),
        "encoder",
        level="pairs",
        options=dict(LINEAR, positions="rwse", num_kernels=3, start_init=half),
        neutral=("level",),
    ),
    Descriptor(
        "vector_pairs_encoder",
        partial(nn.VectorPairsEncoder, "svd", DIM),
        "encoder",
        options=dict(LINEAR, random="phases"),
        neutral=("level",),
    ),
    Descriptor(
        "random_features_encoder",
        partial(nn.RandomFeaturesEncoder, "x", DIM),
        "encoder",
        options=dict(LINEAR, redraw="normal", use_bias=False),
        neutral=("level",),
    ),
    Descriptor(
        "laplacian_transformer_encoder",
        partial(nn.LaplacianTransformerEncoder, "lap", DIM, num_layers=1, random_bases=True),
        "encoder",
        options=dict(
            DTYPES,
            num_layers=2,
            num_heads=2,
            hidden_dim=3,
            dropout_rate=0.5,
            random_signs=False,
            random_bases=False,
        ),
        neutral=("level",),
    ),
    Descriptor(
        "signnet_encoder",
        partial(nn.SignNetEncoder, "lap", DIM, hidden_dim=8),
        "encoder",
        options=dict(
            LINEAR,
            phi="mlp",
            num_layers=1,
            hidden_dim=3,
            phi_dim=2,
            combine="sum",
            read_values=True,
            norm=None,
        ),
        neutral=("level",),
    ),
    Descriptor(
        "spe_encoder",
        partial(nn.SPEEncoder, "lap", DIM, hidden_dim=8, num_functions=4),
        "encoder",
        options=dict(LINEAR, rho="mlp", num_layers=1, hidden_dim=3, num_functions=2, norm=None),
        neutral=("level",),
    ),
    Descriptor(
        "edge_pair_encoder",
        partial(nn.EdgePairEncoder, DIM, {"bond": BOND, "x": nn.LinearEncoder}),
        "encoder",
        level="pairs",
        options=DTYPES,
        neutral=("column", "level"),
    ),
    Descriptor(
        "edge_path_encoder",
        partial(nn.EdgePathEncoder, "paths", DIM, {"bond": BOND}),
        "encoder",
        level="pairs",
        options=dict(DTYPES, kernel_init=half, edge_dim=5, max_hops=1, table_hops=6),
        neutral=("level",),
    ),
    Descriptor(
        "pair_stem_encoder",
        partial(nn.PairStemEncoder, "x", DIM, {"bond": BOND}, num_waves=1, num_layers=1),
        "encoder",
        level="pairs",
        options=dict(
            LINEAR,
            num_waves=2,
            hidden_dim=5,
            num_layers=2,
            positions="x",
            read_sizes=False,
            layers_init=half,
        ),
        neutral=("level", "num_axes"),  # axes of no positions
    ),
    Descriptor(
        "token_pair_encoder",
        partial(nn.TokenPairEncoder, DIM),
        "encoder",
        level="pairs",
        options=dict(DTYPES, embedding_init=half, num_tokens=1),
        neutral=("column", "level"),
    ),
    Descriptor(
        "projected_encoder",
        partial(nn.ProjectedEncoder, "atom", DIM, ATOM, 3),
        "encoder",
        options=LINEAR,
        neutral=("level",),
    ),
    Descriptor(
        "mlp_encoder",
        partial(nn.MLPEncoder, "x", DIM, level="pair"),
        "encoder",
        level="pairs",
        options=dict(LINEAR, hidden_dim=3, activation=jnp.tanh),
        neutral=("level",),
    ),
    Descriptor(
        "graph_size_encoder",
        partial(nn.GraphSizeEncoder, DIM),
        "encoder",
        options=LINEAR,
        neutral=("column", "level"),
    ),
    Descriptor(
        "complement_embed",
        partial(nn.ComplementEmbed, DIM, EMBED),
        "embed",
        options=dict(as_class=False),
        neutral=("param_dtype", "embedding_init"),  # of the vector, without `as_class`
    ),
    Descriptor(
        "exphormer_embed",
        partial(nn.ExphormerEmbed, DIM, EMBED, ("graph",)),
        "embed",
        options=dict(param_dtype=BF16, embedding_init=half, num_virtual=2),
        unread=("virtual_nodes", "edges_"),  # by the attention alone
    ),
    Descriptor(
        "embed",
        partial(EMBED, pairs={"x": nn.LinearEncoder}),
        "embed",
        options=dict(
            DTYPES,
            encodings={"lap": partial(nn.LaplacianEncoder, dim=3)},
            edges={"x": nn.LinearEncoder},
            pairs={"paths": partial(nn.CategoricalEncoder, sizes=(7,))},
            graphs={"x": nn.LinearEncoder},
            pair_dim=3,
            norm=nn.LayerNorm,
            activation=jax.nn.relu,
            dropout_rate=0.5,
        ),
        neutral=("edge_sets", "pairs_over"),  # see tests/nn/encoders/test_embed.py
    ),
)
