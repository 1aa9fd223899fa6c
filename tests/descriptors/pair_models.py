"""Rows of whole models with features of pairs."""

import functools

from gtx.data import Categorical, Continuous
from gtx.encodings import RRWP
from gtx.models import EGT, GRIT, TGT, EdgeTransformer, FloydNet
from tests.batches import DIM, WALK
from tests.descriptors.models import published

partial = functools.partial

WALKS = dict(encodings=[RRWP(walk_length=WALK)], pairs={"rrwp": Continuous(WALK)})
PAIR_MODELS = (
    published(
        "edge_transformer",
        partial(EdgeTransformer, dim=DIM, num_layers=1, num_heads=2, head_layers=2),
        **WALKS,
    ),
    published(
        "floydnet",
        partial(FloydNet, dim=DIM, num_layers=1, num_heads=2, expansion=1),
        level="graph",
        **WALKS,
    ),
    published(
        "tgt",
        partial(
            TGT,
            dim=DIM,
            num_layers=2,
            num_heads=2,
            pair_dim=4,
            triplet_heads=2,
            triplet="update",
        ),
        **WALKS,
    ),
    published(
        "egt",
        partial(EGT, dim=DIM, num_layers=1, num_heads=2, pair_dim=4, head_layers=1),
        encodings=[RRWP(walk_length=WALK)],
        pairs={"rrwp": Continuous(WALK)},
    ),
    published(
        "egt_reading_virtual_nodes",
        partial(
            EGT,
            dim=DIM,
            num_layers=2,
            num_heads=2,
            pair_dim=4,
            head_layers=1,
            read_virtual_nodes=True,
        ),
        nodes={"kind": Categorical((3,))},
        level="graph",
        # All bonds of these graphs have a virtual node.
        unread=("embed/columns/pair_edges",),
        **WALKS,
    ),
    published(
        "grit",
        partial(GRIT, dim=DIM, num_layers=1, num_heads=2, head_layers=1, dropout_rate=0.2),
        encodings=[RRWP(walk_length=WALK)],
        pairs={"rrwp": Continuous(WALK)},
        unread=("block_0/norm_pairs", "block_0/pairs"),
    ),
)
