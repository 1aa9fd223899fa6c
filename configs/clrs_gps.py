r"""GPS on CLRS-30: one algorithm of a textbook, learned at 16 nodes and tested at 64.

    pip install "gtx-jax[clrs]"
    gtx train --config=configs/clrs_gps.py --config.data.algorithm=dijkstra \
        --workdir=runs/clrs_dijkstra

Veličković et al. (2022). Outputs are learned without the hints between input and output, all nodes
attend to one another, and edges carry what the input says of pairs. Not trained here.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "clrs"
    config.data.algorithm = "bfs"
    config.data.nodes = 16
    config.data.test_nodes = 64

    config.batch.size = 32
    config.batch.num_tiers = 1
    config.model = recipes.model_config(
        "gps", dim=64, num_layers=5, dropout_rate=0.0, attention_dropout_rate=0.0
    )
    config.training.num_epochs = 100
    return config
