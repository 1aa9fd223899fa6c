r"""Exphormer on CLUSTER: Shirzad et al. (2023): weighted accuracy 78.07 ± 0.04 %.

    gtx train --config=configs/cluster_exphormer.py --config.data.root=data \
        --workdir=runs/cluster_exphormer

The score is that of the paper's table 1, and table 7 states 282,970 parameters, as many as here.
The recipe is the authors' `Exphormer/cluster.yaml`, whose dropout of 0.1 is 0 in the paper's table.
What else there is to say is in pattern_exphormer.py. Not trained here. Batches are stratified by
size.
"""

from ml_collections import ConfigDict

from configs import pattern_exphormer


def get_config() -> ConfigDict:
    config = pattern_exphormer.get_config()
    config.data.name = "cluster"
    config.structures.expander.degree = 6

    config.batch.size = 16
    config.model.dim = 32
    config.model.num_layers = 20
    config.model.num_heads = 8
    config.model.num_virtual_nodes = 3
    config.model.dropout_rate = 0.1
    config.task.kind = "auto"

    config.optimizer.weight_decay = 1e-5

    config.training.num_epochs = 150
    return config
