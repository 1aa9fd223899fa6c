r"""GatedGCN+ on CIFAR10 superpixels: Luo et al. (2025): accuracy 77.218 ± 0.381 %.

    gtx train --config=configs/cifar10_gatedgcn_plus.py --config.data.root=data \
        --workdir=runs/cifar10_gatedgcn_plus

The recipe of GNN+ (`configs/gatedgcn/cifar10.yaml`), without encodings. Not trained here. Differs
from it in that batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "cifar10_superpixels"
    config.data.root = "data"  # the folder that holds cifar10_superpixels/

    config.batch.size = 16
    config.model = recipes.model_config(
        "mpnn",
        dim=35,
        num_layers=10,
        dropout_rate=0.15,
        encoding_dim=None,
        pool="mean",
        head_layers=1,
    )

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 5.0
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 200
    return config
