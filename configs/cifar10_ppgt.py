r"""PPGT on CIFAR10 superpixels: Ma et al. (2026), table 2.

    gtx train --config=configs/cifar10_ppgt.py --config.data.root=data \
        --workdir=runs/cifar10_ppgt

The authors' `sp-cifar-PPGT.yaml`, whose stem reads how two superpixels lie to each other. They
state no number of parameters; their layers make 96 more than this model has: they map the places of
nodes twice, alone and among the features, which a single map can do. Not trained here. Differs from
it in that: initial values of encoders are PyTorch's; batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "cifar10_superpixels"
    config.data.root = "data"  # the folder that holds cifar10_superpixels/
    config.encodings.rrwp = ConfigDict(dict(walk_length=11))  # the identity and 10 steps
    config.encodings.degree = ConfigDict(dict(transform="log"))

    config.batch.size = 16
    config.model = recipes.model_config(
        "ppgt",
        dim=32,
        num_layers=10,
        num_heads=4,
        attention_dropout_rate=0.2,
        drop_path_rate=0.2,
        stem_dim=64,
        positions="feat",
        pool="mean",
        head_layers=2,
    )

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 10.0
    config.optimizer.final_factor = 0.1
    config.optimizer.clip_norm = 1.0

    config.training.num_epochs = 200
    return config
