"""Links of Cora, 15 % of them hidden: which papers cite each other? (Kipf and Welling 2016).

    gtx train --config=configs/cora_links.py --config.data.root=data --workdir=runs/cora_links

The targets are pairs of nodes: hidden links, and as many pairs that are none. Scores are ROC-AUC,
Hits@20 and MRR as OGB defines them, each link among all negatives of its part.

Here: 0.878, 0.453 and 0.117, seed 0, parameters chosen by MRR, on 2 shared and busy cores of an AMD
EPYC, 2026-11-30.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "planetoid_links"
    config.data.root = "data"  # the folder that holds planetoid/
    config.data.graph = "cora"  # cora | citeseer | pubmed
    config.data.valid_share = 0.05  # of the links
    config.data.test_share = 0.1

    config.batch.size = 1  # the graph
    config.model = recipes.model_config(
        "gps",
        dim=64,
        num_layers=2,
        local="gcn",
        attention="none",
        norm="layer",
        head_layers=2,
        dropout_rate=0.5,
    )
    config.task.metric = "mrr"

    config.optimizer.learning_rate = 5e-3
    config.optimizer.schedule = "constant"
    config.training.num_epochs = 100
    config.training.checkpoint_every = 100
    return config
