r"""PPGT on PATTERN: Ma et al. (2026), table 2.

    gtx train --config=configs/pattern_ppgt.py --config.data.root=data \
        --workdir=runs/pattern_ppgt

The authors' `pattern-PPGT.yaml`. They state no number of parameters; this model has 495,425.
Not trained here. Differs from it in that initial values of encoders are PyTorch's, and batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pattern"
    config.data.root = "data"  # the folder that holds pattern/
    config.encodings.rrwp = ConfigDict(dict(walk_length=33))  # the identity and 32 steps
    config.encodings.degree = ConfigDict(dict(transform="log"))

    config.batch.size = 32
    config.model = recipes.model_config(
        "ppgt",
        dim=64,
        num_layers=12,
        num_heads=8,
        attention_dropout_rate=0.1,
        drop_path_rate=0.1,
        # The type of a node is read as a one-hot vector, by a linear map.
        node_encoders={"type": dict(name="categorical", use_bias=True)},
        head_layers=2,
    )
    config.task.kind = "binary"  # one output
    config.task.loss = "weighted_cross_entropy"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.final_factor = 0.1
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 400
    return config
