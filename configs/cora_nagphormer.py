r"""NAGphormer on Cora: Chen et al. (2023), whose paper has no score for it.

    gtx train --config=configs/cora_nagphormer.py --config.data.root=data \
        --workdir=runs/cora_nagphormer

The authors' `commands.txt`. Differs from it in that: the split is the public one, where they draw
60 % of the nodes; a step is over all nodes, where theirs is over 2,000 of them; the learning rate
falls along a line after its warm-up; feed-forward layers have dropout inside too.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "planetoid"
    config.data.root = "data"  # the folder that holds planetoid/
    config.data.graph = "cora"
    config.encodings.laplacian = ConfigDict(dict(num_vectors=3, normalization="sym", trivial=False))

    config.batch.size = 1  # the graph
    config.model = recipes.model_config("nagphormer")

    config.optimizer.learning_rate = 1e-2
    config.optimizer.weight_decay = 1e-5
    config.optimizer.schedule = "linear"
    config.optimizer.warmup_epochs = 400.0
    config.optimizer.final_factor = 0.01
    config.optimizer.clip_norm = 0.0  # none

    config.training.num_epochs = 1000
    config.training.checkpoint_every = 100
    config.training.patience = 50
    return config
