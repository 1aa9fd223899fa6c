r"""DIFFormer-s on Cora: Wu et al. (2023): test accuracy 85.9 ± 0.4 %, parameters not stated.

    gtx train --config=configs/cora_difformer.py --config.data.root=data \
        --workdir=runs/cora_difformer

The authors' `node classification/run.sh`. Differs from it in that the split is the public one,
where they draw 20 nodes of each class.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "planetoid"
    config.data.root = "data"  # the folder that holds planetoid/
    config.data.graph = "cora"

    config.batch.size = 1  # the graph
    config.model = recipes.model_config("difformer")

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-2
    config.optimizer.decoupled = False
    config.optimizer.schedule = "constant"
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 500
    config.training.checkpoint_every = 100
    return config
