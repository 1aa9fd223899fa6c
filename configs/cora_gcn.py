"""A GCN on Cora with the public split: Kipf and Welling (2017): accuracy 81.5 %.

    gtx train --config=configs/cora_gcn.py --config.data.root=data --workdir=runs/cora

One graph of 2,708 papers. The targets are its labelled nodes, 140 of which are trained on; all
parts share one copy of the graph. Layers have residuals, norms and feed-forward parts as in every
GPS block, so this is not the two-layer network of the paper.

Here: 75.5 %, seed 0, on 2 shared and busy cores of an AMD EPYC, 2026-11-30.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "planetoid"
    config.data.root = "data"  # the folder that holds planetoid/
    config.data.graph = "cora"  # cora | citeseer | pubmed

    config.batch.size = 1  # the graph
    config.model = recipes.model_config(
        "gps",
        dim=64,
        num_layers=2,
        local="gcn",
        attention="none",
        norm="layer",
        head_layers=1,
        dropout_rate=0.5,  # 140 labels are few
        readout_dropout_rate=0.5,
    )

    config.optimizer.learning_rate = 5e-3
    config.optimizer.weight_decay = 5e-2
    config.optimizer.schedule = "constant"
    config.training.num_epochs = 100
    config.training.checkpoint_every = 100
    return config
