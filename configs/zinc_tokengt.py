r"""TokenGT on ZINC-12k: no published score; the paper (Kim et al., 2022) has PCQM4Mv2 alone.

    gtx train --config=configs/zinc_tokengt.py --config.data.root=data \
        --workdir=runs/zinc_tokengt

Orthogonal random features as identifiers. Width and depth are those of the other recipes for ZINC
within 500,000 parameters; the rest is the authors' `pcqv2-orf.sh`.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.encodings.orthogonal_random_features = ConfigDict(dict(dim=64))
    config.structures.virtual_nodes = ConfigDict(dict(num_nodes=2))
    config.structures.edge_tokens = ConfigDict(dict())
    config.batch.size = 128

    config.model = recipes.model_config("tokengt", dim=80, hidden_dim=80, num_heads=8)
    config.task.loss = "l1"

    config.optimizer.learning_rate = 2e-4
    config.optimizer.weight_decay = 0.1
    config.optimizer.schedule = "linear"
    config.optimizer.warmup_epochs = 60.0
    config.optimizer.clip_norm = 5.0

    config.training.num_epochs = 1000
    return config
