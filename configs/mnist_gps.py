r"""GPS on MNIST superpixels: Rampášek et al. (2022): accuracy 98.05 ± 0.13 %, 115,394 parameters.

    gtx train --config=configs/mnist_gps.py --config.data.root=data \
        --workdir=runs/mnist_gps

The recipe of GraphGPS (`mnist-GPS.yaml`), whose head is GraphGym's: hidden layers of one width,
each row divided by its length. Not trained here. Differs from it in that batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import cifar10_gps


def get_config() -> ConfigDict:
    config = cifar10_gps.get_config()
    config.data.name = "mnist_superpixels"
    config.model.head_layers = 3
    return config
