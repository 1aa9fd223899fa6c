r"""GRIT on MNIST superpixels: Ma et al. (2023): accuracy 98.11 ± 0.11 %, 102,138 parameters.

    gtx train --config=configs/mnist_grit.py --config.data.root=data \
        --workdir=runs/mnist_grit

The authors' `mnist-GRIT-RRWP.yaml`, whose head is GraphGym's: hidden layers of one width, with
rows divided by their length. Not trained here. Differs from it in that batches are stratified by
size.
"""

from ml_collections import ConfigDict

from configs import cifar10_grit


def get_config() -> ConfigDict:
    config = cifar10_grit.get_config()
    config.data.name = "mnist_superpixels"
    config.model.head_layers = 3
    return config
