r"""GPS on CLUSTER: Rampášek et al. (2022): weighted accuracy 78.02 ± 0.18 %, 502,054 parameters.

    gtx train --config=configs/cluster_gps.py --config.data.root=data \
        --workdir=runs/cluster_gps

The recipe of GraphGPS (`cluster-GPS.yaml`).
Not trained here. Differs from it in that batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "cluster"
    config.data.root = "data"  # the folder that holds cluster/
    config.encodings.laplacian = ConfigDict(dict(num_vectors=10, normalization="none"))

    config.batch.size = 16
    config.model = recipes.model_config(
        "gps",
        dim=48,
        num_layers=16,
        num_heads=8,
        local="gated_gcn",
        dropout_rate=0.1,
        encoding_dim=16,
        # GraphGPS reads the type of a node as a one-hot vector, by a linear map.
        node_encoders={"type": dict(name="categorical", use_bias=True)},
        head_layers=3,
        head_widths="equal",
        head_normalize=True,
    )
    config.task.loss = "weighted_cross_entropy"

    config.optimizer.learning_rate = 5e-4
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 5.0

    config.training.num_epochs = 100
    return config
