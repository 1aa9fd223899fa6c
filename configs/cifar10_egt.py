r"""EGT on CIFAR10 superpixels: Hussain et al. (2022): accuracy 68.702 ± 0.409 %.

    gtx train --config=configs/cifar10_egt.py --config.data.root=data \
        --workdir=runs/cifar10_egt

The authors' `cifar10/100k/egt.json`, which is that of MNIST; the score as the README of their
repository states it. Their layers make 139,074 parameters and these 139,090. Not trained here.
mnist_egt.py says in what it differs.
"""

from ml_collections import ConfigDict

from configs import mnist_egt


def get_config() -> ConfigDict:
    config = mnist_egt.get_config()
    config.data.name = "cifar10_superpixels"
    return config
