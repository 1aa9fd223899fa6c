r"""EGT on CLUSTER: Hussain et al. (2022): accuracy 79.232 ± 0.348 %, about 500,000 parameters.

    gtx train --config=configs/cluster_egt.py --config.data.root=data \
        --workdir=runs/cluster_egt

The authors' `cluster/500k/egt.json`, which is that of PATTERN; score and size as the README of
their repository states them. Their layers make 547,118 parameters and these 547,078. Not trained
here. pattern_egt.py says in what it differs.
"""

from ml_collections import ConfigDict

from configs import pattern_egt


def get_config() -> ConfigDict:
    config = pattern_egt.get_config()
    config.data.name = "cluster"
    return config
