r"""Your own graphs in tables: a folder with nodes.csv, edges.csv and graphs.csv (or .parquet).

    gtx train --config=configs/csv_graphs.py --workdir=runs/mine \
        --config.data.path=mine --config.data.target=label --config.data.kind=multiclass
    gtx predict --workdir=runs/mine --input=new --output=predictions.csv

docs/your_data.md shows the tables. Columns of keys are called graph, node, sender and receiver, and
`--config.data.sender=source` names another. Every other column is a feature: numbers are
standardised by the training graphs, texts are categories, and
`--config.data.categorical=kind` makes categories of numbers. A row of edges is an edge in both
directions unless `--config.data.directed=True`.
"""

from ml_collections import ConfigDict

from configs import base
from gtx import recipes


def get_config() -> ConfigDict:
    config = base.get_config()
    config.data.name = "tables"
    config.data.path = "mine"
    config.data.target = "label"  # a column of graphs.csv, or several with commas between them
    config.data.level = "graph"
    config.data.kind = "regression"  # regression | binary | multiclass | multilabel | mixed
    config.data.kinds = ""  # of mixed: regression, binary or multiclass for each target
    config.data.weights = ""  # a column beside the targets: weights of its rows in the loss
    config.data.graph = "graph"
    config.data.node = "node"
    config.data.sender = "sender"
    config.data.receiver = "receiver"
    config.data.directed = False
    config.data.multi_edges = False
    config.data.categorical = ""
    config.data.leave_out = ""
    config.data.split = "random"  # random | column
    config.data.split_column = "split"  # read for column; without valid it is taken out of train
    config.data.test_fraction = 0.1
    config.data.normalize = True  # targets of regression have the same scale; others stay
    config.data.standardize = True  # columns of numbers, by the training graphs
    config.encodings.random_walk = ConfigDict(dict(walk_length=16))

    config.model = recipes.model_config(
        "gps", dim=64, num_layers=4, local="gated_gcn", encoding_dim=16
    )
    return config
