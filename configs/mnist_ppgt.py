r"""PPGT on MNIST superpixels: Ma et al. (2026), table 2.

    gtx train --config=configs/mnist_ppgt.py --config.data.root=data \
        --workdir=runs/mnist_ppgt

The authors' `sp-mnist-PPGT.yaml`, whose stem reads how two superpixels lie to each other. They
state no number of parameters; their layers make 144 more than this model has: they map the places
of nodes twice, alone and among the features, which a single map can do. Not trained here. Differs
from it in that: initial values of encoders are PyTorch's; batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import cifar10_ppgt


def get_config() -> ConfigDict:
    config = cifar10_ppgt.get_config()
    config.data.name = "mnist_superpixels"

    config.batch.size = 32
    config.model.dim = 48
    config.model.num_layers = 4
    config.model.num_heads = 6
    config.model.attention_dropout_rate = 0.5
    config.model.stem_layers = 1

    config.optimizer.final_factor = 0.07
    config.training.num_epochs = 400
    return config
