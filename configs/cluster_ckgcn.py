r"""CKGCN on CLUSTER: Ma et al. (2024), CKGConv: accuracy 79.003 ± 0.140 %, 498,772 parameters.

    gtx train --config=configs/cluster_ckgcn.py --config.data.root=data \
        --workdir=runs/cluster_ckgcn

The authors' `cluster-CKGConvMLP-BN-BS16.yaml`: 32 return probabilities at the nodes, relative
random walks of up to 32 steps at the pairs. Their layers have another 982 constants that nothing
trains, 499,754 tensor entries in all. The score was not checked against the paper. Not trained
here. Differs from it in that: initial values of the encoders of nodes are PyTorch's; batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "cluster"
    config.data.root = "data"  # the folder that holds cluster/
    config.encodings.random_walk = ConfigDict(dict(walk_length=32))
    config.encodings.rrwp = ConfigDict(dict(walk_length=33, diagonal=False))

    config.batch.size = 16
    config.model = recipes.model_config(
        "ckgcn",
        dim=54,
        num_layers=16,
        dropout_rate=0.05,
        weight_dropout_rate=0.2,
        # The authors read the type of a node as a one-hot vector, by a linear map.
        node_encoders={"type": dict(name="categorical", use_bias=True)},
        head_layers=3,
        head_widths="equal",
        head_normalize=True,
    )
    config.task.loss = "weighted_cross_entropy"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.final_factor = 0.1  # of the learning rate: 1e-4

    config.training.num_epochs = 200
    return config
