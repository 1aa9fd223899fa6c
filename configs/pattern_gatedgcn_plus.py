r"""GatedGCN+ on PATTERN: Luo et al. (2025): weighted accuracy 87.03 %, 466,001 parameters.

    gtx train --config=configs/pattern_gatedgcn_plus.py --config.data.root=data \
        --workdir=runs/pattern_gatedgcn_plus

The recipe of GNN+ (`configs/gatedgcn/pattern.yaml`), with one output for the two classes as there;
the parameters are those of the paper's table 12, and the score is as others cite it. Not trained
here. Differs from it in that batches are stratified by size, and in the divisor of the loss
(`gtx.tasks.Binary`).
"""

from ml_collections import ConfigDict

from configs import cluster_gatedgcn_plus


def get_config() -> ConfigDict:
    config = cluster_gatedgcn_plus.get_config()
    config.data.name = "pattern"
    config.encodings.random_walk.walk_length = 32
    config.encodings.rrwp.walk_length = 32

    config.batch.size = 32
    config.model.dim = 64
    config.model.num_layers = 12
    config.task.kind = "binary"

    config.training.num_epochs = 200
    return config
