r"""Exphormer on ZINC-12k: Shirzad et al. (2023), who have no recipe for it: 421,413 parameters.

    gtx train --config=configs/zinc_exphormer.py --config.data.root=data \
        --workdir=runs/zinc_exphormer

The recipe of GPS for ZINC, with Exphormer's attention in place of that over all pairs: along the
bonds, an expander of six neighbours and one virtual node. Neither paper nor code has a score or a
number of parameters for ZINC. Batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.random_walk = ConfigDict(dict(walk_length=20))
    config.structures.expander = ConfigDict(dict(degree=6))

    config.model = recipes.model_config("exphormer")
    config.task.loss = "l1"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 50.0
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 2000
    return config
