"""Rows of whole models with features of pairs."""

import functools

from gtx.data import Continuous
from gtx.encodings import RRWP
from gtx.models import EGT, GRIT
from tests.batches import DIM, WALK
from tests.descriptors.models import published

partial = functools.partial

PAIR_MODELS = (
    published(
        "egt",
        partial(EGT, dim=DIM, num_layers=1, num_heads=2, pair_dim=4, head_layers=1),
        encodings=[RRWP(walk_length=WALK)],
        pairs={"rrwp": Continuous(WALK)},
    ),
    published(
        "grit",
        partial(GRIT, dim=DIM, num_layers=1, num_heads=2, head_layers=1, dropout_rate=0.2),
        encodings=[RRWP(walk_length=WALK)],
        pairs={"rrwp": Continuous(WALK)},
        unread=("block_0/norm_pairs", "block_0/pairs"),
    ),
)
