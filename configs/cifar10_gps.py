r"""GPS on CIFAR10 superpixels: Rampášek et al. (2022): accuracy 72.30 ± 0.36 %, 112,726 parameters.

    gtx train --config=configs/cifar10_gps.py --config.data.root=data \
        --workdir=runs/cifar10_gps

The recipe of GraphGPS (`cifar10-GPS.yaml`), whose head is GraphGym's: hidden layers of one width,
each row divided by its length. Not trained here. Differs from it in that batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "cifar10_superpixels"
    config.data.root = "data"  # the folder that holds cifar10_superpixels/
    config.encodings.laplacian = ConfigDict(dict(num_vectors=8, normalization="none"))

    config.batch.size = 16
    config.model = recipes.model_config(
        "gps",
        dim=52,
        num_layers=3,
        local="gated_gcn",
        encoding_dim=8,
        pool="mean",
        head_layers=2,
        head_widths="equal",
        head_normalize=True,
    )

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 5.0

    config.training.num_epochs = 100
    return config
