r"""GPS on TUDataset: a small one, for sets of hundreds or thousands of graphs; none is published.

    gtx train --config=configs/tudataset_gps.py --config.data.root=data \
        --config.data.graphs=PROTEINS --workdir=runs/proteins_gps

Fold number --config.data.fold=0 to 9 is test, the next one selects the epoch. Scores here:
docs/scores.md.
"""

from ml_collections import ConfigDict

from configs import tudataset_gin
from gtx import recipes


def get_config() -> ConfigDict:
    config = tudataset_gin.get_config()
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))
    config.batch.num_tiers = 2
    config.model = recipes.model_config(
        "gps",
        dim=32,
        num_layers=3,
        local="gin",
        dropout_rate=0.2,
        attention_dropout_rate=0.2,
        readout_dropout_rate=0.2,
        encoding_dim=8,
        pool="mean",
        head_layers=2,
    )
    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-4
    config.optimizer.clip_norm = 1.0
    return config
