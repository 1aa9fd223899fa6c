r"""GPS on PATTERN: Rampášek et al. (2022): weighted accuracy 86.69 ± 0.06 %, 337,201 parameters.

    gtx train --config=configs/pattern_gps.py --config.data.root=data \
        --workdir=runs/pattern_gps

The recipe of GraphGPS (`pattern-GPS.yaml`), with one output for the two classes as there.
Not trained here. Differs from it in that batches are stratified by size, and in the divisor of the
loss (`gtx.tasks.Binary`).
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pattern"
    config.data.root = "data"  # the folder that holds pattern/
    config.encodings.laplacian = ConfigDict(dict(num_vectors=16, normalization="none"))

    config.batch.size = 32
    config.model = recipes.model_config(
        "gps",
        dim=64,
        num_layers=6,
        local="gated_gcn",
        encoding_dim=16,
        # GraphGPS reads the type of a node as a one-hot vector, by a linear map.
        node_encoders={"type": dict(name="categorical", use_bias=True)},
        head_layers=3,
        head_widths="equal",
        head_normalize=True,
    )
    config.task.kind = "binary"
    config.task.loss = "weighted_cross_entropy"

    config.optimizer.learning_rate = 5e-4
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 5.0

    config.training.num_epochs = 100
    return config
