r"""GPS on algorithmic tasks: learn on graphs of 16 nodes, be tested on graphs of 128.

    gtx train --config=configs/algorithms_gps.py --workdir=runs/topological_order
    gtx train --config=configs/algorithms_gps.py --config.data.task=bridges \
        --config.data.test_nodes=512 --config.data.test_count=50 --workdir=runs/bridges_512

In the manner of GraphBench (Stoll et al., 2025): bridges, matching, max_clique, maximum_flow,
minimum_spanning_tree, steiner_tree or topological_order. Graphs are drawn and solved on the spot.
docs/generated.md has scores; sizes and settings are not those of the benchmark, which trains on a
million graphs.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "algorithms"
    config.data.task = "topological_order"
    config.data.nodes = 16
    config.data.test_nodes = 128
    config.data.train_count = 10_000
    config.data.valid_count = 500
    config.data.test_count = 200
    config.data.normalize = True

    config.batch.size = 64
    config.batch.num_tiers = 1
    config.model = recipes.model_config(
        "gps",
        dim=64,
        num_layers=5,
        local="gine",
        # Without features all nodes start equal, and a batch norm would divide by no spread.
        norm="layer",
        dropout_rate=0.0,
        attention_dropout_rate=0.0,
    )
    config.optimizer.learning_rate = 1e-3
    config.training.num_epochs = 50
    return config
