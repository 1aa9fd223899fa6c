r"""GPS with Performer on CIFAR10: Rampášek et al. (2022): accuracy 70.67 ± 0.34 %.

    gtx train --config=configs/cifar10_gps_performer.py --config.data.root=data \
        --workdir=runs/cifar10_gps_performer

The recipe of cifar10_gps.py with attention that is linear in the nodes, by heads of width 64 as in
the package that GraphGPS takes. Tables 2 and 10 of Exphormer (Shirzad et al., 2023) restate the
score, with 239,554 parameters. Not trained here. Batches are stratified by size.
"""

from ml_collections import ConfigDict

from configs import cifar10_gps


def get_config() -> ConfigDict:
    config = cifar10_gps.get_config()
    with config.model.ignore_type():  # settings, in place of a name
        config.model.attention = dict(name="performer", head_dim=64)
    return config
