r"""GPS on tree-neighbours-match: does attention spare the root the bottleneck of the tree?

    gtx train --config=configs/tree_neighbours_match_gps.py --workdir=runs/tree
    gtx train --config=configs/tree_neighbours_match_gps.py --config.model.attention=none \
        --workdir=runs/tree_alone

Alon and Yahav (2021): from depth 4 on, GIN and GCN do not fit the training graphs, and depth + 1
layers of message passing are the least that reaches the leaves. Not trained here.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "tree_neighbours_match"
    config.data.depth = 4

    config.batch.size = 64
    config.batch.num_tiers = 1
    config.model = recipes.model_config(
        "gps", dim=32, num_layers=5, dropout_rate=0.0, attention_dropout_rate=0.0
    )
    config.training.num_epochs = 50
    return config
