r"""BigBird in GPS on CIFAR10: Rampášek et al. (2022): accuracy 70.48 ± 0.11 %.

    gtx train --config=configs/cifar10_big_bird.py --config.data.root=data \
        --workdir=runs/cifar10_big_bird

The recipe of cifar10_gps.py, with a block of BigBird's Transformer in place of attention. Tables 2
and 10 of Exphormer (Shirzad et al., 2023) restate the score, with 129,418 parameters, as many as
here. GraphGPS attends by blocks of three nodes: those before and after, three random ones, and the
first and the last of the graph, which are as many nodes here. Not trained here. Batches are
stratified by size.
"""

from ml_collections import ConfigDict

from configs import cifar10_gps
from gtx import recipes


def get_config() -> ConfigDict:
    config = cifar10_gps.get_config()
    config.structures.big_bird = ConfigDict(dict(window=4, num_random=9, num_global=6))

    config.model = recipes.model_config(
        "big_bird",
        dim=52,
        num_layers=3,
        local="gated_gcn",
        use_bias=False,
        expansion=1,
        activation="relu",
        dropout_rate=0.0,
        attention_dropout_rate=0.0,
        encoding_dim=8,
        pool="mean",
        head_layers=2,
        head_widths="equal",
        head_normalize=True,
    )
    return config
