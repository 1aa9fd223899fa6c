"""Sixty steps on synthetic graphs in seconds: does everything still fit together?

    gtx train --config=configs/smoke.py --workdir=runs/smoke

Node classification on small stochastic block models; no extras, no files.
"""

from ml_collections import ConfigDict

from configs import sbm_nodes


def get_config() -> ConfigDict:
    config = sbm_nodes.get_config()
    config.data.num_graphs = 60
    config.data.min_size = 4
    config.data.max_size = 8
    config.batch.size = 8
    config.model.dim = 16
    config.model.num_layers = 2
    config.model.encoding_dim = 4
    config.training.num_epochs = 10
    config.training.checkpoint_every = 1
    return config
