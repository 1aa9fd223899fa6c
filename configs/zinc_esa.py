r"""ESA on ZINC-12k: Buterez et al. (2025).

    gtx train --config=configs/zinc_esa.py --config.data.root=data \
        --workdir=runs/zinc_esa

Two masked blocks, a plain one and pooling, from the example in the README of the authors' code; the
repository states neither a recipe for ZINC nor a number of parameters; this model has 2,289,793.
Learning rate 1e-4 without a schedule, batches of 128, gradients clipped at 0.5, float32 where the
authors compute in bfloat16.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.structures.edge_tokens = ConfigDict()
    config.batch.size = 128

    config.model = recipes.model_config("esa")
    config.task.loss = "l1"

    config.optimizer.learning_rate = 1e-4
    config.optimizer.weight_decay = 1e-10
    config.optimizer.schedule = "constant"
    config.optimizer.warmup_epochs = 0.0
    config.optimizer.clip_norm = 0.5

    config.training.num_epochs = 500
    config.training.patience = 30
    return config
