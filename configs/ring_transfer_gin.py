r"""GIN on RingTransfer: can a class be carried half way round a ring?

    gtx train --config=configs/ring_transfer_gin.py --workdir=runs/ring
    gtx train --config=configs/ring_transfer_gin.py --config.data.size=20 \
        --config.model.num_layers=10 --workdir=runs/ring_20

Di Giovanni et al. (2023): layers are half the nodes of the ring. Not trained here.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "ring_transfer"
    config.data.size = 10
    config.data.classes = 5

    config.batch.size = 64
    config.batch.num_tiers = 1
    config.model = recipes.model_config(
        "gps", dim=64, num_layers=5, local="gin", attention="none", dropout_rate=0.0
    )
    config.training.num_epochs = 20
    return config
