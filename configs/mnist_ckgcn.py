r"""CKGCN on MNIST superpixels: Ma et al. (2024), CKGConv: 102,324 parameters.

    gtx train --config=configs/mnist_ckgcn.py --config.data.root=data \
        --workdir=runs/mnist_ckgcn

The authors' `mnist-CKGConvMLP-BN-BS16.yaml`: 18 return probabilities at the nodes, relative random
walks of up to 18 steps at the pairs, and the places of their two superpixels. Their layers have
another 256 constants that nothing trains, 102,580 tensor entries in all. The paper's score could
not be read, so that none is stated here. Not trained here. Differs from it in that: initial values
of the encoders of nodes and edges are PyTorch's; batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "mnist_superpixels"
    config.data.root = "data"  # the folder that holds mnist_superpixels/
    config.encodings.random_walk = ConfigDict(dict(walk_length=18))
    config.encodings.rrwp = ConfigDict(dict(walk_length=19, diagonal=False))

    config.batch.size = 16
    config.model = recipes.model_config(
        "ckgcn",
        dim=48,
        num_layers=4,
        kernel_dropout_rate=0.2,
        positions="feat",
        pool="mean",
        head_layers=2,
        head_widths="equal",
        head_normalize=True,
    )

    config.optimizer.learning_rate = 1e-3
    config.optimizer.weight_decay = 1e-5
    config.optimizer.warmup_epochs = 5.0
    config.optimizer.final_factor = 0.1  # of the learning rate: 1e-4

    config.training.num_epochs = 200
    return config
