r"""Edge Transformer on ZINC-12k: Müller et al. (2024), without RRWP.

    gtx train --config=configs/zinc_edge_transformer.py --config.data.root=data \
        --workdir=runs/zinc_edge_transformer

The authors' `zinc.yaml`, whose code makes 420,737 parameters. Not trained here. Differs from it in
that batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "zinc"
    config.data.root = "data"  # the folder that holds zinc12k/
    config.batch.size = 32
    config.model = recipes.model_config("edge_transformer")  # whose defaults are this recipe's
    config.task.loss = "l1"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 50.0
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 2000
    return config
