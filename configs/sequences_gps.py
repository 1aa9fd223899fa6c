r"""GPS on sequences as graphs: sort their symbols, or copy them.

    gtx train --config=configs/sequences_gps.py --workdir=runs/sort
    gtx train --config=configs/sequences_gps.py --config.data.task=copy --workdir=runs/copy

Nodes read their symbol and their place. An edge leads to the next node only, so that attention has
to do what lies farther away. Not trained here.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "sequences"
    config.data.task = "sort"
    config.data.length = 16

    config.batch.size = 64
    config.batch.num_tiers = 1
    config.model = recipes.model_config(
        "gps", dim=64, num_layers=3, dropout_rate=0.0, attention_dropout_rate=0.0
    )
    config.training.num_epochs = 20
    return config
