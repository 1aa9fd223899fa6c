r"""One large graph of your own in tables: a folder with nodes.csv and edges.csv (or .parquet).

    gtx train --config=configs/csv_large_graph.py --workdir=runs/papers \
        --config.data.path=papers --config.data.target=topic
    gtx predict --workdir=runs/papers --input=papers --output=predictions.csv

The targets are the nodes that have a label. `--config.data.split=column` reads their parts from
the column `split`; by default they are drawn. The model passes messages along the edges only, so
that its memory grows with the edges and not with the pairs of nodes. Everything else is as in
configs/csv_graphs.py.
"""

from ml_collections import ConfigDict

from configs import csv_graphs
from gtx import recipes


def get_config() -> ConfigDict:
    config = csv_graphs.get_config()
    config.data.path = "papers"
    config.data.target = "topic"  # a column of nodes.csv
    config.data.level = "node"
    config.data.kind = "multiclass"
    config.data.test_fraction = 0.2
    config.encodings = ConfigDict()

    config.batch.size = 1  # the graph
    config.model = recipes.model_config(
        "gps",
        dim=64,
        num_layers=3,
        local="gated_gcn",
        attention="none",
        norm="layer",
        dropout_rate=0.2,
    )
    config.optimizer.learning_rate = 3e-3
    config.optimizer.schedule = "constant"
    config.training.num_epochs = 100
    config.training.checkpoint_every = 100
    return config
