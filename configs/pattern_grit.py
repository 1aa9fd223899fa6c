r"""GRIT on PATTERN: Ma et al. (2023): weighted accuracy 87.20 ± 0.08 %, 477,953 parameters.

    gtx train --config=configs/pattern_grit.py --config.data.root=data \
        --workdir=runs/pattern_grit

The authors' `pattern-GRIT-RRWP.yaml`, with one output for the two classes as there. Not trained
here. Differs from it in that batches are stratified by size, and in the divisor of the loss
(`gtx.tasks.Binary`).
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pattern"
    config.data.root = "data"  # the folder that holds pattern/
    config.encodings.rrwp = ConfigDict(dict(walk_length=21))

    config.batch.size = 32
    config.model = recipes.model_config(
        "grit",
        # The authors read the type of a node as a one-hot vector, by a linear map.
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
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 100
    return config
