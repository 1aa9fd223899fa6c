r"""CKGCN on PATTERN: Ma et al. (2024), CKGConv: accuracy 88.661 ± 0.142 %, 437,399 parameters.

    gtx train --config=configs/pattern_ckgcn.py --config.data.root=data \
        --workdir=runs/pattern_ckgcn

The authors' `pattern-CKGConvMLP-BN-BS16.yaml`: 21 return probabilities at the nodes, relative
random walks of up to 21 steps at the pairs, one output for the two classes. Their layers have
another 744 constants that nothing trains, 438,143 tensor entries in all. The score was not checked
against the paper. Not trained here. Differs from it in that: initial values of the encoders of
nodes are PyTorch's; the divisor of the loss is another (`gtx.tasks.Binary`); batches are stratified
by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "pattern"
    config.data.root = "data"  # the folder that holds pattern/
    config.encodings.random_walk = ConfigDict(dict(walk_length=21))
    config.encodings.rrwp = ConfigDict(dict(walk_length=22, diagonal=False))

    config.batch.size = 16
    config.model = recipes.model_config(
        "ckgcn",
        kernel_dropout_rate=0.2,
        # The authors read the type of a node as a one-hot vector, by a linear map.
        node_encoders={"type": dict(name="categorical", use_bias=True)},
        head_layers=3,
        head_widths="equal",
        head_normalize=True,
    )
    config.task.kind = "binary"
    config.task.loss = "weighted_cross_entropy"

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.final_factor = 0.1  # of the learning rate: 1e-4

    config.training.num_epochs = 200
    return config
