r"""GRIT on CLUSTER: Ma et al. (2023): weighted accuracy 80.03 ± 0.28 %.

    gtx train --config=configs/cluster_grit.py --config.data.root=data \
        --workdir=runs/cluster_grit

The authors' `cluster-GRIT-RRWP.yaml`; their layers with it have 431,670 parameters. Not trained
here. Differs from it in that batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "cluster"
    config.data.root = "data"  # the folder that holds cluster/
    config.encodings.rrwp = ConfigDict(dict(walk_length=32))

    config.batch.size = 16
    config.model = recipes.model_config(
        "grit",
        dim=48,
        num_layers=16,
        dropout_rate=0.01,
        attention_dropout_rate=0.5,
        # The authors read the type of a node as a one-hot vector, by a linear map.
        node_encoders={"type": dict(name="categorical", use_bias=True)},
        head_layers=3,
        head_widths="equal",
        head_normalize=True,
    )
    config.task.loss = "weighted_cross_entropy"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 5.0
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 100
    return config
