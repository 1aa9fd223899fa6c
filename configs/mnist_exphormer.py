r"""Exphormer on MNIST superpixels: Shirzad et al. (2023): accuracy 98.55 ± 0.04 %.

    gtx train --config=configs/mnist_exphormer.py --config.data.root=data \
        --workdir=runs/mnist_exphormer

The score is that of the paper's table 1, and table 7 states 111,015 parameters, as many as here.
The authors' `Exphormer/mnist.yaml` is their recipe for CIFAR10; cifar10_exphormer.py says more of
it. Not trained here. Batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import cifar10_exphormer


def get_config() -> ConfigDict:
    config = cifar10_exphormer.get_config()
    config.data.name = "mnist_superpixels"
    return config
