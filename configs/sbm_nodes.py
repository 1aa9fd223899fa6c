"""Node classification on stochastic block models, generated on the spot: whose community is this?

    gtx train --config=configs/sbm_nodes.py --workdir=runs/sbm_nodes

In the manner of CLUSTER (Dwivedi et al., 2020): six communities, one labelled node in each.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "sbm_cluster"
    config.data.num_graphs = 1000
    config.data.num_communities = 6
    config.data.min_size = 5  # nodes of a community
    config.data.max_size = 35
    config.data.inside = 0.55  # probability of an edge inside a community
    config.data.across = 0.25  # and between two
    config.encodings.laplacian = ConfigDict(dict(num_vectors=8, normalization="sym"))

    config.model = recipes.model_config(
        "gps",
        dim=48,
        num_layers=4,
        local="gated_gcn",
        attention_dropout_rate=0.0,
        encoding_dim=16,
    )
    config.task.loss = "weighted_cross_entropy"  # communities differ in size
    config.training.num_epochs = 30
    return config
