r"""PPGT on CLUSTER: Ma et al. (2026), table 2.

    gtx train --config=configs/cluster_ppgt.py --config.data.root=data \
        --workdir=runs/cluster_ppgt

The authors' `cluster-PPGT.yaml`. They state no number of parameters; this model has 495,678.
Not trained here. Differs from it in that initial values of encoders are PyTorch's, and batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "cluster"
    config.data.root = "data"  # the folder that holds cluster/
    config.encodings.rrwp = ConfigDict(dict(walk_length=33))  # the identity and 32 steps
    config.encodings.degree = ConfigDict(dict(transform="log"))

    config.batch.size = 16
    config.model = recipes.model_config(
        "ppgt",
        dim=56,
        num_layers=16,
        num_heads=7,
        attention_dropout_rate=0.3,
        drop_path_rate=0.3,
        # The type of a node is read as a one-hot vector, by a linear map.
        node_encoders={"type": dict(name="categorical", use_bias=True)},
        head_layers=2,
    )
    config.task.loss = "weighted_cross_entropy"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.final_factor = 0.1
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 150
    return config
